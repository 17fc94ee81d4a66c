"""Tables of other authors, by kinds that were misread, in words of our own."""

from pathlib import Path

import pytest

from harness.card.read import parse
from tests.card.right import Right, assert_read

HUB = "https://huggingface.co"
CASES: dict[str, tuple[str, Right]] = {
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
    "scores whose metric the front matter names": (
        "---\nmetrics:\n- accuracy\n---\n# m\n## Evaluation results\n\n| Task | MNLI | MNLI-mm |\n|--|--|--|\n"
        "|  | 82.0 | 82.5 |\n",
        Right(claims=(("accuracy", 82.0, "MNLI", None), ("accuracy", 82.5, "MNLI-mm", None))),
    ),
    "a corpus a row": (
        "# m\n| Test Corpus | Accuracy |\n|--|--|\n| Matched | 0.82 |\n",
        Right(claims=(("accuracy", 82.0, "Matched", None),)),
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
    "one row of several scores": (
        "# m\n| Model | Bleu 1 | Bleu 2 | METEOR |\n|--|--|--|--|\n| ACME-HL | 34.25 | 27.7 | 23.58 |\n",
        Right(claims=(("bleu_1", 34.25, None, None), ("bleu_2", 27.7, None, None), ("meteor", 23.58, None, None))),
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
    # --- tables and sentences of a later look ---
    "a header of three rows": (
        "# A acme-large\n| Model | Quiz21 | Medic |\n|--|--|--|\n| | F1-score | Accuracy |\n| | dev / A | test-1 |\n"
        "| acme-large (Acme) | 65.49 / 64.27 | 82.5 |\n| acme-large (ours) | 70.45 / **68.13** | 83.4 |\n"
        "| other-large (ours) | 68.91 / 66.91 | 83.1 |\n",
        Right(
            claims=(
                ("f1", 65.49, "Quiz21 (dev / A)", "acme-large (Acme)"),
                ("f1", 64.27, "Quiz21 (dev / A)", "acme-large (Acme)"),
                ("accuracy", 82.5, "Medic (test-1)", "acme-large (Acme)"),
                ("f1", 70.45, "Quiz21 (dev / A)", None),
                ("f1", 68.13, "Quiz21 (dev / A)", None),
                ("accuracy", 83.4, "Medic (test-1)", None),
                ("f1", 68.91, "Quiz21 (dev / A)", "other-large (ours)"),
                ("f1", 66.91, "Quiz21 (dev / A)", "other-large (ours)"),
                ("accuracy", 83.1, "Medic (test-1)", "other-large (ours)"),
            )
        ),
    ),
    "correlations and parts in brackets behind their data": (
        "# m\n| Model | LatSTS (spearman) | LatQuAD (Dev) (EM/F1) | Hate (Dev) (F1) |\n|--|--|--|--|\n"
        "| LatBERT | 81.5 | 51.7 / 79.1 | 66.2 |\n| OtherBERT | 78.4 | 64.7 / 88.9 | 64.0 |\n",
        Right(
            claims=(
                ("spearman", 81.5, "LatSTS", "LatBERT"),
                ("exact", 51.7, "LatQuAD (Dev)", "LatBERT"),
                ("f1", 79.1, "LatQuAD (Dev)", "LatBERT"),
                ("f1", 66.2, "Hate (Dev)", "LatBERT"),
                ("spearman", 78.4, "LatSTS", "OtherBERT"),
                ("exact", 64.7, "LatQuAD (Dev)", "OtherBERT"),
                ("f1", 88.9, "LatQuAD (Dev)", "OtherBERT"),
                ("f1", 64.0, "Hate (Dev)", "OtherBERT"),
            )
        ),
    ),
    "a row a data set, each with the model tuned for it": (
        f"# LatBase\n| Task/Dataset | F1 | Model |\n|--|--|--|\n| POS | 97.3 | [LatBase-pos]({HUB}/me/LatBase-pos) |\n"
        f"| NER | 77.5 | [LatBase-ner]({HUB}/me/LatBase-ner) |\n",
        Right(claims=(("f1", 97.3, "POS", "me/LatBase-pos"), ("f1", 77.5, "NER", "me/LatBase-ner"))),
    ),
    "scores alone": (
        "# m\n| Exact Match | 47.44 |\n|--|--|\n\nMore.\n\n| EM | 50.5 |\n|--|--|\n| F1 | 60.1 |\n",
        Right(
            claims=(("exact", 47.44, None, None), ("exact", 50.5, None, None), ("f1", 60.1, None, None)),
        ),
    ),
    "rows that all link to one page": (
        f"# About\n| Model | EM |\n|--|--|\n| [large]({HUB}/me/quiz-large) public | 85.8 |\n"
        f"| [large]({HUB}/me/quiz-large) private | 82.1 |\n",
        Right(claims=(("exact", 85.8, None, None), ("exact", 82.1, None, None))),
    ),
    "two of ours, the title's with underscores": (
        "# Latin lat_bert_large\n| Model | F1 |\n|--|--|\n| lat-bert-large (of others) | 65.5 |\n"
        "| mac-large (ours) | 70.5 |\n| lat-bert-large (ours) | 68.9 |\n",
        Right(
            claims=(
                ("f1", 65.5, None, "lat-bert-large (of others)"),
                ("f1", 70.5, None, "mac-large (ours)"),
                ("f1", 68.9, None, None),
            )
        ),
    ),
    "the row with the scores of the index": (
        "---\nmodel-index:\n- name: x\n  results:\n  - metrics:\n    - {type: f1, value: 72.91}\n"
        "    - {type: exact_match, value: 60.68}\n---\n# m\n| Method | F1 | Exact match |\n|--|--|--|\n"
        "| Linear probe | 25.18 | 16.2 |\n| Top layers | 72.91 | 60.68 |\n",
        Right(
            claims=(
                ("f1", 72.91, None, None),
                ("exact", 60.68, None, None),
                ("f1", 25.18, None, "Linear probe"),
                ("exact", 16.2, None, "Linear probe"),
                ("f1", 72.91, None, None),
                ("exact", 60.68, None, None),
            )
        ),
    ),
    "entities under two models": (
        "# ParsQuiz: x\n| Entity Type | ParsQuiz F1 | ParsBert F1 |\n|--|--|--|\n| PER | 91 | 80 |\n| LOC | 8 | - |\n",
        Right(
            claims=(
                ("parsquiz_f1_per", 91, None, None),
                ("parsbert_f1_per", 80, None, "ParsBert"),
                ("parsquiz_f1_loc", 8, None, None),
            )
        ),
    ),
    "categories under a heading that says so": (
        "# m\n### Per-category results\n| Strongest | F1 |\n|--|--|\n| Law | 97.4 |\n| Dates | 61.9 |\n",
        Right(claims=(("f1_law", 97.4, "Per-category", None), ("f1_dates", 61.9, "Per-category", None))),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_kind_of_other_authors_is_read_as_a_reader_does(name: str) -> None:
    text, right = CASES[name]
    assert_read(parse(Path("card.md"), text, ""), right)
