"""Values that no run could use are problems of the plan, not crashes of the run."""

from pathlib import Path

import pytest

from harness.card.read import parse
from harness.errors import PlanError
from harness.plan.experiment import plan
from harness.plan.options import Options
from tests.plan.cards import plan_of, problems_of, setting


@pytest.mark.parametrize(
    ("name", "typed", "says"),
    [
        ("prediction_layer.learning_rate", "fast", "expected a number"),
        ("prediction_layer.num_train_epochs", "2.5", "expected a whole number"),
        ("prediction_layer.lr_schedule", "1", "expected a word"),
        ("prediction_layer.hard_label_weight", "most", "expected a number"),
        ("intermediate_layer.max_seq_length", "long", "expected a whole number"),
        ("prediction_layer.learning_rate", "nan", "expected a number"),
        ("prediction_layer.train_batch_size", "true", "expected a whole number"),
        ("prediction_layer.learning_rate", "0", "must be above 0"),
        ("prediction_layer.temperature", "-1", "must be above 0"),
        ("prediction_layer.train_batch_size", "0", "must be above 0"),
        ("evaluation.eval_batch_size", "0", "must be above 0"),
        ("prediction_layer.warmup_ratio", "1", "must be at least 0 and below 1"),
        ("prediction_layer.embeds_dropout_prob", "-0.1", "must be at least 0 and below 1"),
        ("prediction_layer.num_train_epochs", "-1", "must not be negative"),
        ("prediction_layer.weight_decay", "-0.01", "must not be negative"),
        ("run.seed", "-1", "must not be negative"),
        ("prediction_layer.lr_schedule", "Cosine", "known are LinearWarmup"),
        ("intermediate_layer.layer_map", "middle", "known are uniform, first, last"),
        ("evaluation.protocol", "squad", "known are haystack"),
        ("evaluation.doc_stride", "190", "cannot step by doc_stride 190 without leaving tokens out"),
        ("prediction_layer.learning_rat", "1", "no such setting; did you mean prediction_layer.learning_rate?"),
        ("learning_rate", "1", "no such setting"),
        ("run.precision", "bf16", "run.precision"),
        ("run.recipe", "finetune", "run.recipe"),
    ],
)
def test_a_setting_that_no_run_could_use_is_refused(name: str, typed: str, says: str) -> None:
    (problem,) = problems_of(options=Options(settings={name: typed}))
    assert says in problem
    assert name.partition(".")[0] in problem


def test_a_negative_seed_is_refused() -> None:
    (problem,) = problems_of(options=Options(seed=-1))
    assert "--seed" in problem


@pytest.mark.parametrize("stride", ["189", "1"])
def test_a_stride_that_leaves_no_token_out_is_allowed(stride: str) -> None:
    experiment = plan_of(options=Options(settings={"evaluation.doc_stride": stride}))
    assert setting(experiment, "evaluation", "doc_stride").value == int(stride)


def test_a_stage_may_have_no_epochs() -> None:
    experiment = plan_of(options=Options(settings={"prediction_layer.num_train_epochs": "0"}))
    assert setting(experiment, "prediction_layer", "num_train_epochs").value == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("This model is a fine-tuned version of [t5-small](https://huggingface.co/t5-small) on the squad dataset.",
         "t5-small is a model that writes its answers, where recipes here train spans; its answers can be scored by "
         "harness score --predictions FILE --eval FILE"),
        ("**Language model:** deepset/gbert-base-germandpr-question_encoder",
         "deepset/gbert-base-germandpr-question_encoder is a model that finds passages, not answers in them; the card "
         "of the reader behind it can be run"),
        ("**Language model:** deepset/tapas-large-nq-reader",
         "deepset/tapas-large-nq-reader is a model for tables, where recipes here read text; its answers can be scored "
         "by harness score --predictions FILE --eval FILE"),
        ("## Hyperparameters\n```\nlearning_rate = 1e-4\nlora_r = 8\n```\n",
         "lora_r is of LoRA, which no recipe here does; --recipe finetune or --recipe prediction trains without it, a "
         "deviation on record"),
    ],
)  # fmt: skip
def test_what_stays_out_says_so_in_one_line_with_the_nearest_thing_that_works(text: str, said: str) -> None:
    with pytest.raises(PlanError) as raised:
        plan(parse(Path("card.md"), text, ""), Options())
    (problem,) = raised.value.problems
    assert problem.partition(": ")[2] == said


def test_a_recipe_that_is_asked_for_is_not_refused_for_the_kind_of_the_model() -> None:
    with pytest.raises(PlanError) as raised:
        plan(parse(Path("card.md"), "**Language model:** org/t5-small-squad", ""), Options(recipe="finetune"))
    assert not [one for one in raised.value.problems if "writes its answers" in one]
