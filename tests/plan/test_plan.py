"""The plan of the target card, every value with its origin."""

import dataclasses
import re
from pathlib import Path

import pytest

from harness.card.read import parse
from harness.domain import Experiment, Setting, Source
from harness.errors import PlanError
from harness.plan.experiment import plan
from harness.plan.options import Options
from harness.plan.sources import describe
from tests.plan.cards import plan_of, problems_of, setting

# Read off the card (line in brackets: stated) and off Haystack 1.1.0's source by hand.
SHARED_BY_BOTH = {
    "warmup_ratio": 0.2, "weight_decay": 0.01, "adam_beta1": 0.9, "adam_beta2": 0.999, "adam_epsilon": 1e-8,
    "max_grad_norm": 1.0, "last_token_labels": "v1.1", "doc_stride": 128, "max_query_length": 64,
    "doc_stride_is": "step", "weight_decay_on": "all", "adam_bias_correction": True, "grad_clip": "global",
    "dropout_off_after": 0, "padding": "counted",
}  # fmt: skip
STATED = {
    "intermediate_layer": {
        "train_batch_size": (26, 25), "num_train_epochs": (5, 26), "max_seq_length": (384, 27),
        "learning_rate": (5e-5, 28), "lr_schedule": ("LinearWarmup", 29), "embeds_dropout_prob": (0.1, 30),
        "temperature": (1.0, 31),
    },
    "augmentation": {"factor": (20, 14)},
    "prediction_layer": {
        "train_batch_size": (26, 35), "num_train_epochs": (5, 36), "max_seq_length": (384, 37),
        "learning_rate": (3e-5, 38), "lr_schedule": ("LinearWarmup", 39), "embeds_dropout_prob": (0.1, 40),
        "temperature": (1.0, 41), "soft_label_weight": (1.0, 42),
    },
    "evaluation": {},
}  # fmt: skip
ASSUMED = {
    "intermediate_layer": {**SHARED_BY_BOTH, "layer_map": "uniform", "attention_probs": "after_dropout"},
    "prediction_layer": {**SHARED_BY_BOTH, "start_end": "summed", "learned_logit_divisor": True},
    "augmentation": {
        "word_possibilities": 5, "replace_probability": 0.4, "masked_lm": "bert-base-uncased",
        "glove": "glove.42B.300d", "max_glove_words": 100_000,
    },
    "evaluation": {
        "max_seq_length": 256, "doc_stride": 128, "max_query_length": 64, "protocol": "haystack",
        "eval_batch_size": 50, "no_ans_boost": 0.0, "max_answer_length": 1000, "doc_stride_is": "step",
        "ranking": "score", "last_token_labels": "v1.1",
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def target() -> Experiment:
    return plan_of()


def of_origin(experiment: Experiment, section: str, origin: str) -> dict[str, Setting]:
    (stage,) = (one for one in experiment.sections() if one.name == section)
    return {one.name: one for one in stage.settings if one.origin == origin}


@pytest.mark.parametrize("section", STATED)
def test_stated_settings_of_the_target_name_their_card_line(target: Experiment, section: str) -> None:
    found = of_origin(target, section, "stated")
    assert {name: (one.value, one.source) for name, one in found.items()} == {
        name: (value, Source("card", lines=(line,))) for name, (value, line) in STATED[section].items()
    }


@pytest.mark.parametrize("section", ASSUMED)
def test_what_the_target_leaves_out_is_assumed_from_haystack_with_its_symbol(target: Experiment, section: str) -> None:
    found = of_origin(target, section, "assumed")
    assert {name: one.value for name, one in found.items()} == ASSUMED[section]
    assert {(one.source.kind, one.source.library, one.source.version) for one in found.values()} == {
        ("default", "haystack", "1.1.0")
    }
    assert [one.name for one in found.values() if not re.match(r"\w+/.+\.py", one.source.symbol)] == []


def test_the_weight_of_hard_labels_is_derived_from_that_of_soft_labels(target: Experiment) -> None:
    assert of_origin(target, "prediction_layer", "derived").keys() == {"hard_label_weight"}
    found = setting(target, "prediction_layer", "hard_label_weight")
    assert (found.value, describe(found.source)) == (0.0, "1 - soft_label_weight (card line 42); haystack's weight")
    assert found.source.lines == (42,)


def test_models_and_data_of_the_target_come_from_its_lines(target: Experiment) -> None:
    run = {one.name: (one.value, one.origin, describe(one.source)) for one in target.run.settings}
    assert run["teacher"] == ("deepset/bert-base-uncased-squad2", "stated", "card line 20")
    assert run["student"] == ("huawei-noah/TinyBERT_General_6L_768D", "stated", "card line 20")
    assert run["train_data"][:2] == ("rajpurkar/squad_v2:train", "derived")
    assert run["eval_data"] == ("rajpurkar/squad_v2:validation", "derived", "card line 15, 'SQuAD 2.0 dev set'")
    assert run["seed"][:2] == (42, "assumed")
    assert run["recipe"] == (
        "haystack", "derived", "headings of the settings from card lines 25, 35, and line 20 names haystack"
    )  # fmt: skip
    assert run["tolerance.exact"][:2] == run["tolerance.f1"][:2] == (1.0, "assumed")


def test_temperature_and_head_dropout_are_inert_in_the_intermediate_stage_alone(target: Experiment) -> None:
    inert = {(stage.name, one.name): one.inert for stage in target.stages for one in stage.settings if one.inert}
    assert inert.keys() == {
        ("intermediate_layer", "temperature"),
        ("intermediate_layer", "embeds_dropout_prob"),
        ("intermediate_layer", "last_token_labels"),
    }
    assert "never receives it" in inert["intermediate_layer", "temperature"]
    assert "behind the hidden states" in inert["intermediate_layer", "embeds_dropout_prob"]


def test_every_reading_of_the_target_is_on_record(target: Experiment) -> None:
    data, unseeded, words, length, dev_file = target.ambiguities
    assert "tinybert-6l.md:14" in data
    assert "one merged set" in data
    assert "sets no seed" in unseeded
    assert words.endswith("--set augmentation.word_possibilities=20")
    assert "256 is the default" in length
    assert "--set evaluation.max_seq_length=384" in length
    assert "--set intermediate_layer.dropout_off_after=300" in dev_file
    assert "--set prediction_layer.dropout_off_after=300" in dev_file


def test_the_target_as_it_stands_departs_from_its_card_in_nothing(target: Experiment) -> None:
    assert target.deviations == ()


@pytest.mark.parametrize(
    ("options", "claimed", "actual"),
    [
        (Options(settings={"augmentation.factor": "0"}), "augmentation.factor 20", "augmentation.factor 0"),
        (Options(glove="none"), "glove glove.42B.300d", "augmented without GloVe: words of several pieces stay"),
        (Options(glove=__file__), "glove glove.42B.300d", f"glove {__file__}"),
        (Options(masked_lm="my/mlm"), "masked_lm bert-base-uncased", "masked_lm my/mlm"),
        (Options(settings={"augmentation.word_possibilities": "20"}), "augmentation.word_possibilities 5",
         "augmentation.word_possibilities 20"),
    ],
)  # fmt: skip
def test_another_augmentation_is_a_deviation_that_may_explain_a_gap(
    options: Options, claimed: str, actual: str
) -> None:
    (deviation,) = plan_of(options=options).deviations
    assert (deviation.claimed, deviation.actual, deviation.may_explain_a_gap) == (claimed, actual, True)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (Options(glove="no.txt"), "--glove no.txt: no such file"),
        (Options(masked_lm="other.md"), "--masked-lm other.md: expected a Hub id or a local folder"),
        (Options(settings={"augmentation.glove": "x"}), "--set augmentation.glove: give it as --glove"),
        (Options(settings={"augmentation.masked_lm": "x"}), "--set augmentation.masked_lm: give it as --masked-lm"),
        (Options(settings={"augmentation.factor": "0"}, glove="none"),
         "--glove none: nothing is augmented (augmentation.factor is 0)"),
        (Options(settings={"augmentation.factor": "-1"}),
         "augmentation.factor = -1 (--set augmentation.factor): must not be negative"),
    ],
)  # fmt: skip
def test_an_augmentation_that_cannot_be_is_a_problem(options: Options, problem: str) -> None:
    assert problem in problems_of(options=options)


