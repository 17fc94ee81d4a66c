"""Each way in which cards state settings and numbers, and each kind of damage, on look-alikes made for the purpose."""

from pathlib import Path

import pytest

from harness.card.read import parse
from harness.domain import Card


def read(text: str, name: str = "org__model") -> Card:
    return parse(Path(f"{name}.md"), text, "")


def settings(text: str) -> dict[tuple[str, str], str]:
    return {(one.section, one.key): one.raw for one in read(text).stated}


def claims(text: str, name: str = "org__model") -> list[tuple[str, str, str | None]]:
    return [(one.metric, one.raw, one.subject) for one in read(text, name).claims]


def fact(text: str, name: str) -> str | None:
    found = read(text).fact(name)
    return found.value if found else None


# --- settings ---

TRAINER = """### Training hyperparameters

The following hyperparameters were used during training:
- learning_rate: 2e-05
- optimizer: Adam with betas=(0.9,0.999) and epsilon=1e-08
- lr_scheduler_warmup_steps: 0.1
- num_epochs: 3
"""
BY_HAND = """## Fine-tuning hyper-parameters
- learning rate = 1e-5
* Batch size: `32`
- **Max length sequence**: 128
- Why: it is a good model
"""
COMMAND = """## Training
```bash
NEPOCH=2
export DIR=data/x
python run_qa.py \\
  --model_name_or_path my/base\\
  --learning_rate 3e-5 --num_train_epochs $NEPOCH \\
  --per_gpu_train_batch_size=12 \\
  --optim_args '{"lr": 1e-4}' --betas 0.9 0.999 \\
  --fp16 --output_dir $DIR 2>&1 | tee log --not_a_flag
```
## Eval
```
python run_qa.py --model_name_or_path other/model --do_eval --max_seq_length 99
```
"""
UNFENCED_COMMAND = "### Model\nRelevant parameters:\n\n--enc-depth 6  --dec-depth 3\n\n--learn-rate 0.0002 \n\n--tied\n"
CALL = """## Training procedure
```python
BATCH = 16
args = TrainingArguments(
    output_dir='./out',    # where it goes
    num_train_epochs=5,
    per_device_train_batch_size=BATCH,
    #learning_rate=1e-3,
    fp16=True)
batch_size = 6
```
"""
PLAIN_CALL = (
    "training_args = TrainingArguments(\n    warmup_steps=500,   # was 300\n    #seed=1,\n    logging_steps = 50,\n)\n"
)
DICTIONARY = """## Training
```
train_args = {
    'learning_rate': 1e-5, 'do_lower_case': True,
    'optimizer_params': {"lr": 2e-05},
}
```
"""
BROKEN_JSON = (
    '## Training\n```\n{\n  "epochs": 4,\n  "weight_decay: 0.01\n  optimizer_params: {\n "lr": 3e-05 }\n}\n```\n'
)
SBERT = """## Training
**DataLoader**:

`torch.utils.data.dataloader.DataLoader` of length 719 with parameters:
```
{'batch_size': 8}
```

**Loss**:

`sentence_transformers.losses.CosineSimilarityLoss.CosineSimilarityLoss`
"""
TABLE = "## Setup\n| Parameter | Value |\n|---|---|\n| Learning rate | 5e-5 |\n| Epochs | 3 |\n"
WIDE_TABLE = "## Setup\nLearning_rate | Batch_size\n-|-\n0.00003 | 16\n"
ORDERED = "## Hyperparameters\n```python\nOrderedDict([('batch_size', 32),\n  ('policy', 'CnnPolicy')])\n```\n"


