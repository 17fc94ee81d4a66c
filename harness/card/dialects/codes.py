"""What a code block of a card is: a command, a program, a bibliography, a dump of a configuration, or plain data."""

import re
from typing import Literal

from harness.card.dialects.document import Fence

Kind = Literal["command", "program", "citation", "architecture", "output", "data"]

_FLAG = re.compile(r"(?:^|\s)--[A-Za-z][\w-]+")
_STATEMENT = re.compile(
    r"^\s*(?:from\s+[\w.]+\s+import\b|import\s+[\w.]+|def\s+\w+\(|class\s+\w+|for\s+\w+(?:,\s*\w+)*\s+in\b|with\s+\w"
    r"|if\s+\w.*:$|return\b|print\(|>>>|%|!?pip3?\s+install|\$?\s*pip3?\s+install|assert\s"
    r"|[\w.\[\]]+(?:,\s*[\w.]+)*\s*=\s*[A-Za-z_][\w.]*\(|[A-Za-z_][\w.]*\([^)]*\)?\s*;?$|library\()"
)
_CITED = re.compile(r"^\s*@[A-Za-z]+\s*\{")
_MODULES = re.compile(r"^\s*\w+\(\s*$|\(\d+\): |^\s*\(\w+\): \w+\(")
_CONFIG_KEYS = re.compile(
    r"[\"'](?:architectures|hidden_size|vocab_size|num_attention_heads|intermediate_size"
    r"|layer_norm_eps|model_max_length"
    r"|type_vocab_size|word_embedding_dimension|pooling_mode_mean_tokens|initializer_range)[\"']\s*:"
)
_OUTPUT_KEYS = re.compile(
    r"[\"'](?:answer|label|entity|entity_group|word|token_str|sequence|generated_text|translation_text|summary_text"
    r"|context|question)[\"']\s*:"
)


def kind_of(fence: Fence) -> Kind:
    """The kind of a code block, by what is in it: the language it is labelled with lies too often."""
    texts = [text for _, text in fence.lines if text.strip()]
    if texts and _CITED.match(texts[0]):
        return "citation"
    n_flags = sum(1 for text in texts if _FLAG.search(text))
    if n_flags and (n_flags > 1 or len(_FLAG.findall(" ".join(texts)[:5000])) > 2):
        return "command"
    if any(_STATEMENT.match(text[:300]) for text in texts):
        return "program"
    joined = "\n".join(texts)
    if len(_CONFIG_KEYS.findall(joined)) > 1 or sum(1 for text in texts if _MODULES.search(text[:200])) > 1:
        return "architecture"
    if _OUTPUT_KEYS.search(joined):
        return "output"
    return "data"
