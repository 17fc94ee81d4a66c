"""Settings and machines as other authors state them, by kinds that were first misread, in words of our own."""

from pathlib import Path

import pytest

from harness.card.read import parse
from tests.card.right import Right, assert_read

HUB = "https://huggingface.co"
CASES: dict[str, tuple[str, Right]] = {
    "a family in a block, its name on the Hub in a link": (
        f"# m\nThis is the [AcmeElectra]({HUB}/acme/electra-tiny) model, fine-tuned using [Quiz 2](x).\n\n"
        '## Hyperparameters\n```\nbase_LM_model = "AcmeElectra"\nlearning_rate = 3e-5\n```\n',
        Right({"student": ("acme/electra-tiny", "AcmeElectra")}, {"learning_rate": 3e-5}),
    ),
    "Colab alone": ("# m\nThe net was trained on Google Colab.\n", Right({"infrastructure": ("Google Colab",)})),
    "a machine that answered and did not train": (
        "# m\nOur model has an inference speed of 18 ms on a Tesla T4.\n",
        Right({"infrastructure": ()}),
    ),
    "settings of the pretraining of what it began as": (
        "# m\n## Details of Acme\nThe nets are trained with an initial sequence length of 512 subwords.\n",
        Right(settings={"max_seq_length": None}),
    ),
    "a pod of TPUs": (
        "# m\nThe net was trained on 4 cloud TPUs in Pod configuration (16 TPU chips total) for a week.\n",
        Right({"infrastructure": ("4 cloud TPUs in Pod configuration (16 TPU chips total)",)}),
    ),
    "a command that evaluates alone": (
        "# Eval\n```\npython run_qa.py --model_name_or_path me/tiny --dataset_name quiz --do_eval \\\n"
        "  --max_seq_length 320 --version_2_with_negative\n```\n",
        Right(
            {"student": (), "train_data": (), "eval_data": ("quiz",)},
            {"max_seq_length": 320, "version_2_with_negative": True, "base_model": None},
        ),
    ),
    "an option in a list": (
        "# m\n**Training settings:**\n\n- max_seq_length: 384\n- dataset_name: quiz\n",
        Right({"train_data": ("quiz",)}, {"dataset_name": "quiz"}),
    ),
    "a base in French": (
        f"# m\nCe modèle est _fine tuné_ à partir du modèle [acme-base]({HUB}/acme-base) pour les questions.\n"
        "L'apprentissage s'est effectué sur une carte Tesla K80.\n",
        Right({"student": ("acme-base",), "infrastructure": ("Tesla K80",)}),
    ),
    "a base in Spanish": (
        f"# m\nEntrenado a partir del modelo [beto]({HUB}/acme/beto-cased) con preguntas en una tarjeta Tesla T4.\n",
        Right({"student": ("acme/beto-cased",), "infrastructure": ("Tesla T4",)}),
    ),
    "a machine of eight letters under its heading": (
        "# m\n#### Hardware\nOne V100\n\n#### Settings\n",
        Right({"infrastructure": ("One V100",)}),
    ),
    "Colab with a chip below it": (
        "# m\n### Training machine\n\nTrained in Google Colab Pro with the following specs:\n\n- A100-SXM4-40GB\n",
        Right({"infrastructure": ("A100-SXM4-40GB", "Google Colab Pro")}),
    ),
    "a batch of what calibrates": (
        "# m\nThe calibration size 300 isn't divisible by batch size 8, so it is 304.\n",
        Right(settings={"train_batch_size": None}),
    ),
    "settings in brackets in a sentence": (
        "# m\nThe settings are those of others (learning rate = 2e-5, training epochs = 3, max_sequence_len = 128 and "
        "batch_size = 32).\n",
        Right(settings={"learning_rate": 2e-5, "num_train_epochs": 3, "max_seq_length": 128, "train_batch_size": 32}),
    ),
    "a command for the reader's own data": (
        "# m\n### How to finetune\n```\npython run.py --model_name_or_path acme-headless --learning_rate 3e-05 "
        "--do_train\n```\n",
        Right({"student": ()}, {"learning_rate": None}),
    ),
    "a machine in brackets": (
        "# m\nTraining is done on a [p3.2xlarge](https://a.org/ec2) instance (1 NVIDIA Tesla V100 GPUs), with care.\n",
        Right({"infrastructure": ("1 NVIDIA Tesla V100 GPUs",)}),
    ),
    "a list of all that was used": (
        "# m\n`acme-tiny` tuned on Quiz. Sequence length 128, learning rate 2e-5, 4 T4 GPUs, 4 epochs.\n",
        Right(
            {"infrastructure": ("4 T4 GPUs",)},
            {"learning_rate": 2e-5, "max_seq_length": 128, "num_train_epochs": 4},
        ),
    ),
    "a model that a command trains": (
        "# m\n```\npython run.py --do_train --model acme-tiny-cased --learning_rate 2e-5\n```\n",
        Right({"student": ("acme-tiny-cased",)}, {"base_model": "acme-tiny-cased"}),
    ),
    "a cloud": (
        "# m\nModels are fine-tuned by Acme on [Tencent Cloud](https://a.org) with care.\n",
        Right({"infrastructure": ("Tencent Cloud",)}),
    ),
    "all done on Colab": (
        "# m\nAll computation and development are done on Google Colaboratory using their free GPUs.\n",
        Right({"infrastructure": ("Google Colaboratory",)}),
    ),
    "a script that trains, without a rate": (
        "# m\n```\nexport NAME=acme-tiny\npython train_answers.py \\\n  --model_name $NAME \\\n  --fp16\n```\n",
        Right(settings={"model_name": "acme-tiny", "fp16": True}),
    ),
    "what Keras prints of what it leaves out": (
        "# m\nThe following hyperparameters were used during training:\n- optimizer: {'name': 'Adam', "
        "'weight_decay': None, 'clipnorm': None, 'global_clipnorm': 1.0, 'learning_rate': 2e-05, 'epsilon': 1e-07}\n",
        Right(settings={"weight_decay": None, "clipnorm": None, "max_grad_norm": 1.0, "learning_rate": 2e-5}),
    ),
    "what a program prints of its options": (
        "# m\n```\nusage: train_it.py [-h] [--base_model {tiny,large}]\n  --lr LR\n  --base_model YOUR_MODEL\n```\n",
        Right({"student": ()}, {"learning_rate": None}),
    ),
    "epochs behind a link": (
        "# m\nIt was trained on [acme/quiz](https://a.org/quiz), its Latin part, for 2 epochs.\n",
        Right({"train_data": ("acme/quiz",)}, settings={"num_train_epochs": 2}),
    ),
    "a longest input with a dot": (
        "# m\n## Hyper-parameters\n- Max. sequence length = 4096\n- Batch size = 32\n",
        Right(settings={"max_seq_length": 4096, "train_batch_size": 32}),
    ),
    "settings behind a blank or a dash, lines that break": (
        "# m\n## Hyperparameters\n\nper_gpu_train_batch_size 4 \\\nlearning_rate 3e-5 \\\nЭпохи - 2.\n",
        Right(settings={"train_batch_size": 4, "learning_rate": 3e-5, "num_train_epochs": 2}),
    ),
    "two settings a row, and what is none": (
        "# m\n| | |\n|--|--|\n| Method | adapters |\n| Head learning rate | 0.001 |\n| Epochs / batch size | 2 / 16 |\n"
        "| Max sequence length | 384 |\n| Hardware | Apple M5 (mps) |\n| Training time | 25 min |\n",
        Right(
            {"infrastructure": ("Apple M5 (mps)",)},
            {
                "head_learning_rate": 0.001,
                "num_train_epochs": 2,
                "train_batch_size": 16,
                "max_seq_length": 384,
                "method": None,
                "hardware": None,
                "training_time": None,
            },
        ),
    ),
    "a machine far behind its verb": (
        f"# m\nAfter training `LatForQuestionAnswering` (with extra head) on [`quiz_q`](https://a.org/{'b' * 90}) "
        "data for two weeks on 2 K80 GPUs.\n",
        Right({"infrastructure": ("2 K80 GPUs",)}),
    ),
    "options in brackets behind names and inside values": (
        "# m\n## Hyperparameters\n- **Length (`max_length`):** 384\n- **Optimizer:** AdamW (`weight_decay=0.01`)\n"
        "- **Batch size:** **16**\n- **Hardware:** one RTX 4070\n- **Training Samples:** 8 examples\n",
        Right(
            settings={
                "max_seq_length": 384,
                "weight_decay": 0.01,
                "train_batch_size": 16,
                "hardware": None,
                "training_samples": None,
            }
        ),
    ),
    "a precision that is no score": (
        "# m\n| | |\n|--|--|\n| Batch size | 16 |\n| Learning rate | 3e-5 |\n| Precision | bf16 autocast |\n",
        Right(settings={"precision": "bf16 autocast", "learning_rate": 3e-5}),
    ),
    "a list of settings in a sentence": (
        "# m\nMade by a script (seed 7). Two epochs, batch 32, learning rate 2e-5, on CPU.\n",
        Right(settings={"seed": 7, "num_train_epochs": 2, "train_batch_size": 32}),
    ),
    "a single epoch": (
        "# m\nTraining used a learning rate of 2e-5 for a single epoch, AdamW with epsilon of 1e-7.\n",
        Right(settings={"num_train_epochs": 1, "learning_rate": 2e-5, "adam_epsilon": 1e-7}),
    ),
    "breaks of lines in letters": (
        "# m\n```\npython train_qa.py \\\\n  --learning_rate 3e-5 \\\\n  --fp16 \\\\n  --seed 3\n```\n",
        Right(settings={"learning_rate": 3e-5, "fp16": True, "seed": 3}),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_kind_of_other_authors_is_read_as_a_reader_does(name: str) -> None:
    text, right = CASES[name]
    assert_read(parse(Path("card.md"), text, ""), right)