def test_what_augments_nothing_is_refused_where_the_card_speaks_of_no_augmented_data() -> None:
    (problem,) = problems_of(name="pocket", options=Options(glove="none"))
    assert problem.startswith("--glove none: the card speaks of no augmented data")


def test_without_copies_nothing_about_them_is_open_and_their_settings_are_inert(target: Experiment) -> None:
    experiment = plan_of(options=Options(settings={"augmentation.factor": "0"}))
    assert set(target.ambiguities) - set(experiment.ambiguities) == set(target.ambiguities[:3])
    assert experiment.augmentation is not None
    assert {one.name for one in experiment.augmentation.settings if one.inert is None} == {"factor"}


def test_another_number_of_copies_leaves_the_same_open(target: Experiment) -> None:
    assert plan_of(options=Options(settings={"augmentation.factor": "2"})).ambiguities == target.ambiguities


def test_a_value_that_is_the_card_s_own_is_no_deviation() -> None:
    settings = {"intermediate_layer.train_batch_size": "26", "evaluation.protocol": "haystack"}
    assert plan_of(options=Options(settings=settings)).deviations == ()


def test_a_deviation_is_of_the_kind_of_its_section() -> None:
    settings = {"prediction_layer.learning_rate": "1", "evaluation.max_seq_length": "384", "augmentation.factor": "2"}
    found = plan_of(options=Options(settings=settings)).deviations
    assert {one.actual.partition(".")[0]: one.category for one in found} == {
        "prediction_layer": "recipe", "evaluation": "evaluation", "augmentation": "data",
    }  # fmt: skip


