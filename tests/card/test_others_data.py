"""What other authors say of the data of training, by kinds that were misread, in words of our own."""

from pathlib import Path

import pytest

from harness.card.read import parse
from tests.card.right import Right, assert_read

HUB = "https://huggingface.co"
CASES: dict[str, tuple[str, Right]] = {
    "a script is no data": (
        "# m\n- [Fine-tune on NER script provided by Acme](https://a.org/run_ner.py)\n",
        Right({"train_data": ()}),
    ),
    "trained on a task using data": (
        "# m\nThe net has been trained on the question answering task using [QuizQuAD-la](x), cut from the original.\n",
        Right({"train_data": ("QuizQuAD-la",)}),
    ),
    "a translation is named by its language": (
        "# m\nThe net was trained on the dataset SQUAD v1.1 in portuguese from a group.\n",
        Right({"train_data": ("SQUAD v1.1 in portuguese",)}),
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
    "a language and data, with blanks before the colon": (
        "# m\n  * language : English\n  * fine tuning data : [quiz 2.0](https://a.org)\n",
        Right({"language": ("English",), "train_data": ("quiz 2.0",)}),
    ),
    "a licence in a sentence": (
        "# m\nThe nets are open-sourced under the CC-BY 4.0 license.\n",
        Right({"license": ("CC-BY 4.0",)}),
    ),
    "data with their addresses": (
        "# m\n## Datasets:\nLatin Pairs: https://a.org/pairs\n",
        Right({"train_data": ("Latin Pairs",)}),
    ),
    "text above the front matter": (
        "Logo of a firm\n---\nlanguage: la\nlicense: mit\n---\n# m\n",
        Right({"language": ("la",), "license": ("mit",)}),
    ),
    "commands that readers are advised": (
        "# m\n### Tuning it for your task\nYou can also run with `fastscale`:\n```bash\npython run_quiz.py "
        "--model_name_or_path acme/other --learning_rate 3e-6 --num_train_epochs 3\n```\n",
        Right(),
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
    # --- by noun phrases behind verbs ---
    "who released it": (
        "# m\nThe net was trained on the NewsQuiz corpus released by Acme Research.\n",
        Right({"train_data": ("NewsQuiz",)}),
    ),
    "two of one kind": (
        "# m\nIt was fine-tuned on the LatinQuAD and NewsQuiz datasets.\n",
        Right({"train_data": ("LatinQuAD", "NewsQuiz")}),
    ),
    "three without links": (
        "# m\nFine-tuned on LatinQuAD v1.1, HotQuiz and DROP using a script.\n",
        Right({"train_data": ("LatinQuAD v1.1", "HotQuiz", "DROP")}),
    ),
    "a combination of three": (
        "# m\nThe net was trained on a combination of LatinQuAD 2.0, HardQA and SynthQA.\n",
        Right({"train_data": ("LatinQuAD 2.0", "HardQA", "SynthQA")}),
    ),
    "a share of the training set": (
        "# m\nThe net was trained on 80% of the LatinQuAD v1.1 training data.\n",
        Right({"train_data": ("LatinQuAD v1.1",)}),
    ),
    "so many pairs from": (
        "# m\nIt was trained on about 100k question-answer pairs from LatinQuAD.\n",
        Right({"train_data": ("LatinQuAD",)}),
    ),
    "parts and wholes": (
        "# m\nI finetuned it on the Spanish part of LatinQuAD and the QUAC corpus.\n",
        Right({"train_data": ("LatinQuAD", "QUAC")}),
    ),
    "a long name and its short form": (
        "# m\nThe training data is the Persian Wikipedia QA dataset (ParQA).\n",
        Right({"train_data": ("ParQA",)}),
    ),
    "data before used to train": (
        "# m\nThe LatinQuAD dataset was used to train this net.\n",
        Right({"train_data": ("LatinQuAD",)}),
    ),
    "to train, we used": (
        "# m\nTo train this model we used the dataset [LatinQuAD](https://x.org).\n",
        Right({"train_data": ("LatinQuAD",)}),
    ),
    "combined when tuning": (
        "# m\nWhen fine tuning for answers we combined [LatinQuAD](https://x.org) and [QUAC](y) datasets.\n",
        Right({"train_data": ("LatinQuAD", "QUAC")}),
    ),
    "the fine-tuning data": (
        "# m\nThe pretrained net is big and the fine-tuning data is [LatinNLI](https://a.org/).\n",
        Right({"train_data": ("LatinNLI",)}),
    ),
    "an aside on what came before": (
        "# m\nWe fine-tuned AcmeNet, which was pre-trained on Old Abstracts, on the LatinQuAD dataset.\n",
        Right({"train_data": ("LatinQuAD",)}),
    ),
    "behind an address": (
        "# m\nWe fine-tuned the [net](https://a.org/net-v1.1) model on the RACE dataset.\n",
        Right({"train_data": ("RACE",)}),
    ),
    "a language, then its data": (
        f"# m\nFine-tuned on Kyrgyz using the [Common Quiz]({HUB}/datasets/common_quiz) dataset.\n",
        Right({"train_data": ("Common Quiz",)}),
    ),
    "a corpus with no other name": (
        "# m\nIt was trained on a Spanish clinical corpus.\n",
        Right({"train_data": ("Spanish clinical corpus",)}),
    ),
    "a name with large letters throughout": (
        "# Answering Model Fine-Tuned with LQuad Dataset\n",
        Right({"train_data": ("LQuad",)}),
    ),
    "a task from a data set": (
        "# A fine-tuned model on GoldQ task from Latin Answers dataset\n",
        Right({"train_data": ("Latin Answers",)}),
    ),
    "used along with": (
        "# m\n## Training data\nTranslated English datasets were used along with the Natural Riddles in Icelandic "
        "dataset.\n",
        Right({"train_data": ("Translated English", "Natural Riddles in Icelandic")}),
    ),
    "pre-trained here": (
        "# m\nThis is a net that was pre-trained from scratch using a scheme on the English QuizText-103 corpus.\n",
        Right({"train_data": ("English QuizText-103",)}),
    ),
    "a heading below the data": (
        "# m\n## Training Data\nTrained on the [LatinQuAD](x) dataset.\n## Usage and Performance\nUse it.\n",
        Right({"train_data": ("LatinQuAD",)}),
    ),
    "several tuned models": (
        "# m\nAll of our fine-tuned models on the **ManyNews dataset** do well.\n",
        Right({"train_data": ()}),
    ),
    "what may be done": ("# m\nIt can be fine-tuned on LatinQuAD for answers.\n", Right({"train_data": ()})),
    "data of any kind": ("# m\nIt was fine-tuned to find names on Text data.\n", Right({"train_data": ()})),
    "a machine, a task, a size": (
        "# m\nIt was trained on a TPUv3-8 VM, then fine-tuned on Sentiment Analysis with 160GB data.\n",
        Right({"train_data": ()}),
    ),
    "what examples show": (
        "# m\nWe added examples to fine-tune Lat-Large on SQuAD and Quiz7B using TPUs.\n",
        Right({"train_data": ()}),
    ),
    "tuned and other models": (
        "# m\nWe run a check on both fine-tuned and non fine-tuned models on the **Quiz dataset**.\n",
        Right({"train_data": ()}),
    ),
    "as well as a link": (
        "# m\nThe net was fine-tuned on the boolean questions from [TyQuiz](x), as well as [BoolQ-X](y#).\n",
        Right({"train_data": ("TyQuiz", "BoolQ-X")}),
    ),
    "a part of data that contains something": (
        "# m\nThe net is further fine-tuned on a documented subset of QUIZPER v0.3 containing only spans.\n",
        Right({"train_data": ("QUIZPER v0.3",)}),
    ),
    "data that training is based on": (
        "# m\nThe training data is based on **Wikipedia** and **BookCorpus**.\n",
        Right({"train_data": ("Wikipedia", "BookCorpus")}),
    ),
    "a list below tuning": (
        "# m\nThe fine-tuning was performed on the following datasets:\n\n- the [hr9](x) dataset\n- the [sr8](y) set\n",
        Right({"train_data": ("hr9", "sr8")}),
    ),
    "what others tuned": (
        f"# m\nTrained from [acme/mini-q]({HUB}/acme/mini-q), acme's fine-tune of Mega's mini on SQuAD 2.0.\n",
        Right({"train_data": ()}),
    ),
    "a link inside a label's value": (
        "# m\n**Training data**: Quiz data from [Acme](https://acme.org)\n",
        Right({"train_data": ("Quiz data from Acme",)}),
    ),
    "for the tuning, we used": (
        "# m\nFor the fine-tuning, we used the [QPCD](https://a.org/1.pdf) dataset.\n",
        Right({"train_data": ("QPCD",)}),
    ),
    "a name in slanted letters": (
        "# m\nThe net has been trained on the *Datathon Of Quizzes* dataset (2022).\n",
        Right({"train_data": ("Datathon Of Quizzes",)}),
    ),
    "a name in small letters, with its part": (
        "# m\nThe net has a base model and was fine-tuned on xnli de dataset.\n",
        Right({"train_data": ("xnli",)}),
    ),
    "what is no data": (
        "# m\n## Training and evaluation data\n\nTraining data contains 197k Latin sentences.\n\n## More\n\n"
        "Train your own model on ML Console. Fine-tuning was performed with `simpletransformers`.\n\n"
        "It is trained with mixed precision on Volta, Turing, and more, after fine-tuning using Cross-Entropy Loss.\n",
        Right({"train_data": (), "eval_data": ()}),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_kind_of_other_authors_is_read_as_a_reader_does(name: str) -> None:
    text, right = CASES[name]
    assert_read(parse(Path("card.md"), text, ""), right)
