"""Plans of cards unlike the target: fine-tuned by Haystack or by the Trainer, distilled at once, of other tasks."""

from pathlib import Path

import pytest

from harness.card.read import parse, read_card
from harness.domain import Experiment
from harness.errors import PlanError
from harness.plan.experiment import plan
from harness.plan.options import Options
from harness.plan.sources import describe
from tests.plan.cards import setting

HAYSTACK = """## Overview
**Language model:** tiny-squad2
**Training data:** SQuAD 2.0
**Eval data:** SQuAD 2.0
**Infrastructure**: 4x Tesla v100

## Hyperparameters
```
batch_size = 12
n_epochs = 2
base_LM_model = "org/tiny"
max_seq_len = 384
learning_rate = 3e-5
lr_schedule = LinearWarmup
grad_acc_steps = 4
gpus = 4
```
## Performance
```
"exact": 79.97
"f1": 83.00
"total": 11873
```
"""
TRAINER = """---
tags:
- generated_from_trainer
- question-answering
---
# tiny-finetuned-squad2

This model is a fine-tuned version of [tiny](https://huggingface.co/org/tiny) on the squad_v2 dataset.
It achieves the following results on the evaluation set:
- Exact: 70.5
- F1: 73.25

### Training hyperparameters

The following hyperparameters were used during training:
- learning_rate: 2e-05
- train_batch_size: 8
- gradient_accumulation_steps: 2
- total_train_batch_size: 16
- seed: 7
- optimizer: Adam with betas=(0.9,0.98) and epsilon=1e-06
- lr_scheduler_type: linear
- lr_scheduler_warmup_steps: 300
- num_epochs: 2
"""


def plan_of(text: str, options: Options | None = None) -> Experiment:
    return plan(parse(Path("card.md"), text, ""), options or Options())


def problems_of(text: str) -> tuple[str, ...]:
    with pytest.raises(PlanError) as raised:
        plan_of(text)
    return raised.value.problems


def test_a_haystack_card_is_fine_tuning_and_its_other_keys_are_on_record() -> None:
    experiment = plan_of(HAYSTACK)
    assert (experiment.recipe, experiment.program) == ("finetune", "haystack 1.1.0")
    assert [claim.metric for claim in experiment.claims] == ["exact", "f1"]
    assert setting(experiment, "run", "student").value == "org/tiny"
    assert setting(experiment, "run", "train_data").value == "rajpurkar/squad_v2:train"
    assert setting(experiment, "run", "eval_data").value == "rajpurkar/squad_v2:validation"
    batch = setting(experiment, "finetune", "train_batch_size")
    assert (batch.value, batch.origin, describe(batch.source)) == (48, "derived", "card lines 9, 15: 12 x 4")
    assert batch.source.lines == (9, 15)
    assert [one for one in experiment.ambiguities if "gpus = 4" in one]


def test_a_misspelt_setting_stays_a_problem() -> None:
    assert "did you mean learning_rate?" in problems_of(HAYSTACK.replace("learning_rate", "learning_rat"))[0]


def test_a_trainer_card_is_planned_with_the_trainers_defaults() -> None:
    experiment = plan_of(TRAINER)
    assert (experiment.recipe, experiment.program) == ("finetune", "transformers trainer 4.39")
    found = {one.name: (one.value, one.origin) for one in experiment.stages[0].settings}
    assert found["train_batch_size"] == (16, "stated")
    assert found["lr_schedule"] == ("LinearWarmup", "stated")
    assert (found["adam_beta2"], found["adam_epsilon"]) == ((0.98, "stated"), (1e-6, "stated"))
    assert (found["weight_decay_on"], found["doc_stride_is"]) == (("matrices", "assumed"), ("overlap", "assumed"))
    assert setting(experiment, "run", "seed").value == 7
    assert setting(experiment, "evaluation", "protocol").value == "run_qa"
    assert setting(experiment, "run", "eval_data").origin == "derived"
    (deviation,) = experiment.deviations
    assert deviation.claimed == "finetune: lr_scheduler_warmup_steps = 300 (card line 23)"


def test_a_grid_is_no_value() -> None:
    (problem,) = problems_of(HAYSTACK.replace("3e-5", "[3e-5, 5e-5]"))
    assert problem.endswith("expected a number, not a grid; choose one with --set finetune.learning_rate=VALUE")


def test_a_card_of_one_distillation_stage_says_what_is_missing() -> None:
    text = HAYSTACK.replace("gpus = 4", 'distillation_loss_weight = 0.75\nteacher = "org/large"')
    (problem,) = problems_of(text)
    assert problem.startswith("card.md:16: distillation_loss_weight = 0.75 is of distillation")


@pytest.mark.parametrize("task", ["token-classification", "translation"])
def test_a_card_of_another_task_has_no_recipe(task: str) -> None:
    assert problems_of(f"---\npipeline_tag: {task}\n---\n{HAYSTACK}") == (
        f"card.md:2: no recipe for the task {task}; known: question-answering",
    )


def test_a_command_that_reads_another_file_is_not_the_named_data() -> None:
    text = TRAINER + "```\npython run_squad.py --do_train --train_file data/nl_squad.json --learning_rate 1e-4\n```\n"
    assert "the command reads nl_squad.json" in problems_of(text)[0]


def test_contradictions_that_decide_nothing_are_on_record() -> None:
    text = TRAINER.replace("tags:", "license: mit\ntags:") + "\n**License:** apache-2.0\n"
    assert [one for one in plan_of(text).ambiguities if "states license twice: mit" in one]


def test_real_cards_plan_or_say_exactly_why_not(shared: Path) -> None:
    planned, silent = set(), 0
    for path in sorted((shared / "cards").glob("*.md")):
        try:
            planned.add(plan(read_card(path), Options()).name)
        except PlanError as error:
            silent += not error.problems
    assert silent == 0
    assert len(planned) >= 18
    assert {"deepset__tinybert-6L-768D-squad2", "deepset__roberta-base-squad2", "M-FAC__bert-tiny-finetuned-squadv2",
            "Nadav__MacSQuAD"} <= planned  # fmt: skip
