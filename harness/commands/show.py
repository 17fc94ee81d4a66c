"""Prints what a command found, in the form that was asked for."""

import argparse

from harness.reports import REPORTS
from harness.reports.subject import Subject


def show(arguments: argparse.Namespace, subject: Subject) -> None:
    print(REPORTS["json" if arguments.json else "text"](subject))
