"""The programs of `gpu_attention.py` in Triton: what one GPU block does for one tile of one head.

Rows lie (N, H, D / H). A tile is named by its number in `tiles` (n, 5): first row of its sequence, offset of the tile
in it, rows of the sequence, how many of them are keys, how many count in a distance. Sums are made in fp32, each in one
program and in one order, none by atomics: the same input gives the same bits.

Dropout: the bits of (row, head, key) are word key % 4 of Philox4x32-10 (Salmon et al., SC 2011) under the call's seed
at counter ((row x H + head) x quads + key // 4). So every program that meets an entry draws the same for it, and
nothing is stored; one Philox serves four keys.
"""

import triton
import triton.language as tl


@triton.jit
def _place(tiles, number):
    """Of a tile: begin of its sequence, offset in it, its rows, keys and counted rows."""
    at = tiles + number * 5
    return tl.load(at), tl.load(at + 1), tl.load(at + 2), tl.load(at + 3), tl.load(at + 4)


@triton.jit
def _load(base, begin, rows, n_rows, head, n_heads, size: tl.constexpr, padded: tl.constexpr):
    """Rows (tile, padded) of a head, 0 where there are none."""
    columns = tl.arange(0, padded)
    at = ((begin + rows) * n_heads + head)[:, None] * size + columns[None, :]
    return tl.load(base + at, mask=(rows < n_rows)[:, None] & (columns < size)[None, :], other=0.0)


@triton.jit
def _store(base, values, begin, rows, n_rows, head, n_heads, size: tl.constexpr, padded: tl.constexpr):
    columns = tl.arange(0, padded)
    at = ((begin + rows) * n_heads + head)[:, None] * size + columns[None, :]
    tl.store(base + at, values.to(base.dtype.element_ty), mask=(rows < n_rows)[:, None] & (columns < size)[None, :])


@triton.jit
def _scores(query, key, keys, n_keys, precision: tl.constexpr):
    scores = tl.dot(query, tl.trans(key), input_precision=precision)
    return tl.where((keys < n_keys)[None, :], scores, float("-inf"))


@triton.jit
def _log_sum_exp(
    query, key_base, begin, n_keys, head, n_heads,
    size: tl.constexpr, padded: tl.constexpr, tile: tl.constexpr, precision: tl.constexpr,
):  # fmt: skip
    """Of each row's scores, over all keys of its sequence, tile by tile from the running maximum."""
    top = tl.full((tile,), float("-inf"), tl.float32)
    total = tl.zeros((tile,), tl.float32)
    for start in range(0, n_keys, tile):
        keys = start + tl.arange(0, tile)
        key = _load(key_base, begin, keys, n_keys, head, n_heads, size, padded)
        scores = _scores(query, key, keys, n_keys, precision)
        peak = tl.maximum(top, tl.max(scores, 1))
        total = total * tl.exp(top - peak) + tl.sum(tl.exp(scores - peak[:, None]), 1)
        top = peak
    return top + tl.log(total)


