"""The packed encoder beside the library's own: states, losses, every gradient, ten steps of weights."""

from pathlib import Path
from typing import Any

import pytest
import torch
from accelerate import Accelerator
from torch import Tensor, nn

from harness.train.engine.loop import optimise
from harness.train.engine.optimiser import Optimisation
from harness.train.models import loading, packed_bert, packing
from harness.train.models.attention_maps import show_maps
from harness.train.progress import Silent
from harness.train.recipes import tinybert
from harness.train.recipes.haystack import HaystackHead, IntermediateLayerLoss, PredictionLayerLoss
from tests.tiny import make_model

B, T, WIDTH = 6, 40, 16
LENGTHS = (40, 7, 33, 12, 39, 21)
# Softmax ignores a constant, so these have a true gradient of zero, and Adam turns rounding noise into whole steps.
ZERO_GRADIENT = ("key.bias", "qa_outputs.bias", "layer.1.output.LayerNorm.bias")
SETTINGS = Optimisation(
    num_train_epochs=5, train_batch_size=3, learning_rate=1e-3, lr_schedule="LinearWarmup",
    warmup_ratio=0.2, weight_decay=0.01, weight_decay_on="all", adam_beta1=0.9, adam_beta2=0.999, adam_epsilon=1e-8,
    adam_bias_correction=True, max_grad_norm=1.0, grad_clip="global", dropout_off_after=0,
)  # fmt: skip


class Rows:
    def __init__(self) -> None:
        torch.manual_seed(4)
        mask = (torch.arange(T)[None] < torch.tensor(LENGTHS)[:, None]).long()
        types = (torch.arange(T)[None] > 4).long() * mask
        ids = torch.randint(5, 900, (B, T)) * mask
        labels = torch.stack([torch.randint(1, length - 1, (2,)).sort()[0] for length in LENGTHS])
        whole = {"input_ids": ids, "attention_mask": mask, "token_type_ids": types, "labels": labels}
        self._arrays = {name: value.numpy() for name, value in whole.items()}
        self._arrays["teacher_logits"] = torch.randn(B, T, 2).numpy()

    def __len__(self) -> int:
        return B

    def batch(self, rows: Any) -> dict[str, Any]:
        return {name: value[rows] for name, value in self._arrays.items()}


def batch_of(rows: Rows) -> dict[str, Tensor]:
    return {name: torch.from_numpy(value) for name, value in rows.batch(range(B)).items()}


@pytest.fixture
def pair(tmp_path: Path) -> tuple[nn.Module, nn.Module]:
    """Teacher of 4 and student of 2 layers, without dropout."""
    folders = [make_model(tmp_path / str(n), layers=n, dropout=0.0, seed=n) for n in (4, 2)]
    teacher, student = (loading.load_model(folder, seed=1) for folder in folders)
    return teacher.eval(), student.train()


def stage(name: str, pair: tuple[nn.Module, nn.Module], padding: Any) -> nn.Module:
    teacher, student = pair
    if name == "tinybert":
        for model in pair:
            show_maps(model, "scores")
        return tinybert.IntermediateLayerLoss(student, teacher, (2, 4), seed=3)
    if name == "intermediate_layer":
        return IntermediateLayerLoss(student, teacher, (2, 4), padding)
    head = HaystackHead(student, 0.0, is_learned=True, padding=padding)
    return PredictionLayerLoss(head, temperature=2.0, soft_label_weight=0.5, hard_label_weight=0.5, padding=padding)


def plainly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed_bert, "fits", lambda _: False)


def test_every_state_is_the_librarys(pair: tuple[nn.Module, nn.Module]) -> None:
    model, batch = pair[0], batch_of(Rows())
    names = ("input_ids", "attention_mask", "token_type_ids")
    expected = model.base_model(**{name: batch[name] for name in names}, output_hidden_states=True).hidden_states
    for layout in ("counted", "dropped"):
        packed = packing.pack(batch, layout)
        with torch.no_grad():
            found = [packed_bert.embed(model, packed)]
            for number in range(1, 5):
                found.append(packed_bert.run_layer(model, number, found[-1], packed).output)
        for ours, theirs in zip(found, expected, strict=True):
            flat = theirs.reshape(B * T, WIDTH)[packed.places]
            assert torch.allclose(ours[packed.counted], flat[packed.counted], rtol=0, atol=1e-5)


STAGES = [(name, padding) for name in ("intermediate_layer", "prediction_layer") for padding in ("counted", "dropped")]


@pytest.mark.parametrize(("name", "padding"), [*STAGES, ("tinybert", "counted")])
def test_the_loss_and_every_gradient_are_those_of_the_plain_path(
    name: str, padding: Any, pair: tuple[nn.Module, nn.Module], monkeypatch: pytest.MonkeyPatch
) -> None:
    module, batch = stage(name, pair, padding), batch_of(Rows())
    parameters = {key: value for key, value in module.named_parameters() if value.requires_grad}
    found = []
    for is_plain in (False, True):
        if is_plain:
            plainly(monkeypatch)
        terms = module(batch)
        gradients = torch.autograd.grad(terms["loss"], list(parameters.values()), allow_unused=True)
        found.append((terms, gradients))
    (ours, our_gradients), (theirs, their_gradients) = found
    assert {key: float(value.detach()) for key, value in ours.items()} == pytest.approx(
        {key: float(value.detach()) for key, value in theirs.items()}, rel=1e-5
    )
    for key, one, other in zip(parameters, our_gradients, their_gradients, strict=True):
        assert (one is None) == (other is None), key
        if one is not None:
            assert torch.allclose(one, other, rtol=1e-3, atol=1e-6), key


