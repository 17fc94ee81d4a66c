"""What holds for every protocol on the shelf."""

from typing import Any

import numpy as np
import pytest

from harness.errors import InvalidRunError
from harness.plan.defaults import EVALUATIONS
from harness.qa.protocols import PROTOCOLS, settings_of
from harness.qa.protocols.interface import Window
from tests.qa.by_hand import WINDOW, logits_of, question, rows
from tests.qa.conftest import Dev

pytestmark = pytest.mark.parametrize("protocol", PROTOCOLS)


def defaults(protocol: str) -> dict[str, Any]:
    stage = EVALUATIONS[protocol].stages["evaluation"]
    return {name: stage[name].value for name in settings_of(protocol)}


def test_its_settings_have_a_default_in_its_program(protocol: str) -> None:
    stage = EVALUATIONS[protocol].stages["evaluation"]
    assert stage["protocol"].value == protocol
    assert set(settings_of(protocol)) <= set(stage)
    assert {"max_seq_length", "doc_stride", "doc_stride_is", "max_query_length", "eval_batch_size"} <= set(stage)


@pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf])
def test_logits_that_are_not_finite_name_their_question(protocol: str, broken: float) -> None:
    asked = [question(WINDOW, name="good"), question(Window(1, 3, 4, 0), name="bad")]
    logits = rows(logits_of(s0=1, e0=1), logits_of(s0=1, e0=1))
    logits[1, 5, 1] = broken
    with pytest.raises(InvalidRunError, match=r"question bad.*row 1.*not finite"):
        PROTOCOLS[protocol](asked, logits, **defaults(protocol))


def test_every_odd_question_gets_an_answer(protocol: str, edge_cases: Dev) -> None:
    n_rows = 1 + max(window.row for asked in edge_cases.asked for window in asked.windows)
    logits = np.random.default_rng(0).normal(size=(n_rows, 160, 2)).astype(np.float32)
    found = PROTOCOLS[protocol](edge_cases.asked, logits, **defaults(protocol))
    assert list(found) == [asked.id for asked in edge_cases.asked]
    for asked in edge_cases.asked:
        # official-bert squeezes white space between the words of an answer.
        assert " ".join(found[asked.id].text.split()) in " ".join(asked.context.split())


def test_no_question_asked_is_no_question_answered(protocol: str) -> None:
    assert PROTOCOLS[protocol]([], logits_of(), **defaults(protocol)) == {}
