"""Words of the context for a span of word pieces, as Google BERT's run_squad.py projects them (get_final_text).

The pieces are joined and looked for in the span's words after those went through the basic tokenizer; where that
leaves as many characters as there were, those found are given back as they stand in the context ("Steve Smith" for
`steve smith` in "Steve Smith's"). Where anything fails, the answer is the whole words, white space squeezed.
Two quirks of the original are kept: the pieces are found where they occur first in those words, and a span that starts
inside a word gives that part of it (transformers 4.46.3 does not take its leading ## off, so finds nothing, and gives
the whole words).
"""

import bisect
import functools
import re
import unicodedata
from collections.abc import Iterator, Sequence

_WORD = re.compile("[^ \t\r\n\u202f]+")  # what run_squad.py takes for white space between words
_CHINESE = re.compile(
    "[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0002a6df\U0002a700-\U0002b73f\U0002b740-\U0002b81f"
    "\U0002b820-\U0002ceaf\U0002f800-\U0002fa1f]"
)
_PLAIN = re.compile(r"[0-9A-Za-z]+|[!-/:-@\[-`{-~]")


def text_of(
    context: str, pieces: Sequence[str], first_character: int, last_character: int, *, is_lower_cased: bool
) -> str:
    """The answer that `pieces` stand for; the characters are where the first and the last of them begin."""
    starts, words = _words(context)
    first, last = (bisect.bisect_right(starts, at) - 1 for at in (first_character, last_character))
    joined = " ".join(pieces).replace(" ##", "").replace("##", "")
    return project(" ".join(joined.split()), " ".join(words[first : last + 1]), is_lower_cased=is_lower_cased)


@functools.lru_cache(maxsize=4)  # the questions of one context follow one another
def _words(context: str) -> tuple[list[int], list[str]]:
    found = [(match.start(), match.group()) for match in _WORD.finditer(context)]
    return [start for start, _ in found], [word for _, word in found]


def project(predicted: str, original: str, *, is_lower_cased: bool) -> str:
    """The part of `original` that `predicted`, text of the tokenizer, stands for; else all of `original`."""
    tokenised = " ".join(basic_tokens(original, is_lower_cased=is_lower_cased))
    begin = tokenised.find(predicted)
    if begin < 0 or not predicted:
        return original
    places = [place for place, character in enumerate(original) if character != " "]
    if len(places) != len(tokenised) - tokenised.count(" "):
        return original
    n_before = begin - tokenised.count(" ", 0, begin)
    n_inside = len(predicted) - predicted.count(" ")
    return original[places[n_before] : places[n_before + n_inside - 1] + 1]


def basic_tokens(text: str, *, is_lower_cased: bool) -> list[str]:
    """Words and punctuation marks as BERT's basic tokenizer cuts them, before they are cut into pieces."""
    if text.isascii() and text.isprintable():
        return _PLAIN.findall(text.lower() if is_lower_cased else text)
    words = _CHINESE.sub(r" \g<0> ", "".join(_cleaned(text))).split()
    if is_lower_cased:
        words = [_without_accents(word.lower()) for word in words]
    return " ".join(" ".join(_split_at_punctuation(word)) for word in words).split()


def _cleaned(text: str) -> Iterator[str]:
    for character in text:
        category = unicodedata.category(character)
        if character in "\t\n\r" or category == "Zs":
            yield " "
        elif character not in "\0\ufffd" and category not in ("Cc", "Cf"):
            yield character


def _without_accents(word: str) -> str:
    return "".join(one for one in unicodedata.normalize("NFD", word) if unicodedata.category(one) != "Mn")


def _split_at_punctuation(word: str) -> Iterator[str]:
    """The marks of a word one by one, and what is between them; ASCII symbols such as $ count as marks."""
    begin = 0
    for place, character in enumerate(word):
        if _is_mark(character):
            yield word[begin:place]
            yield character
            begin = place + 1
    yield word[begin:]


def _is_mark(character: str) -> bool:
    if character.isascii():
        return character.isprintable() and not character.isalnum() and character != " "
    return unicodedata.category(character).startswith("P")
