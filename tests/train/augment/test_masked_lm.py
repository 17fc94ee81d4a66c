"""Candidates of masked words: the narrow last layer gives what the whole model gives; unfit models are refused."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from harness.errors import DataError
from harness.train.augment import masked_lm
from harness.train.augment.words import words_of
from harness.train.models.loading import load_masked_lm
from tests.tiny import make_model

CPU = torch.device("cpu")


@pytest.fixture
def folder(goldens: Path, tmp_path: Path) -> Path:
    copied = tmp_path / "mlm"
    copied.mkdir()
    for path in (goldens / "mlm").iterdir():
        shutil.copyfile(path, copied / path.name)
    return copied


def edit(path: Path, **changes: Any) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), **changes}), encoding="utf-8")


def test_candidates_are_the_best_of_the_whole_models_logits_without_continuations(goldens: Path) -> None:
    tokenizer, model = masked_lm.load(goldens / "mlm", CPU)
    words = words_of("What is the time complexity of an input string, and why?", tokenizer, ())
    found = iter(masked_lm.best_pieces(model, tokenizer, words, k=9))
    ids = tokenizer([" ".join(word.text for word in words)])["input_ids"][0]
    for word in words:
        if word.position is None:
            continue
        masked = torch.tensor([ids])
        masked[0, word.position] = tokenizer.mask_token_id
        with torch.no_grad():
            best = model(input_ids=masked).logits[0, word.position].topk(9).indices.tolist()
        expected = [piece for piece in tokenizer.convert_ids_to_tokens(best) if not piece.startswith("##")]
        assert list(next(found)) == expected
    assert next(found, None) is None


def test_the_model_is_left_whole(goldens: Path) -> None:
    tokenizer, model = masked_lm.load(goldens / "mlm", CPU)
    words = words_of("the time", tokenizer, ())
    masked_lm.best_pieces(model, tokenizer, words, k=2)
    assert not model.bert.encoder.layer[-1].attention.output._forward_pre_hooks
    assert model(input_ids=torch.tensor([[2, 5, 3]])).logits.shape == (1, 3, 2000)


def test_more_possibilities_than_pieces_give_all_pieces(goldens: Path) -> None:
    tokenizer, model = masked_lm.load(goldens / "mlm", CPU)
    [found] = masked_lm.best_pieces(model, tokenizer, words_of("the", tokenizer, ()), k=5000)
    assert set(found) == {piece for piece in tokenizer.get_vocab() if not piece.startswith("##")}


def test_a_context_without_single_pieces_asks_nothing(goldens: Path) -> None:
    tokenizer, model = masked_lm.load(goldens / "mlm", CPU)
    assert masked_lm.best_pieces(model, tokenizer, [], k=5) == []


def test_weights_that_are_not_all_there_are_named(folder: Path) -> None:
    tensors = load_file(folder / "model.safetensors")
    del tensors["cls.predictions.transform.dense.weight"]
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(
        DataError, match=r"lacks weights of BertForMaskedLM: cls\.predictions\.transform\.dense\.weight"
    ):
        load_masked_lm(folder)


def test_a_question_answering_model_is_no_masked_lm(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"lacks weights of BertForMaskedLM: cls\."):
        masked_lm.load(make_model(tmp_path / "qa", layers=1), CPU)


def test_weights_that_cannot_be_read_are_refused(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"x" * 100)
    with pytest.raises(DataError, match="holds no loadable masked language model"):
        load_masked_lm(folder)


def test_too_few_positions_are_refused(folder: Path) -> None:
    tensors = load_file(folder / "model.safetensors")
    name = "bert.embeddings.position_embeddings.weight"
    save_file({**tensors, name: tensors[name][:100].clone()}, folder / "model.safetensors", metadata={"format": "pt"})
    edit(folder / "config.json", max_position_embeddings=100)
    with pytest.raises(DataError, match="has 100 positions; 512 are needed"):
        masked_lm.load(folder, CPU)
