"""A block of settings as a program needs it: one printed value may speak of several settings, and several of one."""

import dataclasses
import re
from collections.abc import Mapping, Sequence

from harness.card.dialects.values import number_of
from harness.domain import Card, Source, Stated
from harness.plan import sources
from harness.plan.defaults.default import Default

_BETAS = re.compile(r"betas=\(\s*(?P<one>\d*\.\d+)\s*,\s*(?P<two>\d*\.\d+)\s*\)")
_EPSILON = re.compile(r"epsilon=(?P<epsilon>\d[\d.]*(?:e-?\d+)?)")
_PER_DEVICE = re.compile(r"per_(?:gpu|device)_train_batch_size$")
_VISIBLE = re.compile(r"\bCUDA_VISIBLE_DEVICES=[\"']?(?P<ids>\d+(?:,\d+)*)")
_SEVERAL = re.compile(
    r"(?P<n>\d{1,3}|two|three|four|eight|sixteen) ?[x×]?\s(?!.*(?:TPU|IPU|vCPU|cores?\b))", re.IGNORECASE
)
_MOST_DEVICES = 64
_KERAS = "transformers keras"
# Names of schedules in cards, without SchedulerType. and in lower case -> ours; LINEAR is the program's own name of it.
_LINEAR = ("LinearWarmup", "linear")
_SCHEDULES = {
    "linear": "linear", "warmuplinear": "linear", "linearwarmup": "linear", "polynomialdecay": "linear",
    "linear_with_warmup": "linear", "constantwarmup": "constant_with_warmup", "cosinewarmup": "cosine",
    "cosinewarmupwithrestarts": "cosine_with_restarts", "cosine": "cosine", "constant": "constant",
    "cosine_with_restarts": "cosine_with_restarts", "polynomial": "polynomial", "inverse_sqrt": "inverse_sqrt",
    "constant_with_warmup": "constant_with_warmup",
}  # fmt: skip


def completed(block: Sequence[Stated], defaults: Mapping[str, Default]) -> tuple[dict[str, Stated], dict[str, Source]]:
    """The last statement of each name; the optimiser's words read, schedules by our names, one batch for an update.

    Beside them, what those names follow by whose value was worked out from several statements.
    """
    stated = {one.name: one for one in block}
    if "optimizer" in stated:
        _read_optimizer(stated, defaults)
    if "lr_schedule" in stated and "lr_schedule" in defaults:
        stated["lr_schedule"] = _schedule(stated["lr_schedule"], defaults["lr_schedule"])
    warmup = stated.get("warmup_steps")
    if warmup is not None and warmup.value == 0 and "warmup_ratio" not in stated:
        stated["warmup_ratio"] = dataclasses.replace(warmup, name="warmup_ratio", value=0.0)
    batch = _merge_batch(stated) if "train_batch_size" in defaults else None
    return stated, {} if batch is None else {"train_batch_size": batch}


def with_devices(block: Sequence[Stated], card: Card) -> Sequence[Stated]:
    """The block, and how many GPUs a batch that is printed per GPU was for, where the card says so of its machine.

    run_squad.py and the Trainer put a model on every GPU that they see (`per_gpu_train_batch_size * max(1, n_gpu)`,
    `TrainingArguments.train_batch_size`); CUDA_VISIBLE_DEVICES says which those are.
    """
    names = {one.name for one in block}
    batch = next((one for one in block if _PER_DEVICE.match(one.key)), None)
    machine = card.fact("infrastructure")
    if batch is None or machine is None or names & {"num_devices", "total_train_batch_size"}:
        return block
    visible, several = _VISIBLE.search(card.text), _SEVERAL.match(machine.value)
    n = len(visible["ids"].split(",")) if visible else int(number_of(several["n"]) or 1) if several else 1
    if not 1 < n <= _MOST_DEVICES:
        return block
    return (*block, Stated("GPUs", "num_devices", n, f"{n} GPUs", batch.section, machine.line, machine.dialect))


def with_epochs(block: Sequence[Stated], card: Card, library: str) -> Sequence[Stated]:
    """The block, and the epochs of a Keras training: its card prints none but the last one's number, from 0."""
    if library != _KERAS or any(one.name in ("num_train_epochs", "max_steps") for one in block):
        return block
    last = next((one for one in card.claims if one.key == "Epoch" and one.subject is None), None)
    if last is None or not last.raw.isdecimal():
        return block
    n = int(last.raw) + 1
    raw = f"Epoch {last.raw}, counted from 0"
    return (*block, Stated(last.key, "num_train_epochs", n, raw, "", last.line, last.dialect))


def _schedule(one: Stated, default: Default) -> Stated:
    """The schedule by our name; of the two that rise and fall in a line, the one that the program has."""
    word = str(one.value).lower().removeprefix("schedulertype.").replace(" ", "_").replace("-", "_")
    name = _SCHEDULES.get(word, one.value)
    if name == "linear" and default.value in _LINEAR:
        name = str(default.value)
    return dataclasses.replace(one, value=name)


def _read_optimizer(stated: dict[str, Stated], defaults: Mapping[str, Default]) -> None:
    """`Adam with betas=(0.9,0.999) and epsilon=1e-08`, as the Trainer prints its AdamW."""
    one = stated["optimizer"]
    betas, epsilon = _BETAS.search(one.raw), _EPSILON.search(one.raw)
    if betas is None and epsilon is None:
        return
    found = {"adam_beta1": betas and betas["one"], "adam_beta2": betas and betas["two"]}
    found["adam_epsilon"] = epsilon and epsilon["epsilon"]
    for name, raw in found.items():
        if raw is not None and name in defaults:
            stated.setdefault(name, dataclasses.replace(one, name=name, value=float(raw), raw=raw))
    if one.raw.lower().startswith(("adam ", "adamw", "use adamw", "use optimizernames.adamw")):
        del stated["optimizer"]


def _merge_batch(stated: dict[str, Stated]) -> Source | None:
    """Rows of one update: the total where it is printed, else rows a device times accumulated steps times devices.

    Returns by what they follow, where they are such a product.
    """
    total, rows = stated.pop("total_train_batch_size", None), stated.get("train_batch_size")
    factors = [stated.pop(name, None) for name in ("gradient_accumulation_steps", "num_devices")]
    if total is not None and isinstance(total.value, int):
        stated["train_batch_size"] = dataclasses.replace(total, name="train_batch_size")
        return None
    used = [one for one in factors if one is not None and isinstance(one.value, int) and one.value > 1]
    if rows is None or not isinstance(rows.value, int) or not used:
        return None
    value, lines = rows.value, sorted({one.line for one in (rows, *used)})
    for one in used:
        value *= int(str(one.value))
    stated["train_batch_size"] = dataclasses.replace(rows, value=value)
    product = " x ".join(one.raw for one in (rows, *used))
    return sources.rule(f"card lines {', '.join(map(str, lines))}: {product}", *lines)
