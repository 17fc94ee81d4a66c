"""Model folders: what is loaded, what is refused, and whether a teacher fits a student."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import BertModel

from harness.errors import DataError, PlanError
from harness.plan.model_folders import has_weights
from harness.train.models.fit import check_fit
from harness.train.models.loading import load_model, load_tokenizer, save_model, span_logits
from tests.tiny import make_model

WEIGHTS = "model.safetensors"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_model(tmp_path / "model", layers=2)


def edit_config(folder: Path, **changes: Any) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), **changes}), encoding="utf-8")


def head_of(folder: Path, **options: Any) -> torch.Tensor:
    weight: torch.Tensor = load_model(folder, **options).get_parameter("qa_outputs.weight")
    return weight


# --- does this teacher fit this student ---


def test_a_teacher_that_fits_is_let_through(tmp_path: Path) -> None:
    teacher, student = make_model(tmp_path / "t", layers=4), make_model(tmp_path / "s", layers=2)
    check_fit(teacher, student, max_seq_length=512)


def test_everything_that_does_not_fit_is_named_at_once(tmp_path: Path) -> None:
    teacher = make_model(tmp_path / "t", layers=3, width=24, heads=4)
    student = make_model(tmp_path / "s", layers=2)
    edit_config(student, max_position_embeddings=100)
    with (student / "vocab.txt").open("a", encoding="utf-8") as stream:
        stream.write("\nanother")
    with pytest.raises(PlanError) as raised:
        check_fit(teacher, student, max_seq_length=512)
    assert raised.value.problems == (
        "teacher has 3 layers, student 2: the teacher's must be a multiple",
        "teacher has 24 hidden units, student 16: the losses need them equal",
        "teacher has 4 attention heads, student 2: the losses need them equal",
        "student has 100 positions, fewer than max_seq_length 512",
        f"teacher {teacher} and student {student} have different vocabularies; use a matching pair",
    )


@pytest.mark.parametrize("changes", [{"num_hidden_layers": None}, {"max_position_embeddings": None}], ids=str)
def test_a_size_that_is_no_number_is_an_error_of_ours(folder: Path, changes: dict[str, Any]) -> None:
    edit_config(folder, **changes)
    with pytest.raises((PlanError, DataError)):
        check_fit(folder, folder, max_seq_length=64)


# --- what is loaded ---


def test_safetensors_win_over_a_pickle_that_differs(folder: Path) -> None:
    expected = load_file(folder / WEIGHTS)
    torch.save({name: torch.zeros_like(tensor) for name, tensor in expected.items()}, folder / "pytorch_model.bin")
    found = load_model(folder, seed=1).state_dict()
    assert all(torch.equal(found[name], tensor) for name, tensor in expected.items())


def test_a_harmless_pickle_is_read(folder: Path) -> None:
    expected = load_file(folder / WEIGHTS)
    torch.save(expected, folder / "pytorch_model.bin")
    (folder / WEIGHTS).unlink()
    assert torch.equal(head_of(folder, seed=1), expected["qa_outputs.weight"])


def test_weights_drawn_from_a_seed_depend_on_it_alone(folder: Path) -> None:
    first = head_of(folder, seed=1, initialise=True)
    torch.rand(3)
    assert torch.equal(head_of(folder, seed=1, initialise=True), first)
    assert not torch.equal(head_of(folder, seed=2, initialise=True), first)


def test_a_head_that_is_not_there_is_drawn_from_the_seed_only_where_it_may(folder: Path) -> None:
    encoder = BertModel.from_pretrained(folder, add_pooling_layer=False)
    encoder.save_pretrained(folder)
    with pytest.raises(DataError, match=r"lacks weights of BertForQuestionAnswering: qa_outputs\.bias"):
        load_model(folder, seed=1)
    first = head_of(folder, seed=1, needs_head=False)
    assert torch.equal(head_of(folder, seed=1, needs_head=False), first)
    assert not torch.equal(head_of(folder, seed=2, needs_head=False), first)


def test_a_saved_model_is_loaded_back_bit_by_bit(folder: Path, tmp_path: Path) -> None:
    model = load_model(folder, seed=1, initialise=True)
    save_model(model, load_tokenizer(folder), tmp_path / "saved")
    found = load_model(tmp_path / "saved", seed=2).state_dict()
    assert all(torch.equal(found[name], tensor) for name, tensor in model.state_dict().items())
    assert load_tokenizer(tmp_path / "saved").get_vocab() == load_tokenizer(folder).get_vocab()
    assert has_weights(tmp_path / "saved")


def test_logits_of_our_forward_pass_are_those_of_the_whole_model(folder: Path) -> None:
    model: Any = load_model(folder, seed=1).eval()
    batch = {name: torch.ones((2, 9), dtype=torch.int64) for name in ("input_ids", "attention_mask", "token_type_ids")}
    batch["token_type_ids"][:, :4] = 0
    batch["attention_mask"][1, 5:] = 0
    whole = model(**batch)
    ours = span_logits(model, batch, maps=True)
    assert torch.equal(ours.logits, torch.stack([whole.start_logits, whole.end_logits], dim=-1))
    assert (len(ours.attentions), len(ours.hidden_states)) == (2, 3)


# --- what is refused ---


@pytest.mark.parametrize(
    "lost", ["encoder.layer.1.output.dense.weight", "embeddings.word_embeddings.weight", "qa_outputs.bias"]
)
def test_weights_that_are_not_all_there_are_refused_by_name(folder: Path, lost: str) -> None:
    weights = load_file(folder / WEIGHTS)
    save_file(
        {name: tensor for name, tensor in weights.items() if lost not in name}, folder / WEIGHTS, {"format": "pt"}
    )
    with pytest.raises(DataError, match=lost):
        load_model(folder, seed=1)


@pytest.mark.parametrize("name", [WEIGHTS, "pytorch_model.bin"])
@pytest.mark.parametrize("content", [b"", b"not weights at all"], ids=["empty", "garbage"])
def test_a_broken_weight_file_is_refused(folder: Path, name: str, content: bytes) -> None:
    (folder / WEIGHTS).unlink()
    (folder / name).write_bytes(content)
    with pytest.raises(DataError, match="holds no loadable question-answering model"):
        load_model(folder, seed=1)


class Malicious:
    """Creates a file when it is unpickled without care."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self._path),)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_pickle_that_runs_code_is_refused_and_its_code_does_not_run(folder: Path, zipped: bool) -> None:
    torch.save({"x": Malicious(folder / "ran")}, folder / "pytorch_model.bin", _use_new_zipfile_serialization=zipped)
    (folder / WEIGHTS).unlink()
    with pytest.raises(DataError, match="holds no loadable question-answering model"):
        load_model(folder, seed=1)
    assert not (folder / "ran").exists()


