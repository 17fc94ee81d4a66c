"""Compiles the Triton programs for GPUs that need not be at hand; prints what each takes, as JSON.

    TRITON_INTERPRET=0 python -m tests.kernels.compiled 80 90

Keys are architecture, precision and program; values bytes of shared memory. Head size 64, with teacher and dropout.
"""

import json
import sys
from typing import Any

import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from harness.kernels import fused, tiles

ROWS = ("q", "k", "v", "tq", "tk", "out", "grad_out", "grad_q", "grad_k", "grad_v")  # in the type of the inputs
OTHERS = {"tiles": "*i32", "seed": "i64", "threshold": "i32", "quads": "i32", "n_heads": "i32", "kept": "fp32"}


def compile_one(program: Any, precision: str, launch: tuple[int, int], architecture: int) -> int:
    """Bytes of shared memory of a program compiled as `fused.py` launches it, down to the code of the GPU."""
    own, name_of_dot = ("*bf16", "tf32") if precision == "16 bits" else ("*fp32", precision)
    tile = fused.SHAPES[precision].tile
    constants = {
        "size": 64, "padded": 64, "tile": tile, "taught": True, "drops": True, "precision": name_of_dot
    }  # fmt: skip
    kinds = {name: own if name in ROWS else OTHERS.get(name, "*fp32") for name in program.arg_names}
    kinds |= dict.fromkeys(constants, "constexpr")
    places = {name: (place,) for place, name in enumerate(program.arg_names)}
    source = ASTSource(
        fn=program,
        signature=kinds,
        constexprs={places[name]: value for name, value in constants.items()},
        attrs={places[name]: [["tt.divisibility", 16]] for name, kind in kinds.items() if kind.startswith("*")},
    )
    options = {"num_warps": launch[0], "num_stages": launch[1], "enable_fp_fusion": True}
    made = triton.compile(source, target=GPUTarget("cuda", architecture, 32), options=options)
    assert made.asm["cubin"]
    return int(made.metadata.shared)


def compile_all(architectures: list[int]) -> dict[str, int]:
    found = {}
    for architecture in architectures:
        for precision, shape in fused.SHAPES.items():
            launches = {"forward": shape.forward, "backward_queries": shape.queries, "backward_keys": shape.keys}
            for name, launch in launches.items():
                taken = compile_one(getattr(tiles, name), precision, launch, architecture)
                found[f"{architecture} {precision} {name}"] = taken
    return found


if __name__ == "__main__":
    print(json.dumps(compile_all([int(one) for one in sys.argv[1:]])))
