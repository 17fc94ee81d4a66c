"""Each family of encoders goes through every stage: trained, distilled, evaluated, saved, loaded, and resumed."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from harness.cli.main import main
from harness.qa import squad
from harness.qa.features import build_features
from harness.record import store
from harness.record.folder import Run
from harness.run import stages
from harness.train.models import loading
from tests.conftest import QUESTIONS
from tests.families import FAMILIES, make_family

QUICK = ("roberta", "deberta-v2")  # in every run of the suite; the others are `slow`
EACH = [pytest.param(one, marks=() if one in QUICK else pytest.mark.slow, id=one) for one in FAMILIES]
BLOCK = """
batch_size = 4
n_epochs = 1
max_seq_len = 160
learning_rate = 1e-3
doc_stride = 64
max_query_length = 40
"""
SCORES = '\n## Performance\n```\n"exact": 10.0\n"f1": 10.0\n```\n'
CARDS = {
    "finetune": f"## Hyperparameters\n```{BLOCK}```\n{SCORES}",
    "prediction": f"## Hyperparameters\n```{BLOCK}temperature = 2\ndistillation_loss_weight = 0.5\n```\n{SCORES}",
    "haystack": f"## Hyperparameters\n### Intermediate layer distillation\n```{BLOCK}```\n"
    f"### Prediction layer distillation\n```{BLOCK}distillation_loss_weight = 0.5\n```\n{SCORES}",
}


def command(tmp_path: Path, family: str, recipe: str, results: str = "results") -> list[str]:
    card = tmp_path / f"{recipe}.md"
    card.write_text(CARDS[recipe], encoding="utf-8")
    student = make_family(tmp_path / "student", family, layers=1, seed=2)
    teacher = ["--teacher", str(make_family(tmp_path / "teacher", family, layers=2))] if recipe != "finetune" else []
    return [
        "reproduce", str(card), "--student", str(student), *teacher, "--train", str(QUESTIONS), "--eval",
        str(QUESTIONS), "--limit", "6", "--device", "cpu", "--quiet", "--results", str(tmp_path / results),
    ]  # fmt: skip


def the_run(results: Path) -> Run:
    (found,) = (path.parent for path in results.glob("*/*/verdict.json"))
    return Run.open(found)


@pytest.mark.parametrize("recipe", ["finetune", "prediction", "haystack"])
@pytest.mark.parametrize("family", EACH)
def test_a_model_is_trained_saved_loaded_and_scored_under_every_protocol(
    family: str, recipe: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command(tmp_path, family, recipe)) == 4  # limited: six questions judge nothing
    run = the_run(tmp_path / "results")
    last = run.experiment.stages[-1].name
    losses = [json.loads(line) for line in (run.folder / "stages" / last / "train.jsonl").read_text().splitlines()]
    assert all(np.isfinite(one["loss"]) and one["grad_norm"] > 0 for one in losses)
    stage = json.loads((run.folder / "stages" / last / "stage.json").read_text())
    assert stage["encoder"] == ("packed" if family == "bert" else "library")
    weights = run.folder / "stages" / last / store.WEIGHTS
    begun = load_file(tmp_path / "student" / "model.safetensors")
    made = load_file(weights / "model.safetensors")
    assert set(made) == set(begun)
    assert any(not torch.equal(made[name], begun[name]) for name in made)
    if recipe == "finetune":
        capsys.readouterr()
        assert main(["score", str(weights), "--eval", str(QUESTIONS), "--limit", "6", "--device", "cpu", "--quiet",
                     "--results", str(tmp_path / "scores"), "--json"]) == 0  # fmt: skip
        rows = {row["protocol"] for row in json.loads(capsys.readouterr().out)["rows"]}
        pieces = FAMILIES[family][2] == "bert"  # Google's protocol takes its text from word pieces
        assert rows == {"haystack", "run_qa", *(["official-bert"] if pieces else [])}


@pytest.mark.parametrize("family", EACH)
def test_a_stopped_training_goes_on_to_the_same_weights(
    family: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = command(tmp_path, family, "finetune", "whole")
    assert main(whole) == 4
    stopped = [*whole[:-1], str(tmp_path / "stopped"), "--checkpoint-steps", "1"]
    with monkeypatch.context() as patch:
        seen: list[Any] = []

        def stop(self: Any, records: list[dict[str, float]]) -> None:
            seen.extend(records)
            if len(seen) > 1:
                raise KeyboardInterrupt
            steps(self, records)

        steps = stages._Recorder.steps
        patch.setattr(stages._Recorder, "steps", stop)
        assert main(stopped) == 130
    assert main(stopped) == 4
    files = [the_run(tmp_path / name).folder / "stages" / "finetune" / store.WEIGHTS / "model.safetensors" for name in
             ("whole", "stopped")]  # fmt: skip
    one, other = map(load_file, files)
    assert all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("family", EACH)
def test_span_logits_are_those_of_the_librarys_own_model(family: str, tmp_path: Path) -> None:
    """On a batch as the model's own forward reads it, padding aside."""
    folder = make_family(tmp_path / "model", family)
    model, tokenizer = loading.load_model(folder, seed=1).eval(), loading.load_tokenizer(folder)
    paragraphs = list(squad.first_questions(squad.read_squad(QUESTIONS), 2))
    windows: Any = {"max_seq_length": 160, "doc_stride": 64, "max_query_length": 40, "for_training": False}
    rows = build_features(paragraphs, tokenizer, tmp_path, **windows)
    batch = {name: torch.from_numpy(array) for name, array in rows.batch(range(2)).items()}
    question, context = paragraphs[0].questions[0].text, paragraphs[0].context
    pair = tokenizer(question, context, truncation="only_second", max_length=160, return_offsets_mapping=False)
    assert batch["input_ids"][0, : len(pair["input_ids"])].tolist() == pair["input_ids"]
    inputs = {name: batch[name] for name in ("input_ids", "attention_mask")}
    if getattr(model.config, "type_vocab_size", 0) > 1:
        inputs["token_type_ids"] = batch["token_type_ids"]
    with torch.no_grad():
        ours, theirs = loading.span_logits(model, batch).logits, model(**inputs)
    real = batch["attention_mask"].bool() & (batch["token_type_ids"].bool() | torch.tensor(family != "big_bird"))
    for column, logits in enumerate((theirs.start_logits, theirs.end_logits)):
        assert torch.allclose(ours[..., column][real], logits[real], atol=1e-5)
