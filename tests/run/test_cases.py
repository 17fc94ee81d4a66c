"""Every input of the reference cases (data, models, hub) through the whole command: its exit code, and what it says.

`--dry-run` reads local files to their ends and loads models that are folders here, as the run itself does first. What
shows only in windows is run, without training.
"""

import json
import runpy
import sys
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import constants

from harness.cli.main import main
from harness.qa import offsets, question_fields
from harness.record import store
from harness.record.folder import Run
from tests.conftest import QUESTIONS, ROOT
from tests.hub_server import Fault, Hub
from tests.run.test_hub_shapes import behind_a_proxy, parquet, put, row
from tests.tiny import make_model

STUDENT, PAIR = (str(ROOT / "tests" / "cards" / name) for name in ("pocket-teacher.md", "pocket.md"))
PLAIN = "06-doc-stride-gap/good.json"
IN_PAIRS = (  # of train.json and eval.json
    "01-covidqa-int-ids", "02-annotation-not-given", "03-empty-qas", "04-crlf-offsets", "04b-crlf-file",
    "05-leading-blank-answer", "07-run-qa-flat-json", "08-run-qa-jsonl", "09-top-level-list", "10-v11-no-flag",
    "10b-answers-null", "10d-test-set-no-answers", "11-bom", "12-impossible-with-answers", "13-empty-text-answer",
    "14-float-offset", "15-utf16-offsets", "16-odd-text", "17-duplicate-ids", "18-lfs-pointer-data", "18c-truncated",
    "19-nan-flag", "20-blank-question", "21-long-question",
)  # fmt: skip
FILES = [f"{folder}/{role}.json" for folder in IN_PAIRS for role in ("train", "eval")]
OFF, EMPTY = offsets.NOT_THERE, question_fields.EMPTY_ANSWERS
# What is refused, and in which words; what is read otherwise than as it stands, as the deviation says it.
REFUSED = {
    "04-crlf-offsets/train.json": f"8 of 8 questions cannot be trained on and would be dropped, more than 0.01 of them "
    f"({OFF}: 8 (cr0, cr1, cr2, …); 8 of 8 such offsets are counted with CR LF as one character)",
    "10d-test-set-no-answers/train.json": "no question has answers: this is a test file without answers",
    "10d-test-set-no-answers/eval.json": "no question has answers: this is a test file without answers",
    "15-utf16-offsets/train.json": f"9 of 9 questions cannot be trained on and would be dropped, more than 0.01 of "
    f"them ({OFF}: 9 (e0, e1, e2, …); 9 of 9 such offsets are counted in UTF-16 units)",
    "17-duplicate-ids/eval.json": "question q0-1: occurs twice",
    "18-lfs-pointer-data/train.json": "is a pointer of Git LFS, not the file; fetch it with `git lfs pull`",
    "18-lfs-pointer-data/eval.json": "is a pointer of Git LFS, not the file; fetch it with `git lfs pull`",
    "18c-truncated/train.json": "the file ends before its JSON does: it was cut",
    "19-nan-flag/train.json": "NaN and Infinity, which pandas writes, are no JSON: write null in their place",
    "19-nan-flag/eval.json": "NaN and Infinity, which pandas writes, are no JSON: write null in their place",
    "20-blank-question/train.json": "the question is blank: 1 (q0-1)",
}
NOTED = {
    "02-annotation-not-given": f"{EMPTY}: 2 (1003, 1007)",
    "10b-answers-null": f"{question_fields.ABSENT_ANSWERS}: 2 (q0-4, q1-4)",
    "12-impossible-with-answers": f"{question_fields.IMPOSSIBLE_WITH_ANSWERS}: 2 (q0-4, q1-4)",
    "13-empty-text-answer": f"{EMPTY}: 2 (q0-4, q1-4)",
    "04-crlf-offsets": f"{OFF}: 8 (cr0, cr1, cr2, …)",
    "15-utf16-offsets": f"{OFF}: 9 (e0, e1, e2, …)",
    "20-blank-question": "the question is blank: 1 (q0-1)",
}


