"""Plans of cards unlike the target: fine-tuned by Haystack or by the Trainer, distilled at once, of other tasks."""

import json
from pathlib import Path

import pytest

from harness.card.read import parse, read_card
from harness.domain import Experiment
from harness.errors import PlanError
from harness.plan.experiment import plan
from harness.plan.options import Options
from harness.plan.sources import describe
from harness.qa import registered, squad
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
    assert found["lr_schedule"] == ("linear", "stated")
    assert found["warmup_steps"] == (300, "stated")
    assert experiment.stages[0]["warmup_ratio"].inert == "warmup_steps goes before it"
    assert (found["adam_beta2"], found["adam_epsilon"]) == ((0.98, "stated"), (1e-6, "stated"))
    assert (found["weight_decay_on"], found["doc_stride_is"]) == (("matrices", "assumed"), ("overlap", "assumed"))
    assert setting(experiment, "run", "seed").value == 7
    assert setting(experiment, "evaluation", "protocol").value == "run_qa"
    assert setting(experiment, "run", "eval_data").origin == "derived"
    assert experiment.deviations == ()


def test_a_grid_is_no_value() -> None:
    (problem,) = problems_of(HAYSTACK.replace("3e-5", "[3e-5, 5e-5]"))
    assert problem.endswith("expected a number, not a grid; choose one with --set finetune.learning_rate=VALUE")


ONE_STAGE = HAYSTACK.replace("gpus = 4", 'distillation_loss_weight = 0.75\ntemperature = 1.5\nteacher = "org/large"')


def test_one_block_of_distillation_is_the_prediction_layer_alone() -> None:
    experiment = plan_of(ONE_STAGE)
    assert (experiment.recipe, experiment.program) == ("prediction", "haystack 1.1.0")
    (stage,) = experiment.stages
    assert stage.name == "prediction_layer"
    found = {one.name: (one.value, one.origin) for one in stage.settings}
    assert found["soft_label_weight"] == (0.75, "stated")
    assert found["hard_label_weight"] == (0.25, "derived")
    assert found["temperature"] == (1.5, "stated")
    assert setting(experiment, "run", "teacher").value == "org/large"


def test_one_block_is_for_both_stages_where_the_text_speaks_of_both() -> None:
    text = f"Intermediate layer and prediction layer distillation were used.\n{ONE_STAGE}"
    experiment = plan_of(text)
    assert [stage.name for stage in experiment.stages] == ["intermediate_layer", "prediction_layer"]
    assert [stage.value("num_train_epochs") for stage in experiment.stages] == [2, 2]
    assert [one for one in experiment.ambiguities if "one block of settings for two stages" in one]
    after = text.replace('"org/tiny"', '"org/tiny-squad2-step1"')  # what the first stage came to, by its name
    assert [stage.name for stage in plan_of(after).stages] == ["prediction_layer"]


def test_a_student_that_is_not_stated_is_what_the_models_name_says_if_the_teacher_can_teach_it() -> None:
    bare = ONE_STAGE.replace('base_LM_model = "org/tiny"\n', "").replace("tiny-squad2", "org/roberta-base-squad2-mini")
    named = plan_of(bare.replace("org/large", "org/roberta-large-squad2"))
    assert (setting(named, "run", "student").value, setting(named, "run", "student").origin) == (
        "roberta-base",
        "derived",
    )
    assert [one for one in named.ambiguities if "does not say what its student began as" in one]
    other = plan_of(bare.replace("org/large", "org/xlm-roberta-large-squad2"))
    assert setting(other, "run", "student").value == "xlm-roberta-base"
    (problem,) = problems_of(bare.replace("roberta-base-squad2-mini", "some-model"))
    assert problem == "student: card.md states none; give --student ID|DIR|CARD"


def test_a_teacher_one_letter_off_from_a_linked_model_is_that_model() -> None:
    link = "\nThe teacher is [here](https://huggingface.co/org/large)."
    experiment = plan_of(ONE_STAGE.replace("org/large", "org/larg") + link)
    found = setting(experiment, "run", "teacher")
    assert (found.value, found.origin) == ("org/large", "derived")
    assert setting(plan_of(ONE_STAGE.replace("org/large", "org/large2") + link), "run", "teacher").value == "org/large2"


DISTILLED_BY_EXAMPLE = """# bert-tiny-squad2
Trained on SQuAD 2.0.
```
python run_squad_w_distillation.py --model_name_or_path org/tiny --teacher_name_or_path org/large \\
  --do_train --per_gpu_train_batch_size 12 --learning_rate 3e-5 --num_train_epochs 5.0 --max_seq_length 384 \\
  --alpha_ce 0.9 --alpha_squad 0.2
```
**Training data:** SQuAD 2.0
**Eval data:** SQuAD 2.0

"exact": 70.0
"""


