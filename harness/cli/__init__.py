"""The shelf of commands: name -> what it does, in a line. The command is the module of that name, here.

A command is `add_arguments(parser)` and `run(arguments) -> exit code`. Its module is loaded when it is called, and what
is heavy (torch, a Hub client, statistics) is imported inside `run`, so that every other command starts at once.
"""

from collections.abc import Mapping

COMMANDS: Mapping[str, str] = {
    "parse": "what cards state: facts, settings and claims, with line numbers",
    "lint": "how much of what a re-run needs a card states, and what cannot be right",
    "plan": "the experiment a card describes, every setting with its origin",
    "reproduce": "run the whole chain, from card to verdict",
    "fleet": "cards x seeds on this machine, Ray, Slurm or Hugging Face Jobs; status, logs, cancel",
    "score": "one model, or one prediction file, under every evaluator",
    "verdict": "work a finished run's verdict out again from its record, and compare it with the recorded one",
    "audit": "check every hash of a finished run, score its answers again, and derive its verdict again",
    "gate": "compare finished runs with their cards and with committed baselines: pass, fail or unmeasured",
    "diff": "what two finished runs have differently: settings, machine, scores, and the questions that flipped",
    "plot": "draw a run, or several seeds of one card: claims, losses, accuracy by article",
    "card": "the card of a finished run with what was measured, every other byte as it was",
    "push": "student, regenerated card and record of a finished run to the Hub, in one commit",
    "report": "a finished run as one HTML file: verdict, card lines beside settings, plots, every question",
    "board": "all runs and series of a results folder side by side: verdict, gaps, completeness, cost",
    "cards": "the cards that ship with this package, which go by their names",
    "env": "what this machine is",
}
