"""Scores the parser against cards whose settings, claims and facts were typed by hand.

python -m tests.card.score_truth FOLDER   prints the table, and with -v every miss

Of a card's truth, a setting counts as found when its key stands under the same heading with the same printed value,
and as wrong when it stands there with another one. A claim is found by its metric and value; a claim of ours that is in
no truth is false. Of the claims found, `attribution` counts those that are given to this model where the truth gives
them to it, and to another (a baseline, a paper, another run) where the truth does. Facts are compared by their full
names, without case, owner, separators and the word "dataset": `SQuAD1` is not `SQuAD1.1`, nor `SQuAD 2.0` its dev set.
"""

import json
import re
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.card.read import read_card
from harness.domain import Card, Claim, Stated

# What the truth leaves out of commands on purpose.
LEFT_OUT = {
    "do_train", "do_eval", "train_file", "predict_file", "data_dir", "output_dir", "save_steps", "logging_steps",
    "threads", "overwrite_output_dir", "overwrite_cache", "preprocessing_num_workers", "nncf_config", "run_name",
}  # fmt: skip


@dataclass
class Score:
    n: int = 0
    found: int = 0
    wrong: int = 0
    extra: int = 0
    misses: list[str] = field(default_factory=list)

    def share(self) -> float:
        return 100 * self.found / self.n if self.n else 100.0

    def wrong_share(self) -> float:
        return 100 * (self.wrong + self.extra) / self.n if self.n else 0.0


def score_folder(cards: Path, truth: Path) -> dict[str, Score]:
    """Every kind of finding, over all cards with a truth."""
    scores: dict[str, Score] = defaultdict(Score)
    for path in sorted(truth.glob("*.json")):
        known = json.loads(path.read_text(encoding="utf-8"))
        found = read_card(cards / f"{path.stem}.md")
        score_settings(scores["settings"], known, found)
        score_claims(scores["claims"], scores["attribution"], known, found)
        score_facts(scores, known, found)
    return scores


def plain(text: Any) -> str:
    return re.sub(r"[\s_*`-]+", " ", str(text).lower().replace("\u200d", "").replace("\ufe0f", "")).strip(" :#")


def printed(value: Any) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return re.sub(r"\s+", "", text).strip("\"',")


def same_value(a: Any, b: str) -> bool:
    one, two = printed(a).lower(), printed(b).lower()
    if one == two or {one, two} == {"null", "none"}:
        return True
    try:
        return float(one) == float(two)
    except ValueError:
        return False


def score_settings(score: Score, known: dict[str, Any], found: Card) -> None:
    keys = {key for block in known["hyperparameters"] for key in block["values"]}
    values = [value for block in known["hyperparameters"] for value in block["values"].values()]
    for one in found.stated:
        is_inside = any(str(value).startswith("{") and one.raw in str(value) for value in values)  # of a dictionary
        if not any(same_key(key, one) for key in keys) and one.key not in LEFT_OUT and not is_inside:
            score.extra += 1
            score.misses.append(f"{found.name}: FALSE line {one.line}: {one.key} = {one.raw} [{one.dialect}]")
    for block in known["hyperparameters"]:
        section = plain(block["section"] or "")
        inside = [one for one in found.stated if plain(one.section) == section]
        for key, value in block["values"].items():
            score.n += 1
            named = [one for one in inside if same_key(key, one)]
            if any(same_value(value, one.raw) for one in named):
                score.found += 1
            elif named:
                score.wrong += 1
                score.misses.append(f"{found.name}: {section}: {key} = {value}, read as {[one.raw for one in named]}")
            else:
                elsewhere = [(one.section, one.raw) for one in found.stated if same_key(key, one)]
                score.misses.append(f"{found.name}: {section}: {key} = {value} not found; elsewhere {elsewhere}")


def same_key(key: str, one: Stated) -> bool:
    names = {plain(one.key), plain(one.name)}
    return plain(key) in names or (
        plain(key).rpartition(".")[2] in names and "." in key and key.rpartition(".")[2] == "lr"
    )


def score_claims(score: Score, attribution: Score, known: dict[str, Any], found: Card) -> None:
    left = list(found.claims)
    for claim in known["claims"]:
        for value in claim["value"] if isinstance(claim["value"], list) else [claim["value"]]:
            score.n += 1
            hits = [one for one in left if same_claim(claim["metric"], value, one)]
            hit = next((one for one in hits if is_own(claim) == (one.subject is None)), hits[0] if hits else None)
            if hit is not None:
                score.found += 1
                left.remove(hit)
                score_attribution(attribution, claim, hit, found)
            else:
                score.misses.append(f"{found.name}: {claim['metric']} = {value} ({claim['subject']}) not found")
    for one in left:
        score.extra += 1
        score.misses.append(f"{found.name}: FALSE line {one.line}: {one.key} = {one.raw} [{one.dialect}] {one.subject}")


