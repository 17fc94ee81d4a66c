"""The conditions of a score in one line, and what sets two of them apart (after the signatures of sacrebleu).

squad2|n:11873|data:<sha8>|protocol:haystack|len:384|stride:128/step|null:every-window+0|…|scorer:official2.0
"""

from collections.abc import Mapping

from harness.domain import Stage, Value
from harness.qa.protocols import settings_of
from harness.qa.rules import rules_of

_ABSENT = "-"
_IN_SIGNATURE = {
    "no_ans_boost": "null:every-window+{:g}",
    "null_score_diff_threshold": "null:min-window>{:g}",
    "max_answer_length": "maxans:{}",
    "n_best_size": "nbest:{}",
    "ranking": "rank:{}",
}


def signature_of(settings: Stage, n: int, data: Mapping[str, str], *, scorer: str) -> str:
    """The signature of a model's score; scores with different signatures are not compared without saying so.

    `scorer` is token-index, or official for that of the rules that the settings name.
    """
    protocol: str = settings.value("protocol")
    is_v1 = settings.get("version_2_with_negative") is False
    names = [name for name in settings_of(protocol) if not (is_v1 and name == "null_score_diff_threshold")]
    scorer = f"official{rules_of(settings)}" if scorer == "official" else scorer
    parts = [
        *_head(n, data),
        f"protocol:{protocol}",
        f"len:{settings.value('max_seq_length')}",
        f"stride:{settings.value('doc_stride')}/{settings.value('doc_stride_is')}",
        *(_part(name, settings.value(name)) for name in names),
        *(["null:never"] if is_v1 else []),
        f"scorer:{scorer}",
    ]
    return "|".join([*parts, f"gold:{settings.value('last_token_labels')}"] if scorer == "token-index" else parts)


def signature_of_file(
    n: int, data: Mapping[str, str], sha256: str, *, rules: str = "2.0", null_threshold: float | None = None
) -> str:
    """The signature of a prediction file's score: which program chose the answers, and how, is not known here."""
    threshold = [] if null_threshold is None else [f"null:probability>{null_threshold:g}"]
    return "|".join([*_head(n, data), f"predictions:{sha256[:8]}", *threshold, f"scorer:official{rules}"])


def differing(*signatures: str) -> dict[str, tuple[str, ...]]:
    """The fields in which signatures differ, each with its value in every one of them; "-" where one lacks it."""
    fields = [dict(_pair(part) for part in signature.split("|")) for signature in signatures]
    names = dict.fromkeys(name for one in fields for name in one)
    values = {name: tuple(one.get(name, _ABSENT) for one in fields) for name in names}
    return {name: of_name for name, of_name in values.items() if len(set(of_name)) > 1}


def warning_of(*signatures: str) -> str | None:
    """One sentence that names the fields in which scores side by side differ; None where they may be compared."""
    fields = differing(*signatures)
    if not fields:
        return None
    said = ", ".join(f"{name} ({' / '.join(dict.fromkeys(values))})" for name, values in fields.items())
    return f"scored under different conditions, so not comparable as they stand; they differ in: {said}"


def _head(n: int, data: Mapping[str, str]) -> list[str]:
    return ["squad2", f"n:{n}", f"data:{next(iter(data.values()))[:8]}"]


def _part(name: str, value: Value) -> str:
    return _IN_SIGNATURE.get(name, f"{name}:{{}}").format(value)


def _pair(part: str) -> tuple[str, str]:
    name, mark, value = part.partition(":")
    return (name, value) if mark else ("task", name)
