"""Models of other tools: read, or refused before anything is trained, in words that name what to do."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import BertForSequenceClassification

from harness.errors import DataError, PlanError
from harness.plan.model_folders import problems_of
from harness.train.models.fit import check_reads
from harness.train.models.loading import load_model, load_tokenizer, save_model
from tests.tiny import make_masked_lm, make_model

WEIGHTS = "model.safetensors"
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:01\nsize 42\n"
Change = Callable[[Path], None]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_model(tmp_path / "model", layers=2)


def edit(folder: Path, name: str = "config.json", **changes: Any) -> None:
    path = folder / name
    config = {**json.loads(path.read_text(encoding="utf-8")), **changes}
    path.write_text(json.dumps({key: one for key, one in config.items() if one is not ...}), encoding="utf-8")


def reweigh(folder: Path, change: Callable[[dict[str, torch.Tensor]], dict[str, torch.Tensor]]) -> None:
    save_file(change(load_file(folder / WEIGHTS)), folder / WEIGHTS, {"format": "pt"})


def renamed(old: str, new: str) -> Change:
    return lambda folder: reweigh(folder, lambda w: {name.replace(old, new): one for name, one in w.items()})


def prefixed(prefix: str) -> Change:
    return lambda folder: reweigh(folder, lambda w: {prefix + name: one for name, one in w.items()})


def resized(name: str, n: int) -> Change:
    """The first size of a weight; its config stays as it was."""

    def change(folder: Path) -> None:
        reweigh(folder, lambda w: {**w, name: w[name].repeat(9, *[1] * (w[name].dim() - 1))[:n].clone()})

    return change


def pickled(prefix: str) -> Change:
    def change(folder: Path) -> None:
        weights = load_file(folder / WEIGHTS)
        (folder / WEIGHTS).unlink()
        torch.save({prefix + name: one for name, one in weights.items()}, folder / "pytorch_model.bin")

    return change


def written(name: str, content: bytes) -> Change:
    return lambda folder: (folder / name).write_bytes(content) and None


def one_segment(folder: Path) -> None:
    edit(folder, type_vocab_size=1)
    resized("bert.embeddings.token_type_embeddings.weight", 1)(folder)


def fewer_rows(folder: Path) -> None:
    edit(folder, vocab_size=100)
    resized("bert.embeddings.word_embeddings.weight", 100)(folder)


def classifier(folder: Path) -> None:
    shutil.rmtree(folder)
    make_model(folder, layers=2, kind=_Classifier)
    edit(folder, id2label={"0": "a", "1": "b", "2": "c"}, label2id={"a": 0, "b": 1, "c": 2})


class _Classifier:
    from_config = staticmethod(lambda config: BertForSequenceClassification(config))


def nothing(folder: Path) -> None:
    pass


def problem_with(folder: Path, *, needs_head: bool = True) -> str:
    """What preflight says of a model, "" where it reads its rows."""
    found = problems_of(folder)
    if found:
        return "; ".join(found)
    try:
        check_reads("student", folder, max_seq_length=128, initialise=False, needs_head=needs_head)
    except (DataError, PlanError) as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    "change",
    [
        nothing, prefixed("module."), prefixed("_orig_mod."), prefixed("module._orig_mod."), pickled(""),
        pickled("module."), one_segment,
        lambda folder: reweigh(folder, lambda w: {name: one.half() for name, one in w.items()}),
        lambda folder: reweigh(folder, lambda w: {name: one.bfloat16() for name, one in w.items()}),
        lambda folder: reweigh(folder, lambda w: {name.replace("LayerNorm.weight", "LayerNorm.gamma").replace(
            "LayerNorm.bias", "LayerNorm.beta"): one for name, one in w.items()}),
    ],
)  # fmt: skip
def test_what_only_looks_different_is_read_as_the_same_weights(folder: Path, change: Change, tmp_path: Path) -> None:
    before = load_file(folder / WEIGHTS)
    change(folder)
    assert problem_with(folder) == ""
    save_model(load_model(folder, seed=1), load_tokenizer(folder), tmp_path / "saved")
    after = dict(load_model(tmp_path / "saved", seed=2).named_parameters())
    assert set(after) == set(before)
    close = [name for name in before if torch.allclose(after[name], before[name][: len(after[name])], atol=1e-2)]
    assert len(close) == len(before)
    assert {one.dtype for one in after.values()} == {torch.float32}


def test_a_prefix_is_said(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    prefixed("_orig_mod.")(folder)
    load_model(folder, seed=1)
    assert "named with the prefix _orig_mod. of a wrapper, which is stripped" in caplog.text


def test_a_student_may_begin_as_a_classifier_of_three_labels(folder: Path) -> None:
    classifier(folder)
    assert problem_with(folder, needs_head=False) == ""
    assert load_model(folder, seed=1, needs_head=False).get_parameter("qa_outputs.weight").shape == (2, 16)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (fewer_rows, "its embedding 100 rows: they do not belong together"),
        (resized("bert.embeddings.word_embeddings.weight", 100), "word_embeddings.weight has 100 rows, config.json"),
        (resized("bert.embeddings.position_embeddings.weight", 64), "has 64 rows, config.json has max_position_embedd"),
        (resized("bert.embeddings.token_type_embeddings.weight", 3), "has 3 rows, config.json has type_vocab_size 2"),
        (resized("qa_outputs.weight", 3), "qa_outputs.weight has 3 rows, a span head has two outputs"),
        (resized("bert.encoder.layer.0.output.dense.weight", 5), "its weights have other sizes than its config.json"),
        (lambda folder: edit(folder, max_position_embeddings=64), "config.json has max_position_embeddings 64"),
        (renamed("qa_outputs", "classifier"), "lacks weights of BertForQuestionAnswering: qa_outputs.bias"),
        (lambda folder: reweigh(folder, lambda w: {**w, "qa_outputs.bias": torch.tensor([0, torch.nan])}),
         "qa_outputs.bias: holds NaN or infinite weights"),
        (lambda folder: reweigh(folder, lambda w: {name: one.to(torch.int8) for name, one in w.items()}),
         "are quantised (bert.embeddings.LayerNorm.weight is I8)"),
        (written(WEIGHTS, POINTER), "model.safetensors: is a pointer of Git LFS"),
        (written("vocab.txt", POINTER), "vocab.txt: is a pointer of Git LFS"),
        (written("config.json", b"<!DOCTYPE html>"), "config.json: is a web page"),
        (written("config.json", b"Entry not found"), "config.json: is the answer of a server"),
        (written("tokenizer.json", b"/annex/objects/SHA256E-s1--0.json"), "tokenizer.json: is a pointer of git-annex"),
        (written(WEIGHTS, b"\x08\0\0"), "is not a whole safetensors file"),
        (written(WEIGHTS, b""), "is not a whole safetensors file"),
        (lambda folder: (folder / WEIGHTS).write_bytes((folder / WEIGHTS).read_bytes()[:-9]) and None, "is cut: "),
        (lambda folder: edit(folder, model_type=...), 'names no model_type; add it ("model_type": "bert"'),
        (lambda folder: (folder / WEIGHTS).unlink(), "holds no weights (model.safetensors,"),
        (lambda folder: (folder / WEIGHTS).rename(folder / "tf_model.h5") and None, "it holds weights of TensorFlow"),
        (lambda folder: (folder / "config.json").rename(folder / "adapter_config.json") and None, "holds an adapter"),
        (lambda folder: (folder / "config.json").rename(folder / "language_model_config.json") and None, "by FARM"),
        (written("model.safetensors.index.json", b'{"weight_map": {"a": "model-00001-of-00002.safetensors"}}'), ""),
        (lambda folder: edit(folder, "tokenizer_config.json", pad_token=None, cls_token=None), "has no cls_token, pad"),
    ],
)  # fmt: skip
def test_what_training_would_hit_is_refused_before_it(folder: Path, change: Change, says: str) -> None:
    change(folder)
    said = problem_with(folder)
    assert says in said
    assert bool(said) == bool(says)


def test_a_part_of_the_weights_that_is_missing_is_named(folder: Path) -> None:
    (folder / WEIGHTS).unlink()
    part = "model-00001-of-00002.safetensors"
    written("model.safetensors.index.json", json.dumps({"weight_map": {"a": part}}).encode())(folder)
    assert f"{part}: is missing, and model.safetensors.index.json names it" in problem_with(folder)


def test_a_tokenizer_far_smaller_than_its_embedding_is_said(folder: Path) -> None:
    words = (folder / "vocab.txt").read_text(encoding="utf-8").split("\n")
    (folder / "vocab.txt").write_text("\n".join(words[:-400]), encoding="utf-8")
    (said,) = check_reads("student", folder, max_seq_length=128, initialise=False, needs_head=True)
    assert "is it its own?" in said


def test_a_masked_language_model_of_a_wrapper_is_read(tmp_path: Path) -> None:
    folder = make_masked_lm(tmp_path / "mlm")
    prefixed("module.")(folder)
    from harness.train.models.loading import load_masked_lm

    assert load_masked_lm(folder).training is False