def is_own(claim: dict[str, Any]) -> bool:
    """Whether the truth gives a number to this model; a subject may say how its answers were counted."""
    return claim["subject"] is None or re.match(r"this model\b|\S+ level$", claim["subject"]) is not None


def score_attribution(score: Score, claim: dict[str, Any], ours: Claim, found: Card) -> None:
    score.n += 1
    if is_own(claim) == (ours.subject is None):
        score.found += 1
    else:
        what = f"line {ours.line}: {ours.key} = {ours.raw} [{ours.dialect}]"
        score.misses.append(f"{found.name}: {what} is of {claim['subject']}, ours {ours.subject}")


def same_claim(metric: str, value: float, one: Claim) -> bool:
    words, ours = set(plain(metric).split()), set(plain(one.key).split()) | set(plain(one.metric).split())
    if {"hasans", "noans", "best"} & (words ^ ours):
        return False
    try:
        same = abs(float(one.raw.replace(",", ".")) - float(value)) <= 1e-9 * max(1.0, abs(float(value)))
    except ValueError:
        return False
    return same and bool(words & ours)


def name_of(text: str) -> str:
    """A name without case, owner and what cards write differently; the dot of a version stays."""
    text = re.sub(r"\b(?:the|data ?sets?)\b", " ", str(text).lower().rpartition("/")[2] or str(text).lower())
    return re.sub(r"(?<!\d)\.|\.(?!\d)|[^a-z0-9.\u0080-\uffff]+", "", re.sub(r"v(?=\d)", "", text))


def parts_of(text: str) -> set[str]:
    """A fact and the members of the list that it may be."""
    return {name_of(part) for part in (text, *re.split(r" [+-] |, | and |; ", text))}


def machine_of(text: str) -> str:
    return re.sub(r"\b(?:an?|GPUs?)\b", "", text).strip()


def score_facts(scores: dict[str, Score], known: dict[str, Any], found: Card) -> None:
    def ours(name: str) -> list[str]:
        return [fact.value for fact in found.facts if fact.name == name]

    data, evaluated = known["datasets"], [claim.dataset for claim in found.claims if claim.dataset]
    for name, kind, truth in (
        ("teacher", "teacher", known["teacher"]),
        ("base model", "student", known["base_models"]),
        ("licence", "license", known["license"]),
        ("infrastructure", "infrastructure", known["infrastructure"]),
        ("language", "language", known["language"]),
        ("data sets", "datasets", data["declared"]),
    ):
        truths = truth if isinstance(truth, list) else [truth] if truth else []
        first = ours(kind)[: max(len(truths), 1)]
        if kind == "infrastructure":
            truths, first = [machine_of(one) for one in truths], [machine_of(one) for one in first]
        compare(scores[name], f"{found.name}: {kind}", truths, first)
        if not truths and ours(kind):
            scores[name].n += 1
            scores[name].wrong += 1
            scores[name].misses.append(f"{found.name}: {kind}: none, ours {ours(kind)}")
    compare(scores["data sets"], f"{found.name}: train", data["train"], ours("train_data"))
    compare(scores["data sets"], f"{found.name}: eval", data["eval"], ours("eval_data") + evaluated)


def compare(score: Score, what: str, truth: list[str], ours: list[str]) -> None:
    names = {part for one in ours for part in parts_of(one)}
    for value in truth:
        score.n += 1
        if name_of(value) in names:
            score.found += 1
        else:
            score.misses.append(f"{what}: {value!r}, ours {ours}")


def table(scores: dict[str, Score]) -> str:
    rows = [f"{'finding':16}{'n':>6}{'found':>7}{'%':>8}{'wrong':>7}{'extra':>7}"]
    rows += [f"{name:16}{s.n:>6}{s.found:>7}{s.share():>8.2f}{s.wrong:>7}{s.extra:>7}" for name, s in scores.items()]
    return "\n".join(rows)


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    result = score_folder(folder, folder / "truth")
    print(table(result))
    if "-v" in sys.argv:
        for one in result.values():
            print(*one.misses, "", sep="\n")
