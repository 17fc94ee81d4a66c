"""Printed values as numbers, truth values, tuples and grids; the printed characters are kept beside them."""

import math
import re

from harness.domain import Value

Parsed = Value | tuple[Value, ...]

_LONGEST_NUMBER = 60  # digits enough for any float; more is no number that anyone set
_PRODUCT = re.compile(r"^\d{1,6}(?:\s*[*x×]\s*\d{1,6}){1,3}$")
_POWER = re.compile(r"^(?:(?P<factor>\d+(?:\.\d+)?)\s*[*x×·⋅]\s*)?10\s*\^?\s*\{?(?P<power>-\d{1,2}|(?<=\^)\d{1,2})\}?$")
_THOUSANDS = re.compile(r"^\d{1,3}(?:,\d{3})+(?:\.\d+)?$|^\d{1,3}(?:[ '’]\d{3})+$")
_SHORT = re.compile(r"^(\d+(?:\.\d+)?)\s?([kKM])$")
_COMMA = re.compile(r"^[+-]?\d+,\d+$")
_LISTED = re.compile(r"^\s*[\[({](?P<inside>[^\[\](){}]{1,200})[\])}]\s*$")
_RANGE = re.compile(r"^(?P<first>[\d.eE+-]{1,20})\s*(?:-|–|to|~|\.\.)\s*(?P<last>[\d.eE+-]{1,20})$")
_LEADING = re.compile(r"^(?P<number>[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)\s+[A-Za-z(]")
_BREAK = re.compile(r"(?:\s*<\s*/?\s*br\s*/?\s*>)+\s*$|\s*\\t$|\s*\\\\?$", re.IGNORECASE)
_LATEX = {"\\times": "x", "\\cdot": "·", "\\pm": "±", "\\%": "%", "\\,": ""}
_MATH = re.compile(r"\$(\s*[-+.\d][^$]{0,40})\$")
_WORDS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "twelve": 12, "fifteen": 15, "twenty": 20, "thirty": 30, "fifty": 50, "hundred": 100, "single": 1,
}  # fmt: skip


def without_breaks(text: str) -> str:
    """A value without the tags and backslashes that break its line."""
    while (match := _BREAK.search(text[-60:])) is not None and match.group():
        text = text[: len(text) - len(match.group())].rstrip()
    return text


def cleaned(raw: str) -> str:
    """A value as printed, without line-break tags, trailing commas and the quotes or backticks around the whole."""
    text = without_breaks(raw.strip()).rstrip(",;").strip()
    if text.endswith(".") and text[-2:-1].isdigit() and "." not in text[:-1]:
        text = text[:-1]
    if len(text) > 4 and text.startswith("**") and text.endswith("**") and text.count("*") == 4:
        text = text[2:-2]
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'`" and text[0] not in text[1:-1]:
        text = text[1:-1].strip()
    return text


def parse_value(raw: str) -> tuple[Parsed, bool]:
    """What a printed value stands for, and whether it is a grid: several values of which one was chosen."""
    text = cleaned(raw)
    single = value_of(text)
    if not isinstance(single, str) or len(text) > 200:
        return single, False
    listed = _LISTED.match(text)
    if listed:
        parts = tuple(value_of(part) for part in listed["inside"].split(",") if part.strip())
        is_numeric = all(isinstance(part, (int, float)) and not isinstance(part, bool) for part in parts)
        if len(parts) > 1 and is_numeric:
            return parts, not text.startswith("(")
        return text, False
    parts = _several(text)
    return (parts, True) if parts else (single, False)


def _several(text: str) -> tuple[Value, ...]:
    """Bare lists of numbers (`1e-5, 2e-5 and 3e-5`, `16/32`) and ranges; () for anything else."""
    pieces = re.split(r"\s*(?:,|/|;|\bor\b|\band\b|\bto\b|–)\s*", text)
    pieces = [piece for piece in pieces if piece]
    if not 1 < len(pieces) <= 20:
        found = _RANGE.match(text)
        pieces = [found["first"], found["last"]] if found else []
    numbers = tuple(value_of(piece) for piece in pieces)
    is_numeric = all(isinstance(number, (int, float)) and not isinstance(number, bool) for number in numbers)
    return numbers if len(numbers) > 1 and is_numeric else ()


def without_latex(text: str) -> str:
    """A number in LaTeX's mathematics (`$3 \\times 10^{-5}$`) as it would be typed without it."""
    if "$" not in text and "\\" not in text:
        return text
    for mark, plain in _LATEX.items():
        text = text.replace(mark, plain)
    return _MATH.sub(r"\1", text)


def value_of(raw: str) -> Value:
    """A printed value as a number or truth value where it is one, else the text without its quotes."""
    text = cleaned(without_latex(raw))
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    if len(text) > _LONGEST_NUMBER:
        return text
    number = number_of(text)
    return text.strip("\"'`") if number is None else number


def number_of(text: str) -> int | float | None:
    """The number that a text is, in any of the ways cards print one; None where it is none."""
    text = text.strip().replace("−", "-").replace("‑", "-").replace("–", "-").strip("*_`")
    if not text or len(text) > _LONGEST_NUMBER:
        return None
    plain = _plain_number(text)
    if plain is not None:
        return plain
    if text.endswith("%"):
        return _plain_number(text[:-1].strip().replace(",", "."))
    if _PRODUCT.match(text):
        return math.prod(int(factor) for factor in re.findall(r"\d+", text))
    power = _POWER.match(text)
    if power:
        return _plain_number(f"{power['factor'] or 1}e{power['power']}")
    if _THOUSANDS.match(text):
        return _plain_number(re.sub("[, '’]", "", text))
    if _COMMA.match(text):
        return _plain_number(text.replace(",", "."))
    short = _SHORT.match(text)
    if short:
        number = float(short[1]) * (1000 if short[2] in "kK" else 1_000_000)
        return int(number) if number.is_integer() else number
    return _WORDS.get(text.lower())


def leading_number(text: str) -> int | float | None:
    """The number that a phrase begins with (`512 tokens for …`), None where it does not."""
    match = _LEADING.match(cleaned(text)[:80])
    return number_of(match["number"]) if match else None


def _plain_number(text: str) -> int | float | None:
    if "_" in text or not text.isascii():
        return None
    for convert in (int, float):
        try:
            number = convert(text)
        except ValueError:
            continue
        return number if math.isfinite(number) else None
    return None
