"""Kinds of statements that were once misread, on small cards of our own."""

from pathlib import Path

import pytest

from harness.card.read import parse
from tests.card.right import Right, assert_read

ADAM = {"adam_beta1": 0.9, "adam_beta2": 0.98}
OWN = {
    "a version after a dot, at the end": (
        "# m\nA net fine-tuned on SQuAD 1.1.\n",
        Right({"train_data": ("SQuAD 1.1",)}),
    ),
    "X trained on Y": (
        "# m\ntiny-cased-v2 trained on QuizBank v3.1\n",
        Right({"student": ("tiny-cased-v2",), "train_data": ("QuizBank v3.1",)}),
    ),
    "a base with a dot in its name": (
        "# m\nThis net was finetuned from org/tiny-en-v1.5. It is small.\n",
        Right({"student": ("org/tiny-en-v1.5",)}),
    ),
    "a name that is no model's": ("# m\nIt was fine-tuned from pretrained base models.\n", Right({"student": ()})),
    "bold, code and link at once": (
        "# m\n**[`org/tiny`](https://huggingface.co/org/tiny)** fine-tuned on **[`Quiz V2`](https://x.org)** once\n",
        Right({"student": ("org/tiny",), "train_data": ("Quiz V2",)}),
    ),
    "a list of links": (
        "# m\nA net trained on [Quiz A](https://x.org/a) and [Quiz B](https://x.org/b).\n",
        Right({"train_data": ("Quiz A", "Quiz B")}),
    ),
    "other models' data": (
        "# m\nCheck our other models fine-tuned on SQuAD v1.1. You should not use any net trained on QuizBank 2.\n",
        Right({"train_data": ()}),
    ),
    "a date and no data": ("# m\nA net finetuned on 27/01/2022 in a day.\n", Right({"train_data": ()})),
    "data in options": (
        "```\npython run.py --do_train --train_file $DIR/quiz-train.json "
        "--predict_file $DIR/quiz-dev.json \\\n --lr 1e-5\n```\n",
        Right({"train_data": ("quiz-train.json",), "eval_data": ("quiz-dev.json",)}, {"learning_rate": 1e-5}),
    ),
    "a machine with memory in brackets": (
        "# m\nTraining was performed on a single NVIDIA Tesla T4 GPU (15GB). It took a day.\n",
        Right({"infrastructure": ("a single NVIDIA Tesla T4 GPU (15GB)",)}),
    ),
    "chips of another kind": (
        "# m\nTrained on 16 Graphcore Mk2 IPUs using the library.\n",
        Right({"infrastructure": ("16 Graphcore Mk2 IPUs",)}),
    ),
    "a heading for the machine": (
        "# m\n### Compute infrastructure\n\nUsed two A100 of a cluster.\n",
        Right({"infrastructure": ("Used two A100 of a cluster",)}),
    ),
    "a pair with a slash": (
        "# m\nEM/F1: 71.9/76.4 on the dev set.\n",
        Right(claims=(("exact", 71.9, None, None), ("f1", 76.4, None, None))),
    ),
    "the paper's numbers": (
        "# m\nIn the paper the authors report that it achieves 88.8 EM and 94.6 F1.\n",
        Right(claims=(("exact", 88.8, None, "other"), ("f1", 94.6, None, "other"))),
    ),
    "settings of ours and of others": (
        "## Hyperparameters\n| setting | other-net | This model |\n|--|--|--|\n| learning rate | 1e-4 | 2e-5 |\n"
        "| batch size | 8 | 16 |\n",
        Right(settings={"learning_rate": 2e-5, "train_batch_size": 16}),
    ),
    "titles of data over two columns": (
        "| Model | Quiz A || Quiz B ||\n|--|--|--|--|--|\n"
        "| | EM | F1 | EM | F1 |\n| m (ours) | 1.5 | 2.5 | 3.5 | 4.5 |\n",
        Right(
            claims=(
                ("exact", 1.5, "Quiz A", None),
                ("f1", 2.5, "Quiz A", None),
                ("exact", 3.5, "Quiz B", None),
                ("f1", 4.5, "Quiz B", None),
            )
        ),
    ),
    "a decay that is not linear": (
        "### Training hyperparameters\n- optimizer: {'name': 'Adam', 'learning_rate': {'class_name': "
        "'PolynomialDecay', "
        "'config': {'initial_learning_rate': 1e-05, 'decay_steps': 90, 'power': 2.0}}}\n",
        Right(settings={"learning_rate": 1e-5, "lr_schedule": "PolynomialDecay"}),
    ),
    "mixed precision in the Trainer's words": (
        "### Training hyperparameters\n- mixed_precision_training: Native AMP\n- seed: 1\n",
        Right(settings={"fp16": True, "seed": 1}),
    ),
    "French": (
        "## Hyperparamètres\n- Taux d'apprentissage : 3e-5\n- Taille de lot : 16\n- Nombre d'époques : 2\n",
        Right(settings={"learning_rate": 3e-5, "train_batch_size": 16, "num_train_epochs": 2}),
    ),
    "Spanish": (
        "## Hiperparámetros\n- Tasa de aprendizaje: 3e-5\n- Tamaño de lote: 16\n- Épocas: 2\n",
        Right(settings={"learning_rate": 3e-5, "train_batch_size": 16, "num_train_epochs": 2}),
    ),
    "Portuguese": (
        "## Hiperparâmetros\n- Taxa de aprendizado: 3e-5\n- Tamanho do lote: 16\n- Número de épocas: 2\n",
        Right(settings={"learning_rate": 3e-5, "train_batch_size": 16, "num_train_epochs": 2}),
    ),
    "Chinese": (
        "## 结果\n- 精确匹配：71.9\n- F1值：76.4\n",
        Right(claims=(("exact", 71.9, None, None), ("f1", 76.4, None, None))),
    ),
    "by fine-tuning X on Y": (
        "# m\nThis net was obtained by fine-tuning org/tiny-squad2 on Quiz 7.\n",
        Right({"student": ("org/tiny-squad2",), "train_data": ("Quiz 7",)}),
    ),
    "how to fine-tune it": (
        "# m\nTo try finetuning the net on the [QuizBank](https://x.org) task, run:\n",
        Right({"train_data": ()}),
    ),
    "an overview in a fence": (
        "## Overview\n```\nLanguage model: org/tiny\nLanguage: English\nTraining data: Quiz 7\n"
        "Infrastructure: Tesla T4\n```\n",
        Right({"train_data": ("Quiz 7",), "infrastructure": ("Tesla T4",), "language": ("English",)}),
    ),
    "items with a blank alone": (
        "## Hyperparams\n+ learning_rate 1e-5\n+ per_gpu_train_batch_size 8\n+ n_gpu 2 (Tesla P100)\n",
        Right(settings={"learning_rate": 1e-5, "train_batch_size": 8, "num_devices": 2}),
    ),
    "an optimizer before the rate": (
        "## Hyperparameters\n```\nlearning_rate = AdamW: 1e-5\nbatch_size = 8\n```\n",
        Right(settings={"learning_rate": 1e-5, "train_batch_size": 8}),
    ),
    "a machine in a row": (
        "| Factors | Description |\n|--|--|\n| Environment | Training was completed on a Titan GPU. |\n",
        Right({"infrastructure": ("a Titan GPU",)}),
    ),
    "an item of two metrics": (
        "## Results\n- EM/F1: 71.9/76.4\n",
        Right(claims=(("exact", 71.9, None, None), ("f1", 76.4, None, None))),
    ),
    "a table of the paper alone": (
        "## Results\n| | EM | F1 |\n|--|--|--|\n| Original paper | 71.9 | 76.4 |\n",
        Right(claims=(("exact", 71.9, None, "Original paper"), ("f1", 76.4, None, "Original paper"))),
    ),
    "columns of ours and of the paper": (
        "## Results\n| Metric | Our model | Paper |\n|--|--|--|\n| EM | 71.9 | 70.1 |\n",
        Right(claims=(("exact", 71.9, None, None), ("exact", 70.1, None, "Paper"))),
    ),
    "several chips, used": (
        "# m\nWe used 4x V100s for training. It took a day.\n",
        Right({"infrastructure": ("4x V100s",)}),
    ),
    "evaluated on": (
        "# m\nIt was evaluated on QuizBank v3.1.\n",
        Right({"eval_data": ("QuizBank v3.1",)}),
    ),
    "a file says more than a split": (
        "# m\nResults on the dev set:\n```\npython run.py --do_train --predict_file quiz-dev.json --lr 1e-5\n```\n",
        Right({"eval_data": ("quiz-dev.json", "dev set")}),
    ),
    "fine-tuned X on Y": (
        "# m\nFine-tuned [org/tiny](https://huggingface.co/org/tiny) on Quiz 7 using a script.\n",
        Right({"student": ("org/tiny",)}),
    ),
    "on Y from X": (
        "# m\nIt was fine-tuned on the Quiz 7 corpus from the `tiny-3b` checkpoint.\n",
        Right({"student": ("tiny-3b",), "train_data": ("Quiz 7",)}),
    ),
    "initialized with X": (
        "# m\nThe net is initialized with `org/tiny-wwm` and then tuned.\n",
        Right({"student": ("org/tiny-wwm",)}),
    ),
    "we fine-tuned X on Y": (
        "# m\nWe fine-tuned `org/tiny-base` on QuizBank 2.0 for 2 epochs.\n",
        Right({"student": ("org/tiny-base",), "train_data": ("QuizBank 2.0",)}),
    ),
    "a language is no data": (
        "# m\nFine-tuned org/tiny-base on Czech using a corpus.\n",
        Right({"student": ("org/tiny-base",), "train_data": ()}),
    ),
    "its training set": (
        "# m\nIt was trained on the QuizBank2.0 training set and evaluated on the QuizBank2.0 dev set.\n",
        Right({"train_data": ("QuizBank2.0",), "eval_data": ("QuizBank2.0 dev set",)}),
    ),
    "an item for the machine": (
        "## Training\n- Hardware: 8x NVIDIA A100 80GB\n",
        Right({"infrastructure": ("8x NVIDIA A100 80GB",)}),
    ),
    "a bold pair": (
        "## Results\n**EM / F1**: 71.9 / 76.4\n",
        Right(claims=(("exact", 71.9, None, None), ("f1", 76.4, None, None))),
    ),
    "a paper that reports": (
        "# m\nThe original Tiny paper reports 88.5 F1 on QuizBank.\n",
        Right(claims=(("f1", 88.5, "QuizBank", "other"),)),
    ),
    "a heading that is a data set": (
        "# m\n## XQuAD\n```\nexact: 60.5\nf1: 70.5\n```\n",
        Right(claims=(("exact", 60.5, "XQuAD", None), ("f1", 70.5, "XQuAD", None))),
    ),
    "several constants in LaTeX": (
        "## Hyperparameters\n- Learning rate: $2\\cdot10^{-5}$\n- Adam: $\\beta_1=0.9, \\beta_2=0.98$\n",
        Right(settings={"learning_rate": 2e-5, **ADAM}),
    ),
    "starting from X": (
        "# m\nStarting from the [tiny](https://huggingface.co/org/tiny) checkpoint it was tuned.\n",
        Right({"student": ("org/tiny",)}),
    ),
    "data in the names of columns": (
        "## Results\n| Model | FQuAD EM | FQuAD F1 | NewsQA 2.0 (EM/F1) |\n|--|--|--|--|\n"
        "| ours | 1.5 | 2.5 | 3.5/4.5 |\n",
        Right(
            claims=(
                ("exact", 1.5, "FQuAD", None),
                ("f1", 2.5, "FQuAD", None),
                ("exact", 3.5, "NewsQA 2.0", None),
                ("f1", 4.5, "NewsQA 2.0", None),
            )
        ),
    ),
    "one number on two data sets": (
        "| Model | Quiz A || Quiz B ||\n|--|--|--|--|--|\n| | EM | F1 | EM | F1 |\n"
        "| m (ours) | 1.5 | 2.5 | 1.5 | 3.5 |\n",
        Right(
            claims=(
                ("exact", 1.5, "Quiz A", None),
                ("f1", 2.5, "Quiz A", None),
                ("exact", 1.5, "Quiz B", None),
                ("f1", 3.5, "Quiz B", None),
            )
        ),
    ),
    "columns of data": (
        "## Results\n| Metric | SQuAD 2.0 | NewsQA | RoBERTa-SQuAD |\n|--|--|--|--|\n| EM | 1.5 | 2.5 | 3.5 |\n",
        Right(
            claims=(
                ("exact", 1.5, "SQuAD 2.0", None),
                ("exact", 2.5, "NewsQA", None),
                ("exact", 3.5, None, "RoBERTa-SQuAD"),
            )
        ),
    ),
    "a mean over runs": (
        "# m\nMean over 5 runs: EM 71.9 ± 0.3, F1 76.4 ± 0.2\n",
        Right(claims=(("exact", 71.9, None, None), ("f1", 76.4, None, None))),
    ),
    "settings on one line": (
        "## Hyperparameters\nlearning_rate=3e-5, batch_size=16; epochs=3\n",
        Right(settings={"learning_rate": 3e-5, "train_batch_size": 16, "num_train_epochs": 3}),
    ),
    "placeholders": (
        "## Hyperparameters\n- learning_rate: 2e-05\n- num_epochs: [TODO]\n- seed: <fill in>\n",
        Right(settings={"learning_rate": 2e-5, "num_train_epochs": None, "seed": None}),
    ),
    "columns of splits": (
        "## Results\n| Metric | Dev | Test |\n|--|--|--|\n| EM | 71.9 | 70.1 |\n",
        Right(claims=(("exact", 71.9, None, None), ("exact", 70.1, None, None))),
    ),
    "a shell variable is no mathematics": (
        "```\npython run.py --do_train --learning_rate 1e-5 --output_dir $ROOT/$RUN\n```\n",
        Right(settings={"output_dir": "$ROOT/$RUN"}),
    ),
}


@pytest.mark.parametrize("name", OWN)
def test_a_case_of_our_own_is_read_as_a_reader_does(name: str) -> None:
    text, right = OWN[name]
    assert_read(parse(Path("card.md"), text, ""), right)