def test_transformers_distillation_example_has_two_weights_of_its_own() -> None:
    experiment = plan_of(DISTILLED_BY_EXAMPLE)
    assert experiment.program == "transformers run_squad_w_distillation 3.0.2"
    found = {one.name: (one.value, one.origin) for one in experiment.stages[0].settings}
    assert found["soft_label_weight"] == (0.9, "stated")
    assert found["hard_label_weight"] == (0.2, "stated")
    assert found["start_end"] == ("averaged", "assumed")
    assert found["temperature"] == (2.0, "assumed")
    assert found["doc_stride_is"] == ("step", "assumed")


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("cosine", "cosine"), ("cosine_with_restarts", "cosine_with_restarts"), ("polynomial", "polynomial"),
        ("constant", "constant"), ("constant_with_warmup", "constant_with_warmup"), ("inverse_sqrt", "inverse_sqrt"),
        ("SchedulerType.COSINE", "cosine"),
    ],
)  # fmt: skip
def test_a_trainers_schedule_is_planned_by_its_name(words: str, name: str) -> None:
    experiment = plan_of(TRAINER.replace("lr_scheduler_type: linear", f"lr_scheduler_type: {words}"))
    assert setting(experiment, "finetune", "lr_schedule").value == name


@pytest.mark.parametrize(
    ("line", "precision"),
    [
        ("mixed_precision_training: Native AMP", "fp16"), ("fp16: True", "fp16"), ("fp16: False", "fp32"),
        ("bf16: True", "bf16"), ("training_precision: mixed_float16", "fp16"), ("training_precision: float32", "fp32"),
    ],
)  # fmt: skip
def test_the_precision_is_the_stated_one(line: str, precision: str) -> None:
    found = setting(plan_of(TRAINER + f"- {line}\n"), "run", "precision")
    assert (found.value, found.origin) == (precision, "assumed" if precision == "fp32" else "stated")


def test_steps_go_before_epochs_where_a_card_states_them() -> None:
    experiment = plan_of(TRAINER.replace("num_epochs: 2", "training_steps: 500"))
    assert setting(experiment, "finetune", "max_steps").value == 500
    assert setting(experiment, "finetune", "num_train_epochs").inert == "max_steps goes before it"
    assert "max_steps" not in plan_of(TRAINER).stages[0]


def test_what_the_best_weights_would_be_is_a_named_deviation() -> None:
    (deviation,) = plan_of(TRAINER + "- load_best_model_at_end: True\n").deviations
    assert "load_best_model_at_end = True" in deviation.claimed
    assert "last weights" in deviation.reason


@pytest.mark.parametrize(
    ("line", "program"),
    [
        ("python run_squad.py --learning_rate 1e-4", "transformers run_squad 3.0.2"),
        ("python run_qa.py --learning_rate 1e-4", "transformers trainer 4.39"),
    ],
)
def test_a_script_names_its_program(line: str, program: str) -> None:
    experiment = plan_of(HAYSTACK + f"```\n{line}\n```\n")
    assert experiment.program == program
    assert "runs run_" in describe(setting(experiment, "run", "program").source)


def test_farm_and_keras_have_defaults_of_their_own() -> None:
    farm = plan_of(HAYSTACK + "The model was trained with FARM.\n")
    assert farm.program == "farm 0.8.0"
    assert setting(farm, "finetune", "adam_bias_correction").value is False
    keras = plan_of(TRAINER.replace("generated_from_trainer", "generated_from_keras_callback"))
    assert keras.program == "transformers keras 4.39"


VERIFIED = """---
model-index:
- name: tiny
  results:
  - task:
      type: question-answering
    dataset:
      name: squad_v2
      type: squad_v2
    metrics:
    - type: f1
      value: 83.5
      verified: true
---
"""


def test_a_number_of_the_metadata_and_one_of_the_text_are_both_judged() -> None:
    experiment = plan_of(VERIFIED + HAYSTACK)
    (said,) = [one for one in experiment.ambiguities if "states f1 twice" in one]
    assert "both are judged, and the strictest decides" in said
    assert [claim.value for claim in experiment.claims if claim.metric == "f1"] == [83.5, 83.0]


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


TRAINER_1 = TRAINER.replace("squad_v2", "squad").replace("squad2", "squad")


