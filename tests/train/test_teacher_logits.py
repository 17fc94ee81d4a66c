"""The teacher's logits on disk: those it gives, in any order, and what of their mass lies on padding."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from accelerate import Accelerator

from harness.cli.main import main
from harness.qa.features import Features, build_features
from harness.qa.squad import first_questions, read_squad
from harness.record import store
from harness.train import teacher_logits
from harness.train.inference import batch_logits
from harness.train.models import loading
from harness.train.progress import Silent
from tests.conftest import QUESTIONS
from tests.tiny import make_model


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, Features]:
    monkeypatch.setattr(teacher_logits, "BATCHES", 2)
    folder = make_model(tmp_path / "teacher", layers=2)
    rows = build_features(
        first_questions(read_squad(QUESTIONS), 11), loading.load_tokenizer(folder), tmp_path, max_seq_length=224,
        doc_stride=64, max_query_length=24, for_training=True,
    )  # fmt: skip
    return loading.load_model(folder, seed=1), rows


def build(made: tuple[Any, Features], folder: Path, key: str = "k") -> teacher_logits.Logits:
    cpu = Accelerator(cpu=True)
    return teacher_logits.build(made[0], made[1], folder, key, batch_size=4, accelerator=cpu, watch=Silent())


def test_rows_in_any_order_are_what_the_teacher_gives(made: tuple[Any, Features], tmp_path: Path) -> None:
    model, rows = made
    found = build(made, tmp_path / "cache")
    assert len(found) == len(rows) > 8
    assert len(found.chunks) == -(-len(rows) // 8)
    order = np.random.default_rng(0).permutation(len(rows))
    expected = batch_logits(model.eval(), rows, order, Accelerator(cpu=True))
    assert np.allclose(found[order], expected, rtol=0, atol=1e-5)


def test_a_build_that_was_stopped_makes_what_is_missing_alone(
    made: tuple[Any, Features], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = build(made, tmp_path / "cache")
    assert len(first.chunks) == 2
    before = {path: path.read_bytes() for path in sorted((tmp_path / "cache").iterdir())}
    gone = list(before)[1]
    gone.unlink()
    asked: list[int] = []

    def counted(model: Any, rows: Features, which: Any, accelerator: Any) -> Any:
        asked.extend(which.tolist())
        return batch_logits(model, rows, which, accelerator)

    monkeypatch.setattr(teacher_logits, "batch_logits", counted)
    again = build(made, tmp_path / "cache")
    assert {path: path.read_bytes() for path in before} == before
    n = len(made[1])
    assert asked == [*range(4), *range(8, n)]  # a spot check of what is there, then what is not
    assert np.array_equal(again[np.arange(n)], first[np.arange(n)])


def test_chunks_under_another_key_are_made_anew(made: tuple[Any, Features], tmp_path: Path) -> None:
    build(made, tmp_path / "cache")
    before = sorted((tmp_path / "cache").iterdir())[0].read_bytes()
    build(made, tmp_path / "cache", key="other")
    assert sorted((tmp_path / "cache").iterdir())[0].read_bytes()[32:] == before[32:]
    assert sorted((tmp_path / "cache").iterdir())[0].read_bytes()[:32] != before[:32]


def test_the_key_is_of_teacher_rows_batch_and_precision(made: tuple[Any, Features]) -> None:
    cpu = Accelerator(cpu=True)
    keys = {
        teacher_logits.key_of({"a": "1"}, made[1], batch_size=4, accelerator=cpu),
        teacher_logits.key_of({"a": "2"}, made[1], batch_size=4, accelerator=cpu),
        teacher_logits.key_of({"a": "1"}, made[1], batch_size=5, accelerator=cpu),
    }
    assert len(keys) == 3


def test_mass_on_padding_is_the_share_of_the_softmax_behind_the_last_token(made: tuple[Any, Features]) -> None:
    rows = made[1]
    lengths = rows.batch(np.arange(len(rows)))["attention_mask"].sum(1)
    even = teacher_logits.Logits([np.zeros((len(rows), 224, 2), dtype=np.float32)], len(rows))
    found = teacher_logits.mass_on_padding(even, rows)
    shares = 1 - lengths / 224
    assert found == {"mean": pytest.approx(shares.mean()), "largest": pytest.approx(shares.max())}


def test_a_run_without_padding_says_what_the_teacher_puts_there(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, "--padding", "drop"]) == 4
    said = " ".join(capsys.readouterr().out.split())
    assert "padding dropped in prediction_layer: the teacher puts " in said
    assert "intermediate_layer.padding counted -> intermediate_layer.padding dropped" in said
    (path,) = tmp_path.glob("results/*/*/stages/prediction_layer/stage.json")
    mass = store.read_json(path)["mass_on_padding"]
    assert 0 < mass["mean"] <= mass["largest"] < 1


def test_set_goes_before_padding_and_a_recipe_without_it_says_so(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    plan = ["plan", command[1], "--padding", "drop"]
    assert main([*plan, "--set", "prediction_layer.padding=counted", "--json"]) == 0
    stages = json.loads(capsys.readouterr().out)["experiment"]["stages"]
    values = [one["value"] for stage in stages for one in stage["settings"] if one["name"] == "padding"]
    assert values == ["dropped", "counted"]
    assert main([*plan, "--recipe", "tinybert"]) == 2
    assert "--padding drop: no stage of" in capsys.readouterr().err
