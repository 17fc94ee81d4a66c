"""Evaluation as a whole: the protocol of the settings, its files, its measurements, and what the signatures say."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from accelerate import Accelerator

from harness.domain import Measurement, Setting, Source, Stage, Value
from harness.errors import DataError
from harness.judge.measured import scored
from harness.plan.data_checks import check_rules
from harness.plan.defaults import EVALUATIONS
from harness.qa.features import build_features
from harness.qa.protocols.interface import EvaluationInput, Prediction, Window
from harness.qa.signature import signature_of
from harness.qa.squad import Answer, Paragraph, Question, read_squad
from harness.record.folder import Run
from harness.run.evaluate import answer, evaluate, write
from harness.train.inference import batch_logits
from harness.train.models import loading, packed_bert
from harness.train.progress import Silent
from tests.conftest import QUESTIONS
from tests.tiny import make_model

CONTEXT = "The old king of the city lived by the river ."
PARAGRAPHS = [
    Paragraph(
        "T",
        CONTEXT,
        (
            Question("where", "where did the king live ?", (Answer("by the river", 31),)),
            Question("nobody", "who lived on the moon ?", ()),
            Question("misplaced", "who lived by the river ?", (Answer("king", 3),)),
        ),
    )
]


def settings_of(protocol: str, **other: Value) -> Stage:
    defaults = EVALUATIONS[protocol].stages["evaluation"]
    values = {name: default.value for name, default in defaults.items()} | other
    return Stage(
        "evaluation", tuple(Setting(name, value, "assumed", Source("default")) for name, value in values.items())
    )


def run(protocol: str, folder: Path, **other: Value) -> list[Measurement]:
    weights = folder / "model"
    if not weights.exists():
        make_model(weights, layers=1)
    evaluate(
        weights, PARAGRAPHS, settings_of(protocol, **other), folder / protocol, data={"eval": "0123456789ab"}, seed=7,
        accelerator=Accelerator(cpu=True), watch=Silent(),
    )  # fmt: skip
    return scored(Run.open(folder).scored(protocol).metrics, seed=7)


@pytest.mark.parametrize("protocol", EVALUATIONS)
def test_a_model_is_scored_by_text_and_by_token_under_each_protocol(tmp_path: Path, protocol: str) -> None:
    found = {one.metric: one for one in run(protocol, tmp_path)}
    assert list(found)[:2] == ["exact", "f1"]
    assert list(found)[-2:] == ["token_exact", "token_f1"]
    assert {one.unit for one in found.values()} == {"points"}
    # The question whose answer is not at its offset has a text score, but no token score.
    assert (found["exact"].n, found["token_exact"].n) == (3, 2)
    assert found["f1"].signature.endswith("|scorer:official2.0")
    assert "|scorer:token-index|" in found["token_f1"].signature
    out = tmp_path / protocol
    metrics = json.loads((out / "metrics.json").read_text())
    assert metrics["signature"] == found["exact"].signature
    assert metrics["token_index"]["signature"] == found["token_exact"].signature
    assert metrics["token_index"]["dropped"] == ["misplaced"]
    lines = [json.loads(line) for line in (out / "per_question.jsonl").read_text().splitlines()]
    predictions = json.loads((out / "predictions.json").read_text())
    assert {line["id"]: line["prediction"] for line in lines} == predictions
    assert [line["token_exact"] is None for line in lines] == [False, False, True]
    assert {(line["article"], line["paragraph"]) for line in lines} == {("T", 0)}
    kept = [line["token_exact"] for line in lines if line["token_exact"] is not None]
    assert found["token_exact"].value == 100 * float(np.mean(kept))
    assert not (out / "scratch").exists()


def test_a_finished_evaluation_is_read_back(tmp_path: Path) -> None:
    first = run("haystack", tmp_path)
    (tmp_path / "model" / "model.safetensors").unlink()
    assert run("haystack", tmp_path) == first


def test_the_settings_of_the_protocol_reach_it(tmp_path: Path) -> None:
    for boost, is_empty in ((1e6, True), (-1e6, False)):
        run("haystack", tmp_path / str(boost), no_ans_boost=boost)
        predictions = json.loads((tmp_path / str(boost) / "haystack" / "predictions.json").read_text())
        assert {text == "" for text in predictions.values()} == {is_empty}
    for threshold, is_empty in ((-1e6, True), (1e6, False)):
        run("run_qa", tmp_path / str(threshold), null_score_diff_threshold=threshold)
        predictions = json.loads((tmp_path / str(threshold) / "run_qa" / "predictions.json").read_text())
        assert {text == "" for text in predictions.values()} == {is_empty}


@pytest.mark.parametrize(
    ("protocol", "other", "scorer", "says"),
    [
        (
            "haystack",
            {"official_rules": "1.1"},
            "official",
            "len:256|stride:128/step|null:every-window+0|maxans:1000|rank:score|scorer:official1.1",
        ),
        (
            "run_qa",
            {"official_rules": "1.1", "version_2_with_negative": False},
            "official",
            "len:384|stride:128/overlap|nbest:20|maxans:30|null:never|scorer:official1.1",
        ),
        (
            "haystack",
            {},
            "official",
            "len:256|stride:128/step|null:every-window+0|maxans:1000|rank:score|scorer:official2.0",
        ),
        (
            "haystack",
            {"no_ans_boost": 1.5, "ranking": "confidence"},
            "token-index",
            "len:256|stride:128/step|null:every-window+1.5|maxans:1000|rank:confidence|scorer:token-index|gold:v1.1",
        ),
        (
            "official-bert",
            {},
            "official",
            "len:384|stride:128/step|nbest:20|maxans:30|null:min-window>0|scorer:official2.0",
        ),
        (
            "run_qa",
            {},
            "official",
            "len:384|stride:128/overlap|nbest:20|maxans:30|null:min-window>0|scorer:official2.0",
        ),
    ],
)
def test_a_signature_names_the_conditions_of_its_protocol_alone(
    protocol: str, other: dict[str, Any], scorer: str, says: str
) -> None:
    signature = signature_of(settings_of(protocol, **other), 11873, {"eval": "0123456789ab"}, scorer=scorer)
    assert signature == f"squad2|n:11873|data:01234567|protocol:{protocol}|{says}"


ARTICLE = [Paragraph("T", "a the", (Question("q", "which article ?", (Answer("the", 2),)),))]


@pytest.mark.parametrize(("rules", "f1"), [("1.1", 0.0), ("2.0", 100.0)])
def test_a_gold_answer_that_normalises_to_nothing_is_scored_by_the_rules_of_its_data(
    tmp_path: Path, rules: str, f1: float
) -> None:
    settings = settings_of("haystack", official_rules=rules)
    found = {"q": Prediction("a", (0, 0), 1.0, ())}
    metrics = write(tmp_path, ARTICLE, found, {"q": [(1, 1)]}, settings, {"eval": "0123"})
    assert (metrics.scores["exact"], metrics.scores["f1"]) == (100.0, f1)
    assert metrics.signature.endswith(f"|scorer:official{rules}")


def test_rules_without_unanswerable_questions_are_refused_for_data_that_have_some() -> None:
    with pytest.raises(DataError, match="question nobody has no answer, and it is scored by the rules"):
        check_rules(settings_of("run_qa", official_rules="1.1"), PARAGRAPHS, "org/data:test")
    check_rules(settings_of("run_qa"), PARAGRAPHS, "org/data:test")


def test_a_protocol_that_needs_word_pieces_refuses_a_tokenizer_without() -> None:
    paragraph = Paragraph("T", "one two", (Question("q", "who ?", ()),))
    asked = [EvaluationInput("q", "one two", np.array([(0, 3), (4, 7)]), (Window(row=0, first=3, length=2, start=0),))]
    with pytest.raises(DataError, match="no WordPiece pieces, from which official-bert takes its text"):
        answer([paragraph], asked, np.zeros((1, 8, 2), np.float32), settings_of("official-bert"))
    assert answer([paragraph], asked, np.zeros((1, 8, 2), np.float32), settings_of("run_qa"))[0]["q"].text == "two"


# --- what does not fit into memory ---


def rows_and_model(tmp_path: Path) -> tuple[Any, Any]:
    folder = make_model(tmp_path / "model", layers=1)
    rows = build_features(
        read_squad(QUESTIONS), loading.load_tokenizer(folder), tmp_path, max_seq_length=64, doc_stride=32,
        max_query_length=16, for_training=False,
    )  # fmt: skip
    return rows, loading.load_model(folder, seed=1).eval()


def with_room_for(n_rows: int, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    sizes: list[int] = []
    whole = packed_bert.span_logits

    def some(model: Any, batch: Any, *rest: Any) -> Any:
        sizes.append(len(batch["input_ids"]))
        if sizes[-1] > n_rows:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return whole(model, batch, *rest)

    monkeypatch.setattr(packed_bert, "span_logits", some)
    return sizes


def test_a_batch_without_room_is_scored_in_halves_to_the_same_logits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, model = rows_and_model(tmp_path)
    expected = batch_logits(model, rows, np.arange(7), Accelerator(cpu=True))
    sizes = with_room_for(2, monkeypatch)
    found = batch_logits(model, rows, np.arange(7), Accelerator(cpu=True))
    assert np.allclose(found, expected, atol=1e-6)
    assert sizes == [7, 4, 2, 2, 3, 2, 1]


def test_a_single_row_that_does_not_fit_is_an_error_that_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, model = rows_and_model(tmp_path)
    with_room_for(0, monkeypatch)
    with pytest.raises(DataError, match="a row of 64 tokens: does not fit into memory"):
        batch_logits(model, rows, np.arange(3), Accelerator(cpu=True))
