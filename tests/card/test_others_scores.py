"""Scores in sentences, lists and blocks of other authors, by kinds that were misread, in words of our own."""

from pathlib import Path

import pytest

from harness.card.read import parse
from tests.card.right import Right, assert_read

CASES: dict[str, tuple[str, Right]] = {
    "a leaderboard in the heading, the split in the sentence": (
        "# m\n## QuizQuAD Leaderboard and scores\nOn the test set it has,\n```\n{'f1': 81.5}\n```\n"
        "On the development set it has,\n```\n{'f1': 81.0}\n```\n",
        Right(claims=(("f1", 81.5, "QuizQuAD", None), ("f1", 81.0, "QuizQuAD", None)), splits=("test", "dev")),
    ),
    "splits where data sets stand": (
        "# m\n| Dataset | F1 |\n|--|--|\n| Dev | 71.6 |\n| Test | 73.8 |\n",
        Right(claims=(("f1", 71.6, None, None), ("f1", 73.8, None, None)), splits=("dev", "test")),
    ),
    "a heading with a picture behind its words": (
        "# m\n## Metrics on test set 📋\n| Metric | # score |\n|--|--|\n| F1 | 79.1 |\n",
        Right(claims=(("f1", 79.1, None, None),), splits=("test",)),
    ),
    "some results, and the prompt of a shell": (
        "# Some results\nAs follows\n\nme@box:~/run-1$ cat eval_results.txt\n* f1 = 0.8127\n",
        Right(claims=(("f1", 81.27, None, None),)),
    ),
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
    "a teacher of the same kind, by possessive, in HTML": (
        "## Acme's <i>acme_scivocab_uncased</i> fine-tuned on Quiz 2.0 evaluated with F1 = 71.25\n",
        Right(
            {"student": ("acme_scivocab_uncased",), "train_data": ("Quiz 2.0",)},
            claims=(("f1", 71.25, None, None),),
        ),
    ),
    "an arrow between a metric and its value": (
        "# m\nThe tuned net did well:\n\nPrecision => 0.71\nAccuracy => 0.73\n",
        Right(claims=(("precision", 71.0, None, None), ("accuracy", 73.0, None, None))),
    ),
    "in brackets behind what it is on par with": (
        "# m\nThe net reaches F1 80.1, on par with [ACME](https://a.org/1.pdf) (EM/F1: 77.7/85.8), although small.\n",
        Right(claims=(("exact", 77.7, None, "other"), ("f1", 85.8, None, "other"), ("f1", 80.1, None, None))),
    ),
    "the paper's number and ours in a sentence": (
        "# m\nF1 on dev (from paper)[https://a.org/1.pdf] is 81.9, we reach 81.58.\n",
        Right(claims=(("f1", 81.9, None, "other"), ("f1", 81.58, None, None))),
    ),
    "an epoch in a result": (
        "# m\n```\n{'exact': 78.6,\n'f1': 81.5,\n'epoch': 1.59}\n```\n",
        Right(claims=(("exact", 78.6, None, None), ("f1", 81.5, None, None), ("epoch", 1.59, None, None))),
    ),
    "a card of a tool that attacks": (
        "## A Tool's CardThis `acme-tiny-uncased` model was fine-tuned using a tool\nand the quiz_news dataset loaded "
        "using the `nlp` library. The best score achieved was 0.947, as measured by\nthe eval set accuracy.\n",
        Right(
            {"student": ("acme-tiny-uncased",), "train_data": ("quiz_news",)},
            claims=(("accuracy", 94.7, None, None),),
        ),
    ),
    "other models' scores": (
        "# m\n## Similar models\nYou can also try [big](x) that achieves **F1 = 82.16** and **EM = 71.06**.\n",
        Right(claims=(("f1", 82.16, None, "other"), ("exact", 71.06, None, "other"))),
    ),
    "memory is no result": (
        "# m\n```\n{'test_accuracy': 0.938,\n 'test_mem_cpu_alloc_delta': 0,\n 'test_mem_gpu_peaked': 1634}\n```\n",
        Right(claims=(("test_accuracy", 93.8, None, None),)),
    ),
    "a metric on two splits": (
        "# m\nOn fold 3, the model achieved an F1 of 82.61% on dev/validation and 85.27% on test.\n",
        Right(claims=(("f1", 82.61, None, None), ("f1", 85.27, None, None))),
    ),
    "a percent that is escaped": (
        "# m\nThis is the best tagging model (with 95.38\\% Accuracy) there is.\n",
        Right(claims=(("accuracy", 95.38, None, None),)),
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
    "a part of the data as a heading": (
        "# m\n## LQA DEV (latin)\nEM: 63.8\nF1: 77.2\n",
        Right(claims=(("exact", 63.8, "LQA", None), ("f1", 77.2, "LQA", None))),
    ),
    "against the base, in a block": (
        "# m\n```\nf1 = 84.43 (against 82.50 for the base model)\n```\n",
        Right(claims=(("f1", 82.5, None, "other"), ("f1", 84.43, None, None))),
    ),
    "two values, then their names": (
        "# m\nOn its test set, it showed approximately 87% and 92% respectively for the EM score and F1 score.\n",
        Right(claims=(("exact", 87.0, None, None), ("f1", 92.0, None, None))),
    ),
    "a count beside scores": (
        '# m\n- "eval_f1": 88.01\n- "eval_samples": 10790\n',
        Right(claims=(("f1", 88.01, None, None), ("eval_samples", 10790, None, None))),
    ),
    "in comparison": (
        "# m\nIn comparison, the `acme/other-squad` model achieves 30.37% EM and 37.15% F1.\n",
        Right(claims=(("exact", 30.37, None, "other"), ("f1", 37.15, None, "other"))),
    ),
    "better than the original": (
        "# m\nResults: F1= 85.85 , a much better result than the original 81.9 from the paper.\n",
        Right(claims=(("f1", 85.85, None, None), ("f1", 81.9, None, "other"))),
    ),
    "what a card tells of its base": (
        "# AnswersQA\n### About ruNet-3 XL model\nFinal perplexity on test set is 12.05.\n",
        Right(claims=(("perplexity", 12.05, None, "other"),)),
    ),
    "a score with its data in brackets": (
        "# m\nThe F1 obtained on dev data (train and test were merged into one) is 91.38.\n",
        Right(claims=(("f1", 91.38, None, None),)),
    ),
    "a recall at a precision": ("# m\nRecall at 80% precision is what counts here.\n", Right(claims=())),
}


@pytest.mark.parametrize("name", CASES)
def test_a_kind_of_other_authors_is_read_as_a_reader_does(name: str) -> None:
    text, right = CASES[name]
    assert_read(parse(Path("card.md"), text, ""), right)
