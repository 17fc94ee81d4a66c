"""harness cards"""

import argparse
import json

from harness.card.read import read_card
from harness.plan.claims import measured
from harness.record.store import SCHEMA_VERSION
from harness.report.printable import printable
from harness.run.cards import shipped


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = "Each goes by its name: harness plan NAME. Any card of the Hub goes by ORG/NAME."


def run(arguments: argparse.Namespace) -> int:
    cards = {name: read_card(path) for name, path in shipped().items()}
    claims = {name: {one.metric: one.raw for one in measured(card)} for name, card in cards.items()}
    if arguments.json:
        found = [{"name": name, "path": card.path, "claims": claims[name]} for name, card in cards.items()]
        print(json.dumps({"schema_version": SCHEMA_VERSION, "cards": found}, indent=1, ensure_ascii=False))
        return 0
    width = max(map(len, cards), default=0)
    for name in cards:
        said = ", ".join(f"{metric} {claims[name][metric]}" for metric in ("exact", "f1") if metric in claims[name])
        print(printable(f"{name:<{width}}  {said}"))
    return 0
