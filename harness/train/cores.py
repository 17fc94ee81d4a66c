"""A batch shared among the cores of a CPU: one worker a core, each with some rows and with products of its own.

Cores meet once a pass, not once a product. So the gain does not hang on how well each small product splits, and where
another program keeps a core busy, one worker is late and not every product: a barrier waits for whoever is not running.
A row's arithmetic is the same whichever worker has it, but for sums over rows, which are made in another order.
"""

import functools
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor

Batch = dict[str, Tensor]
Terms = dict[str, Tensor]
_Found = TypeVar("_Found")

# Values of a hidden state (rows x tokens x width) that make a share. With fewer, what Python does between the products
# takes as long as a second core would save: measured, with 57,000 values a worker two are no faster than one core on a
# quiet machine and take 1.5 times as long beside a busy process; 260,000 gain.
LEAST = 2**17


def n_parts(n_rows: int, n_tokens: int, width: int) -> int:
    """Among how many workers a batch is shared: one for each thread that torch may use, if there is work for it."""
    return max(1, min(torch.get_num_threads(), n_rows, n_rows * n_tokens * width // LEAST))


@contextmanager
def one_where_one_is_enough(n_rows: int, n_tokens: int, width: int) -> Iterator[None]:
    """Keeps torch to one thread where a batch is not shared: what is left, small products and the optimiser, loses more
    by waiting for a second thread than it gains, and loses much where other programs keep that one waiting."""
    n_threads = torch.get_num_threads()
    torch.set_num_threads(n_threads if n_parts(n_rows, n_tokens, width) > 1 else 1)
    try:
        yield
    finally:
        torch.set_num_threads(n_threads)


def split(batch: Mapping[str, Tensor], n: int) -> list[tuple[Tensor, Batch]]:
    """Rows of a batch for each of n workers, and what they hold; rows of all lengths are dealt to each in turn."""
    lengths = batch["lengths"] if "lengths" in batch else batch["attention_mask"].sum(1)
    order = np.argsort(lengths.numpy(), kind="stable")
    turns = np.arange(len(order)) % (2 * n)
    owners = np.minimum(turns, 2 * n - 1 - turns)  # there and back, so that none has the longer one each time
    shares = [torch.from_numpy(np.sort(order[owners == worker])) for worker in range(n)]
    return [(rows, {name: value[rows] for name, value in batch.items()}) for rows in shares]


def each(works: Sequence[Callable[[], _Found]]) -> list[_Found]:
    """What each work gives, all at once, one a worker; grad mode and autocast are those of the caller."""
    n_threads = torch.get_num_threads()
    if len(works) == 1:
        torch.set_num_threads(1)
        try:
            return [works[0]()]
        finally:
            torch.set_num_threads(n_threads)
    is_grad, is_cast = torch.is_grad_enabled(), torch.is_autocast_enabled("cpu")
    dtype = torch.get_autocast_dtype("cpu")

    def run(work: Callable[[], _Found]) -> _Found:
        with torch.set_grad_enabled(is_grad), torch.autocast("cpu", dtype=dtype, enabled=is_cast):
            return work()

    workers = _workers(os.getpid(), n_threads)
    futures = [workers.submit(run, work) for work in works]
    return [future.result() for future in futures]


@functools.lru_cache(maxsize=1)
def _workers(_pid: int, n: int) -> ThreadPoolExecutor:
    """Threads that torch's products do not part any further; a process that was forked off has its own."""
    return ThreadPoolExecutor(n, "core", initializer=_keep_to_one_core)


def _keep_to_one_core() -> None:
    # A thread that first asks torch for its number is given the program's, over what was set before: so it asks first.
    torch.get_num_threads()
    torch.set_num_threads(1)


def shared_terms(compute: Callable[[Batch], Terms], batch: Batch, parameters: Sequence[Tensor], width: int) -> Terms:
    """Terms of a batch, each the mean of the rows' own, with gradients for `parameters`, worked on by all cores."""
    if "seeds" not in batch:
        batch = {**batch, "seeds": torch.randint(2**62, batch["attention_mask"].shape[:1])}
    if torch.get_num_threads() == 1 or batch["attention_mask"].device.type != "cpu":
        return compute(batch)
    n_rows, n_tokens = batch["attention_mask"].shape
    n = n_parts(n_rows, n_tokens, width)
    names: list[str] = []
    wanted = [one for one in parameters if one.requires_grad]
    values = _Shared.apply(compute, split(batch, n), names, *wanted)  # type: ignore[no-untyped-call]
    return dict(zip(names, values.unbind(), strict=True))


class _Shared(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        compute: Callable[[Batch], Terms],
        parts: Sequence[tuple[Tensor, Batch]],
        names: list[str],
        *parameters: Tensor,
    ) -> Tensor:
        def run(batch: Batch) -> tuple[list[str], Tensor]:
            with torch.enable_grad():
                terms = compute(batch)
                return list(terms), torch.stack([term.float() for term in terms.values()])

        found = each([functools.partial(run, batch) for _, batch in parts])
        names.extend(found[0][0])
        n_rows = sum(len(rows) for rows, _ in parts)
        ctx.shares = [len(rows) / n_rows for rows, _ in parts]
        ctx.terms = [terms for _, terms in found]
        ctx.parameters = parameters
        weighed = [share * terms.detach() for share, terms in zip(ctx.shares, ctx.terms, strict=True)]
        return torch.stack(weighed).sum(0)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Any, ...]:
        def run(terms: Tensor, share: float) -> tuple[Tensor | None, ...]:
            found: tuple[Tensor | None, ...]
            found = torch.autograd.grad(terms, ctx.parameters, grads[0] * share, allow_unused=True)
            return found

        works = [functools.partial(run, terms, share) for terms, share in zip(ctx.terms, ctx.shares, strict=True)]
        found = each(works)
        ctx.terms = ()
        return None, None, None, *map(_added, zip(*found, strict=True))


def _added(parts: tuple[Tensor | None, ...]) -> Tensor | None:
    """The sum in the order of the workers, so that it is the same each time."""
    given = [part for part in parts if part is not None]
    if not given:
        return None
    for part in given[1:]:
        given[0].add_(part)
    return given[0]