@pytest.mark.parametrize(("name", "padding"), [*STAGES, ("tinybert", "counted")])
def test_ten_steps_end_in_the_weights_of_the_plain_path(
    name: str, padding: Any, pair: tuple[nn.Module, nn.Module], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = {key: value.clone() for key, value in pair[1].state_dict().items()}
    weights = []
    for is_plain in (False, True):
        if is_plain:
            plainly(monkeypatch)
        pair[1].load_state_dict(begun)
        module = stage(name, pair, padding)
        log = optimise(module, Rows(), SETTINGS, accelerator=Accelerator(cpu=True), stage=name, seed=1, watch=Silent())
        assert log.n_steps == 10
        weights.append({key: value.detach().clone() for key, value in pair[1].named_parameters()})
    for key, value in weights[0].items():
        moved = float((weights[1][key] - begun[key]).abs().max())
        if not key.endswith(ZERO_GRADIENT):
            assert float((value - weights[1][key]).abs().max()) <= 2e-3 * moved, key


@pytest.mark.parametrize("name", ["intermediate_layer", "prediction_layer"])
def test_rows_without_padding_lose_nothing_when_it_is_dropped(name: str, pair: tuple[nn.Module, nn.Module]) -> None:
    batch = batch_of(Rows())
    batch["attention_mask"] = torch.ones_like(batch["attention_mask"])
    losses = [float(stage(name, pair, padding)(batch)["loss"].detach()) for padding in ("counted", "dropped")]
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)


def test_what_is_dropped_is_the_padded_positions_share_of_the_sums(pair: tuple[nn.Module, nn.Module]) -> None:
    """The kept divisor: each hidden term loses what padded positions add, and nothing else."""
    teacher, student = pair
    batch = batch_of(Rows())
    names = ("input_ids", "attention_mask", "token_type_ids")
    states = [
        model.base_model(**{name: batch[name] for name in names}, output_hidden_states=True).hidden_states[0]
        for model in (student, teacher)
    ]
    squares = ((states[0] - states[1]) ** 2).detach()
    expected = float((squares * batch["attention_mask"][:, :, None]).sum() / squares.numel())
    found = stage("intermediate_layer", pair, "dropped")(batch)
    assert float(found["hidden_0"].detach()) == pytest.approx(expected, rel=1e-5)


def test_dropout_of_a_step_is_a_function_of_its_seed(tmp_path: Path) -> None:
    teacher, student = (
        loading.load_model(make_model(tmp_path / str(n), layers=n, dropout=0.2), seed=1) for n in (4, 2)
    )
    module, batch = IntermediateLayerLoss(student.train(), teacher.eval(), (2, 4)), batch_of(Rows())

    def loss(seed: int) -> float:
        torch.manual_seed(seed)
        return float(module(batch)["loss"].detach())

    assert loss(1) == loss(1) != loss(2)
    student.eval()
    assert loss(1) == loss(2)


def test_dropout_has_the_mean_and_spread_of_the_plain_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """400 draws of either: the means agree within 4 standard errors, the spreads within a quarter."""
    teacher, student = (
        loading.load_model(make_model(tmp_path / str(n), layers=n, dropout=0.2), seed=1) for n in (4, 2)
    )
    module, batch = IntermediateLayerLoss(student.train(), teacher.eval(), (2, 4)), batch_of(Rows())

    def draws() -> dict[str, Tensor]:
        with torch.no_grad():
            found = []
            for seed in range(400):
                torch.manual_seed(seed)
                with torch.enable_grad():
                    found.append({name: value.detach() for name, value in module(batch).items()})
        return {name: torch.stack([one[name] for one in found]).double() for name in found[0]}

    ours = draws()
    plainly(monkeypatch)
    theirs = draws()
    for name, mine in ours.items():
        yours = theirs[name]
        error = float((mine.var() / 400 + yours.var() / 400).sqrt())
        assert abs(float(mine.mean() - yours.mean())) <= 4 * error, name
        assert 0.75 < float(mine.std() / yours.std()) < 1.33, name


def test_scores_that_could_be_as_low_as_masked_ones_take_the_plain_path(
    pair: tuple[nn.Module, nn.Module], monkeypatch: pytest.MonkeyPatch
) -> None:
    model: Any = pair[1]
    with torch.no_grad():
        for layer in model.base_model.encoder.layer:
            layer.attention.self.query.weight *= 2e3
            layer.attention.self.key.weight *= 2e3
    module, batch = stage("tinybert", pair, "counted"), batch_of(Rows())
    with pytest.raises(tinybert.MayBeMaskedError):
        module._packed(batch)  # type: ignore[operator]
    ours = module(batch)["loss"].detach()
    plainly(monkeypatch)
    assert float(ours) == pytest.approx(float(module(batch)["loss"].detach()), rel=1e-6)


def test_other_encoders_take_the_plain_path(tmp_path: Path) -> None:
    model: Any = loading.load_model(make_model(tmp_path, layers=2), seed=1)
    assert packed_bert.fits(model)
    model.base_model.config.hidden_act = "relu"
    assert not packed_bert.fits(model)
    assert not packed_bert.fits(model.half())
    assert not packed_bert.fits(nn.Linear(1, 1))


@pytest.mark.parametrize("layout", ["counted", "dropped"])
def test_lengths_of_a_batch_may_be_given(layout: Any) -> None:
    batch = batch_of(Rows())
    plain, given = (
        packing.pack(batch, layout),
        packing.pack({**batch, "lengths": torch.tensor(LENGTHS)}, layout),
    )
    assert plain.segments == given.segments
    assert torch.equal(plain.places, given.places)
    assert torch.equal(plain.counted.nonzero()[:, 0], plain.kept)