@pytest.fixture(scope="module")
def data(shared: Path) -> Path:
    return shared / "cases" / "data"


def reproduce(card: str, train: Path, evaluated: Path, tmp_path: Path, *options: str) -> int:
    asked = ["--train", str(train), "--eval", str(evaluated), "--results", str(tmp_path / "results"), "--quiet"]
    return main(["reproduce", card, *asked, "--published", "none", "--device", "cpu", *options])


def test_every_file_of_the_cases_is_tried(data: Path) -> None:
    there = {path.relative_to(data).as_posix() for path in data.rglob("*") if path.suffix in (".json", ".jsonl")}
    scored = {f"40-score/{name}" for name in (*SCORED, *UNSCORED, *QUESTIONS_OF_SCORES, *PROBABILITIES)}
    assert there == {PLAIN, *FILES, *scored}


@pytest.mark.parametrize("name", FILES)
def test_a_data_file_is_read_as_it_is_or_noted_or_refused(
    name: str, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    role = f"{Path(name).stem}_data"
    files = {"train_data": data / PLAIN, "eval_data": data / PLAIN, role: data / name}
    code = reproduce(STUDENT, files["train_data"], files["eval_data"], tmp_path, "--dry-run", "--json")
    out, err = capsys.readouterr()
    if name in REFUSED:
        assert (code, list(json.loads(out))) == (2, ["schema_version", "error"])
        assert REFUSED[name] in err
        assert str(data / name) in err
        return
    found = [
        one["actual"].removeprefix("dropped, ")
        for one in json.loads(out)["deviations"]
        if one["category"] == "data" and one["claimed"].startswith(f"{role}: ") and "questions" in one["claimed"]
        and one["actual"] != str(data / name)
    ]  # fmt: skip
    assert (code, found) == (0, [NOTED[name.split("/")[0]]] if name.split("/")[0] in NOTED else [])
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize("name", ["04-crlf-offsets", "15-utf16-offsets"])
def test_offsets_that_are_off_are_mended_on_demand(name: str, data: Path, tmp_path: Path) -> None:
    train = data / name / "train.json"
    assert reproduce(STUDENT, train, data / PLAIN, tmp_path, "--dry-run", "--repair-offsets") == 0


def test_a_stride_beyond_the_window_is_refused(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stride = ("--set", "finetune.doc_stride=400")
    assert reproduce(STUDENT, data / PLAIN, data / PLAIN, tmp_path, "--dry-run", *stride) == 2
    assert "doc_stride 400" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "unlabelled"),
    [("05-leading-blank-answer", "answerable, but labelled in no window: 6 (b0, b1, b2, …)"), ("21-long-question", "")],
)
def test_what_shows_in_windows_alone_is_in_the_record_of_the_run(
    name: str, unlabelled: str, data: Path, tmp_path: Path
) -> None:
    files = [data / name / f"{role}.json" for role in ("train", "eval")]
    code = reproduce(STUDENT, files[0], files[1], tmp_path, "--set", "finetune.num_train_epochs=0")
    (folder,) = (tmp_path / "results" / "pocket-teacher").iterdir()
    run = Run.open(folder)
    assert code == 4  # other questions than the card's: limited
    assert [one.actual for one in run.stage("finetune").deviations] == ([unlabelled] if unlabelled else [])
    assert run.evaluation.metrics.scores["total"] == 8 - ("05" in name)


# --- predictions of other tools ---

SCORED = {
    "pred-plain.json": 100.0, "pred-bom.json": 100.0, "pred-evaluate-list.json": 100.0, "pred-nbest.json": 100.0,
    "pred-null.json": 100.0, "pred.jsonl": 100.0, "pred-unanswerable-word.json": 75.0, "pred-int.json": 100.0,
}  # fmt: skip
UNSCORED = {"pred-dup.json": "occurs twice", "pred-missing.json": "q0-1"}
QUESTIONS_OF_SCORES = ("eval.json", "eval-int.json")
PROBABILITIES = {"na_prob.json": 1.0, "null_odds.json": 0.0}


