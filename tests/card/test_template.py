"""`harness init`: a card with a line for everything, filled from a training's output folder."""

import json
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from harness.card.lint import lint
from harness.card.output_folder import read_output
from harness.card.read import read_card
from harness.card.template import MARK, make_template
from harness.cli.main import main
from harness.errors import DataError
from harness.plan.experiment import plan
from harness.plan.options import Options

# As transformers' Trainer writes it (create_model_card of 5.17), shortened.
TRAINERS_CARD = """---
library_name: transformers
license: cc-by-4.0
base_model: deepset/roberta-base-squad2
tags:
- generated_from_trainer
datasets:
- squad_v2
---

# out

This model is a fine-tuned version of [deepset/roberta-base-squad2](https://huggingface.co/deepset/roberta-base-squad2)
on the squad_v2 dataset.

## Training procedure

### Training hyperparameters

The following hyperparameters were used during training:
- learning_rate: 3e-05
- train_batch_size: 12
- eval_batch_size: 8
- seed: 7
- optimizer: Use OptimizerNames.ADAMW_TORCH_FUSED with betas=(0.9,0.999) and epsilon=1e-08
- lr_scheduler_type: linear
- lr_scheduler_warmup_steps: 500
- num_epochs: 2.0

### Framework versions

- Transformers 5.17.0
- Pytorch 2.11.0
"""


class Bomb:
    def __reduce__(self) -> tuple[Any, ...]:
        return (Path("bombed").touch, ())


def write(folder: Path, **files: Mapping[str, Any] | str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        path = folder / (f"{name}.json" if isinstance(content, dict) else "README.md")
        path.write_text(json.dumps(content) if isinstance(content, dict) else str(content), encoding="utf-8")
    return folder


@pytest.mark.parametrize("is_distilled", [False, True])
def test_a_template_lints_at_a_hundred_percent_and_makes_a_plan(is_distilled: bool, tmp_path: Path) -> None:
    made = make_template("mine", {}, is_distilled=is_distilled)
    path = tmp_path / "README.md"
    path.write_text(made.text, encoding="utf-8")
    card = read_card(path)
    found = lint(card)
    assert (found.score, found.completeness.missing) == (100, ())
    assert {one.kind for one in found.remarks} <= {"note", "evidence"}
    stages = plan(card, Options()).stages
    assert len(stages) == (2 if is_distilled else 1)
    assert {number for number, _ in made.open_lines} == {
        number for number, line in enumerate(made.text.splitlines(), start=1) if MARK in line
    }


def test_everything_that_a_trainers_folder_says_is_filled_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    out = write(
        tmp_path / "out",
        card=TRAINERS_CARD,
        all_results={"eval_exact": 79.4, "eval_f1": 82.75, "eval_samples": 11873},
        tokenizer_config={"model_max_length": 512},
    )
    (out / "training_args.bin").write_bytes(pickle.dumps(Bomb()))
    checkpoint = write(out / "checkpoint-500", trainer_state={"num_train_epochs": 2, "train_batch_size": 12})
    assert main(["init", "card", "--from", str(checkpoint)]) == 0
    assert not Path("bombed").exists()
    said = capsys.readouterr().out
    assert "learning_rate = 3e-05, from README.md" in said
    card = read_card(tmp_path / "card" / "README.md")
    stated = {one.name: one.value for one in card.stated}
    expected = {"learning_rate": 3e-5, "train_batch_size": 12, "seed": 7, "num_train_epochs": 2, "warmup_steps": 500}
    assert expected.items() <= stated.items()
    assert {(one.metric, one.raw) for one in card.claims} >= {("exact", "79.4"), ("f1", "82.75")}
    facts = {fact.name: fact.value for fact in card.facts}
    assert (facts["student"], facts["license"]) == ("deepset/roberta-base-squad2", "cc-by-4.0")
    assert lint(card).score == 100
    assert "doc_stride = 128  # fill in" in said
    assert "learning_rate" not in said.partition("to fill in")[2]


def test_a_haystack_readers_folder_is_read(tmp_path: Path) -> None:
    out = write(
        tmp_path / "out",
        processor_config={"max_seq_len": 256, "doc_stride": 64, "tokenizer": "BertTokenizerFast"},
        language_model_config={"name": "deepset/minilm-uncased-squad2"},
    )
    found = {term: (one.value, one.source) for term, one in read_output(out).items()}
    assert found == {
        "max_seq_length": ("256", "processor_config.json"),
        "doc_stride": ("64", "processor_config.json"),
        "student": ("deepset/minilm-uncased-squad2", "language_model_config.json"),
    }


def test_scores_keep_their_digits_and_shares_become_points(tmp_path: Path) -> None:
    of_points = write(tmp_path / "a", eval_results={"eval_exact_match": 71.8773688200118, "eval_f1": 76.4})
    assert [read_output(of_points)[name].value for name in ("exact", "f1")] == ["71.8773688200118", "76.4"]
    of_shares = write(tmp_path / "b", eval_results={"exact_match": 0.7187, "f1": 0.764})
    assert [read_output(of_shares)[name].value for name in ("exact", "f1")] == ["71.87", "76.4"]
    logged = write(tmp_path / "c", trainer_state={"log_history": [{"eval_f1": 1.5}, {"eval_f1": 60.25}, {"loss": 1}]})
    assert read_output(logged)["f1"].value == "60.25"


@pytest.mark.parametrize(
    "state",
    [
        {"num_train_epochs": float("nan"), "log_history": 3},
        {"train_batch_size": "8\n## Performance\nexact = 99", "log_history": [[], None, {"eval_f1": "x"}]},
        {"train_batch_size": True},
    ],
)
def test_what_is_no_value_is_left_to_be_filled_in(state: dict[str, Any], tmp_path: Path) -> None:
    out = write(tmp_path / "out", trainer_state=state, config={"_name_or_path": "/home/me/model\n# x"})
    with pytest.raises(DataError, match="says nothing of a training"):
        read_output(out)


@pytest.mark.parametrize("text", ["{", "[]", "[" * 100_000, "\udcff"])
def test_a_damaged_file_is_named(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "trainer_state.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    assert main(["init", str(tmp_path / "card"), "--from", str(out)]) == 2
    assert "trainer_state.json: is " in capsys.readouterr().err
    assert not (tmp_path / "card").exists()


def test_a_card_that_is_there_is_never_written_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "README.md").write_text("mine", encoding="utf-8")
    assert main(["init", str(tmp_path)]) == 2
    assert "is there already; give another folder" in capsys.readouterr().err
    assert (tmp_path / "README.md").read_text(encoding="utf-8") == "mine"
    assert main(["init", str(tmp_path / "card"), "--from", str(tmp_path / "nowhere")]) == 2
    assert "no such folder" in capsys.readouterr().err


def test_json_says_what_was_filled_in_and_what_is_open(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = write(tmp_path / "out", all_results={"eval_f1": 80.5})
    assert main(["init", str(tmp_path / "card"), "--from", str(out), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["score"] == 100
    assert document["filled"] == {"f1": {"value": "80.5", "source": "all_results.json"}}
    lines = (tmp_path / "card" / "README.md").read_text(encoding="utf-8").splitlines()
    assert all(lines[one["line"] - 1] == one["text"] for one in document["to_fill_in"])
