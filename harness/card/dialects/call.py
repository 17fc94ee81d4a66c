"""Python calls that hold settings: `TrainingArguments(...)`, and dictionaries of arguments (`train_args = {...}`).

Other code of a card is usage: its batch sizes and lengths are the reader's, not the model's. What is commented out is
not set.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from harness.card.dialects.codes import kind_of
from harness.card.dialects.document import Document, Finding
from harness.card.dialects.names import is_setting, state
from harness.card.dialects.pairs import read_pairs
from harness.domain import Fact

NAME = "call"
_OPENS = re.compile(
    r"\b\w*(?:Training_?Arguments|TrainingArgs|TrainArgs|TrainerArguments|ModelArgs|QuestionAnsweringArgs"
    r"|ClassificationArgs|TrainerConfig|LoraConfig|(?:SFT|DPO|ORPO|KTO|PPO|GRPO|Reward)Config)\s*(?P<call>\()"
    r"|\b\w*(?:train\w*_?args|train\w*_arguments|hyper_?param\w*|train\w*_?config|train\w*_?param\w*"
    r"|model_args)\s*=\s*(?P<dict>\{)"
    r"|(?:\.fit|\bSetFitTrainer|\bSentenceTransformerTrainer|\btrainer\.train|\.train)\s*(?P<fit>\()",
    re.IGNORECASE,
)
_ITEM = re.compile(r"\('(?P<key>\w{1,60})',\s*(?P<value>'[^']{0,200}'|[^\s,()\[\]']{1,60})\)")
_ASSIGNED = re.compile(
    r"^\s*(?P<name>[A-Za-z_]\w{0,40})\s*=\s*(?P<value>-?\d[\d.]*(?:[eE]-?\d+)?|True|False"
    r"|\"[^\"]{0,100}\"|'[^']{0,100}')\s*(?:#.*)?$"
)
_MAX_LINES = 200
# simpletransformers: the kind of model, and the checkpoint that training begins with.
_BEGUN = re.compile(r"\b\w{2,30}Model\(\s*[\"']\w{2,20}[\"'],\s*[\"'](?P<model>[\w./-]{3,100})[\"']")


def find(document: Document) -> Iterable[Finding]:
    for fence in document.fences:
        if fence.lines and fence.lines[0][1].lstrip().startswith("OrderedDict(["):
            yield from _of_ordered(document, fence.lines)
        elif kind_of(fence) in ("program", "data"):
            yield from _of_lines(document, fence.lines)
            yield from _begun_with(fence.lines)
    yield from _of_lines(document, document.lines)


def _begun_with(lines: Sequence[tuple[int, str]]) -> Iterator[Fact]:
    """The checkpoint of code that trains; other code loads what was trained."""
    text = "\n".join(text for _, text in lines[:_MAX_LINES])
    match = _BEGUN.search(text) if ".train_model(" in text else None
    if match:
        yield Fact("student", match["model"], lines[text[: match.start("model")].count("\n")][0], NAME)


def _of_ordered(document: Document, lines: Sequence[tuple[int, str]]) -> Iterator[Finding]:
    """`OrderedDict([('batch_size', 32), …])`, as RL Zoo prints its settings."""
    for line, text in lines:
        for match in _ITEM.finditer(text[:2000]):
            yield state(match["key"], match["value"], document.section(line), line, NAME)


def _of_lines(document: Document, lines: Sequence[tuple[int, str]]) -> Iterator[Finding]:
    index, assigned = 0, dict[str, str]()
    while index < len(lines):
        text = lines[index][1]
        simple = _ASSIGNED.match(text[:200])
        if simple:
            assigned[simple["name"]] = simple["value"]
        match = _OPENS.search(text[:500]) if ("(" in text or "{" in text) else None
        if match is None or text.lstrip().startswith("#"):
            index += 1
            continue
        start = match.end()
        inside = list(_inside(lines[index : index + _MAX_LINES], start, "{}" if match["dict"] else "()"))
        is_fit = match["fit"] is not None
        for pair in read_pairs(inside):
            if pair.key.replace(".", "").isidentifier() and (not is_fit or is_setting(pair.key)):
                raw = assigned.get(pair.raw.strip(), pair.raw)
                yield state(pair.key, raw, document.section(pair.line), pair.line, NAME)
        index += max(1, len(inside))


def _inside(lines: Sequence[tuple[int, str]], start: int, brackets: str) -> Iterator[tuple[int, str]]:
    """The lines between an opening bracket, which is just before `start` on the first line, and its closing one."""
    depth = 1
    for number, whole in lines:
        text = _without_comment(whole[start:])
        start = 0
        for place, char in enumerate(text):
            if char == brackets[0]:
                depth += 1
            elif char == brackets[1]:
                depth -= 1
                if depth == 0:
                    yield number, text[:place]
                    return
        yield number, text


def _without_comment(text: str) -> str:
    quote = ""
    for place, char in enumerate(text):
        if quote:
            quote = "" if char == quote else quote
        elif char in "\"'":
            quote = char
        elif char == "#":
            return text[:place]
    return text
