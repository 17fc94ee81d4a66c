"""Kinds of statements that cards nobody had tuned to were first misread in, each in words of our own."""

from pathlib import Path

import pytest

from harness.card.read import parse
from tests.card.test_cases import Right, assert_read

HUB = "https://huggingface.co"
CASES: dict[str, tuple[str, Right]] = {
    # --- what a model began as ---
    "the original model comes from": (
        f"# m\nThe original fp32 net model comes from the fine-tuned model [tiny-q]({HUB}/org/tiny-q).\n",
        Right({"student": ("org/tiny-q",)}),
    ),
    "the original model is at an address": (
        f"# m\nBased on the [RoBERTa](https://x.org/1) kind.\n\nOriginal model can be found here: {HUB}/org/tiny\n",
        Right({"student": ("org/tiny",)}),
    ),
    "a bare name after based on": (
        "# m\nThis is a fine-tuned net for questions which is based on luke-tiny-lite\n",
        Right({"student": ("luke-tiny-lite",)}),
    ),
    "a library is no base": ("# m\nThis model is based on the Transformers library.\n", Right({"student": ()})),
    "a link before fine-tuned, in mid sentence": (
        "# m\nA native Latin question answering model [AcmeBERT-base](https://a.org/) fine-tuned on [QuizQuAD](x).\n",
        Right({"student": ("AcmeBERT-base",), "train_data": ("QuizQuAD",)}),
    ),
    "trained by its makers and fine-tuned here": (
        f"# m\n[AcmeBERT]({HUB}/acme/bert-tiny) trained by [Acme](https://a.org/) and fine-tuned on [Quiz 2.0](x).\n",
        Right({"student": ("acme/bert-tiny",)}),
    ),
    "fine-tuned from the X model, linked": (
        f"# m\nThe **acme-small-qa** is a net for Latin, fine-tuned from the [Acme]({HUB}/acme/small) model.\n",
        Right({"student": ("acme/small",)}),
    ),
    "a card to look things up in": (
        f"# m\nPlease refer to [tiny BERT]({HUB}/acme/tiny) for details about the pre-training model.\n",
        Right({"student": ("acme/tiny",)}),
    ),
    "the version of a version": (
        f"# m\nIt is a fine-tuned version of the Latin version of [Acme]({HUB}/acme/latin), by Acme.\n",
        Right({"student": ("acme/latin",)}),
    ),
    "misspelt fined-tuned": (
        "# m\ntiny-bert-cased fined-tuned on SQuAD\n",
        Right({"student": ("tiny-bert-cased",), "train_data": ("SQuAD",)}),
    ),
    "a language model that is a link to another": (
        f"# m\n- **Language model:** [tiny-uncased]({HUB}/acme/tiny-uncased)\n",
        Right({"student": ("acme/tiny-uncased",)}),
    ),
    "a language model that is a checkpoint of pretraining": (
        "# m\n**Language model:** bert-base-multilingual-cased\n",
        Right({"student": ("bert-base-multilingual-cased",)}),
    ),
    "a language model that is the model": ("# m\n**Language model:** acme-tiny-distilled\n", Right({"student": ()})),
    "a folder of a script behind the Hub's address": (
        f"# m\nThis model was fine-tuned from the [model]({HUB}//home/me/tmp) checkpoint.\n",
        Right({"student": ()}),
    ),
    "a family in a block, its name on the Hub in a link": (
        f"# m\nThis is the [AcmeElectra]({HUB}/acme/electra-tiny) model, fine-tuned using [Quiz 2](x).\n\n"
        '## Hyperparameters\n```\nbase_LM_model = "AcmeElectra"\nlearning_rate = 3e-5\n```\n',
        Right({"student": ("acme/electra-tiny", "AcmeElectra")}, {"learning_rate": 3e-5}),
    ),
    "distilled from an equivalent model": (
        f"# m\nIt was distilled from the equivalent model [big]({HUB}/acme/big-squad).\n",
        Right({"teacher": ("acme/big-squad",)}),
    ),
    # --- data ---
    "trained from scratch, in the Trainer's words": (
        "# m\nThis model was trained from scratch on the squad dataset.\n",
        Right({"train_data": ("squad",), "student": ()}),
    ),
    "trained on a task using data": (
        "# m\nThe net has been trained on the question answering task using [QuizQuAD-la](x), cut from the original.\n",
        Right({"train_data": ("QuizQuAD-la",)}),
    ),
    "a translation is named by its language": (
        "# m\nThe net was trained on the dataset SQUAD v1.1 in portuguese from a group.\n",
        Right({"train_data": ("SQUAD v1.1 in portuguese",)}),
    ),
    "used for training and evaluation": (
        "# m\nWe used the Latin set called [VetusQuAD](x) for training and evaluation.\n",
        Right({"train_data": ("VetusQuAD",), "eval_data": ("VetusQuAD",)}),
    ),
    "data that come from several": (
        "# m\nTraining data comes from two sources: [quiz2018](x), and [webquiz](y).\n",
        Right({"train_data": ("quiz2018", "webquiz")}),
    ),
    "a table of splits": (
        "# m\n## Datasets\n| Dataset | Format | Train split | Dev split |\n|--|--|--|--|\n"
        "| [Quiz](x) | v1 | 9 225 | X |\n| Held | v1 | X | 300 |\n",
        Right({"train_data": ("Quiz",)}),
    ),
    # --- machines ---
    "Colab alone": ("# m\nThe net was trained on Google Colab.\n", Right({"infrastructure": ("Google Colab",)})),
    "a machine that answered and did not train": (
        "# m\nOur model has an inference speed of 18 ms on a Tesla T4.\n",
        Right({"infrastructure": ()}),
    ),
    # --- numbers ---
    "results in the front matter's metrics": (
        "---\nmetrics:\n  - name: exact_match\n    type: exact_match\n    value: 65.1\n---\n# m\n",
        Right(claims=(("exact", 65.1, None, None),)),
    ),
    "quoted keys in a list": (
        "# m\nResults on the dev set:\n- 'exact_match': 76.3\n- 'f1': 84.5\n",
        Right(claims=(("exact", 76.3, None, None), ("f1", 84.5, None, None))),
    ),
    "a metric in two scripts": (
        "# accuracy\n'em(厳密一致)': 0.845, 'f1': 0.919\n",
        Right(claims=(("exact", 84.5, None, None), ("f1", 91.9, None, None))),
    ),
    "breaks behind values": (
        "## Quiz Evaluation\neval_exact = 79.9 <br/>\neval_f1 = 82.9 <br/>\n",
        Right(claims=(("exact", 79.9, "Quiz", None), ("f1", 82.9, "Quiz", None))),
    ),
    "a table of pairs under a sentence with their names": (
        "# m\nThe fine-tuned acme-tiny-cased model is best (Exact Match/F1).\n\n"
        "| Model | All | HasAns |\n|--|--|--|\n| acme-tiny-cased | 70.9/76.1 | 67.7/78.0 |\n"
        "| other-net | 58.9/64.7 | 49.1/60.6 |\n",
        Right(
            claims=(
                ("exact", 70.9, None, None),
                ("f1", 76.1, None, None),
                ("HasAns_exact", 67.7, None, None),
                ("HasAns_f1", 78.0, None, None),
                ("exact", 58.9, None, "other-net"),
                ("f1", 64.7, None, "other-net"),
                ("HasAns_exact", 49.1, None, "other-net"),
                ("HasAns_f1", 60.6, None, "other-net"),
            )
        ),
    ),
    "a column of changes": (
        "# m\n| Metric | # Value | # Original | Variation |\n|--|--|--|--|\n| EM | 81.7 | 80.8 | +0.9 |\n",
        Right(claims=(("exact", 81.7, None, None), ("exact", 80.8, None, "# Original"))),
    ),
    "a column Model beside a paper's": (
        "# m\n| Metric | Paper | Model |\n|--|--|--|\n| EM | 78.5 | 75.7 (-2.8) |\n",
        Right(claims=(("exact", 78.5, None, "Paper"), ("exact", 75.7, None, None))),
    ),
    "data before a metric in brackets": (
        "# m\n| Model | Quiz (F1) |\n|--|--|\n| other-net | 82.0 |\n",
        Right(claims=(("f1", 82.0, "Quiz", "other-net"),)),
    ),
    "a cell that says it is this one": (
        "# m\n| Model | F1 |\n|--|--|\n| Net (base) | 92.4 (this one) |\n| Net (large) | 94.6 |\n",
        Right(claims=(("f1", 92.4, None, None), ("f1", 94.6, None, "Net (large)"))),
    ),
    "the name that a sentence introduces": (
        "# Latin answers\nThe **acme-small-qa** is a net for Latin.\n\n"
        "| Model | F1 |\n|--|--|\n| acme-small-qa | 86.9 |\n| other-net | 85.5 |\n",
        Right(claims=(("f1", 86.9, None, None), ("f1", 85.5, None, "other-net"))),
    ),
    "numbered rows": (
        "# m\n| # | Name | EM |\n|--|--|--|\n| 0 | first-net | 69.9 |\n| 1 | next-net | 74.6 |\n",
        Right(claims=(("exact", 69.9, None, "first-net"), ("exact", 74.6, None, "next-net"))),
    ),
    "what others report, numbers first": (
        "# m\nAcme reports that this net can get 84.8/82.0 on f1/em on the dev set.\n",
        Right(claims=(("f1", 84.8, None, "other"), ("exact", 82.0, None, "other"))),
    ),
    "compared with": (
        "# m\nIts **F1 is 88.7**, compared with 88.5 for the dense version.\n",
        Right(claims=(("f1", 88.7, None, None), ("f1", 88.5, None, "other"))),
    ),
    "a best score is not the score": (
        "# m\nThe net has a performance of **82.68%** best F1.\n",
        Right(claims=(("best_f1", 82.68, None, None),)),
    ),
    "a loss of accuracy is none": ("# m\nThe layer is kept to meet the 1% relative accuracy loss.\n", Right(claims=())),
    # --- settings ---
    "settings of the pretraining of what it began as": (
        "# m\n## Details of Acme\nThe nets are trained with an initial sequence length of 512 subwords.\n",
        Right(settings={"max_seq_length": None}),
    ),
    # --- kinds of a fifth batch ---
    "a teacher of the same kind, by possessive, in HTML": (
        "## Acme's <i>acme_scivocab_uncased</i> fine-tuned on Quiz 2.0 evaluated with F1 = 71.25\n",
        Right(
            {"student": ("acme_scivocab_uncased",), "train_data": ("Quiz 2.0",)},
            claims=(("f1", 71.25, None, None),),
        ),
    ),
    "a title with a family in capitals": (
        "# MarkupLM Large fine-tuned on QuizWeb to allow answering.\n",
        Right({"student": ("MarkupLM Large",), "train_data": ("QuizWeb",)}),
    ),
    "transfer learning": (
        f"# m\nThis model is transfer-learning of [tiny 90% sparse]({HUB}/acme/tiny-sparse) on Quizv1 dataset.\n",
        Right({"student": ("acme/tiny-sparse",), "train_data": ("Quizv1",)}),
    ),
    "data from somewhere": (
        "# m\nThe net was trained on data from Quiz 21.\n\n## Training and evaluation data\n\nQuiz 21 data\n",
        Right({"train_data": ("Quiz 21", "Quiz 21 data"), "eval_data": ("Quiz 21 data",)}),
    ),
    "a list behind tuned on": (
        "# m\nIt is then fine-tuned on:\n1. English Quiz v1.1\n2. Quiz v1.1 put into Latin\n\nMore.\n",
        Right({"train_data": ("English Quiz v1.1", "Quiz v1.1 put into Latin")}),
    ),
    "and a version of another": (
        "# m\nThe net is finetuned on the [Quiz dataset](x), and a 5-pt version of the [Like](y) dataset.\n",
        Right({"train_data": ("Quiz", "Like")}),
    ),
    "a language in a title": ("# Question answering model for Latvian and Estonian\n", Right({"language": ()})),
    "a language in a title, alone": (
        "# Question answering model for Estonian\n",
        Right({"language": ("Estonian",)}),
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
    "any metric in brackets behind its data": (
        "# m\n| Model | Quiz (EM/F1) | SST-2 (Acc) |\n|--|--|--|\n| 85% sparse net | 81.1/88.4 | 91.5 |\n",
        Right(
            claims=(
                ("exact", 81.1, "Quiz", "85% sparse net"),
                ("f1", 88.4, "Quiz", "85% sparse net"),
                ("acc", 91.5, "SST-2", "85% sparse net"),
            )
        ),
    ),
    "a row that links to this model": (
        f"# 80% sparse tiny net\n| Model | EM |\n|--|--|\n| [80% net]({HUB}/acme/tiny-80) | 81.2 |\n"
        f"| [85% net]({HUB}/acme/tiny-85) | 81.1 |\n\n```python\nm = AutoModel.from_pretrained('acme/tiny-80')\n```\n",
        Right(claims=(("exact", 81.2, None, None), ("exact", 81.1, None, "85% net"))),
    ),
    "code that was copied from a sibling's card": (
        "# ACME-Medium fine-tuned on Quiz\n| Model | EM |\n|--|--|\n| acme-small-finetuned-quiz | 60.4 |\n"
        "| acme-medium-finetuned-quiz | 65.9 |\n\n```python\n"
        "qa = pipeline('question-answering', model='me/acme-small-finetuned-quiz')\n```\n",
        Right(claims=(("exact", 60.4, None, "acme-small-finetuned-quiz"), ("exact", 65.9, None, None))),
    ),
    "an arrow between a metric and its value": (
        "# m\nThe tuned net did well:\n\nPrecision => 0.71\nAccuracy => 0.73\n",
        Right(claims=(("precision", 71.0, None, None), ("accuracy", 73.0, None, None))),
    ),
    "in brackets behind what it is on par with": (
        "# m\nThe net reaches F1 80.1, on par with [ACME](https://a.org/1.pdf) (EM/F1: 77.7/85.8), although small.\n",
        Right(claims=(("exact", 77.7, None, "other"), ("f1", 85.8, None, "other"), ("f1", 80.1, None, None))),
    ),
    # --- kinds of a sixth batch ---
    "a student and a teacher in a list": (
        "# m\nThese nets were used:\n\n* Student: `tiny-base-uncased`\n* Teacher: `acme/big-finetuned-quiz`\n",
        Right({"student": ("tiny-base-uncased",), "teacher": ("acme/big-finetuned-quiz",)}),
    ),
    "what was done is no base": (
        f"# m\n- Language model: [XLM-RoBERTa]({HUB}/transformers/model_doc/xlmroberta.html)\n"
        "- Fine-tune: [QuizAnswering](https://github.com/acme/quiz)\n",
        Right({"student": ("XLM-RoBERTa",)}),
    ),
    "a checkpoint behind the task of a title": (
        "# Sorting in six classes: distilbert-base-cased\n\nIt was trained on the `sorts` dataset.\n",
        Right({"student": ("distilbert-base-cased",), "train_data": ("sorts",)}),
    ),
    "a base in French": (
        f"# m\nCe modèle est _fine tuné_ à partir du modèle [acme-base]({HUB}/acme-base) pour les questions.\n"
        "L'apprentissage s'est effectué sur une carte Tesla K80.\n",
        Right({"student": ("acme-base",), "infrastructure": ("Tesla K80",)}),
    ),
    "a base in German": (
        "# m\nDas Modell basiert auf acme-base-german und wurde mit Fragen weiter trainiert.\n",
        Right({"student": ("acme-base-german",)}),
    ),
    "a base in Spanish": (
        f"# m\nEntrenado a partir del modelo [beto]({HUB}/acme/beto-cased) con preguntas en una tarjeta Tesla T4.\n",
        Right({"student": ("acme/beto-cased",), "infrastructure": ("Tesla T4",)}),
    ),
    "a list of data below their label": (
        "# m\n- Dataset (both languages):\n  - [Quiz 2.0](https://a.org/1)\n  - [VetusQuAD](x)\n- End: x\n",
        Right({"train_data": ("Quiz 2.0", "VetusQuAD")}),
    ),
    "data at their address": (
        f"# m\n## Training data\n\nQUIZ {HUB}/datasets/quiz\n",
        Right({"train_data": ("QUIZ",)}),
    ),
    "and then on other data": (
        "# m\nThe net is fine-tuned on the SQuAD2.0 dataset and then on the QuizBio training dataset.\n",
        Right({"train_data": ("SQuAD2.0", "QuizBio training")}),
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
    "a task beside its data": (
        "# acme-net\n| Task | Dataset | Metric | acme-net | Previous SOTA |\n|--|--|--|--|--|\n"
        "| Answers | Quiz | EM/F1 | 86.1/92.3 | 89.9/95.1 |\n",
        Right(
            claims=(
                ("exact", 86.1, "Quiz", None),
                ("f1", 92.3, "Quiz", None),
                ("exact", 89.9, "Quiz", "Previous SOTA"),
                ("f1", 95.1, "Quiz", "Previous SOTA"),
            )
        ),
    ),
    "the one bold row": (
        "# Nets for life\nWe tune our model (Bio-Base-Quiz).\n\n| Model | EM |\n|--|--|\n"
        "| Bio-Base-Quiz-Life | 70.3 |\n"
        "| **Bio-Large-Quiz-Life** | **74.3** |\n",
        Right(claims=(("exact", 70.3, None, "Bio-Base-Quiz-Life"), ("exact", 74.3, None, None))),
    ),
    "the one row with a page on the Hub": (
        f"# [BERT]({HUB}/acme/bert-base) fine tuned on [Quiz](x) + packing ([BERT-of-Theseus](https://a.org/Theseus))\n"
        "| Model | Accuracy |\n|--|--|\n| BERT-of-Theseus | 88.8 |\n"
        f"| [tuned-quiz]({HUB}/me/tuned-quiz) | 87.2 |\n",
        Right(claims=(("accuracy", 88.8, None, "BERT-of-Theseus"), ("accuracy", 87.2, None, None))),
    ),
    "another size in a comment": (
        f"# m\n| Model | EM |\n|--|--|\n| [base]({HUB}/me/vi-base) | 76.4 |\n| [large]({HUB}/me/vi-large) | 77.3 |\n\n"
        '```python\n# name = "me/vi-large"\nmodel = "me/vi-base"\nqa = pipeline(model)\n```\n',
        Right(claims=(("exact", 76.4, None, None), ("exact", 77.3, None, "large"))),
    ),
    "the paper's number and ours in a sentence": (
        "# m\nF1 on dev (from paper)[https://a.org/1.pdf] is 81.9, we reach 81.58.\n",
        Right(claims=(("f1", 81.9, None, "other"), ("f1", 81.58, None, None))),
    ),
    "an epoch in a result": (
        "# m\n```\n{'exact': 78.6,\n'f1': 81.5,\n'epoch': 1.59}\n```\n",
        Right(claims=(("exact", 78.6, None, None), ("f1", 81.5, None, None), ("epoch", 1.59, None, None))),
    ),
    # --- kinds of a seventh batch ---
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
    "an adapter": (
        "# m\nAn [adapter](x) for the `acme/bart-tiny` model that was trained on the [qa/quiz](y) dataset.\n",
        Right({"student": ("acme/bart-tiny",), "train_data": ("qa/quiz",)}),
    ),
    "what was trained, in code": (
        "# m\n`acme-tiny-uncased` was trained using a script with these settings.\n",
        Right({"student": ("acme-tiny-uncased",)}),
    ),
    "a card of a tool that attacks": (
        "## A Tool's CardThis `acme-tiny-uncased` model was fine-tuned using a tool\nand the quiz_news dataset loaded "
        "using the `nlp` library. The best score achieved was 0.947, as measured by\nthe eval set accuracy.\n",
        Right(
            {"student": ("acme-tiny-uncased",), "train_data": ("quiz_news",)},
            claims=(("accuracy", 94.7, None, None),),
        ),
    ),
    "a blank inside a link": (
        "# m\nThis is a finetunned version from [Acme Bertus] (https://github.com/acme/bertus) for Latin.\n",
        Right({"student": ("Acme Bertus",)}),
    ),
    "a base by a link with several words": (
        f"# m\nThe base model is [acme-v3 from Acme]({HUB}/acme/acme-v3).\n",
        Right({"student": ("acme/acme-v3",)}),
    ),
    "a machine in brackets": (
        "# m\nTraining is done on a [p3.2xlarge](https://a.org/ec2) instance (1 NVIDIA Tesla V100 GPUs), with care.\n",
        Right({"infrastructure": ("1 NVIDIA Tesla V100 GPUs",)}),
    ),
    "data with their short name, in a link": (
        "# m\nIt was finetuned on the [Many Genre Quiz (MGQ)](https://a.org) dataset.\n",
        Right({"train_data": ("Many Genre Quiz (MGQ)",)}),
    ),
    "data in small letters that the front matter declares": (
        "---\ndatasets:\n- emotion\n---\n# m\nacme-tiny-uncased finetuned on the emotion dataset with care.\n",
        Right({"train_data": ("emotion",)}),
    ),
    "a section that is a link to the data": (
        "# m\n## Dataset:\n[Quiz-Feelings](https://a.org/viewer).\n",
        Right({"train_data": ("Quiz-Feelings",)}),
    ),
    "front matter without its first line": (
        "language: en\nlicense: bsd\ndatasets:\n- quiz\n---\n\n# m\nText.\n",
        Right({"language": ("en",), "license": ("bsd",), "datasets": ("quiz",)}),
    ),
    "other models' scores": (
        "# m\n## Similar models\nYou can also try [big](x) that achieves **F1 = 82.16** and **EM = 71.06**.\n",
        Right(claims=(("f1", 82.16, None, "other"), ("exact", 71.06, None, "other"))),
    ),
    "scores whose metric the front matter names": (
        "---\nmetrics:\n- accuracy\n---\n# m\n## Evaluation results\n\n| Task | MNLI | MNLI-mm |\n|--|--|--|\n"
        "|  | 82.0 | 82.5 |\n",
        Right(claims=(("accuracy", 82.0, "MNLI", None), ("accuracy", 82.5, "MNLI-mm", None))),
    ),
    "a corpus a row": (
        "# m\n| Test Corpus | Accuracy |\n|--|--|\n| Matched | 0.82 |\n",
        Right(claims=(("accuracy", 82.0, "Matched", None),)),
    ),
    "memory is no result": (
        "# m\n```\n{'test_accuracy': 0.938,\n 'test_mem_cpu_alloc_delta': 0,\n 'test_mem_gpu_peaked': 1634}\n```\n",
        Right(claims=(("test_accuracy", 93.8, None, None),)),
    ),
    # --- kinds of an eighth batch ---
    "a list of all that was used": (
        "# m\n`acme-tiny` tuned on Quiz. Sequence length 128, learning rate 2e-5, 4 T4 GPUs, 4 epochs.\n",
        Right(
            {"infrastructure": ("4 T4 GPUs",)},
            {"learning_rate": 2e-5, "max_seq_length": 128, "num_train_epochs": 4},
        ),
    ),
    "a metric on two splits": (
        "# m\nOn fold 3, the model achieved an F1 of 82.61% on dev/validation and 85.27% on test.\n",
        Right(claims=(("f1", 82.61, None, None), ("f1", 85.27, None, None))),
    ),
    "a percent that is escaped": (
        "# m\nThis is the best tagging model (with 95.38\\% Accuracy) there is.\n",
        Right(claims=(("accuracy", 95.38, None, None),)),
    ),
    "the host's short name": (
        "# m\nThe model was originally the pre-trained [Acme Base](https://hf.co/acme/acme-base) model.\n",
        Right({"student": ("acme/acme-base",)}),
    ),
    "a model that a command trains": (
        "# m\n```\npython run.py --do_train --model acme-tiny-cased --learning_rate 2e-5\n```\n",
        Right({"student": ("acme-tiny-cased",)}, {"base_model": "acme-tiny-cased"}),
    ),
    "based on the tuned X model": (
        "# m\n**acme-pcm** is a model based on the fine-tuned RoBERTa base model.\n",
        Right({"student": ("RoBERTa base",)}),
    ),
    "a part of the data, which are linked": (
        "# m\nIt was fine-tuned on the Latin corpus **(lat)** of the [QuizNER](https://a.org) dataset.\n"
        "We evaluated this model on the test split of the Latin corpus **(lat)** present in the [QuizNER](x).\n",
        Right({"train_data": ("QuizNER",), "eval_data": ("QuizNER",)}),
    ),
    "two sets in one": (
        "# m\nThe tagger is trained on the corpus combining both Quiz-NER and English-QWT training data.\n",
        Right({"train_data": ("Quiz-NER", "English-QWT")}),
    ),
    "pre-trained and nothing else": (
        "# m\nThe nets were pretrained on [QuizBooks](https://a.org/1), of 11,038 books and [Latin Wiki](x) (cut).\n",
        Right({"train_data": ("QuizBooks", "Latin Wiki")}),
    ),
    "data loaded for it, in small letters": (
        "# m\nThis `acme-tiny` model was fine-tuned using a tool and the glue dataset loaded using a library.\n",
        Right({"train_data": ("glue",)}),
    ),
    "a cloud": (
        "# m\nModels are fine-tuned by Acme on [Tencent Cloud](https://a.org) with care.\n",
        Right({"infrastructure": ("Tencent Cloud",)}),
    ),
    "all done on Colab": (
        "# m\nAll computation and development are done on Google Colaboratory using their free GPUs.\n",
        Right({"infrastructure": ("Google Colaboratory",)}),
    ),
    # --- kinds of a ninth batch, of cards with a sentence or two ---
    "a language and data, with blanks before the colon": (
        "# m\n  * language : English\n  * fine tuning data : [quiz 2.0](https://a.org)\n",
        Right({"language": ("English",), "train_data": ("quiz 2.0",)}),
    ),
    "this model uses": (f"# m\nThis model uses [tiny-base]({HUB}/tiny-base).\n", Right({"student": ("tiny-base",)})),
    "a library that is used": (
        f"# m\nThis model uses [Transformers]({HUB}/docs/transformers).\n",
        Right({"student": ()}),
    ),
    "trained from an address": (
        f"# m\nThis is a tiny QA Model trained from {HUB}/tiny-large in two stages.\n",
        Right({"student": ("tiny-large",)}),
    ),
    "by its makers, in a title": (
        "# Latin BERT (version 2, uncased) by [Acme](https://a.org) fine-tuned for Questions on the [QuizQuAD-la](x)\n",
        Right({"student": ("Latin BERT",), "train_data": ("QuizQuAD-la",)}),
    ),
    "pre-trained and fine-tuned": (
        "# m\nThis is a BERT-large model pre-trained on Latin text using masks and fine-tuned on the SQuAD v1.1 set.\n",
        Right({"student": ("BERT-large",)}),
    ),
    "another format of a model": (
        "# TorchScript model of distilbert-quiz\n\nA file for a server.\n",
        Right({"student": ("distilbert-quiz",)}),
    ),
    "a conversion of a model": (
        f"# m\n## Conversion of [acme/tiny-quiz]({HUB}/acme/tiny-quiz) for a server\n",
        Right({"student": ("acme/tiny-quiz",)}),
    ),
    "based on somebody's": (
        "# m\nBased on Hugging Face's albert-tiny-v2, the net has a head fine-tuned for SQuAD 2.0.\n",
        Right({"student": ("albert-tiny-v2",), "train_data": ("SQuAD 2.0",)}),
    ),
    "from somebody, using data": (
        "# m\nFine-tuned AcmeBERT-Lite from AcmeBench using Translated Quiz datasets.\n",
        Right({"student": ("AcmeBERT-Lite",), "train_data": ("Translated Quiz",)}),
    ),
    "a list of data in code": (
        "# m\nFinetuning `acme-tiny-cased` with the training set of `wiki_quiz`, `latin_squad`, and `n_qa` (cut).\n",
        Right({"student": ("acme-tiny-cased",), "train_data": ("wiki_quiz", "latin_squad", "n_qa")}),
    ),
    "a script that trains, without a rate": (
        "# m\n```\nexport NAME=acme-tiny\npython train_answers.py \\\n  --model_name $NAME \\\n  --fp16\n```\n",
        Right(settings={"model_name": "acme-tiny", "fp16": True}),
    ),
    "one metric of two parts of the data": (
        "# acme-v3\n| Model | SQuAD 2.0(F1/EM) | MNLI-m/mm(ACC) |\n|--|--|--|\n| other-v1 | -/80.2 | 87.6/- |\n"
        "| acme-v3 | 88.4/85.4 | 90.6/90.7 |\n",
        Right(
            claims=(
                ("exact", 80.2, "SQuAD 2.0", "other-v1"),
                ("acc", 87.6, "MNLI-m/mm", "other-v1"),
                ("f1", 88.4, "SQuAD 2.0", None),
                ("exact", 85.4, "SQuAD 2.0", None),
                ("acc", 90.6, "MNLI-m/mm", None),
                ("acc", 90.7, "MNLI-m/mm", None),
            )
        ),
    ),
    "what Keras prints of what it leaves out": (
        "# m\nThe following hyperparameters were used during training:\n- optimizer: {'name': 'Adam', "
        "'weight_decay': None, 'clipnorm': None, 'global_clipnorm': 1.0, 'learning_rate': 2e-05, 'epsilon': 1e-07}\n",
        Right(settings={"weight_decay": None, "clipnorm": None, "max_grad_norm": 1.0, "learning_rate": 2e-5}),
    ),
    # --- kinds of a tenth batch ---
    "the Hub's template": (
        "# m\n- **Finetuned from model [optional]:** acme-multilingual-uncased\n",
        Right({"student": ("acme-multilingual-uncased",)}),
    ),
    "derived from, in words of its own": (
        f"# m\nThis is a BERT model pretrained on Latin for parsing, derived from "
        f"[latin-char]({HUB}/acme/latin-char).\n",
        Right({"student": ("acme/latin-char",)}),
    ),
    "the base model, in mid text": (
        f"# m\nModel trained with QuizCat dataset. Base model is [tiny-squad2]({HUB}/acme/tiny-squad2), a reader.\n",
        Right({"student": ("acme/tiny-squad2",), "train_data": ("QuizCat",)}),
    ),
    "a family with its size, trained": (
        "# m\nThis is a BERT base cased model trained on SQuAD v2\n",
        Right({"student": ("BERT base cased",), "train_data": ("SQuAD v2",)}),
    ),
    "a base behind its size": (
        "# BERT (base-multilingual-cased) fine-tuned for questions\n",
        Right({"student": ("bert-base-multilingual-cased",)}),
    ),
    "a base at its address, and data": (
        f"# m\n* Looked at: {HUB}/other/net\n* BERT-base: {HUB}/acme/bert-latin\n* Dataset:  Private Quiz Database\n",
        Right({"student": ("acme/bert-latin",), "train_data": ("Private Quiz Database",)}),
    ),
    "based on, in bold and a list": (
        f"# m\n## Models\n- BART (base on **[acme/bart-latin]({HUB}/acme/bart-latin)**)\n",
        Right({"student": ("acme/bart-latin",)}),
    ),
    "what a program prints of its options": (
        "# m\n```\nusage: train_it.py [-h] [--base_model {tiny,large}]\n  --lr LR\n  --base_model YOUR_MODEL\n```\n",
        Right({"student": ()}, {"learning_rate": None}),
    ),
    "a licence in a sentence": (
        "# m\nThe nets are open-sourced under the CC-BY 4.0 license.\n",
        Right({"license": ("CC-BY 4.0",)}),
    ),
    "an index of the old kind": (
        "---\nmodel_index:\n- name: cola\n  results:\n  - dataset:\n      name: GLUE COLA\n    metric:\n"
        "      name: Accuracy\n      value: 0.54\n---\n# m\n",
        Right(claims=(("accuracy", 54.0, "GLUE COLA", None),)),
    ),
    "a score in a heading": (
        "# m\n##### Quiz Test acc: **0.9891**\n",
        Right(claims=(("test_acc", 98.91, None, None),)),
    ),
    "data with their addresses": (
        "# m\n## Datasets:\nLatin Pairs: https://a.org/pairs\n",
        Right({"train_data": ("Latin Pairs",)}),
    ),
    "sets of data that were measured on": (
        "# m\nBenchmarks are shared using validation and test sets of `wiki_quiz`.\n",
        Right({"eval_data": ("wiki_quiz",)}),
    ),
    "one row of several scores": (
        "# m\n| Model | Bleu 1 | Bleu 2 | METEOR |\n|--|--|--|--|\n| ACME-HL | 34.25 | 27.7 | 23.58 |\n",
        Right(claims=(("bleu_1", 34.25, None, None), ("bleu_2", 27.7, None, None), ("meteor", 23.58, None, None))),
    ),
    "text above the front matter": (
        "Logo of a firm\n---\nlanguage: la\nlicense: mit\n---\n# m\n",
        Right({"language": ("la",), "license": ("mit",)}),
    ),
    "one score of a family beside one's own": (
        "# m\n| Dataset | mBERT F1 | la_bert F1 |\n|--|--|--|\n| LatinNER | 81.2 | 84.0 |\n",
        Right(claims=(("mbert_f1", 81.2, "LatinNER", "mBERT"), ("la_bert_f1", 84.0, "LatinNER", None))),
    ),
    "a table whose metric only the sentence above names": (
        "# LatinBERT: a model of Latin\n## Results\nThe table summarizes the F1 score of several models.\n\n"
        "| Dataset | LatinBERT | BiLSTM |\n|--|--|--|\n| Livy | 91.2* | 84.1 |\n",
        Right(claims=(("f1", 91.2, "Livy", None), ("f1", 84.1, "Livy", "BiLSTM"))),
    ),
    "two scores of one metric below a title of two parts": (
        "# ours\n| Model | SQuAD | Pairs-a/b | STS |\n|--|--|--|--|\n| | F1/EM | Acc | P/S |\n"
        "| ours | 90.1/84.2 | 81.2/80.9 | 90.0/89.1 |\n",
        Right(
            claims=(
                ("f1", 90.1, "SQuAD", None),
                ("exact", 84.2, "SQuAD", None),
                ("acc", 81.2, "Pairs-a/b", None),
                ("acc", 80.9, "Pairs-a/b", None),
                ("p", 90.0, "STS", None),
                ("s", 89.1, "STS", None),
            )
        ),
    ),
    "commands that readers are advised": (
        "# m\n### Tuning it for your task\nYou can also run with `fastscale`:\n```bash\npython run_quiz.py "
        "--model_name_or_path acme/other --learning_rate 3e-6 --num_train_epochs 3\n```\n",
        Right(),
    ),
    "a model of code that trains": (
        '# m\n```python\nmodel = NERModel("bert", "acme/bert-base-latin", args=a)\nmodel.train_model(rows)\n```\n',
        Right({"student": ("acme/bert-base-latin",)}),
    ),
    "a model that was exported": (
        "## [acme/latin-bert](https://huggingface.co/acme/latin-bert) exported to the OtherRuntime format.\n",
        Right({"student": ("acme/latin-bert",)}),
    ),
    "an architecture is no model that was begun with": (
        "# LatinBERT\nLatinBERT is based on the BERT architecture with the same configurations as BERT-Base.\n",
        Right(),
    ),
    "data joined by a plus": (
        "# m\nThe model was fine-tuned on Livy21 + [Radio Latina](https://a.org/r)\n",
        Right({"train_data": ("Livy21", "Radio Latina")}),
    ),
    "the data used come from": (
        "# m\n## Training\nThe dataset used comes from the [QUIZ shared task 2021](https://a.org) (part 1).\n",
        Right({"train_data": ("QUIZ shared task 2021",)}),
    ),
    "an address below what it is used for": (
        "# m\nThe following Latin corpus is used for training\n\nhttps://a.org/sets/livy400\n",
        Right({"train_data": ("livy400",)}),
    ),
    "a model trained on linked data": (
        "# m\nWe trained the model on [the texts gathered by Acme](https://a.org). Then we tested.\n",
        Right({"train_data": ("texts gathered by Acme",)}),
    ),
    "epochs behind a link": (
        "# m\nIt was trained on [acme/quiz](https://a.org/quiz), its Latin part, for 2 epochs.\n",
        Right({"train_data": ("acme/quiz",)}, settings={"num_train_epochs": 2}),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_kind_of_other_authors_is_read_as_a_reader_does(name: str) -> None:
    text, right = CASES[name]
    assert_read(parse(Path("card.md"), text, ""), right)
