"""The shelf of programs: what silence in a card means, for the library that the card was made with.

One file each. A file lists the defaults of every stage it can run, each with the symbol it stands in.
"""

from collections.abc import Mapping

from harness.programs import haystack_1_1
from harness.programs.defaults import Program

PROGRAMS: Mapping[str, Program] = {"haystack 1.1.0": haystack_1_1.PROGRAM}
