"""Public cards of extractive question answering, as they are planned: what a reader takes from each of them.

`TABLE` holds program, length, rows of an update, schedule, precision and data of the (last) stage, so that a change of
any is seen. All 50 rows were compared with what the card states of them, line by line; what a card does not say is the
program's default. The program of three cards is a guess from their words alone (PremalMatalia's two, Sindhu's).
"""

from pathlib import Path

import pytest

from harness.card.read import read_card
from harness.domain import Card, Experiment
from harness.errors import PlanError
from harness.plan.claims import measured
from harness.plan.experiment import plan
from harness.plan.options import Options

SQUAD1 = ("rajpurkar/squad:train", "rajpurkar/squad:validation")
SQUAD2 = ("rajpurkar/squad_v2:train", "rajpurkar/squad_v2:validation")
GERMANQUAD = ("deepset/germanquad:train", "deepset/germanquad:test")
FQUAD = ("illuin/fquad:train", "illuin/fquad:validation")
SQUAD_ES2 = ("ccasimiro/squad_es/v2.0.0:train", "ccasimiro/squad_es/v2.0.0:validation")
SQUAD_ES1 = ("ccasimiro/squad_es/v1.1.0:train", "ccasimiro/squad_es/v1.1.0:validation")
SQUAD_IT = ("crux82/squad_it:train", "crux82/squad_it:test")
TRAINER, RUN_SQUAD, KERAS = "transformers trainer 4.39", "transformers run_squad 3.0.2", "transformers keras 4.39"
HAYSTACK, FARM = "haystack 1.1.0", "farm 0.8.0"
TABLE = {
    "Adrian__distilbert-base-uncased-finetuned-squad-colab": ("finetune", TRAINER, 384, 16, "linear", "fp32", SQUAD1),
    "Graphcore__roberta-base-squad": ("finetune", TRAINER, 384, 256, "linear", "fp16", SQUAD1),
    "Li__roberta-base-squad2": ("finetune", TRAINER, 512, 32, "linear", "fp32", SQUAD2),
    "M-FAC__bert-tiny-finetuned-squadv2": ("finetune", TRAINER, 384, 12, "linear", "fp32", SQUAD2),
    "Nadav__MacSQuAD": ("finetune", TRAINER, 384, 64, "linear", "fp32", SQUAD2),
    "Paul-Vinh__bert-base-multilingual-cased-finetuned-squad": ("finetune", TRAINER, 384, 16, "linear", "fp32", SQUAD1),
    "PremalMatalia__albert-base-best-squad2": ("finetune", HAYSTACK, 386, 32, "polynomial", "fp32", SQUAD2),
    "PremalMatalia__electra-base-best-squad2": ("finetune", HAYSTACK, 386, 8, "polynomial", "fp32", SQUAD2),
    "Shobhank-iiitdwd__BERT-xquad-tydiqa-goldp": (
        "finetune",
        RUN_SQUAD,
        384,
        24,
        "linear",
        "fp32",
        (
            "google-research-datasets/tydiqa/secondary_task:train",
            "google-research-datasets/tydiqa/secondary_task:validation",
        ),
    ),
    "Shobhank-iiitdwd__DistBERT-squad2-QA": ("haystack", HAYSTACK, 384, 26, "LinearWarmup", "fp32", SQUAD2),
    "Sindhu__rembert-squad2": ("finetune", HAYSTACK, 256, 32, "LinearWarmup", "fp32", SQUAD2),
    "V3RX2000__distilbert-base-uncased-finetuned-squad": ("finetune", TRAINER, 384, 16, "linear", "fp32", SQUAD1),
    "Walterchamy__distilbert-base-uncased-finetuned-squad": ("finetune", TRAINER, 384, 16, "linear", "fp32", SQUAD1),
    "ahotrod__electra_large_discriminator_squad2_512": ("finetune", RUN_SQUAD, 512, 128, "linear", "fp16", SQUAD2),
    "ahotrod__xlnet_large_squad2_512": ("finetune", RUN_SQUAD, 512, 48, "linear", "fp32", SQUAD2),
    "bert-large-uncased-whole-word-masking-finetuned-squad": ("finetune", TRAINER, 384, 24, "linear", "fp32", SQUAD1),
    "csarron__bert-base-uncased-squad-v1": ("finetune", RUN_SQUAD, 320, 24, "linear", "fp32", SQUAD1),
    "csarron__mobilebert-uncased-squad-v1": ("finetune", RUN_SQUAD, 320, 32, "linear", "fp32", SQUAD1),
    "csarron__mobilebert-uncased-squad-v2": ("finetune", RUN_SQUAD, 320, 32, "linear", "fp32", SQUAD2),
    "csarron__roberta-base-squad-v1": ("finetune", RUN_SQUAD, 320, 24, "linear", "fp32", SQUAD1),
    "deepset__bert-base-uncased-squad2": ("finetune", HAYSTACK, 384, 32, "LinearWarmup", "fp32", SQUAD2),
    "deepset__electra-base-squad2": ("finetune", FARM, 384, 32, "LinearWarmup", "fp32", SQUAD2),
    "deepset__electra-base-squad2__tf2020": ("finetune", FARM, 384, 32, "LinearWarmup", "fp32", SQUAD2),
    "deepset__gelectra-base-germanquad": (
        "finetune",
        HAYSTACK,
        384,
        24,
        "LinearWarmup",
        "fp32",
        GERMANQUAD,
    ),
    "deepset__minilm-uncased-squad2": ("finetune", FARM, 384, 48, "LinearWarmup", "fp32", SQUAD2),
    "deepset__roberta-base-squad2-distilled": ("prediction", HAYSTACK, 384, 80, "LinearWarmup", "fp32", SQUAD2),
    "deepset__roberta-base-squad2-v2": ("finetune", FARM, 386, 96, "LinearWarmup", "fp32", SQUAD2),
    "deepset__roberta-base-squad2": ("finetune", FARM, 386, 96, "LinearWarmup", "fp32", SQUAD2),
    "deepset__roberta-base-squad2__hf2022": ("finetune", FARM, 386, 96, "LinearWarmup", "fp32", SQUAD2),
    "deepset__tinybert-6L-768D-squad2": ("haystack", HAYSTACK, 384, 26, "LinearWarmup", "fp32", SQUAD2),
    "deepset__tinyroberta-squad2": ("prediction", HAYSTACK, 384, 96, "LinearWarmup", "fp32", SQUAD2),
    "deepset__xlm-roberta-base-squad2-distilled": ("prediction", HAYSTACK, 384, 56, "LinearWarmup", "fp32", SQUAD2),
    "deepset__xlm-roberta-base-squad2": ("finetune", FARM, 256, 88, "LinearWarmup", "fp32", SQUAD2),
    "deepset__xlm-roberta-large-squad2": ("finetune", HAYSTACK, 256, 32, "LinearWarmup", "fp32", SQUAD2),
    "deepset__xlm-roberta-large-squad2__tf2020": ("finetune", HAYSTACK, 256, 32, "LinearWarmup", "fp32", SQUAD2),
    "fmikaelian__camembert-base-fquad": (
        "finetune",
        RUN_SQUAD,
        384,
        3,
        "linear",
        "fp32",
        FQUAD,
    ),
    "franklu__pubmed_bert_squadv2": ("finetune", TRAINER, 384, 12, "linear", "fp32", SQUAD2),
    "jamarju__roberta-base-bne-squad-2.0-es": (
        "finetune",
        TRAINER,
        384,
        24,
        "linear",
        "fp32",
        SQUAD_ES2,
    ),
    "jamarju__roberta-large-bne-squad-2.0-es": (
        "finetune",
        TRAINER,
        384,
        36,
        "linear",
        "fp32",
        SQUAD_ES2,
    ),
    "keras-io__transformers-qa": ("finetune", KERAS, 384, 8, "constant", "fp16", SQUAD1),
    "ktrapeznikov__scibert_scivocab_uncased_squad_v2": ("finetune", RUN_SQUAD, 384, 72, "linear", "fp16", SQUAD2),
    "mrm8488__electra-small-finetuned-squadv2": ("finetune", RUN_SQUAD, 384, 16, "linear", "fp32", SQUAD2),
    "mrm8488__electricidad-small-finetuned-squadv1-es": (
        "finetune",
        RUN_SQUAD,
        384,
        16,
        "linear",
        "fp32",
        SQUAD_ES1,
    ),
    "mrm8488__umberto-wikipedia-uncased-v1-finetuned-squadv1-it": (
        "finetune",
        RUN_SQUAD,
        384,
        16,
        "linear",
        "fp32",
        SQUAD_IT,
    ),
    "optimum__roberta-base-squad2": ("finetune", FARM, 386, 96, "LinearWarmup", "fp32", SQUAD2),
    "phiyodr__bart-large-finetuned-squad2": ("finetune", TRAINER, 384, 96, "linear", "fp32", SQUAD2),
    "phiyodr__bert-base-finetuned-squad2": ("finetune", TRAINER, 384, 96, "linear", "fp32", SQUAD2),
    "phiyodr__bert-large-finetuned-squad2": ("finetune", TRAINER, 384, 96, "linear", "fp32", SQUAD2),
    "phiyodr__roberta-large-finetuned-squad2": ("finetune", TRAINER, 384, 96, "linear", "fp32", SQUAD2),
    "sontn122__xlm-roberta-large-finetuned-squad-v2": ("finetune", TRAINER, 384, 32, "linear", "fp32", SQUAD2),
}
# Cards of extractive question answering with stated hyperparameters that name no data, or no model, that the Hub has.
OF_OTHER_DATA_OR_MODELS = (
    "Josue__BETO-espanhol-Squad2", "KFlash__bert-finetuned-squad", "LeWince__distilbert-base-uncased-finetuned-squad",
    "MarcBrun__ixambert-finetuned-squad-eu", "NeuML__bert-small-cord19qa", "Primer__bart-squad2", "Srini99__TQA",
    "Rocketknight1__distilbert-base-uncased-finetuned-squad", "abhilash1910__distilbert-squadv1",
    "bespin-global__klue-bert-base-aihub-mrc", "deepset__roberta-base-squad2-covid__hf2022",
    "elgeish__cs224n-squad2.0-albert-large-v2", "elgeish__cs224n-squad2.0-roberta-base",
    "fmikaelian__camembert-base-squad", "henryk__bert-base-multilingual-cased-finetuned-dutch-squad2",
    "henryk__bert-base-multilingual-cased-finetuned-polish-squad1",
    "mrm8488__distill-bert-base-spanish-wwm-cased-finetuned-spa-squad2-es",
    "ncduy__xlm-roberta-base-squad2-distilled-finetuned-chaii-small", "savasy__bert-base-turkish-squad",
    "sultan__BioM-ELECTRA-Base-SQuAD2-BioASQ8B", "superspray__distilbert_base_squad2_custom_dataset",
    "wptoux__albert-chinese-large-qa",
)  # fmt: skip
# Those that no data and no model would do for, and what each says.
NOT_TO_BE_RUN = {
    "JAlexis__PruebaBert": "max_seq_len = max_length",
    "a-ware__xlmroberta-squadv2": "cannot overlap by doc_stride 512",
    "vuiseng9__bert-base-squadv1-block-pruning-hybrid-filled-lt-nncf-60.0sparse-qat-lt": "quantisation with NNCF",
    "vuiseng9__bert-base-squadv1-block-pruning-hybrid-filled-lt-qat-lt": "quantisation with NNCF",
    "vuiseng9__bert-base-squadv1-pruneofa-90pc-bt-qat-lt": "quantisation with NNCF",
    "vuiseng9__bert-base-squadv1-qat-bt": "quantisation with NNCF",
}