@pytest.mark.parametrize(
    ("text", "section", "expected"),
    [
        (TRAINER, "Training hyperparameters", {
            "learning_rate": "2e-05", "optimizer": "Adam with betas=(0.9,0.999) and epsilon=1e-08",
            "lr_scheduler_warmup_steps": "0.1", "num_epochs": "3"}),
        (BY_HAND, "Fine-tuning hyper-parameters", {
            "learning rate": "1e-5", "Batch size": "32", "Max length sequence": "128"}),
        (COMMAND, "Training", {
            "model_name_or_path": "my/base", "learning_rate": "3e-5", "num_train_epochs": "2",
            "per_gpu_train_batch_size": "12", "optim_args": '{"lr": 1e-4}', "betas": "0.9 0.999", "fp16": "true",
            "output_dir": "data/x"}),
        (UNFENCED_COMMAND, "Model", {"enc-depth": "6", "dec-depth": "3", "learn-rate": "0.0002", "tied": "true"}),
        (CALL, "Training procedure", {
            "output_dir": "./out", "num_train_epochs": "5", "per_device_train_batch_size": "16", "fp16": "True"}),
        (PLAIN_CALL, "", {"warmup_steps": "500", "logging_steps": "50"}),
        (DICTIONARY, "Training", {"learning_rate": "1e-5", "do_lower_case": "True", "optimizer_params.lr": "2e-05"}),
        (BROKEN_JSON, "Training", {"epochs": "4", "weight_decay": "0.01", "optimizer_params.lr": "3e-05"}),
        (SBERT, "Training", {"DataLoader length": "719", "batch_size": "8", "loss": "CosineSimilarityLoss"}),
        (TABLE, "Setup", {"Learning rate": "5e-5", "Epochs": "3"}),
        (WIDE_TABLE, "Setup", {"Learning_rate": "0.00003", "Batch_size": "16"}),
        (ORDERED, "Hyperparameters", {"batch_size": "32", "policy": "CnnPolicy"}),
        ("## T\nWe trained for three epochs with a learning rate of `1e-5`.\n", "T",
         {"epochs": "three", "learning rate": "1e-5"}),
        ("## T\nTrained with 5e-5 learning rate and a batch size of 32.\n", "T",
         {"learning rate": "5e-5", "batch size": "32"}),
        ("**Training**\n\n```\nbs = 8\nbacth_size: 4\n```\n", "Training", {"bs": "8", "bacth_size": "4"}),
        ("## T\n1. LR 1e-3, bs 64, 10 epochs, stopped at eval loss 3.206\n2. LR 3e-4, bs 64, 7 epochs\n", "T",
         {"1.LR": "1e-3", "1.bs": "64", "1.epochs": "10", "2.LR": "3e-4", "2.bs": "64", "2.epochs": "7"}),
    ],
)  # fmt: skip
def test_settings_in_each_form(text: str, section: str, expected: dict[str, str]) -> None:
    assert settings(text) == {(section, key): raw for key, raw in expected.items()}


@pytest.mark.parametrize(
    ("raw", "value", "is_grid"),
    [
        ("4e−5", 4e-5, False), ("5 · 10−5", 5e-5, False), ("10^-6", 1e-6, False), ("22*4", 88, False),
        ("250K", 250_000, False), ("1'024", 1024, False), ("(2e-05, 1e-05)", (2e-5, 1e-5), False),
        ("[3e-5, 5e-5]", (3e-5, 5e-5), True), ("3e-5, 1e-4", (3e-5, 1e-4), True), ("1e-5 to 5e-5", (1e-5, 5e-5), True),
        ("512 tokens for question and passage", 512, False), ("None", "None", False), ("-1", -1, False),
    ],
)  # fmt: skip
def test_values_are_kept_as_printed_and_converted(raw: str, value: object, is_grid: bool) -> None:
    (one,) = read(f"## H\n```\nlearning_rate = {raw}\n```\n").stated
    assert (one.raw, one.value, one.is_grid) == (raw, value, is_grid)


def test_warmup_steps_below_one_are_a_ratio_under_the_printed_key() -> None:
    (one,) = [one for one in read(TRAINER).stated if one.key == "lr_scheduler_warmup_steps"]
    assert (one.name, one.value) == ("warmup_ratio", 0.1)


# --- claims ---

