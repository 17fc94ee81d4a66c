"""Which task a card is for: all recipes here train span models for extractive question answering."""

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


def refuse_other_tasks(card: Card, options: Options) -> None:
    """Raises PlanError where a card says that its model is for another task, and no recipe was asked for."""
    named = [fact for fact in card.facts if fact.name in ("task", "tag") and fact.value.lower() in _TASKS]
    is_ours = any(fact.value.lower() == TASK for fact in card.facts if fact.name in ("task", "tag"))
    is_ours = is_ours or any("qa" in fact.value.lower().split() for fact in card.facts if fact.name == "task")
    if named and not is_ours and options.recipe is None:
        raise PlanError([f"{card.path}:{named[0].line}: no recipe for the task {_words(named)}; known: {TASK}"])


def _words(facts: list[Fact]) -> str:
    return ", ".join(dict.fromkeys(fact.value for fact in facts))