def test_squad_1_is_evaluated_by_its_own_rules() -> None:
    experiment = plan_of(TRAINER_1)
    assert setting(experiment, "run", "train_data").value == "rajpurkar/squad:train"
    assert setting(experiment, "run", "eval_data").value == "rajpurkar/squad:validation"
    rule = setting(experiment, "evaluation", "version_2_with_negative")
    assert (rule.value, rule.origin) == (False, "derived")
    assert setting(experiment, "evaluation", "official_rules").value == "1.1"
    assert not {"version_2_with_negative", "official_rules"} & {
        one.name for one in plan_of(TRAINER).evaluation.settings
    }


EVALUATED = (
    TRAINER.replace("squad_v2", "my_own_questions").replace("squad2", "own")
    + """
## Evaluation
```
python run_qa.py --do_eval --validation_file own.json {}
```
"""
)


@pytest.mark.parametrize(
    ("flag", "typed", "value", "origin"),
    [
        ("--version_2_with_negative", None, True, "stated"),
        ("--version_2_with_negative false", None, False, "stated"),
        ("--version_2_with_negative 1", None, True, "stated"),
        ("", "false", False, "overridden"),
        ("--version_2_with_negative", "false", False, "overridden"),
        ("", None, None, None),
    ],
)
def test_whether_questions_may_go_unanswered_is_as_stated_where_the_data_are_unknown(
    flag: str, typed: str | None, value: bool | None, origin: str | None
) -> None:
    name = "version_2_with_negative"
    options = {} if typed is None else {f"evaluation.{name}": typed}
    experiment = plan_of(
        EVALUATED.format(flag), Options(train="acme/own:train", eval="acme/own:validation", settings=options)
    )
    found = next((one for one in experiment.evaluation.settings if one.name == name), None)
    assert (found and found.value, found and found.origin) == (value, origin)


COMMAND = """# m
tiny-bert-cased fine-tuned on SQuAD 2.0

Trained on {} with

```
{}python run_squad.py --do_train --model_name_or_path org/tiny-bert-cased --version_2_with_negative \\
 --train_file train-v2.0.json --predict_file dev-v2.0.json --per_gpu_train_batch_size 12 --learning_rate 3e-5
```

## Results
```
"exact": 65.1
```
"""


@pytest.mark.parametrize(
    ("machine", "before", "rows"),
    [
        ("4 NVIDIA GeForce RTX 2080 Ti", "", 48),
        ("two Tesla V100 GPUs", "", 24),
        ("4 NVIDIA GeForce RTX 2080 Ti", "CUDA_VISIBLE_DEVICES=0,1 ", 24),
        ("4 NVIDIA GeForce RTX 2080 Ti", "CUDA_VISIBLE_DEVICES=0 ", 12),
        ("a Tesla P100 GPU and 25GB of RAM", "", 12),
    ],
)
def test_a_batch_per_gpu_is_one_of_all_the_gpus_that_the_card_trained_on(machine: str, before: str, rows: int) -> None:
    card = parse(Path("card.md"), COMMAND.format(machine, before), "")
    (stage,) = plan(card, Options()).stages
    batch = stage["train_batch_size"]
    assert batch.value == rows
    assert (batch.origin == "derived") == (rows > 12)


def test_the_epochs_of_a_keras_card_are_counted_from_0() -> None:
    text = """---
tags:
- generated_from_keras_callback
---
# m
This model is a fine-tuned version of [org/tiny](https://huggingface.co/org/tiny) on the squad dataset.
It achieves the following results on the evaluation set:
- Train Loss: 0.7
- Epoch: 1

### Training hyperparameters
The following hyperparameters were used during training:
- optimizer: {'name': 'Adam', 'learning_rate': 2e-05}
- training_precision: float32
"""
    (stage,) = plan(parse(Path("card.md"), text, ""), Options(is_measuring=True)).stages
    assert stage.value("num_train_epochs") == 2


def test_label_smoothing_that_the_trainer_leaves_out_is_no_deviation() -> None:
    text = TRAINER.replace("- num_epochs", "- label_smoothing_factor: 0.1\n- num_epochs")
    assert text != TRAINER
    experiment = plan_of(text)
    assert any("label_smoothing_factor = 0.1 is not used: the Trainer" in one for one in experiment.ambiguities)
    assert not any("label_smoothing" in one.claimed for one in experiment.deviations)


def test_a_squad_without_a_version_is_the_one_that_the_card_speaks_of() -> None:
    text = HAYSTACK.replace("**Eval data:** SQuAD 2.0", "**Eval data:** SQuAD dev set")
    assert setting(plan_of(text), "run", "eval_data").value == "rajpurkar/squad_v2:validation"