def score(folder: Path, name: str, *options: str) -> int:
    questions = "eval-int.json" if "int" in name else "eval.json"
    return main(["score", "--predictions", str(folder / name), "--eval", str(folder / questions), "--json", *options])


@pytest.mark.parametrize("name", SCORED)
def test_predictions_of_another_tool_are_scored(name: str, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert score(data / "40-score", name) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["rows"][0]["scores"]["exact"] == SCORED[name]
    assert any("'unanswerable' is predicted for 2 of 8" in note for note in found["notes"]) == (SCORED[name] < 100)


@pytest.mark.parametrize("name", UNSCORED)
def test_predictions_that_make_no_score_are_refused(name: str, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert score(data / "40-score", name) == 4
    assert UNSCORED[name] in capsys.readouterr().err


@pytest.mark.parametrize("name", PROBABILITIES)
def test_probabilities_and_null_odds_have_thresholds_of_their_own(
    name: str, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert score(data / "40-score", "pred-plain.json", "--na-prob", str(data / "40-score" / name)) == 0
    found = json.loads(capsys.readouterr().out)["rows"][0]
    assert found["scores"]["exact"] == 100.0
    assert f"null:probability>{PROBABILITIES[name]:g}|" in found["signature"]


# --- models ---

MODELS = {  # as a student; as a teacher, which needs a head
    "bare-encoder": ("", "lacks weights of BertForQuestionAnswering: qa_outputs.bias"),
    "big-vocab-student": ("its tokenizer has ids up to 1,999, its embedding 1,500 rows",) * 2,
    "big-vocab-teacher": ("its tokenizer has ids up to 1,999, its embedding 1,500 rows",) * 2,
    "farm-saved": ("is saved by FARM; convert it with AdaptiveModel.convert_to_transformers",) * 2,
    "fp16-weights": ("", ""),
    "gamma-beta": ("", ""),
    "lfs-pointer": ("model.safetensors: is a pointer of Git LFS, not the file; fetch it with `git lfs pull`",) * 2,
    "lfs-pointer-bin": ("pytorch_model.bin: is a pointer of Git LFS, not the file",) * 2,
    "nan-weights": ("bert.encoder.layer.0.output.dense.weight: holds NaN or infinite weights",) * 2,
    "no-model-type": ('names no model_type; add it ("model_type": "bert" for a BERT)',) * 2,
    "no-token-types": ("", ""),
    "origmod-prefix": ("", ""),
    "qa-3-labels": ("qa_outputs.weight has 3 rows, a span head has two outputs, start and end",) * 2,
    "qa-head-named-classifier": ("", "lacks weights of BertForQuestionAnswering: qa_outputs.bias"),
    "tinybert-shape": ("", "lacks weights of BertForQuestionAnswering: qa_outputs.bias"),
    "uncased-flag-differs": ("have one vocabulary but cut text differently (lower-casing, accents)",) * 2,
    "vocab-only": ("", ""),
}


@pytest.fixture(scope="module")
def models(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("models")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sys, "argv", ["make_models.py", str(out)])
        runpy.run_path(str(shared / "cases" / "models" / "make_models.py"), run_name="__main__")
    return out


@pytest.mark.parametrize("role", ["student", "teacher"])
@pytest.mark.parametrize("name", MODELS)
def test_a_model_is_read_or_refused(
    name: str, role: str, models: Path, data: Path, goldens: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pair = {"teacher": goldens / "teacher", "student": goldens / "student", role: models / name}
    options = [part for kind, folder in pair.items() for part in (f"--{kind}", str(folder))]
    said = MODELS[name][role == "teacher"]
    code = reproduce(
        PAIR, data / PLAIN, data / PLAIN, tmp_path, *options, "--recipe", "prediction", "--dry-run", "--json"
    )
    out, err = capsys.readouterr()
    assert (code, said in err, str(models / name) in err) == (2 if said else 0, True, bool(said))
    noted = json.loads(out).get("deviations", [])
    notes = [one["actual"] for one in noted if one["claimed"] == f"{role} {name}"]
    prefix = ["its weights are named with the prefix _orig_mod. of a wrapper, which is stripped"]
    assert notes == (prefix if name == "origmod-prefix" else [])


def test_a_stripped_prefix_stands_in_the_record_of_the_run(models: Path, data: Path, tmp_path: Path) -> None:
    options = ("--student", str(models / "origmod-prefix"), "--set", "finetune.num_train_epochs=0")
    assert reproduce(STUDENT, data / PLAIN, data / PLAIN, tmp_path, *options) == 4
    said = [one for one in record_of(tmp_path).deviations if "prefix _orig_mod." in one.actual]
    assert [(one.claimed, one.severity) for one in said] == [("student origmod-prefix", "none")]


def test_every_model_of_the_cases_is_tried(models: Path) -> None:
    assert {path.name for path in models.iterdir()} == {*MODELS}


# --- on a Hub ---


@pytest.fixture(scope="module")
def student(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("model") / "student", layers=1)


def run_on(reference: str, student: Path, tmp_path: Path, *options: str) -> int:
    """A run without training on one split of the Hub."""
    asked = ["--train", reference, "--eval", reference, "--results", str(tmp_path / "results"), "--quiet"]
    plain = [
        "--student",
        str(student),
        "--published",
        "none",
        "--device",
        "cpu",
        "--set",
        "finetune.num_train_epochs=0",
    ]
    return main(["reproduce", STUDENT, *asked, *plain, *options])


def record_of(tmp_path: Path) -> Run:
    (folder,) = (tmp_path / "results" / "pocket-teacher").iterdir()
    return Run.open(folder)


@pytest.mark.parametrize(
    ("rows", "ids"),
    [
        ([row("a", title=...), row("b", title=...)], ["a", "b"]),
        ([row(7, title=...), row(8, title=...)], ["7", "8"]),
        ([row(7), row(8)], ["7", "8"]),
    ],
    ids=["H1 no title", "H2 no title, ids are numbers", "H2b ids are numbers"],
)
def test_rows_of_the_hub_are_read_with_ids_as_text(
    rows: list[Any], ids: list[str], own_hub: Hub, student: Path, tmp_path: Path
) -> None:
    put(own_hub, "datasets/org/squad", {"data/train-00000-of-00001.parquet": parquet(tmp_path, rows)})
    assert run_on("org/squad:train", student, tmp_path) == 4
    run = record_of(tmp_path)
    assert list(run.evaluation.predictions) == ids
    assert main(["audit", str(run.folder), "--quiet"]) == 0


def test_h1b_configurations_are_refused_unless_one_is_named(
    own_hub: Hub, student: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {f"{one}/validation-00000-of-00001.parquet": parquet(tmp_path, [row(one)]) for one in ("ar", "en", "de")}
    put(own_hub, "datasets/org/many", files)
    assert run_on("org/many:validation", student, tmp_path) == 2
    said = "has split validation in 3 configurations (ar, de, en), which are not one set; name one, as org/many/ar:"
    assert said in capsys.readouterr().err
    assert run_on("org/many/de:validation", student, tmp_path) == 4
    assert list(record_of(tmp_path).evaluation.predictions) == ["de"]


def test_h3_a_row_without_answers_is_named(
    own_hub: Hub, student: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(own_hub, "datasets/org/null", {"train.parquet": parquet(tmp_path, [row("a"), row("b", answers=None)])})
    assert run_on("org/null:train", student, tmp_path) == 2
    assert "data set org/null, row 2, question b: answers: is null; give []" in capsys.readouterr().err


@pytest.mark.parametrize("revision", ["refs/pr/1", "feature/new"])
def test_h4_a_revision_with_slashes_is_fetched(
    revision: str, own_hub: Hub, student: Path, data: Path, tmp_path: Path
) -> None:
    put(own_hub, "org/model", {"config.json": b"{}"})
    put(own_hub, "org/model", {path.name: path.read_bytes() for path in student.iterdir()}, revision)
    options = ("--student", f"org/model@{revision}", "--set", "finetune.num_train_epochs=0")
    assert reproduce(STUDENT, data / PLAIN, data / PLAIN, tmp_path, *options) == 4
    assert record_of(tmp_path).inputs.student["model.safetensors"] == store.sha256_of(student / "model.safetensors")
    assert any(revision.replace("/", "%2F") in asked for asked in own_hub.asked)


@pytest.mark.parametrize(
    ("case", "says"),
    [
        ("H5", "offline, and it was never fetched"),
        ("H7", "gated: ask for access at "),
        ("H8", "the proxy of HTTPS_PROXY did not let it through"),
    ],
)
def test_a_model_that_is_not_to_be_had_is_said_with_the_option_that_supplies_it(
    case: str, says: str, own_hub: Hub, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    put(own_hub, "org/model", {"config.json": b"{}", "model.safetensors": b"w"})
    if case == "H5":
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    elif case == "H7":
        gated = {"X-Error-Code": "GatedRepo", "X-Error-Message": "Access to model org/model is restricted."}
        own_hub.faults = [Fault(verb, "org/model", status=403, headers=gated, times=9) for verb in ("GET", "HEAD")]
    else:
        behind_a_proxy(monkeypatch)
    assert reproduce(STUDENT, data / PLAIN, data / PLAIN, tmp_path, "--student", "org/model") == 5
    said = capsys.readouterr().err
    assert f"model org/model could not be fetched from the Hub ({says}" in said
    assert "give a local folder with --student DIR" in said
    assert "secret" not in said
    assert not (tmp_path / "results").exists()


# --- neighbours of the cases ---

FLAT = {"id": "a", "context": "Built in 1854.", "question": "when ?"}
NEIGHBOURS: dict[str, tuple[Any, str]] = {  # bytes, or what is written as JSON
    "empty": (b" \n", "is empty; fetch it again"),
    "no question": ({"data": [{"paragraphs": [{"context": "a", "qas": []}]}]}, "holds no question; give data that do"),
    "latin-1": (b'[{"context": "B\xfcilt in 1854."}]', "is neither UTF-8 nor -16 nor -32"),
    "splits": ({"train": [FLAT], "test": [FLAT]}, "(it has: test, train)"),
    "rows of the Hub's viewer": ({"rows": [{"row": FLAT}], "features": []}, "(it has: features, rows)"),
    "answer beside": ([{**FLAT, "answer_text": "1854"}], "(it has: answer_text, context, id, question)"),
    "answers as text": ([{**FLAT, "answers": "1854"}], "expected a list of objects with text and answer_start"),
    "id is true": ([{**FLAT, "id": True, "answers": []}], "give each question an id of its own"),
    "an endless number": (b'[{"id": "a", "answers": [{"answer_start": 1' + b"0" * 30, "is not valid JSON"),
}


@pytest.mark.parametrize("role", ["train", "eval"])
@pytest.mark.parametrize("name", NEIGHBOURS)
def test_a_neighbour_of_the_cases_is_refused_in_words_that_help(
    name: str, role: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content, says = NEIGHBOURS[name]
    (tmp_path / "given.json").write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    pair = {"train": QUESTIONS, "eval": QUESTIONS, role: tmp_path / "given.json"}
    assert reproduce(STUDENT, pair["train"], pair["eval"], tmp_path, "--dry-run") == 2
    said = capsys.readouterr().err
    assert says in said
    assert "given.json" in said