def test_a_card_that_states_its_evaluation_length_leaves_no_doubt_about_it(target: Experiment) -> None:
    block = "## Evaluation\n```\nmax_seq_len = 384\n```\n## Authors"
    experiment = plan_of(("## Authors", block))
    assert setting(experiment, "evaluation", "max_seq_length").origin == "stated"
    assert set(target.ambiguities) - set(experiment.ambiguities) == {target.ambiguities[3]}


def test_one_block_under_hyperparameters_is_fine_tuning() -> None:
    experiment = plan_of(name="pocket-teacher")
    assert (experiment.recipe, [stage.name for stage in experiment.stages]) == ("finetune", ["finetune"])
    assert "teacher" not in {one.name for one in experiment.run.settings}


@pytest.mark.parametrize(("recipe", "stage"), [("finetune", "finetune"), ("prediction", "prediction_layer")])
def test_one_stage_asked_of_a_card_of_two_has_the_settings_of_the_second(
    target: Experiment, recipe: str, stage: str
) -> None:
    experiment = plan_of(options=Options(recipe=recipe))
    assert [one.name for one in experiment.stages] == [stage]
    for name in ("learning_rate", "num_train_epochs", "train_batch_size", "max_seq_length"):
        found, second = setting(experiment, stage, name), setting(target, "prediction_layer", name)
        assert (found.value, found.origin, found.source) == (second.value, "stated", second.source)
    n_epochs = sum(int(one.value("num_train_epochs")) for one in target.stages)
    assert [one for one in experiment.ambiguities if f"--set {stage}.num_train_epochs={n_epochs} " in one]
    (unused,) = (one for one in experiment.ambiguities if one.endswith("is no stage of this recipe"))
    assert all(f"{name} = " in unused for name in ("learning_rate", "batch_size"))


# --- variants, programs and protocols ---

NAMES_HAYSTACK = "haystack's intermediate layer and prediction layer"


def test_the_other_variant_is_chosen_by_name_and_departs_from_what_the_card_implies(target: Experiment) -> None:
    experiment = plan_of(options=Options(recipe="tinybert"))
    assert (experiment.recipe, experiment.program) == ("tinybert", "tinybert 0598f02")
    assert {
        name: setting(experiment, "intermediate_layer", name).value
        for name in ("lr_schedule", "adam_epsilon", "adam_bias_correction", "weight_decay_on", "grad_clip")
    } == {
        "lr_schedule": "constant", "adam_epsilon": 1e-6, "adam_bias_correction": False,
        "weight_decay_on": "matrices", "grad_clip": "tensor",
    }  # fmt: skip
    assert setting(experiment, "intermediate_layer", "learning_rate").source.lines == (28,)
    variant, *schedules = (one for one in experiment.deviations if one not in target.deviations)
    assert (variant.actual, variant.claimed.startswith("haystack (")) == ("tinybert", True)
    assert [one.claimed for one in schedules] == [
        "intermediate_layer.lr_schedule LinearWarmup (card line 29)",
        "prediction_layer.lr_schedule LinearWarmup (card line 39)",
    ]
    inert = {(stage.name, one.name) for stage in experiment.stages for one in stage.settings if one.inert}
    assert ("prediction_layer", "soft_label_weight") in inert