INDEX = """---
model-index:
- name: m
  results:
  - task: {type: question-answering}
    dataset: {name: squad_v2, type: squad_v2, split: validation}
    metrics:
    - {type: exact_match, value: 78.8627, name: Exact Match}
    - {type: f1, value: '25.59%'}
    - {type: wer, value: {result: NA}}
    - {type: bleu, value: [18.55]}
---
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (INDEX, [("exact", "78.8627", None), ("f1", "25.59", None), ("bleu", "18.55", None)]),
        ("---\nmodel-index:\n  name: m\n  results: []\n---\n# T\n- F1: 0.5\n", [("f1", "0.5", None)]),
        ("---\nmodel_index:\n  name: m\n  results:\n    metrics:\n      type: accuracy\n      value: 0.9\n---\n",
         [("accuracy", "0.9", None)]),
        ("It achieves the following results on the evaluation set:\n- Loss: 1.5\n- Gen Len: 18.5\n",
         [("loss", "1.5", None), ("gen_len", "18.5", None)]),
        ("## R\n| Metric | # Value | # Original |\n|-|-|-|\n| **EM** | **80.9** | 80.8 |\n| **Size** | 50 MB | 3 |\n",
         [("exact", "80.9", None), ("exact", "80.8", "# Original")]),
        ("## R\nmetric|dev|test\n-|-|-\nf1 |95.1 |91.3\n", [("f1", "95.1", None), ("f1", "91.3", None)]),
        ("## R\n| Model | EM/F1 | NoAns |\n|-|-|-|\n| mine | **67.4**/71.4 | 79.9 |\n",
         [("exact", "67.4", "mine"), ("f1", "71.4", "mine"), ("NoAns_exact", "79.9", "mine")]),
        ("## R\n| Model | F1 |\n|-|-|\n| other | 80.1 |\n| model (this model) | 81.2 |\n",
         [("f1", "80.1", "other"), ("f1", "81.2", None)]),
        ("## R\n|  | precision | recall |\n|-|-|-|\nDNA | 0.7 | 0.8 |\n**macro avg** | 0.5 | 0.6 |\n",
         [("precision_dna", "0.7", None), ("recall_dna", "0.8", None),
          ("precision_macro_avg", "0.5", None), ("recall_macro_avg", "0.6", None)]),
        ("| Training Loss | Epoch | Step | F1 |\n|-|-|-|-|\n| 1.2 | 1.0 | 55 | 0.8 |\n", []),
        ("<table><tr><th>epoch</th><th>eval_f1</th></tr><tr><td>1</td><td>0.5</td></tr></table>\n", []),
        ("<table>\n<tr><th>Model</th><th>F1</th></tr>\n<tr><td>x</td>\n<td>88.5</td></tr>\n</table>\n", [("f1",
         "88.5", "x")]),
        ("Here are the BLEU scores:\n\nmodel | transformers\n-|-\nm6 | 38.37\n", [("bleu", "38.37",
         "m6 (transformers)")]),
        ("This model reaches a F1 score of 87.1 on the dev set (for comparison, BERT reaches a F1 score of 88.7).\n",
         [("f1", "87.1", None), ("f1", "88.7", "other")]),
        ("The accuracy is about **95.4%** and it achieves 0.90 recall.\n", [("accuracy", "95.4", None),
         ("recall", "0.90", None)]),
        (" BLEU|#:1|bs:1000|v:2.0.0 = 47.8 (μ = 47.8 ± 0.9)\n", [("bleu", "47.8", None)]),
        ("**Results**:\n\n{'exact': 67.3, 'f1': 71.3, 'total': 9669}\n",
         [("exact", "67.3", None), ("f1", "71.3", None), ("total", "9669", None)]),
        ("**XVAL EM:** 0.178\n\n**Single F1-Scores:** [0.4, 0.5]\n",
         [("xval_em", "0.178", None), ("single_f1_scores", "0.4", "run 1"), ("single_f1_scores", "0.5", "run 2")]),
        ("## Evaluation\nBM25 without reranking\n- recall@3: 0.4088 (419 / 1025)\n",
         [("recall@3", "0.4088", "BM25 without reranking")]),
        ("Per-class sizes:\n\nDataset|LOC|PER\n-|-|-\nTrain|7140|6600\n", []),
        ("```python\nprint(p)\n# {'label': 'A', 'score': 0.98}\n```\n", []),
    ],
)  # fmt: skip
def test_claims_in_each_form(text: str, expected: list[tuple[str, str, str | None]]) -> None:
    assert claims(text) == expected


def test_data_set_and_split_come_from_the_sentence_before() -> None:
    de = 'Evaluated on German MLQA: test-de.json\n```\n"f1": 66.1\n```\n'
    en = 'Evaluated on the SQuAD 2.0 dev set\n\n```\n"f1": 83.7\n```\n'
    text = f"## Performance\n{de}{en}"
    assert [(one.dataset, one.split) for one in read(text).claims] == [
        ("German MLQA", None),
        ("SQuAD 2.0 dev set", "dev"),
    ]


def test_one_result_at_two_precisions_is_no_conflict_and_two_results_are_one() -> None:
    index = INDEX.replace("'25.59%'", "77.1684")
    same, other = f'{index}```\n"exact": 78.86\n```\n', f'{index}```\n"f1": 76.36\n```\n'
    assert read(same).conflicts == ()
    (conflict,) = read(other).conflicts
    assert (conflict.what, conflict.values, conflict.lines) == ("f1", ("77.1684", "76.36"), (9, 14))


# --- facts ---


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("student", "This model is a fine-tuned version of [small](https://huggingface.co/org/small) on the x dataset.",
         "org/small"),
        ("student", "# T\n[BERT](https://huggingface.co/org/bert-x) fine-tuned on [SQuAD](https://x.y).", "org/bert-x"),
        ("student", "## H\n```\nbase_LM_model = \"org/base\"\n```\n", "org/base"),
        ("student", "The model used is [X from Y](https://huggingface.co/y/x-large).", "y/x-large"),
        ("student", "# tiny-bert fine-tuned on SQuAD\n", "tiny-bert"),
        ("train_data",
         "This is xlm-roberta-large model finetuned on SQuADv2 dataset for question answering task", "SQuADv2"),
        ("train_data", "**Training data:** SQuAD 2.0 </br>", "SQuAD 2.0"),
        ("eval_data", "| Dataset | Split | # samples |\n|-|-|-|\n| SQuAD1.1 | train | 90K |\n"
         "| SQuAD1.1 | eval | 11k |\n", "SQuAD1.1"),
        ("eval_data", "## Eval results\n- Data: [dev-v2.0.json](https://x.y/dev.json)\n", "dev-v2.0.json"),
        ("infrastructure", "The model was trained on a Tesla P100 GPU and 25GB of RAM with the following command:",
         "a Tesla P100 GPU and 25GB of RAM"),
        ("infrastructure", "```\nOS/Platform: Linux\nCPU/GPU: Intel / NVIDIA Titan RTX\n```\n",
         "Intel / NVIDIA Titan RTX"),
        ("framework", "### Framework versions\n- Transformers 4.16.0.dev0\n- Pytorch 1.10\n",
         "transformers 4.16.0.dev0"),
        ("license", "<!-- - **License:** Unknown -->\n", None),
        ("student", "This is a [library](https://www.x.y) model: it maps sentences.", None),
    ],
)  # fmt: skip
def test_facts_in_each_form(name: str, text: str, value: str | None) -> None:
    assert fact(text, name) == value


# --- damage ---

BLOCK = "## Hyperparameters\n```\nlr = 1e-5\n```\n"
FOUND = {("Hyperparameters", "lr"): "1e-5"}


@pytest.mark.parametrize(
    ("text", "note"),
    [
        (f"\n\n---\nlanguage: en\n---\n{BLOCK}", None),
        (f"----\nlanguage: en\n----\n{BLOCK}", "opens with ----"),
        (f"---\n- a\n- b\n---\n{BLOCK}", "no mapping"),
        (f'---\nlanguage: "fr"tags:\n---\n{BLOCK}', "line 2: the front matter is not YAML"),
        (f"---\nlanguage: en\n\tlicense: mit\n---\n{BLOCK}", "line 3: the front matter is not YAML"),
        (f"---\ndate: 2021-13-45\n---\n{BLOCK}", "is not YAML"),
        (f"---\nlanguage: en\n\n{BLOCK}", "never closed"),
        (f"---\n\nA rule, and text.\n\n---\n{BLOCK}", None),
        (f"---\na: {'[' * 60}\n---\n{BLOCK}", "too long or too deep"),
        (f"---\na: &a [1]\nb: &b [{','.join(['*a'] * 99)}]\nc: &c [{','.join(['*b'] * 99)}]\n"
         f"d: [{','.join(['*c'] * 99)}]\n---\n{BLOCK}",
         "aliases"),
        ("\ufeff" + BLOCK, "byte order mark"),
        (BLOCK.replace("\n", "\r\n"), None),
        (BLOCK.replace("\n", "\r\r\n"), None),
        (BLOCK.replace("\n", "\n\n"), None),
        (BLOCK.replace("```", "~~~~"), None),
        (BLOCK.replace("```\n", "````\n"), None),
        (BLOCK.removesuffix("```\n"), None),
        (BLOCK.removesuffix("```\n") + "## Usage\n```python\nx = f(lr)\n```\n", "never closed"),
        ("##Hyperparameters\n```\nlr = 1e-5\n```\n", None),
        ("<h2>Hyperparameters</h2>\n\n```\nlr = 1e-5\n```\n", None),
        ("- list\n\n  ## Hyperparameters\n  ```\n  lr = 1e-5\n  ```\n", None),
        (f"{BLOCK}---\nlicense: mit\n---\n", None),
    ],
)  # fmt: skip
def test_damage_hides_no_setting_and_is_noted(text: str, note: str | None) -> None:
    found = read(text)
    assert {(one.section, one.key): one.raw for one in found.stated} == FOUND
    assert [note is not None and note in str(one) for one in found.notes] == ([True] if note else [])


@pytest.mark.parametrize(
    "text",
    ["```{\"f1\": 90.48%, \"em\": 80}```\n", "we improved them to:\n```{\n  \"f1\": 90.48,\n  \"em\": 80\n"
     "}```\nMore text\n"],
    ids=["on one line", "a brace behind the fence"],
)  # fmt: skip
def test_a_fence_glued_to_its_braces_is_read(text: str) -> None:
    assert claims(text) == [("f1", "90.48", None), ("exact", "80", None)]


@pytest.mark.parametrize("text", ["", "Invalid username or password.", "# Film\nWatch online now\n", "\x00\x01"])
def test_what_is_no_card_states_nothing(text: str) -> None:
    found = read(text)
    assert (found.stated, found.claims, found.conflicts) == ((), (), ())
