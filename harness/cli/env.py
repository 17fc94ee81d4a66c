"""harness env"""

import argparse
import json

from harness.record import environment, store


def add_arguments(parser: argparse.ArgumentParser) -> None:
    del parser  # it has none of its own


def run(arguments: argparse.Namespace) -> int:
    described = {**store.to_json(environment.describe()), "threads": environment.n_threads()}
    if arguments.json:
        print(json.dumps({**described, "schema_version": store.SCHEMA_VERSION}, indent=1))
    else:
        for name, value in described.items():
            print(f"{name:10} {value if value not in (None, []) else '-'}")
    return 0
