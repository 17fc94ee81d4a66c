"""The shelf of programs: what silence in a card means, for the library that the card was made with.

One file each. A file lists the defaults of every stage it can run, each with the symbol it stands in.
"""

from collections.abc import Mapping

from harness.plan.defaults import (
    farm,
    haystack_1_1,
    haystack_1_26,
    keras,
    official_bert,
    run_qa,
    run_squad,
    squad_distillation,
    tinybert_original,
    trainer,
)
from harness.plan.defaults.default import Program

PROGRAMS: Mapping[str, Program] = {
    program.name: program
    for program in (
        haystack_1_1.PROGRAM,
        haystack_1_26.PROGRAM,
        tinybert_original.PROGRAM,
        farm.PROGRAM,
        trainer.PROGRAM,
        run_squad.PROGRAM,
        squad_distillation.PROGRAM,
        keras.PROGRAM,
    )
}

EVALUATIONS: Mapping[str, Program] = {
    "haystack": haystack_1_1.PROGRAM,
    "run_qa": run_qa.PROGRAM,
    "official-bert": official_bert.PROGRAM,
}
"""Protocol -> the program whose stage "evaluation" holds its defaults."""
WITHOUT_NO_ANSWERS = ("run_qa", "official-bert")
"""Protocols with an option to leave no question unanswered: version_2_with_negative, true where nothing says so."""
