"""Augmented paragraphs: what changes, what stays, and that every copy stands by itself."""

from itertools import islice

import pytest

from harness.errors import DataError
from harness.qa.squad import Paragraph, Question
from harness.train.augment import Table, augmented
from harness.train.augment.sampler import generator, redrawn
from tests.train.augment.conftest import Build, contexts_of, paragraph

TEXT = "The computational problem is known as one of the hardest problems, and the time of an input string is long."


@pytest.fixture
def paragraphs() -> list[Paragraph]:
    return [paragraph(TEXT, "a", "b"), paragraph(f"{TEXT} Why is Émile 東 here ☃?", "c"), paragraph(TEXT, "d")]


@pytest.fixture
def table(build: Build, paragraphs: list[Paragraph]) -> Table:
    return build(paragraphs)


def draw(paragraphs: list[Paragraph], table: Table, p: float = 0.4, factor: int = 3, seed: int = 42) -> list[Paragraph]:
    return list(augmented(lambda: iter(paragraphs), table, factor=factor, replace_probability=p, seed=seed))


def test_questions_keep_id_and_text_and_lose_their_answers(paragraphs: list[Paragraph], table: Table) -> None:
    found = draw(paragraphs, table)
    assert [p.title for p in found] == ["title"] * 9
    assert found[0].questions == (Question("a", "what is a?", ()), Question("b", "what is b?", ()))
    assert [[q.id for q in p.questions] for p in found] == 3 * [["a", "b"]] + 3 * [["c"]] + 3 * [["d"]]


def test_probability_nought_gives_the_words_as_the_tokenizer_writes_them(
    paragraphs: list[Paragraph], table: Table
) -> None:
    found = contexts_of(iter(draw(paragraphs, table, p=0.0)))
    assert found[0] == TEXT.lower().replace(",", " ,").replace(".", " .")
    assert found[3].endswith("why is emile 東 here ☃ ?")


def test_probability_one_replaces_every_word_that_has_candidates(paragraphs: list[Paragraph], table: Table) -> None:
    entries = table.shard(0).entries(0)
    words = draw(paragraphs[:1], table, p=1.0, factor=1)[0].context.split(" ")
    assert all(new in (candidates or (word,)) for new, (word, candidates) in zip(words, entries, strict=True))


def test_a_share_of_the_words_is_replaced() -> None:
    entries = [("old", ("new",))] * 20_000
    text = redrawn(entries, generator(1, 0, 0), replace_probability=0.4).split()
    assert text.count("new") / len(text) == pytest.approx(0.4, abs=0.02)


def test_the_same_seed_gives_the_same_texts_and_another_one_others(paragraphs: list[Paragraph], table: Table) -> None:
    assert draw(paragraphs, table) == draw(paragraphs, table)
    assert draw(paragraphs, table) != draw(paragraphs, table, seed=43)


def test_every_copy_depends_on_its_own_number_alone(paragraphs: list[Paragraph], table: Table) -> None:
    found = draw(paragraphs, table)
    assert len({p.context for p in found}) == 9  # the third paragraph's text is the first's
    assert draw(paragraphs[:2], table) == found[:6]
    assert [p for n, p in enumerate(draw(paragraphs, table, factor=5)) if n % 5 < 3] == found
    by_itself = redrawn(table.shard(0).entries(1), generator(42, 1, 2), replace_probability=0.4)
    assert by_itself == found[5].context


def test_a_generator_is_the_same_in_every_python() -> None:
    assert [generator(42, 0, 0).random(), generator(42, 1, 0).random()] == [0.3068111250156512, 0.2640472965030306]


def test_paragraphs_are_read_as_they_are_asked_for(paragraphs: list[Paragraph], table: Table) -> None:
    def endless() -> object:
        while True:
            yield paragraphs[0]

    stream = augmented(endless, table, factor=2, replace_probability=0.4, seed=1)  # type: ignore[arg-type]
    assert len(list(islice(stream, 7))) == 7


def test_a_paragraph_that_is_not_in_the_table_is_named(table: Table) -> None:
    with pytest.raises(DataError, match="holds no candidates for the context 'another'"):
        draw([paragraph("another")], table)


def test_no_paragraphs_give_none(build: Build) -> None:
    assert draw([], build([])) == []


def test_a_long_context_keeps_all_its_words(build: Build) -> None:
    text = "time " * 700
    long = [paragraph(text, "q")]
    table = build(long)
    assert table.n_words == {"mlm": 509, "glove": 191, "none": 0}
    assert len(draw(long, table)[0].context.split()) == 700