@pytest.mark.parametrize("model_type", ["its-own", "bert"])
@pytest.mark.parametrize("initialise", [True, False])
def test_code_of_a_model_folder_never_runs(folder: Path, model_type: str, initialise: bool) -> None:
    (folder / "its_own.py").write_text(f"import os\nos.mkdir({str(folder / 'ran')!r})\n", encoding="utf-8")
    classes = {"AutoConfig": "its_own.C", "AutoModelForQuestionAnswering": "its_own.M"}
    edit_config(folder, model_type=model_type, auto_map=classes)
    if model_type == "bert":  # a library class of that name exists, and is taken
        load_model(folder, seed=1, initialise=initialise)
    else:
        with pytest.raises(DataError, match="holds no loadable question-answering model"):
            load_model(folder, seed=1, initialise=initialise)
    assert not (folder / "ran").exists()


def test_a_tokenizer_that_wants_to_run_code_is_refused(folder: Path) -> None:
    settings = {"tokenizer_class": "Own", "auto_map": {"AutoTokenizer": ["its_own.T", "its_own.T"]}}
    (folder / "its_own.py").write_text(f"import os\nos.mkdir({str(folder / 'ran')!r})\n", encoding="utf-8")
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
    edit_config(folder, model_type="its-own")
    with pytest.raises(DataError, match="holds no tokenizer"):
        load_tokenizer(folder)
    assert not (folder / "ran").exists()


@pytest.mark.parametrize(
    "changes",
    [{"model_type": "no-such-type"}, {"model_type": "vit"}, {"hidden_size": 17}, {"hidden_size": "wide"}],
    ids=str,
)
@pytest.mark.parametrize("initialise", [True, False])
def test_a_config_of_no_span_model_is_refused(folder: Path, changes: dict[str, Any], initialise: bool) -> None:
    edit_config(folder, **changes)
    with pytest.raises(DataError):
        load_model(folder, seed=1, initialise=initialise)


def test_a_folder_without_a_vocabulary_has_no_tokenizer(folder: Path) -> None:
    (folder / "vocab.txt").unlink()
    with pytest.raises(DataError, match="its tokenizer has no vocabulary"):
        load_tokenizer(folder)


def test_a_tokenizer_whose_settings_show_in_use_alone_is_refused(tmp_path: Path) -> None:
    folder = make_model(tmp_path / "model", layers=1)
    path = folder / "tokenizer_config.json"
    path.write_text(path.read_text(encoding="utf-8").replace("512", '"bert"'), encoding="utf-8")
    with pytest.raises(DataError, match="its tokenizer cannot be used: "):
        load_tokenizer(folder)