def read(shared: Path, name: str) -> Card:
    return read_card(shared / "cards" / f"{name}.md")


def planned(card: Card, **models_and_data: str) -> Experiment:
    """The plan; a card that claims no number that we measure is planned to be measured."""
    return plan(card, Options(is_measuring=not measured(card), **models_and_data))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", TABLE)
def test_a_public_card_is_planned_as_a_reader_reads_it(shared: Path, name: str) -> None:
    experiment = planned(read(shared, name))
    stage, run = experiment.stages[-1], experiment.run
    assert (
        experiment.recipe,
        experiment.program,
        *(stage.value(one) for one in ("max_seq_length", "train_batch_size", "lr_schedule")),
        run.value("precision"),
        (run.value("train_data"), run.value("eval_data")),
    ) == TABLE[name]


@pytest.mark.parametrize("name", OF_OTHER_DATA_OR_MODELS)
def test_a_card_whose_data_or_model_the_hub_does_not_have_says_which(shared: Path, name: str) -> None:
    card = read(shared, name)
    with pytest.raises(PlanError) as raised:
        planned(card)
    assert {one.partition(":")[0] for one in raised.value.problems} <= {"train_data", "eval_data", "student"}
    assert all("give --" in one for one in raised.value.problems)
    experiment = planned(card, train=SQUAD2[0], eval=SQUAD2[1], student="org/some-bert")
    assert experiment.stages[-1].value("learning_rate") > 0


@pytest.mark.parametrize("name", NOT_TO_BE_RUN)
def test_a_card_that_cannot_be_run_says_why(shared: Path, name: str) -> None:
    with pytest.raises(PlanError) as raised:
        planned(read(shared, name), train=SQUAD2[0], eval=SQUAD2[1], student="org/some-bert")
    assert any(NOT_TO_BE_RUN[name] in one for one in raised.value.problems)


def test_nine_cards_of_ten_are_planned_with_no_option_but_models_and_data() -> None:
    n_planned = len(TABLE) + len(OF_OTHER_DATA_OR_MODELS)
    assert len(TABLE) >= 40
    assert n_planned / (n_planned + len(NOT_TO_BE_RUN)) >= 0.9