def test_naming_the_variant_that_the_card_implies_is_no_deviation() -> None:
    assert plan_of(options=Options(recipe="haystack")).deviations == ()


def test_a_card_that_names_no_program_has_two_readings() -> None:
    experiment = plan_of((NAMES_HAYSTACK, "some"))
    assert (experiment.recipe, setting(experiment, "run", "program").origin) == ("haystack", "assumed")
    assert [one for one in experiment.ambiguities if one.endswith("the other reading is --recipe tinybert")]


@pytest.mark.parametrize(
    ("version", "program", "labels", "ranking"),
    [
        ("haystack 1.1.0's", "haystack 1.1.0", "v1.1", "score"),
        ("haystack v1.3's", "haystack 1.1.0", "v1.1", "score"),
        ("haystack 1.4.0's", "haystack 1.26.4", "exact", "confidence"),
        ("Haystack v1.15.1's", "haystack 1.26.4", "exact", "confidence"),
    ],
)
def test_the_version_that_a_card_names_decides_the_labels_of_a_last_token(
    version: str, program: str, labels: str, ranking: str
) -> None:
    experiment = plan_of(("haystack's", version))
    assert experiment.program == program
    sections = ("intermediate_layer", "prediction_layer", "evaluation")
    assert {setting(experiment, section, "last_token_labels").value for section in sections} == {labels}
    assert setting(experiment, "evaluation", "ranking").value == ranking


def test_another_protocol_brings_its_own_defaults_and_is_a_deviation() -> None:
    experiment = plan_of(options=Options(settings={"evaluation.protocol": "run_qa", "evaluation.n_best_size": "5"}))
    found = {one.name: (one.value, one.origin) for one in experiment.evaluation.settings}
    assert found["protocol"] == ("run_qa", "overridden")
    assert found["n_best_size"] == (5, "overridden")
    assert found["max_answer_length"] == (30, "assumed")
    assert found["doc_stride_is"] == ("overlap", "assumed")
    assert "no_ans_boost" not in found
    assert experiment.deviations[0].claimed == "evaluation.protocol haystack"


def test_a_protocol_that_the_card_states_brings_its_own_defaults_too() -> None:
    block = "## Evaluation\n```\nprotocol = run_qa\nno_ans_boost = 0\n```\n## Authors"
    experiment = plan_of(("## Authors", block))
    assert setting(experiment, "evaluation", "protocol").origin == "stated"
    assert setting(experiment, "evaluation", "n_best_size").value == 20
    assert experiment.deviations == ()
    assert [one for one in experiment.ambiguities if one.endswith("this protocol has no such setting")]


def test_an_unknown_protocol_is_refused_with_the_known_ones() -> None:
    (problem,) = problems_of(options=Options(settings={"evaluation.protocol": "squad"}))
    assert problem.endswith("known are haystack, run_qa, official-bert")