def test_the_held_out_part_of_the_training_data_is_taken_where_no_other_is_named() -> None:
    text = HAYSTACK.replace("**Eval data:** SQuAD 2.0\n", "").replace("SQuAD 2.0", "GermanQuAD train set (~ 12MB)")
    experiment = plan_of(text)
    assert setting(experiment, "run", "eval_data").value == "deepset/germanquad:test"
    assert [one for one in experiment.ambiguities if "does not say what it was evaluated on" in one]


def test_the_only_data_set_of_the_front_matter_is_what_a_silent_card_was_trained_on() -> None:
    silent = HAYSTACK.replace("**Training data:** SQuAD 2.0\n", "")
    listed = f"---\ndatasets:\n- squad_v2\n---\n{silent}"
    assert setting(plan_of(listed), "run", "train_data").value == "rajpurkar/squad_v2:train"
    (problem,) = problems_of(listed.replace("- squad_v2", "- squad_v2\n- xquad"))
    assert problem.startswith("train_data: card.md states none")


def test_data_that_we_do_not_know_are_named_with_the_options_that_fit() -> None:
    (problem,) = problems_of(HAYSTACK.replace("**Eval data:** SQuAD 2.0", "**Eval data:** our own questions"))
    assert "'our own questions' (card.md:4) names no data we know; give --eval FILE or --eval ORG/NAME:SPLIT" in problem


DISTILLED = """## Overview
**Language model:** org/roberta-base-squad2-distilled
**Training data:** GermanQuAD train set (~ 12MB)
**Eval data:** GermanQuAD test set (~ 5MB)

## Details
- haystack's distillation feature was used for training. org/bert-large-uncased-squad2 was used as the teacher model.

## Hyperparameters
```
batch_size = 6
n_epochs = 2
learning_rate = 3e-5
temperature = 5
distillation_loss_weight = 1
```
"exact": 68.6
"""


def test_of_several_names_of_a_model_the_one_that_fits_its_teacher_says_what_it_began_as() -> None:
    """The overview's name was left from another card."""
    text = f"# bert-medium-squad2-distilled for Extractive QA\n\n{DISTILLED}"
    experiment = plan_of(text.replace("bert-large-uncased-squad2", "bert-large-uncased-whole-word-masking-squad2"))
    assert setting(experiment, "run", "student").value == "google/bert_uncased_L-8_H-512_A-8"
    assert setting(experiment, "run", "eval_data").value == "deepset/germanquad:test"


def test_a_pretrained_model_without_its_owner_is_found_on_the_hub() -> None:
    text = DISTILLED.replace("## Details", "## Details\n- We trained a model with a gelectra-base model as its basis.")
    student = setting(plan_of(text.replace("org/bert-large-uncased", "org/gelectra-large")), "run", "student")
    assert (student.value, student.origin) == ("deepset/gelectra-base", "derived")


def test_a_file_is_scored_by_the_rules_of_squad_1_where_it_is_that_or_stands_in_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is that by ids and normalised answers, however it is written, and stands in where all questions have some."""

    def file_of(name: str, answer: str) -> Path:
        answers = [{"text": answer, "answer_start": 0}] if answer else []
        question = {"id": "a", "question": "who ?", "answers": answers, "is_impossible": not answers}
        whole = {"data": [{"title": name, "paragraphs": [{"context": "The king sat", "qas": [question]}]}]}
        (tmp_path / name).write_text(json.dumps(whole), encoding="utf-8")
        return tmp_path / name

    dev, same, other = file_of("dev.json", "The king"), file_of("same.json", "The king"), file_of("other.json", "The")
    unanswerable = file_of("unanswerable.json", "")
    known = registered.Registered("SQuAD 1.1's dev set", registered.content_of(squad.read_squad(dev)))
    monkeypatch.setitem(registered.REGISTERED, "rajpurkar/squad:validation", known)

    def rules_of(card: str, *paths: Path) -> list[object]:
        return [plan_of(card, Options(eval=str(path))).evaluation.get("official_rules") for path in paths]

    assert rules_of(TRAINER_1, dev, same, other, unanswerable) == ["1.1", "1.1", "1.1", None]
    assert rules_of(HAYSTACK, dev, other, unanswerable) == ["1.1", None, None]  # a card of SQuAD 2.0
    with pytest.raises(PlanError, match="no such file"):
        plan_of(TRAINER_1, Options(eval=str(tmp_path / "none.json")))
