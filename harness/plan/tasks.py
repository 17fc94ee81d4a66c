"""What stays out: other tasks than extractive question answering, and methods that no recipe here has.

Each is one sentence with the nearest thing that works.
"""

import re

from harness.domain import Card, Fact
from harness.errors import PlanError
from harness.plan.options import Options

TASK = "question-answering"
# The Hub's names of tasks, as front matter gives them in pipeline_tag and tags.
_TASKS = {
    TASK, "text-classification", "token-classification", "fill-mask", "translation", "summarization",
    "text-generation",
    "text2text-generation", "sentence-similarity", "feature-extraction", "automatic-speech-recognition",
    "image-to-text",
    "audio-classification", "image-classification", "reinforcement-learning", "zero-shot-classification",
    "text-to-image",
    "table-question-answering", "text-to-speech", "audio-to-audio", "object-detection", "image-segmentation",
    "sentence-transformers", "image-to-image", "conversational", "visual-question-answering",
}  # fmt: skip


_SCORE = "its answers can be scored by harness score --predictions FILE --eval FILE"
# What a model is by the names of it and of what it began as, and what can be done with it here.
_KINDS = (
    (re.compile(r"(?<![a-z])(?:m?t5|byt5|flan|t0pp?|gpt\w*|bloom\w*|llama\w*|mistral|qwen\w*|opt|pegasus|mbart\w*)(?![a-z])"),
     "a model that writes its answers, where recipes here train spans", _SCORE),
    (re.compile(r"(?<![a-z])(?:dpr|germandpr|(?:question|ctx|context|passage)[-_]encoder|rerank\w*|retriever)(?![a-z])"),
     "a model that finds passages, not answers in them", "the card of the reader behind it can be run"),
    (re.compile(r"(?<![a-z])(?:tapas|tapex|tableqa)(?![a-z])"),
     "a model for tables, where recipes here read text", _SCORE),
    (re.compile(r"(?<![a-z])(?:layoutlm\w*|donut|vilt|blip\w*)(?![a-z])"),
     "a model that reads images, where recipes here read text", _SCORE),
)  # fmt: skip
# Settings of methods that no recipe here has -> what they are.
_METHODS = {
    "nncf_config": "quantisation with NNCF", "lora_r": "LoRA", "lora_alpha": "LoRA", "adapter_config": "adapters",
    "sparse_regularization": "pruning", "dense_pruning_method": "pruning", "pruning_method": "pruning",
}  # fmt: skip


def refuse_what_stays_out(card: Card, options: Options) -> None:
    """Raises PlanError for other tasks, kinds of models and methods, in one sentence, unless a recipe is asked for."""
    refuse_other_tasks(card, options)
    if options.recipe is not None:
        return
    models = [fact for fact in card.facts if fact.name in ("student", "model")]
    for fact in models:
        for name, what, instead in _KINDS:
            if name.search(fact.value.lower()):
                raise PlanError([f"{card.path}:{fact.line}: {fact.value} is {what}; {instead}"])
    method = next((one for one in card.stated if one.name in _METHODS), None)
    if method is not None:
        what = f"{method.key} is of {_METHODS[method.name]}, which no recipe here does"
        instead = "--recipe finetune or --recipe prediction trains without it, a deviation on record"
        raise PlanError([f"{card.path}:{method.line}: {what}; {instead}"])


def refuse_other_tasks(card: Card, options: Options) -> None:
    """Raises PlanError where a card says that its model is for another task, and no recipe was asked for."""
    named = [fact for fact in card.facts if fact.name in ("task", "tag") and fact.value.lower() in _TASKS]
    is_ours = any(fact.value.lower() == TASK for fact in card.facts if fact.name in ("task", "tag"))
    is_ours = is_ours or any("qa" in fact.value.lower().split() for fact in card.facts if fact.name == "task")
    if named and not is_ours and options.recipe is None:
        raise PlanError([f"{card.path}:{named[0].line}: no recipe for the task {_words(named)}; known: {TASK}"])


def _words(facts: list[Fact]) -> str:
    return ", ".join(dict.fromkeys(fact.value for fact in facts))
