"""The shelf of programs: what silence in a card means, for the library that the card was made with.

One file each. A file lists the defaults of every stage it can run, each with the symbol it stands in.
"""

from collections.abc import Mapping

from harness.plan.defaults import haystack_1_1, haystack_1_26, official_bert, run_qa, tinybert_original, trainer
from harness.plan.defaults.default import Program

PROGRAMS: Mapping[str, Program] = {
    program.name: program
    for program in (haystack_1_1.PROGRAM, haystack_1_26.PROGRAM, tinybert_original.PROGRAM, trainer.PROGRAM)
}

EVALUATIONS: Mapping[str, Program] = {
    "haystack": haystack_1_1.PROGRAM,
    "run_qa": run_qa.PROGRAM,
    "official-bert": official_bert.PROGRAM,
}
"""Protocol -> the program whose stage "evaluation" holds its defaults."""
