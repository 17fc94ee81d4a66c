"""What a pass over questions finds: how many there are, how some were read, and which cannot be trained on and why."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from harness.qa import offsets
from harness.qa.squad import Paragraph

N_EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class Tally:
    """How many questions something is true of, and the first of them by id."""

    what: str
    n: int
    examples: tuple[str, ...]

    def __str__(self) -> str:
        more = ", …" if self.n > len(self.examples) else ""
        return f"{self.what}: {self.n:,} ({', '.join(self.examples)}{more})"


@dataclass(frozen=True, slots=True)
class Survey:
    """`notes` say how questions were read, `unusable` why some cannot be trained on, each question once.

    `reading` is what most of the offsets that do not fit can be explained by, with how many it explains.
    """

    n_questions: int
    notes: tuple[Tally, ...]
    unusable: tuple[Tally, ...]
    reading: str = ""

    @property
    def n_unusable(self) -> int:
        return sum(tally.n for tally in self.unusable)

    @property
    def share_unusable(self) -> float:
        return self.n_unusable / max(self.n_questions, 1)


def survey(paragraphs: Iterable[Paragraph]) -> Survey:
    """Counts in one pass; holds nothing but counts and the first ids of each kind."""
    notes: dict[str, list[str]] = {}
    unusable: dict[str, list[str]] = {}
    counts: Counter[str] = Counter()
    readings: Counter[str] = Counter()
    n = n_off = 0
    for paragraph in paragraphs:
        for question in paragraph.questions:
            n += 1
            problem = offsets.problem_of(question, paragraph.context)
            for what, found in [(note, notes) for note in question.notes] + [(problem, unusable)] * bool(problem):
                counts[str(what)] += 1
                found.setdefault(str(what), []).extend([question.id][: counts[str(what)] <= N_EXAMPLES])
            for answer in question.answers if problem else ():
                if not offsets.stands(answer, paragraph.context):
                    n_off += 1
                    readings.update(offsets.readings_of(answer, paragraph.context))
    most = readings.most_common(1)
    reading = f"{most[0][1]:,} of {n_off:,} such offsets are {most[0][0]}" if most else ""
    return Survey(n, _tallies(notes, counts), _tallies(unusable, counts), reading)


def _tallies(found: dict[str, list[str]], counts: Counter[str]) -> tuple[Tally, ...]:
    return tuple(Tally(what, counts[what], tuple(ids)) for what, ids in found.items())
