"""Tiny random span models of each family of encoders, with a fast tokenizer of the family's own kind."""

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

from harness.qa import squad
from tests.tiny import VOCABULARY

WORDS = 600  # of a vocabulary that is trained on the pocket questions
SIZE = {"hidden_size": 16, "num_attention_heads": 2, "intermediate_size": 32, "num_hidden_layers": 2}
# Family -> configuration class, what it is called there, and its kind of tokenizer.
FAMILIES: Mapping[str, tuple[str, dict[str, Any], str]] = {
    "bert": ("BertConfig", {**SIZE}, "bert"),
    "roberta": ("RobertaConfig", {**SIZE, "max_position_embeddings": 514, "type_vocab_size": 1}, "roberta"),
    "xlm-roberta": ("XLMRobertaConfig", {**SIZE, "max_position_embeddings": 514, "type_vocab_size": 1}, "unigram"),
    "camembert": ("CamembertConfig", {**SIZE, "max_position_embeddings": 514, "type_vocab_size": 1}, "unigram"),
    "electra": ("ElectraConfig", {**SIZE, "embedding_size": 16}, "bert"),
    "distilbert": ("DistilBertConfig", {"dim": 16, "n_heads": 2, "hidden_dim": 32, "n_layers": 2}, "bert"),
    "albert": ("AlbertConfig", {**SIZE, "embedding_size": 8}, "albert"),
    "deberta-v2": ("DebertaV2Config", {**SIZE, "relative_attention": True, "pos_att_type": ["p2c", "c2p"],
                                       "position_buckets": 32, "norm_rel_ebd": "layer_norm", "share_att_key": True,
                                       "position_biased_input": False, "type_vocab_size": 0}, "albert"),
    "mpnet": ("MPNetConfig", {**SIZE, "max_position_embeddings": 514}, "mpnet"),
    "mobilebert": ("MobileBertConfig", {**SIZE, "embedding_size": 16, "intra_bottleneck_size": 16,
                                        "true_hidden_size": 16}, "bert"),
    "big_bird": ("BigBirdConfig", {**SIZE, "attention_type": "original_full"}, "albert"),
    "longformer": ("LongformerConfig", {**SIZE, "max_position_embeddings": 514, "attention_window": [32, 32],
                                        "type_vocab_size": 1}, "roberta"),
}  # fmt: skip


def make_family(folder: Path, family: str, *, layers: int = 2, seed: int = 1) -> Path:
    """A model folder of a family with so many layers, its weights drawn from `seed`."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = _tokenizer_of(FAMILIES[family][2])
    tokenizer.save_pretrained(folder)
    name, settings, _ = FAMILIES[family]
    config = getattr(transformers, name)(vocab_size=len(tokenizer), **settings)
    setattr(config, "n_layers" if family == "distilbert" else "num_hidden_layers", layers)
    if family == "longformer":
        config.attention_window = [32] * layers
    for key in ("pad_token_id", "bos_token_id", "eos_token_id", "cls_token_id", "sep_token_id"):
        value = getattr(tokenizer, key, None)
        if hasattr(config, key) and value is not None:
            setattr(config, key, value)
    torch.manual_seed(seed)
    transformers.AutoModelForQuestionAnswering.from_config(config).save_pretrained(folder)
    return folder


def _texts() -> list[str]:
    paragraphs = list(squad.read_squad(VOCABULARY.parent / "squad.json"))
    return [text for p in paragraphs for text in (p.context, *(question.text for question in p.questions))]


@functools.cache  # a vocabulary that is trained twice is not the same twice
def _tokenizer_of(kind: str) -> Any:
    if kind == "bert":
        text = (VOCABULARY / "vocab.txt").read_text(encoding="utf-8").split()
        return transformers.BertTokenizerFast(vocab={word: n for n, word in enumerate(text)}, do_lower_case=True)
    if kind == "roberta":
        return _byte_level()
    return _unigram(kind)


def _byte_level() -> Any:
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=WORDS, special_tokens=special, initial_alphabet=alphabet)
    tokenizer.train_from_iterator(_texts(), trainer)
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), add_prefix_space=False)
    names = {"bos_token": "<s>", "eos_token": "</s>", "sep_token": "</s>", "cls_token": "<s>", "unk_token": "<unk>",
             "pad_token": "<pad>", "mask_token": "<mask>"}  # fmt: skip
    return transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=512, **names)


def _unigram(kind: str) -> Any:
    """SentencePiece's kind: XLM-R's and MPNet's pairs have two separators in the middle, ALBERT's and DeBERTa's one."""
    is_bert_like = kind == "albert"
    cls, sep, pad, unk = ("[CLS]", "[SEP]", "[PAD]", "[UNK]") if is_bert_like else ("<s>", "</s>", "<pad>", "<unk>")
    special = [cls, pad, sep, unk, "[MASK]" if is_bert_like else "<mask>"]
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(vocab_size=WORDS, special_tokens=special, unk_token=unk)
    tokenizer.train_from_iterator(_texts(), trainer)
    pair = f"{cls} $A {sep} $B:1 {sep}:1" if is_bert_like else f"{cls} $A {sep} {sep} $B {sep}"
    ids = [(cls, tokenizer.token_to_id(cls)), (sep, tokenizer.token_to_id(sep))]
    tokenizer.post_processor = processors.TemplateProcessing(f"{cls} $A {sep}", pair, ids)
    names = {"cls_token": cls, "sep_token": sep, "pad_token": pad, "unk_token": unk, "mask_token": special[-1]}
    names |= {"bos_token": cls, "eos_token": sep}
    return transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=512, **names)
