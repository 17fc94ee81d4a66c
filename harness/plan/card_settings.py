"""A block of settings as a program needs it: one printed value may speak of several settings, and several of one."""

import dataclasses
import re
from collections.abc import Mapping, Sequence

from harness.domain import Source, Stated
from harness.plan import sources
from harness.plan.defaults.default import Default

_BETAS = re.compile(r"betas=\(\s*(?P<one>\d*\.\d+)\s*,\s*(?P<two>\d*\.\d+)\s*\)")
_EPSILON = re.compile(r"epsilon=(?P<epsilon>\d[\d.]*(?:e-?\d+)?)")
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
