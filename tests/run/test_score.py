"""harness score: the matrix of a tiny model, a prediction file alone, and what is refused."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.card.references import PACKAGE
from harness.cli.main import main
from harness.plan.defaults import EVALUATIONS
from tests.tiny import make_model

ROOT = Path(__file__).parents[2]
QUESTIONS = PACKAGE / "pocket" / "squad.json"
TARGET, POCKET = ROOT / "cards" / "tinybert-6l.md", ROOT / "tests" / "cards" / "pocket.md"
IDS = [qa["id"] for article in json.loads(QUESTIONS.read_text(encoding="utf-8"))["data"]
       for paragraph in article["paragraphs"] for qa in paragraph["qas"]]  # fmt: skip


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("models") / "tiny", layers=1)


@pytest.fixture(scope="module")
def scored(weights: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path, str]:
    """The JSON document of the whole matrix against the pocket card, its record, and what was said on stderr."""
    results = tmp_path_factory.mktemp("results")
    code = "import sys, harness.cli.main; sys.exit(harness.cli.main.main(sys.argv[1:]))"
    arguments = ["score", str(weights), "--card", str(POCKET), "--device", "cpu", "--results", str(results), "--json"]
    length = ["--set", "evaluation.max_seq_length=112", "--set", "evaluation.doc_stride=40",
              "--set", "evaluation.max_query_length=24"]  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments, *length], capture_output=True, text=True, check=True, cwd=ROOT
    )
    document = json.loads(done.stdout)
    return document, Path(document["record"]), done.stderr


def test_every_protocol_has_a_row_for_each_scorer_and_one_is_nearest_to_the_card(scored: Any) -> None:
    document, _, _ = scored
    assert [(one["protocol"], one["scorer"]) for one in document["rows"]] == [
        (protocol, scorer) for protocol in EVALUATIONS for scorer in ("official text", "token-index")
    ]
    assert sum(one["is_nearest"] for one in document["rows"]) == 1
    assert all(set(one["differences"]) == {"exact", "f1"} for one in document["rows"])
    assert all(f"protocol:{one['protocol']}|" in one["signature"] for one in document["rows"])
    assert "protocol (haystack / run_qa / official-bert)" in document["warning"]


def test_logits_are_computed_once_for_each_way_of_cutting_windows(scored: Any) -> None:
    _, _, said = scored
    assert "logits for haystack, official-bert: " in said
    assert "logits for run_qa: " in said


def test_the_record_holds_predictions_metrics_and_the_hashes_of_all_inputs(scored: Any, weights: Path) -> None:
    document, record, _ = scored
    assert record.parent.name == "scores"
    assert json.loads((record / "matrix.json").read_text())["rows"] == document["rows"]
    inputs = json.loads((record / "inputs.json").read_text())
    assert "model.safetensors" in inputs["weights"]["files"]
    assert len(inputs["card"]["sha256"]) == len(inputs["eval_data"]["sha256"]) == 64
    for protocol in EVALUATIONS:
        predictions = json.loads((record / protocol / "predictions.json").read_text())
        assert list(predictions) == IDS
        metrics = json.loads((record / protocol / "metrics.json").read_text())
        (row,) = (one for one in document["rows"] if one["protocol"] == protocol and one["scorer"] == "official text")
        assert (metrics["signature"], metrics["scores"]["exact"]) == (row["signature"], row["scores"]["exact"])
    assert not (record / "scratch").exists()
    lines = [json.loads(line) for line in (record / "haystack" / "per_question.jsonl").read_text().splitlines()]
    paragraphs = [line["paragraph"] for line in lines]
    assert paragraphs == sorted(paragraphs)
    assert paragraphs[0] == 0
    assert len(set(paragraphs)) == paragraphs[-1] + 1
    assert all(line["article"] for line in lines)


def test_the_predictions_of_a_record_score_alone_as_they_did_there(scored: Any, capsys: Any) -> None:
    document, record, _ = scored
    file = record / "run_qa" / "predictions.json"
    assert main(["score", "--predictions", str(file), "--eval", str(QUESTIONS), "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["rows"]
    assert row["scores"] == next(one for one in document["rows"] if one["protocol"] == "run_qa")["scores"]


def test_a_limited_matrix_says_so_and_is_held_against_no_claim(weights: Path, tmp_path: Path, capsys: Any) -> None:
    assert main([
        "score", str(weights), "--card", str(POCKET), "--protocol", "run_qa", "--limit", "8", "--device", "cpu",
        "--results", str(tmp_path), "--quiet",
    ]) == 0  # fmt: skip
    said = capsys.readouterr().out
    assert "LIMITED: the first 8 of 240 questions" in said
    assert "nearest" not in said
    assert "- claim" not in said
    assert len([line for line in said.splitlines() if line.startswith("run_qa")]) == 2


def test_claims_about_other_questions_are_not_compared(weights: Path, tmp_path: Path, capsys: Any) -> None:
    assert main([
        "score", str(weights), "--card", str(TARGET), "--eval", str(QUESTIONS), "--protocol", "haystack",
        "--device", "cpu", "--results", str(tmp_path), "--quiet",
    ]) == 0  # fmt: skip
    assert "LIMITED: 240 questions, where the card's data has 11,873" in capsys.readouterr().out


# --- a prediction file ---


def predictions_of(folder: Path, **other: Any) -> Path:
    path = folder / "predictions.json"
    path.write_text(json.dumps({**dict.fromkeys(IDS, ""), **other}), encoding="utf-8")
    return path


def of_file(path: Path, *options: str) -> list[str]:
    return ["score", "--predictions", str(path), "--eval", str(QUESTIONS), "--json", *options]


def test_a_prediction_file_is_scored_without_torch(tmp_path: Path) -> None:
    code = (
        "import sys, harness.cli.main\n"
        "harness.cli.main.main(sys.argv[1:])\n"
        "heavy = {'torch', 'transformers', 'datasets', 'accelerate', 'huggingface_hub'} & set(sys.modules)\n"
        "sys.exit(f'loaded {heavy}' if heavy else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *of_file(predictions_of(tmp_path))], capture_output=True, text=True, cwd=ROOT,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (row,) = json.loads(done.stdout)["rows"]
    assert row["scores"]["NoAns_exact"] == 100.0
    assert row["scores"]["exact"] == row["scores"]["f1"] > 0


def test_an_all_null_file_scores_50_0716_on_the_dev_set(shared: Path, tmp_path: Path, capsys: Any) -> None:
    dev = shared / "data" / "squad" / "dev-v2.0.rebuilt.json"
    ids = [qa["id"] for article in json.loads(dev.read_text(encoding="utf-8"))["data"]
           for paragraph in article["paragraphs"] for qa in paragraph["qas"]]  # fmt: skip
    path = tmp_path / "null.json"
    path.write_text(json.dumps(dict.fromkeys(ids, "")), encoding="utf-8")
    command = ["score", "--predictions", str(path), "--eval", str(dev), "--json"]
    assert main(command) == 0
    (row,) = json.loads(capsys.readouterr().out)["rows"]
    assert [round(row["scores"][name], 4) for name in ("exact", "f1")] == [50.0716, 50.0716]
    path.write_text(json.dumps(dict.fromkeys(ids[3:], "")), encoding="utf-8")
    assert main(command) == 4
    assert "3 of 11873 questions have no prediction" in capsys.readouterr().err


def test_probabilities_make_a_threshold_and_best_scores_that_are_none(tmp_path: Path, capsys: Any) -> None:
    path, probabilities = predictions_of(tmp_path, **{IDS[0]: "nonsense"}), tmp_path / "probabilities.json"
    probabilities.write_text(json.dumps({**dict.fromkeys(IDS, 0.1), IDS[0]: 0.9}), encoding="utf-8")
    assert main(of_file(path, "--na-prob", str(probabilities), "--na-prob-thresh", "0.5")) == 0
    document = json.loads(capsys.readouterr().out)
    assert not any(name.startswith("best") for name in document["rows"][0]["scores"])
    assert set(document["best"]) == {"best_exact", "best_exact_thresh", "best_f1", "best_f1_thresh"}
    assert "|null:probability>0.5|" in document["rows"][0]["signature"]


@pytest.mark.parametrize(
    ("text", "exit_code", "says"),
    [
        (json.dumps(dict.fromkeys(IDS[3:], "")), 4, "3 of 240 questions have no prediction"),
        (json.dumps({**dict.fromkeys(IDS, ""), "x": ""}), 4, "1 ids with a prediction are no question"),
        (json.dumps({"x": ""}), 4, "of another data set"),
        ('{"a": "", "a": ""}', 4, "question a occurs twice"),
        ('{"a": 3}', 2, "expected the predicted text"),
        ("[", 2, "is not JSON"),
    ],
)
def test_a_bad_prediction_file_is_an_error(tmp_path: Path, capsys: Any, text: str, exit_code: int, says: str) -> None:
    path = tmp_path / "predictions.json"
    path.write_text(text, encoding="utf-8")
    assert main(of_file(path)) == exit_code
    said = capsys.readouterr()
    assert says in said.err
    assert says in json.loads(said.out)["error"]["message"]


@pytest.mark.parametrize(
    ("value", "exit_code", "says"),
    [(np.nan, 2, "from 0 to 1"), (np.inf, 2, "from 0 to 1"), (None, 4, "have no no-answer")],
)
def test_a_bad_probability_is_an_error(
    tmp_path: Path, capsys: Any, value: float | None, exit_code: int, says: str
) -> None:
    path, probabilities = predictions_of(tmp_path), tmp_path / "probabilities.json"
    given = {**dict.fromkeys(IDS[1:], 0.5), **({} if value is None else {IDS[0]: value})}
    probabilities.write_text(json.dumps(given), encoding="utf-8")
    assert main(of_file(path, "--na-prob", str(probabilities))) == exit_code
    assert says in capsys.readouterr().err


def test_an_empty_split_is_an_error(tmp_path: Path, weights: Path, capsys: Any) -> None:
    empty = tmp_path / "empty.json"
    empty.write_text(json.dumps({"data": [{"title": "T", "paragraphs": [{"context": "c", "qas": []}]}]}))
    assert main(["score", "--predictions", str(predictions_of(tmp_path)), "--eval", str(empty)]) == 4
    assert main(["score", str(weights), "--eval", str(empty), "--results", str(tmp_path / "r"), "--quiet"]) == 2
    assert "holds no questions" in capsys.readouterr().err
    assert not (tmp_path / "r").exists()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ([], "give either WEIGHTS"),
        (["w", "--predictions", "p.json", "--eval", "e.json"], "give either WEIGHTS"),
        (["--predictions", "p.json"], "--eval FILE"),
        (["--predictions", "p.json", "--eval", "e.json", "--limit", "3"], "--limit has no part"),
        (["w", "--na-prob", "n.json"], "--na-prob goes with --predictions"),
        (["--predictions", "p.json", "--eval", "e.json", "--na-prob-thresh", "0.5"], "and --na-prob FILE"),
        (["w", "--limit", "0"], "--limit 0"),
        (["./w", "--set", "x"], "--set x: expected evaluation.NAME=VALUE"),
        (["./w", "--set", "evaluation.no_boost=1"], "did you mean evaluation.no_ans_boost?"),
        (["./w", "--set", "evaluation.n_best_size=none"], "expected a whole number"),
        (["./w", "--set", "evaluation.doc_stride=500"], "haystack: evaluation: windows of"),
        (["card.md", "--card", "other.md"], "brings its own claims"),
    ],
)
def test_what_cannot_be_scored_is_refused_before_anything_is_read(
    options: list[str], says: str, capsys: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["score", *options, "--quiet"]) == 2
    assert says in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_card_without_published_weights_of_its_own_asks_for_them(tmp_path: Path, capsys: Any) -> None:
    card = tmp_path / "card.md"
    card.write_text("# A card\n")
    assert main(["score", str(card), "--eval", str(QUESTIONS), "--results", str(tmp_path), "--quiet"]) == 2
    assert "names no model on the Hub" in capsys.readouterr().err


@pytest.mark.parametrize(("data", "rules"), [("SQuAD 1.1", "null:never|scorer:official1.1"), ("SQuAD 2.0", "null:min")])
def test_answerable_questions_are_scored_by_the_rules_of_the_data_that_the_card_declares(
    data: str, rules: str, weights: Path, tmp_path: Path, capsys: Any
) -> None:
    card, questions = tmp_path / "card.md", tmp_path / "own.json"
    card.write_text(f"# A card\n- Eval data: {data} dev set\n", encoding="utf-8")
    asked = {"id": "a", "question": "who sat ?", "answers": [{"text": "king", "answer_start": 4}]}
    whole = {"data": [{"title": "t", "paragraphs": [{"context": "the king sat", "qas": [asked]}]}]}
    questions.write_text(json.dumps(whole), encoding="utf-8")
    command = ["score", str(weights), "--card", str(card), "--eval", str(questions), "--protocol", "run_qa"]
    size = ["--set", "evaluation.max_seq_length=64", "--set", "evaluation.doc_stride=16", "--device", "cpu"]
    assert main([*command, *size, "--results", str(tmp_path / "results"), "--json"]) == 0
    assert rules in json.loads(capsys.readouterr().out)["rows"][0]["signature"]