@triton.jit
def _factors(seed, threshold, kept, at, quads, start, tile: tl.constexpr):
    """What dropout multiplies by, 0 or `kept`: rows `at` (row x H + head), keys from `start`, a multiple of 4, on."""
    counters = (at * quads)[:, None] + (start // 4 + tl.arange(0, tile // 4))[None, :]
    a, b, c, d = tl.randint4x(seed, counters)
    bits = tl.interleave(tl.interleave(a, c), tl.interleave(b, d)).to(tl.int32, bitcast=True)
    return tl.where(bits >= threshold, kept, 0.0)


@triton.jit
def _dropped(probs, seed, threshold, kept, at, quads, start, tile: tl.constexpr, drops: tl.constexpr):
    if drops:
        probs = probs * _factors(seed, threshold, kept, at, quads, start, tile)
    return probs


@triton.jit(do_not_specialize=["seed", "threshold", "quads"])
def forward(
    q, k, v, tq, tk, out, lse, taught_lse, squares, products, tiles, seed, threshold, kept, quads, n_heads,
    size: tl.constexpr, padded: tl.constexpr, tile: tl.constexpr, teacher_map: tl.constexpr, drops: tl.constexpr,
    precision: tl.constexpr,
):  # fmt: skip
    """A tile of queries. Of each row: output, log-sum-exps, sum of (D - T)^2 and of (D - T) D over its keys."""
    begin, offset, n_rows, n_keys, n_counted = _place(tiles, tl.program_id(0))
    head = tl.program_id(1)
    rows = offset + tl.arange(0, tile)
    at = (begin + rows) * n_heads + head
    query = _load(q, begin, rows, n_rows, head, n_heads, size, padded)
    own = _log_sum_exp(query, k, begin, n_keys, head, n_heads, size, padded, tile, precision)
    if teacher_map:
        taught_query = _load(tq, begin, rows, n_rows, head, n_heads, size, padded)
        theirs = _log_sum_exp(taught_query, tk, begin, n_keys, head, n_heads, size, padded, tile, precision)
    total = tl.zeros((tile, padded), tl.float32)
    square = tl.zeros((tile,), tl.float32)
    product = tl.zeros((tile,), tl.float32)
    for start in range(0, n_keys, tile):
        keys = start + tl.arange(0, tile)
        key = _load(k, begin, keys, n_keys, head, n_heads, size, padded)
        probs = tl.exp(_scores(query, key, keys, n_keys, precision) - own[:, None])
        dropped = _dropped(probs, seed, threshold, kept, at, quads, start, tile, drops)
        value = _load(v, begin, keys, n_keys, head, n_heads, size, padded)
        total += tl.dot(dropped.to(value.dtype), value, input_precision=precision)
        if teacher_map:
            taught_key = _load(tk, begin, keys, n_keys, head, n_heads, size, padded)
            target = tl.exp(_scores(taught_query, taught_key, keys, n_keys, precision) - theirs[:, None])
            difference = dropped - target
            square += tl.sum(difference * difference, 1)
            product += tl.sum(difference * dropped, 1)
    _store(out, total, begin, rows, n_rows, head, n_heads, size, padded)
    tl.store(lse + at, own, mask=rows < n_rows)
    if teacher_map:
        tl.store(taught_lse + at, theirs, mask=rows < n_rows)
        tl.store(squares + at, tl.where(rows < n_counted, square, 0.0), mask=rows < n_rows)
        tl.store(products + at, product, mask=rows < n_rows)


@triton.jit
def _grad_scores(
    query, key, value, grad, taught_query, taught_key, keys, n_keys, own, theirs, weight, delta, at, start,
    seed, threshold, kept, quads, tile: tl.constexpr, teacher_map: tl.constexpr, drops: tl.constexpr,
    precision: tl.constexpr,
):  # fmt: skip
    """D and dS of a tile of queries by a tile of keys; `weight` is 2 dl of rows that count, `delta` rowsum(dD * D)."""
    probs = tl.exp(_scores(query, key, keys, n_keys, precision) - own[:, None])
    dropped = _dropped(probs, seed, threshold, kept, at, quads, start, tile, drops)
    grad_dropped = tl.dot(grad, tl.trans(value), input_precision=precision)
    if teacher_map:
        target = tl.exp(_scores(taught_query, taught_key, keys, n_keys, precision) - theirs[:, None])
        grad_dropped += weight[:, None] * (dropped - target)
    return dropped, dropped * grad_dropped - probs * delta[:, None]


@triton.jit(do_not_specialize=["seed", "threshold", "quads"])
def backward_queries(
    q, k, v, tq, tk, out, grad_out, grad_distance, lse, taught_lse, products, deltas, grad_q, tiles,
    seed, threshold, kept, quads, n_heads,
    size: tl.constexpr, padded: tl.constexpr, tile: tl.constexpr, teacher_map: tl.constexpr, drops: tl.constexpr,
    precision: tl.constexpr,
):  # fmt: skip
    """A tile of queries: dQ; and rowsum(dD * D) for `backward_keys`: that of dO * O, and of 2 dl (D - T) * D."""
    begin, offset, n_rows, n_keys, n_counted = _place(tiles, tl.program_id(0))
    head = tl.program_id(1)
    rows = offset + tl.arange(0, tile)
    at = (begin + rows) * n_heads + head
    query = _load(q, begin, rows, n_rows, head, n_heads, size, padded)
    grad = _load(grad_out, begin, rows, n_rows, head, n_heads, size, padded)
    output = _load(out, begin, rows, n_rows, head, n_heads, size, padded)
    own = tl.load(lse + at, mask=rows < n_rows, other=0.0)
    delta = tl.sum(grad.to(tl.float32) * output.to(tl.float32), 1)
    taught_query, theirs, weight = query, own, own
    if teacher_map:
        taught_query = _load(tq, begin, rows, n_rows, head, n_heads, size, padded)
        theirs = tl.load(taught_lse + at, mask=rows < n_rows, other=0.0)
        weight = tl.where(rows < n_counted, 2.0 * tl.load(grad_distance), 0.0)
        delta += weight * tl.load(products + at, mask=rows < n_rows, other=0.0)
    tl.store(deltas + at, delta, mask=rows < n_rows)
    total = tl.zeros((tile, padded), tl.float32)
    for start in range(0, n_keys, tile):
        keys = start + tl.arange(0, tile)
        key = _load(k, begin, keys, n_keys, head, n_heads, size, padded)
        value = _load(v, begin, keys, n_keys, head, n_heads, size, padded)
        taught_key = key
        if teacher_map:
            taught_key = _load(tk, begin, keys, n_keys, head, n_heads, size, padded)
        _, grad_scores = _grad_scores(
            query, key, value, grad, taught_query, taught_key, keys, n_keys, own, theirs, weight, delta, at, start,
            seed, threshold, kept, quads, tile, teacher_map, drops, precision,
        )  # fmt: skip
        total += tl.dot(grad_scores.to(key.dtype), key, input_precision=precision)
    _store(grad_q, total, begin, rows, n_rows, head, n_heads, size, padded)


@triton.jit(do_not_specialize=["seed", "threshold", "quads"])
def backward_keys(
    q, k, v, tq, tk, grad_out, grad_distance, lse, taught_lse, deltas, grad_k, grad_v, tiles,
    seed, threshold, kept, quads, n_heads,
    size: tl.constexpr, padded: tl.constexpr, tile: tl.constexpr, teacher_map: tl.constexpr, drops: tl.constexpr,
    precision: tl.constexpr,
):  # fmt: skip
    """A tile of keys: dK and dV, which are 0 where there are none."""
    begin, start, n_rows, n_keys, n_counted = _place(tiles, tl.program_id(0))
    head = tl.program_id(1)
    keys = start + tl.arange(0, tile)
    key = _load(k, begin, keys, n_keys, head, n_heads, size, padded)
    value = _load(v, begin, keys, n_keys, head, n_heads, size, padded)
    taught_key = key
    if teacher_map:
        taught_key = _load(tk, begin, keys, n_keys, head, n_heads, size, padded)
    total_key = tl.zeros((tile, padded), tl.float32)
    total_value = tl.zeros((tile, padded), tl.float32)
    # Of a tile without a key no query is looked at.
    for offset in range(0, tl.where(start < n_keys, n_rows, 0), tile):
        rows = offset + tl.arange(0, tile)
        at = (begin + rows) * n_heads + head
        query = _load(q, begin, rows, n_rows, head, n_heads, size, padded)
        grad = _load(grad_out, begin, rows, n_rows, head, n_heads, size, padded)
        own = tl.load(lse + at, mask=rows < n_rows, other=0.0)
        delta = tl.load(deltas + at, mask=rows < n_rows, other=0.0)
        taught_query, theirs, weight = query, own, own
        if teacher_map:
            taught_query = _load(tq, begin, rows, n_rows, head, n_heads, size, padded)
            theirs = tl.load(taught_lse + at, mask=rows < n_rows, other=0.0)
            weight = tl.where(rows < n_counted, 2.0 * tl.load(grad_distance), 0.0)
        dropped, grad_scores = _grad_scores(
            query, key, value, grad, taught_query, taught_key, keys, n_keys, own, theirs, weight, delta, at, start,
            seed, threshold, kept, quads, tile, teacher_map, drops, precision,
        )  # fmt: skip
        total_value += tl.dot(tl.trans(dropped.to(grad.dtype)), grad, input_precision=precision)
        total_key += tl.dot(tl.trans(grad_scores.to(query.dtype)), query, input_precision=precision)
    _store(grad_k, total_key, begin, keys, n_rows, head, n_heads, size, padded)
    _store(grad_v, total_value, begin, keys, n_rows, head, n_heads, size, padded)
