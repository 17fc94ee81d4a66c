"""Text of cards as a terminal may show it: what would move the cursor or change colours is shown as its code."""

import unicodedata

_HIDDEN = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
_KEPT = "\u200d"  # joins the parts of one picture


def printable(text: str) -> str:
    """The text with control and format characters written as escapes."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        char if char in _KEPT or unicodedata.category(char) not in _HIDDEN else repr(char)[1:-1] for char in text
    )
