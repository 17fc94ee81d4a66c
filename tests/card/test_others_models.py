"""How other authors say what a model began as, by kinds that were first misread, in words of our own."""

from pathlib import Path

import pytest

from harness.card.read import parse
from tests.card.right import Right, assert_read

HUB = "https://huggingface.co"
CASES: dict[str, tuple[str, Right]] = {
    "what the base model itself began as": (
        f"# m\nThe base language model [(tiny)]({HUB}/acme/tiny) is a fine-tuned version of [bert]({HUB}/bert-tiny)\n",
        Right({"student": ("acme/tiny",)}),
    ),
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
    "distilled from an equivalent model": (
        f"# m\nIt was distilled from the equivalent model [big]({HUB}/acme/big-squad).\n",
        Right({"teacher": ("acme/big-squad",)}),
    ),
    "trained from scratch, in the Trainer's words": (
        "# m\nThis model was trained from scratch on the squad dataset.\n",
        Right({"train_data": ("squad",), "student": ()}),
    ),
    "a title with a family in capitals": (
        "# MarkupLM Large fine-tuned on QuizWeb to allow answering.\n",
        Right({"student": ("MarkupLM Large",), "train_data": ("QuizWeb",)}),
    ),
    "transfer learning": (
        f"# m\nThis model is transfer-learning of [tiny 90% sparse]({HUB}/acme/tiny-sparse) on Quizv1 dataset.\n",
        Right({"student": ("acme/tiny-sparse",), "train_data": ("Quizv1",)}),
    ),
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
    "a base in German": (
        "# m\nDas Modell basiert auf acme-base-german und wurde mit Fragen weiter trainiert.\n",
        Right({"student": ("acme-base-german",)}),
    ),
    "an adapter": (
        "# m\nAn [adapter](x) for the `acme/bart-tiny` model that was trained on the [qa/quiz](y) dataset.\n",
        Right({"student": ("acme/bart-tiny",), "train_data": ("qa/quiz",)}),
    ),
    "what was trained, in code": (
        "# m\n`acme-tiny-uncased` was trained using a script with these settings.\n",
        Right({"student": ("acme-tiny-uncased",)}),
    ),
    "a blank inside a link": (
        "# m\nThis is a finetunned version from [Acme Bertus] (https://github.com/acme/bertus) for Latin.\n",
        Right({"student": ("Acme Bertus",)}),
    ),
    "a base by a link with several words": (
        f"# m\nThe base model is [acme-v3 from Acme]({HUB}/acme/acme-v3).\n",
        Right({"student": ("acme/acme-v3",)}),
    ),
    "the host's short name": (
        "# m\nThe model was originally the pre-trained [Acme Base](https://hf.co/acme/acme-base) model.\n",
        Right({"student": ("acme/acme-base",)}),
    ),
    "based on the tuned X model": (
        "# m\n**acme-pcm** is a model based on the fine-tuned RoBERTa base model.\n",
        Right({"student": ("RoBERTa base",)}),
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
    "a model of code that trains": (
        '# m\n```python\nmodel = NERModel("bert", "acme/bert-base-latin", args=a)\nmodel.train_model(rows)\n```\n',
        Right({"student": ("acme/bert-base-latin",)}),
    ),
    "a model that was exported": (
        "## [acme/latin-bert](https://huggingface.co/acme/latin-bert) exported to the OtherRuntime format.\n",
        Right({"student": ("acme/latin-bert",)}),
    ),
    # --- by the verbs around the name of a checkpoint ---
    "a checkpoint as the subject": (
        "# m\nThis model is tiny-bert-cased trained on the Quiz-2003 dataset.\n",
        Right({"student": ("tiny-bert-cased",), "train_data": ("Quiz-2003",)}),
    ),
    "taken and trained": (
        f"# m\nI took [AcmeBERT]({HUB}/acme/bert-tiny) and trained it on QuizQuAD.\n",
        Right({"student": ("acme/bert-tiny",), "train_data": ("QuizQuAD",)}),
    ),
    "a project that tunes": (
        "# m\nThis project fine-tunes BERT-base on the Quiz 1.1 dataset.\n",
        Right({"student": ("BERT-base",), "train_data": ("Quiz 1.1",)}),
    ),
    "started from a checkpoint": (
        "# m\nWe start from the acme-bert-tiny checkpoint and fine-tune it on QuizQuAD.\n",
        Right({"student": ("acme-bert-tiny",), "train_data": ("QuizQuAD",)}),
    ),
    "as its backbone": (
        "# m\nThe net uses `acme/bert-tiny` as its backbone.\n",
        Right({"student": ("acme/bert-tiny",)}),
    ),
    "the pretrained model used": (
        "# m\nThe pretrained model used is acme/bert-latin-tiny, from Acme.\n",
        Right({"student": ("acme/bert-latin-tiny",)}),
    ),
    "with additional training": (
        "# m\nAcmeBERT-base with additional training on notes of doctors.\n",
        Right({"student": ("AcmeBERT-base",)}),
    ),
    "used for fine-tuning": (
        "# m\nMODEL used for fine tuning is AcmeBERT Large by acme.ai\n",
        Right({"student": ("AcmeBERT Large",)}),
    ),
    "an original that can be found": (
        f"# m\nThe original model this is based on can be found [here]({HUB}/acme/bert-big-squad2).\n",
        Right({"student": ("acme/bert-big-squad2",)}),
    ),
    "weights that a repository holds": (
        "# m\nThis repository contains the [**acme/latbert**](https://a.org/doc) model weights.\n",
        Right({"student": ("acme/latbert",)}),
    ),
    "a backbone that was tuned before": (
        "# m\nThe backbone model is acme/bert-large-squad2.\n",
        Right({"student": ("acme/bert-large-squad2",)}),
    ),
    "a language model that is the tuned one": (
        "# m\n**Language model:** acme/bert-base-squad2-mini\n",
        Right({"student": ()}),
    ),
    "powered by": ("# m\nAcmeBERT powered Latin answering system.\n", Right({"student": ("AcmeBERT",)})),
    "a base in Chinese": ("# m\n使用大量问答数据训练的acme-large模型\n", Right({"student": ("acme-large",)})),
    "a base in Russian": ("# m\nобученный rubert от acme/rubert-tiny2.\n", Right({"student": ("acme/rubert-tiny2",)})),
    "a language model with its owner": (
        "# bert-base for questions\n**Language model:** acme/bert-base\n",
        Right({"student": ("acme/bert-base",)}),
    ),
    "what it is unlike": (
        "# m\nUnlike BERT trained on SQuAD, this net knows Latin.\n",
        Right({"student": (), "train_data": ()}),
    ),
    "what the original was trained on": (
        "# m\nThe original BERT model was trained on QuizBooks.\n",
        Right({"student": (), "train_data": ()}),
    ),
    "what others learned": (
        "# m\nThanks to Acme for scripts based on their experience training German BERT model.\n",
        Right({"student": ()}),
    ),
    "a longer one, elsewhere": (
        f"# m\nThe GPT-2-base model with more words is available in [here]({HUB}/acme/gpt2-long).\n",
        Right({"student": ()}),
    ),
    "tuned from a base without hyphens": (
        "# m\n[quiz-ner] is a model that was fine-tuned from latemBERT on quizner-la data.\n",
        Right({"student": ("latemBERT",)}),
    ),
    "what a repository provides": (
        f"# m\nThis repo provides a fine-tuned [`acme-base-cased`]({HUB}/acme-base-cased) model adapted for it.\n",
        Right({"student": ("acme-base-cased",)}),
    ),
    "a teacher behind i.e.": (
        "# m\nIt learns by distillation with a larger model as teacher, i.e. ```acme-large-finetuned-squad```\n",
        Right({"teacher": ("acme-large-finetuned-squad",)}),
    ),
    "a tuned model that was tuned once more": (
        f"# m\nThis is a model that fine-tuned [lat-finetuned-old]({HUB}/acme/lat-finetuned-old) on Quiz.\n",
        Right({"student": ("acme/lat-finetuned-old",)}),
    ),
    "based off": (f"# m\nBased off [acme/laT]({HUB}/acme/laT).\n", Right({"student": ("acme/laT",)})),
    "a version with a dot": (
        "# m\nWe fine-tuned the AcmeBERT v1.1 on new texts.\n",
        Right({"student": ("AcmeBERT v1.1",)}),
    ),
    "a language before a family, linked elsewhere": (
        "# m\nIt was fine-tuned on the pretrained [Danish BERT](https://a.org) model by Acme.\n",
        Right({"student": ("Danish BERT",)}),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_kind_of_other_authors_is_read_as_a_reader_does(name: str) -> None:
    text, right = CASES[name]
    assert_read(parse(Path("card.md"), text, ""), right)
