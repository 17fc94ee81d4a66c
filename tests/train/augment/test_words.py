"""A context to words: what is cut, what is masked, what is refused."""

from pathlib import Path

import pytest
from tokenizers import normalizers, pre_tokenizers

from harness.errors import DataError
from harness.train.augment.words import MAX_PIECES, check_is_bert, words_of
from harness.train.models.loading import load_tokenizer
from tests.tiny import make_model


def test_case_accents_punctuation_and_chinese_are_cut_as_bert_does(goldens: Path) -> None:
    words = words_of("Café, «Ωmega» 東京\u00a0x\u200by\ttail ", load_tokenizer(goldens / "mlm"), ())
    assert [word.text for word in words] == ["cafe", ",", "«", "ωmega", "»", "東", "京", "xy", "tail"]


def test_a_special_token_spelled_out_in_a_text_is_cut_like_any_text(goldens: Path) -> None:
    words = words_of("[MASK]", load_tokenizer(goldens / "mlm"), ())
    assert [word.text for word in words] == ["[", "mask", "]"]


def test_a_word_that_is_wholly_unknown_is_one_piece_and_is_masked(goldens: Path) -> None:
    tokenizer = load_tokenizer(goldens / "mlm")
    [word] = words_of("☃", tokenizer, ())
    assert (word.pieces, word.source, word.position) == ((tokenizer.unk_token_id,), "mlm", 1)


def test_no_word_is_masked_from_the_510th_piece_on(goldens: Path) -> None:
    words = words_of("the " * 600, load_tokenizer(goldens / "mlm"), {"the"})
    assert [word.position for word in words[: MAX_PIECES - 1]] == list(range(1, MAX_PIECES))
    assert {(word.source, word.position) for word in words[MAX_PIECES - 1 :]} == {("glove", None)}


@pytest.mark.parametrize("context", ["", " \n\t", "\u200b"])
def test_a_context_without_words_has_none(goldens: Path, context: str) -> None:
    assert words_of(context, load_tokenizer(goldens / "mlm"), ()) == []


def test_a_tokenizer_that_cuts_otherwise_is_refused(tmp_path: Path) -> None:
    tokenizer = load_tokenizer(make_model(tmp_path / "m", layers=1))
    check_is_bert(tokenizer, tmp_path)
    tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    with pytest.raises(DataError, match="pre_tokenizer of type Whitespace, not BERT's BertPreTokenizer"):
        check_is_bert(tokenizer, tmp_path)
    tokenizer.backend_tokenizer.normalizer = normalizers.NFC()
    with pytest.raises(DataError, match="normalizer of type NFC"):
        check_is_bert(tokenizer, tmp_path)
