"""What other authors say of the data that they measured on, by kinds that were misread, in words of our own."""

from pathlib import Path

import pytest

from harness.card.read import parse
from tests.card.right import Right, assert_read

HUB = "https://huggingface.co"
CASES: dict[str, tuple[str, Right]] = {
    "used for training and evaluation": (
        "# m\nWe used the Latin set called [VetusQuAD](x) for training and evaluation.\n",
        Right({"train_data": ("VetusQuAD",), "eval_data": ("VetusQuAD",)}),
    ),
    "data from somewhere": (
        "# m\nThe net was trained on data from Quiz 21.\n\n## Training and evaluation data\n\nQuiz 21 data\n",
        Right({"train_data": ("Quiz 21", "Quiz 21 data"), "eval_data": ("Quiz 21 data",)}),
    ),
    "a part of the data, which are linked": (
        "# m\nIt was fine-tuned on the Latin corpus **(lat)** of the [QuizNER](https://a.org) dataset.\n"
        "We evaluated this model on the test split of the Latin corpus **(lat)** present in the [QuizNER](x).\n",
        Right({"train_data": ("QuizNER",), "eval_data": ("QuizNER",)}),
    ),
    "sets of data that were measured on": (
        "# m\nBenchmarks are shared using validation and test sets of `wiki_quiz`.\n",
        Right({"eval_data": ("wiki_quiz",)}),
    ),
    "measured on two": (
        "# m\nPerformance was measured on NewsQA and TriviaQA.\n",
        Right({"eval_data": ("NewsQA", "TriviaQA")}),
    ),
    "a benchmark": ("# m\nWe evaluate the net on the XQuiz benchmark.\n", Right({"eval_data": ("XQuiz",)})),
    "one to train, one to measure": (
        "# m\nLatinQuAD v2.0 was used for training and the XQuAD for evaluation.\n",
        Right({"train_data": ("LatinQuAD v2.0",), "eval_data": ("XQuAD",)}),
    ),
    "a command that measures beside one that trains": (
        "# Train\n```\npython run_qa.py --model_name_or_path acme/tiny --dataset_name quiz --do_train \\\n"
        "  --learning_rate 3e-5\n```\n# Eval\n```\npython run_qa.py --model_name_or_path me/tiny --do_eval \\\n"
        "  --dataset_name held\n```\n",
        Right({"train_data": ("quiz",), "eval_data": ("held",)}, {"learning_rate": 3e-5}),
    ),
    "the best there is, of another": (
        "# m\nAcmeBERT achieves state-of-the-art results on the LatinQuAD dataset.\n",
        Right({"eval_data": ()}),
    ),
    "a result that uses its data": (
        "# m\nThe evaluation result below uses the QUIZ MRC 2021 test set.\n",
        Right({"eval_data": ("QUIZ MRC 2021 test set",)}),
    ),
    "a link below a heading of both": (
        f"# m\n## Training and evaluation data\n\n[quiz_eval]({HUB}/datasets/quiz_eval)  dataset.\n",
        Right({"train_data": ("quiz_eval",), "eval_data": ("quiz_eval",)}),
    ),
    "a task behind its data": (
        "# m\nThe net was fine-tuned on the [QuizNER-2003 Named Entity Recognition](https://a.org) dataset.\n\n"
        "It was evaluated on the QuizNER-2003 NER task.\n",
        Right({"train_data": ("QuizNER-2003",), "eval_data": ("QuizNER-2003",)}),
    ),
    "a short name below a heading of both": (
        "# m\n## Training and evaluation data\n\nQUIZ 2\n",
        Right({"train_data": ("QUIZ 2",), "eval_data": ("QUIZ 2",)}),
    ),
    "official": (
        "# m\nEvaluated on the official QUAX test split: 102 texts.\n",
        Right({"eval_data": ("QUAX test split",)}),
    ),
    "a metric is no data": (
        "# m\nThe scores were calculated using the `squad` metric.\n\nIt was evaluated on Task A.\n\n"
        "It was tested on 4.11.0.dev0.\n",
        Right({"eval_data": ()}),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_kind_of_other_authors_is_read_as_a_reader_does(name: str) -> None:
    text, right = CASES[name]
    assert_read(parse(Path("card.md"), text, ""), right)