@pytest.mark.parametrize(
    ("options", "section", "name", "value"),
    [
        (Options(teacher="my/teacher"), "run", "teacher", "my/teacher"),
        (Options(student="my/student"), "run", "student", "my/student"),
        (Options(train=__file__), "run", "train_data", __file__),
        (Options(eval=__file__), "run", "eval_data", __file__),
        (Options(seed=7), "run", "seed", 7),
        (Options(precision="bf16"), "run", "precision", "bf16"),
        (Options(limit=5), "run", "limit", 5),
        (Options(tolerance={"f1": 0.5}), "run", "tolerance.f1", 0.5),
        (Options(settings={"run.seed": "8"}), "run", "seed", 8),
        (Options(settings={"prediction_layer.learning_rate": "1e-4"}), "prediction_layer", "learning_rate", 1e-4),
        (Options(settings={"prediction_layer.num_train_epochs": "3.0"}), "prediction_layer", "num_train_epochs", 3),
        (Options(settings={"intermediate_layer.layer_map": "last"}), "intermediate_layer", "layer_map", "last"),
        (Options(settings={"prediction_layer.hard_label_weight": "1"}), "prediction_layer", "hard_label_weight", 1.0),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_what_an_option_sets_has_the_origin_overridden(
    options: Options, section: str, name: str, value: object
) -> None:
    found = setting(plan_of(options=options), section, name)
    assert (found.value, type(found.value), found.origin) == (value, type(value), "overridden")


@pytest.mark.parametrize(
    "options",
    [Options(teacher="my/t"), Options(train=__file__), Options(precision="bf16"), Options(limit=5)],
    ids=["teacher", "train", "precision", "limit"],
)
def test_an_option_that_departs_from_the_card_is_a_deviation(options: Options, target: Experiment) -> None:
    added = [one for one in plan_of(options=options).deviations if one not in target.deviations]
    assert [one.may_explain_a_gap for one in added] == [True]


@pytest.mark.parametrize("options", [Options(seed=7), Options(settings={"run.seed": "7"})], ids=["option", "set"])
def test_a_seed_is_a_deviation_of_its_own_kind_however_it_is_given(options: Options, target: Experiment) -> None:
    (added,) = (one for one in plan_of(options=options).deviations if one not in target.deviations)
    assert added.category == "seed"


def test_options_change_nothing_else(target: Experiment) -> None:
    other = plan_of(options=Options(seed=7))
    assert dataclasses.replace(other, run=target.run, deviations=target.deviations) == target


def test_all_problems_of_card_and_options_come_at_once() -> None:
    found = problems_of(
        ("learning_rate = 3e-5", "learning_rat = 3e-5"),
        ("n_epochs = 5", "n_epochs = some"),
        ("deepset/bert-base-uncased-squad2 was used as the teacher model and ", ""),
        ("SQuAD 2.0 dev set", "our own data"),
        options=Options(tolerance={"best_f1": 1.0}, limit=0, settings={"prediction_layer.dropout": "0.1"}),
    )
    expected = [
        "unknown setting learning_rat (tinybert-6l.md:38); did you mean learning_rate?",
        "n_epochs = some (tinybert-6l.md:26): expected a whole number",
        "teacher: tinybert-6l.md states none; give --teacher ID|DIR|CARD",
        "eval_data: 'our own data' (tinybert-6l.md:15) names no data we know; give --eval FILE",
        "--tolerance best_f1: the card makes no such claim; known: exact, f1",
        "--limit 0: expected a positive number of questions",
        "--set prediction_layer.dropout: no such setting",
    ]
    assert [[one for one in found if one.startswith(start)] != [] for start in expected] == [True] * len(expected)
    assert len(found) == len(expected)


def test_an_unknown_recipe_is_refused_with_the_known_ones() -> None:
    assert "recipe 'tinybrt' is not known; did you mean tinybert?" in problems_of(options=Options(recipe="tinybrt"))
    assert "recipe 'x' is not known; known: finetune, haystack, prediction, tinybert" in problems_of(
        options=Options(recipe="x")
    )


def test_a_card_of_prose_alone_says_all_that_is_missing() -> None:
    with pytest.raises(PlanError) as raised:
        plan(parse(Path("card.md"), "# A model\n\nIt is good.\n", ""), Options())
    starts = [problem[:30] for problem in raised.value.problems]
    assert starts == [
        "card.md states no hyperparamet",
        "teacher: card.md states none; ",
        "student: card.md states none; ",
        "train_data: card.md states non",
        "eval_data: card.md states none",
        "card.md claims no number that ",
    ]


def test_a_card_that_contradicts_itself_is_refused_with_both_lines() -> None:
    (problem,) = problems_of(("temperature = 1\n", "temperature = 1\nmax_seq_length = 256\n"))
    assert problem.endswith("twice: 384 (line 27) and 256 (line 32)")


def test_two_numbers_for_one_metric_are_both_judged_and_said() -> None:
    twice = ('"f1": 76.36111895973675', '"f1": 76.36111895973675\n"f1": 77')
    experiment = plan_of(twice)
    assert [(one.metric, one.line) for one in experiment.claims] == [("exact", 46), ("f1", 47), ("f1", 48)]
    (said,) = [one for one in experiment.ambiguities if "twice" in one]
    assert said == (
        "tinybert-6l.md states f1 twice: 76.36111895973675 (line 47) and 77 (line 48); both are judged, and the "
        "strictest decides (--claims 47 or --claims 48 chooses)"
    )


def test_a_seed_that_the_card_states_is_the_seed() -> None:
    block = "batch_size = 16\nseed = 7"
    found = setting(plan_of(("batch_size = 16", block), name="pocket-teacher"), "run", "seed")
    assert (found.value, found.origin) == (7, "stated")
