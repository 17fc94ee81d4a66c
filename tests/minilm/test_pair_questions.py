"""Questions that are made unanswerable: how many, of which paragraphs, and that no text of an answer stands there."""

from pathlib import Path

import pytest

from harness.errors import DataError
from harness.qa.squad import Answer, Paragraph, Question, read_squad
from tests.conftest import SHARED
from tests.minilm import pair_questions
from tests.minilm.pair_questions import MADE, pair

ROOT = Path(__file__).parents[2]
CAPITAL = Question("capital", "What is the capital of France?", (Answer("Paris", 0),))
RIVER = Question("river", "Which river flows through the capital?", (Answer("The Seine", 0),))
KING = Question("king", "Who was king in 1700?", ())
OWN = Paragraph("France", "Paris, on the Seine, is the capital of France.", (CAPITAL, RIVER))
FAR = Paragraph("France", "Wheat grows in the north.", (KING,))
NEAR = Paragraph("France", "A capital of trade in France is Lyon, on the river Rhône.", ())
HOLDS = Paragraph("France", "The capital of France, what is it? Once it was paris.", ())
ELSEWHERE = Paragraph("Spain", "What is the capital of Spain, and of France? Which river flows there?", ())


def test_a_question_is_asked_of_the_paragraph_of_its_article_that_shares_most_and_holds_no_answer() -> None:
    asked = pair([OWN, FAR, NEAR, HOLDS, ELSEWHERE], frozenset({"capital"}))
    assert asked == {OWN: [CAPITAL], FAR: [], NEAR: [Question("capital" + MADE, CAPITAL.text, ())], HOLDS: [],
                     ELSEWHERE: []}  # fmt: skip


def test_as_many_are_made_as_make_half_of_them_unanswerable() -> None:
    asked = pair([OWN, FAR, NEAR, HOLDS], frozenset({"capital", "river", "king"}))
    found = [question for own in asked.values() for question in own]
    assert sorted(bool(one.answers) for one in found) == [False, False, True, True]
    assert sum(one.id.endswith(MADE) for one in found) == 1


def test_no_question_is_made_where_enough_have_no_answer() -> None:
    asked = pair([OWN, FAR], frozenset({"capital", "king"}))
    assert [one.id for own in asked.values() for one in own] == ["capital", "king"]


def test_an_article_of_one_paragraph_is_refused() -> None:
    with pytest.raises(DataError, match="1 questions are to be made, 0 can be"):
        pair([OWN], frozenset({"capital"}))


def test_the_written_file_reads_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given, ids, out = SHARED / "data/squad/train-v2.0.first10articles.json", tmp_path / "ids", tmp_path / "out.json"
    if not given.is_file():
        pytest.skip("the reference data are not here")
    known = [one for part in read_squad(given) for one in part.questions]
    asked = [one for one in known if not one.answers] + [one for one in known if one.answers][::4]
    ids.write_text("\n".join(one.id for one in asked))
    n, n_without = sum(bool(one.answers) for one in asked), sum(not one.answers for one in asked)
    assert pair_questions.main([str(given), str(ids), str(out)]) == 0
    assert capsys.readouterr().out == f"{2 * n:,} questions, {n:,} without an answer, {n - n_without:,} made\n"
    texts = {one.id: [answer.text for answer in one.answers] for part in read_squad(given) for one in part.questions}
    made = [(part, one) for part in read_squad(out) for one in part.questions if one.id.endswith(MADE)]
    assert len(made) == n - n_without > 100
    for part, one in made:
        assert not one.answers
        assert not any(text in part.context for text in texts[one.id.removesuffix(MADE)])


def test_the_page_and_the_cards_say_how_many_questions_there_are() -> None:
    train = SHARED / "data/squad/train-v2.0.partial.derived.json"
    if not train.is_file():
        pytest.skip("the reference data are not here")
    wanted = frozenset((ROOT / "cards" / "minilm-squad2.ids").read_text(encoding="utf-8").split())
    found = [one for own in pair(read_squad(train), wanted).values() for one in own]
    n_answered, n_made = sum(bool(one.answers) for one in found), sum(one.id.endswith(MADE) for one in found)
    n_given = len(found) - n_answered - n_made
    page = (ROOT / "results" / "README.md").read_text(encoding="utf-8")
    assert f"both learn from {n_answered:,} questions" in page
    assert f"from {n_answered + n_given:,} questions of which {n_given:,} have none" in page
    assert f"With {n_made:,} questions more that have no answer, so that half have none" in page
    of_cards = (ROOT / "cards" / "README.md").read_text(encoding="utf-8")
    assert f"With {n_made:,} questions more that have no answer, made by" in of_cards
    assert len(found) == 2 * n_answered
    for name in ("6l", "3l"):
        card = (ROOT / "tests" / "minilm" / f"minilm-{name}-squad2-paired.md").read_text(encoding="utf-8")
        assert f"{n_answered + n_given:,} of its questions and {n_made:,} that" in card
