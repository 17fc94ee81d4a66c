"""Cards by their names, on a Hub on the loopback interface and among those that ship: read, planned, run."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.errors import CardError
from harness.run.cards import find_card, name_on_hub, shipped
from tests.families import make_family
from tests.hub_server import Hub, serving
from tests.run.test_from_hub import harness, parquet, the_run
from tests.tiny import make_model

SCORES = '\n## Performance\n```\n"exact": 40.0\n"f1": 45.0\n```\n'
ONE_STAGE = f"""---
license: mit
---
## Overview
**Language model:** org/bert-tiny-squad2-distilled
**Training data:** SQuAD 2.0 training set
**Eval data:** SQuAD 2.0 dev set

## Details
- haystack's distillation feature was used for training. org/teacher was used as the teacher model.

## Hyperparameters
```
batch_size = 80
n_epochs = 1
base_LM_model = "org/student"
max_seq_len = 224
learning_rate = 3e-5
temperature = 1.5
distillation_loss_weight = 0.75
```
{SCORES}"""
TRAINER = """---
license: mit
tags:
- generated_from_trainer
- question-answering
---
# bert-finetuned-squad

This model is a fine-tuned version of [org/student](https://huggingface.co/org/student) on the squad dataset.
It achieves the following results on the evaluation set:
- Exact Match: 40.0
- F1: 45.0

### Training hyperparameters

The following hyperparameters were used during training:
- learning_rate: 2e-05
- train_batch_size: 40
- seed: 7
- optimizer: Adam with betas=(0.9,0.999) and epsilon=1e-08
- lr_scheduler_type: cosine
- lr_scheduler_warmup_steps: 2
- num_epochs: 1
- mixed_precision_training: Native AMP
"""
ROBERTA = f"""---
license: mit
---
## Overview
**Language model:** org/roberta-squad2
**Training data:** SQuAD 2.0
**Eval data:** SQuAD 2.0

## Hyperparameters
```
batch_size = 80
n_epochs = 1
base_LM_model = "org/roberta"
max_seq_len = 224
learning_rate = 3e-5
lr_schedule = LinearWarmup
```
{SCORES}"""
# The same three on a data set of their own, which is no part of SQuAD and whole as it is.
OWN_DATA = {
    "org/quiz-one-stage": ONE_STAGE.replace("SQuAD 2.0 training set", "org/quiz").replace(
        "SQuAD 2.0 dev set", "org/quiz"
    ),
    "org/quiz-finetuned": TRAINER.replace("the squad dataset", "the org/quiz dataset"),
    "org/quiz-roberta": ROBERTA.replace("SQuAD 2.0 dev set", "org/quiz").replace("SQuAD 2.0", "org/quiz"),
}
CARDS = {"org/one-stage": ONE_STAGE, "org/bert-finetuned-squad": TRAINER, "org/roberta-squad2": ROBERTA}


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """Three cards of models without weights, what they begin with, and SQuAD 1.1 and 2.0 of the pocket questions."""
    here = tmp_path_factory.mktemp("hub")
    models = {
        "org/teacher": make_model(here / "teacher", layers=2, width=32),
        "org/student": make_model(here / "student", layers=1, seed=2),
        "org/roberta": make_family(here / "roberta", "roberta"),
    }
    with serving() as one:
        for repo, folder in models.items():
            files = {path.name: path.read_bytes() for path in folder.iterdir()}
            one.make(repo).add("main", "as it is", files, frozenset({"model.safetensors"}))
        for repo, text in {**CARDS, **OWN_DATA}.items():
            one.make(repo).add("main", "the card", {"README.md": text.encode()}, frozenset())
        quiz = {f"data/{split}-00000-of-00001.parquet": parquet(here, split) for split in ("train", "validation")}
        one.make("datasets/org/quiz").add("main", "as it is", quiz, frozenset(quiz))
        for repo, config in (("squad_v2", "squad_v2"), ("squad", "plain_text")):
            files = {f"{config}/{split}-00000-of-00001.parquet": parquet(here, split, answered=repo == "squad")
                     for split in ("train", "validation")}  # fmt: skip
            one.make(f"datasets/rajpurkar/{repo}").add("main", "as it is", files, frozenset(files))
        yield one


@pytest.mark.parametrize(
    ("repo", "recipe", "encoder", "scorer"),
    [
        ("org/one-stage", "prediction", "packed", "official2.0"),
        pytest.param("org/bert-finetuned-squad", "finetune", "packed", "official1.1", marks=pytest.mark.slow),
        pytest.param("org/roberta-squad2", "finetune", "library", "official2.0", marks=pytest.mark.slow),
    ],
)
def test_a_card_of_the_hub_is_run_to_its_verdict_by_its_name(
    hub: Hub, tmp_path: Path, repo: str, recipe: str, encoder: str, scorer: str
) -> None:
    done = harness(hub, tmp_path / "home", ["reproduce", repo, "--device", "cpu", "--quiet", "--results",
                                            str(tmp_path / "results")])  # fmt: skip
    # The pocket questions stand in for SQuAD's dev sets, and are told from them by their content.
    assert done.returncode == 4, done.stderr[-2000:]
    assert "limited" in done.stdout.lower(), done.stderr[-2000:]
    run = the_run(tmp_path / "results")
    assert run.parent.name == repo.replace("/", "__")
    verdict = json.loads((run / "verdict.json").read_text(encoding="utf-8"))
    assert verdict["judgement"]["outcome"] == "limited"
    assert "by ids and gold answers" in verdict["judgement"]["reason"]
    experiment = json.loads((run / "experiment.json").read_text(encoding="utf-8"))
    assert experiment["recipe"] == recipe
    stage = experiment["stages"][-1]["name"]
    assert json.loads((run / "stages" / stage / "stage.json").read_text())["encoder"] == encoder
    metrics = json.loads((run / "evaluation" / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["signature"].endswith(f"scorer:{scorer}")
    assert {one["metric"] for one in verdict["judgement"]["verdicts"]} >= {"exact", "f1"}
    deviations = json.loads((run / "environment.json").read_text(encoding="utf-8"))["deviations"]
    on_cpu = [one["actual"] for one in deviations if one["category"] == "precision"]
    assert on_cpu == (["fp32"] if "Native AMP" in CARDS[repo] else [])
    assert (run / "card.md").read_text(encoding="utf-8") == CARDS[repo]


@pytest.mark.slow
@pytest.mark.parametrize("repo", OWN_DATA)
def test_a_card_with_data_of_its_own_is_judged(hub: Hub, tmp_path: Path, repo: str) -> None:
    command = ["reproduce", repo, "--device", "cpu", "--quiet", "--results", str(tmp_path / "results")]
    done = harness(hub, tmp_path / "home", command)
    path = the_run(tmp_path / "results") / "verdict.json"
    verdict = json.loads(path.read_text(encoding="utf-8"))["judgement"]
    # A toy of one epoch is nowhere near the numbers that its card claims, and the verdict says so.
    assert (done.returncode, verdict["outcome"]) == (1, "not_reproduced"), done.stderr[-2000:]
    assert {one["outcome"] for one in verdict["verdicts"] if one["metric"] in ("exact", "f1")} == {"not_reproduced"}


def test_a_pinned_card_is_read_at_its_revision_and_offline_from_the_cache(hub: Hub, tmp_path: Path) -> None:
    repository = hub.repositories["org/roberta-squad2"]
    first = repository.refs["main"]
    repository.add("v2", "moved", {"README.md": ROBERTA.replace("3e-5", "4e-5").encode()}, frozenset())
    command = ["plan", f"org/roberta-squad2@{first}", "--json"]
    pinned = harness(hub, tmp_path / "home", command)
    moved = harness(hub, tmp_path / "home", ["plan", "org/roberta-squad2@v2", "--json"])
    assert (pinned.returncode, moved.returncode) == (0, 0), pinned.stderr
    rates = [
        next(one["value"] for one in json.loads(done.stdout)["experiment"]["stages"][0]["settings"]
             if one["name"] == "learning_rate")
        for done in (pinned, moved)
    ]  # fmt: skip
    assert rates == [3e-5, 4e-5]
    hub.asked.clear()
    again = harness(hub, tmp_path / "home", ["reproduce", *command[1:2], "--dry-run", "--offline", "--json"])
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["experiment"] == json.loads(pinned.stdout)["experiment"]
    assert hub.asked == []
    never = harness(hub, tmp_path / "other", ["reproduce", *command[1:2], "--dry-run", "--offline"])
    assert never.returncode == 5
    assert f"the card of org/roberta-squad2 at {first} could not be fetched" in never.stderr


def test_other_commands_take_the_name_too(hub: Hub, tmp_path: Path) -> None:
    for command in (["parse", "hf://org/one-stage"], ["lint", "org/one-stage"]):
        done = harness(hub, tmp_path / "home", command)
        assert done.returncode == 0, done.stderr
    bare = harness(hub, tmp_path / "home", ["parse", "org/student"])
    assert bare.returncode == 5
    assert "org/student: has no README.md" in bare.stderr
    none = harness(hub, tmp_path / "home", ["plan", "org/nobody"])
    assert none.returncode == 5
    assert "the card of org/nobody could not be fetched from the Hub" in none.stderr


def test_a_model_is_scored_on_its_cards_data_with_the_cards_claims(hub: Hub, tmp_path: Path) -> None:
    model = hub.repositories["org/roberta"].at("main")
    assert model is not None
    files = {**model.tree, "README.md": ROBERTA.encode()}
    hub.make("org/scored").add("main", "with its card", files, frozenset({"model.safetensors"}))
    command = ["score", "org/scored", "--device", "cpu", "--quiet", "--json", "--results", str(tmp_path / "results")]
    done = harness(hub, tmp_path / "home", command)
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout)["claims"] == {"exact": 40.0, "f1": 45.0}


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("org/name", ("org/name", None)), ("org/name@v1", ("org/name", "v1")), ("hf://org/name", ("org/name", None)),
        ("hf://org/name@refs/pr/1", ("org/name", "refs/pr/1")),
        ("https://huggingface.co/org/name", ("org/name", None)),
        ("https://huggingface.co/org/name/tree/main", ("org/name", "main")),
        ("https://huggingface.co/org/name/blob/abc/README.md", ("org/name", "abc")),
        ("https://huggingface.co/datasets/org/name", None), ("cards/pocket.md", None), ("pocket", None),
        ("a/b/c", None),
    ],
)  # fmt: skip
def test_names_and_addresses_of_the_hub(text: str, named: tuple[str, str | None] | None) -> None:
    assert name_on_hub(text) == named


def test_shipped_cards_go_by_short_names_and_files_before_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_card("pocket").name == "pocket"
    assert {"pocket", "pocket-teacher", "tinybert-6l"} <= set(shipped())
    with pytest.raises(CardError, match="did you mean pocket"):
        find_card("pockt")
    shutil.copy(shipped()["tinybert-6l"], tmp_path / "pocket")
    assert find_card("pocket").path == "pocket"
