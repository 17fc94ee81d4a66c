"""The shelf of commands: name -> what it does, in a line. The command is the module of that name, here.

A command is `add_arguments(parser)` and `run(arguments) -> exit code`. Its module is loaded when it is called, and what
is heavy (torch, a Hub client, statistics) is imported inside `run`, so that every other command starts at once.
"""

from collections.abc import Mapping

COMMANDS: Mapping[str, str] = {
    "init": "write a card that has a line for everything a re-run needs, filled from a training's output folder",
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
    "status": "runs that go on, have stopped or are finished: part, step, loss, what is left, process",
    "export": "a finished run's claims for other judges: JSON lines, community evaluations, model-index, RO-Crate",
    "compact": "finished runs in a form of which many fit a repository; --expand gives the plain one back",
    "badge": "what a finished run came to, as an SVG badge: claim, outcome, date",
    "cards": "the cards that ship with this package, which go by their names",
    "env": "what this machine is",
    "completion": "a script that makes a shell complete commands and options",
    "schema": "the JSON Schema of what a command prints with --json",
}

# One that can be typed as it stands: with a card that ships, or with the record of a run.
EXAMPLES: Mapping[str, str] = {
    "init": "harness init my-model --from runs/checkpoint-500",
    "parse": "harness parse deepset/tinyroberta-squad2",
    "lint": "harness lint README.md --min-score 80",
    "plan": "harness plan pocket --set prediction_layer.learning_rate=1e-4",
    "reproduce": "harness reproduce pocket --seeds 3 --rule equivalence",
    "fleet": "harness fleet pocket pocket-teacher --seeds 3 --on local:2 --dry-run",
    "score": "harness score --predictions predictions.json --eval dev-v2.0.json",
    "verdict": "harness verdict results/pocket/RUN",
    "audit": "harness audit results/pocket/RUN",
    "gate": "harness gate cards/pocket.md --run --junit gate.xml",
    "diff": "harness diff results/pocket/RUN results/pocket/OTHER",
    "plot": "harness plot results/pocket/RUN --out plots",
    "card": "harness card results/pocket/RUN --out README.md",
    "push": "harness push results/pocket/RUN --repo ORG/NAME --dry-run",
    "report": "harness report results/pocket/RUN --out report.html",
    "board": "harness board --html board.html",
    "status": "harness status --follow",
    "export": "harness export results/pocket/RUN --format claims.jsonl --out claims.jsonl",
    "compact": "harness compact results/pocket/RUN",
    "badge": "harness badge results/pocket/RUN --out badge.svg",
    "cards": "harness cards",
    "env": "harness env --json",
    "completion": "harness completion bash > ~/.local/share/bash-completion/completions/harness",
    "schema": "harness schema reproduce",
}
