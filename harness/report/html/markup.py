"""HTML built from plain text: whatever is not Html already is escaped, so that no card and no answer can be markup."""

import base64
import hashlib
import html
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from harness.report.printable import printable

HERE = Path(__file__).parent
_EMPTY = ("meta", "link", "br", "input")  # elements without an end
# Scripts of a page by their hash alone, styles of its own, no address at all to load from or to send to.
_POLICY = (
    "default-src 'none'; script-src {scripts}; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'"
)


class Html(str):
    """Text that is markup already."""

    __slots__ = ()


Part = str | int | None | Iterable["Part"]


def text(value: object) -> Html:
    """What is no markup yet: control characters shown as their codes, everything special to HTML escaped."""
    lines = str(value).expandtabs(4).split("\n")
    return Html(html.escape("\n".join(printable(line) for line in lines)))


def join(*parts: Part) -> Html:
    """Parts one after another; None is nothing."""
    return Html("".join(_flat(parts)))


def _flat(parts: Iterable[Part]) -> Iterable[str]:
    for part in parts:
        if isinstance(part, Html):
            yield part
        elif isinstance(part, (str, int)):
            yield text(part)
        elif part is not None:
            yield from _flat(part)


def tag(name: str, /, *parts: Part, **attributes: str | int | bool | None) -> Html:
    """An element; `class_` is class, `data_x` data-x. An attribute that is True stands alone, None or False is none."""
    shown = "".join(
        f" {key.rstrip('_').replace('_', '-')}" + ("" if value is True else f'="{text(value)}"')
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    return Html(f"<{name}{shown}>" if name in _EMPTY else f"<{name}{shown}>{join(*parts)}</{name}>")


def table(columns: Iterable[Part], rows: Iterable[Iterable[Part]], *, label: str, class_: str | None = None) -> Html:
    """A table in which a narrow screen shows each row as a list: every cell carries the name of its column."""
    names = list(columns)
    head = tag("thead", tag("tr", *(tag("th", name, scope="col") for name in names)))
    body = [
        tag("tr", *(tag("td", cell, data_name=str(name)) for name, cell in zip(names, row, strict=True)))
        for row in rows
    ]
    return tag("table", head, tag("tbody", *body), class_=class_, aria_label=label)


def data(identifier: str, thing: Any) -> Html:
    """JSON for a script of the page; `<`, `>` and `&` are written as escapes, so that nothing in it ends it."""
    plain = json.dumps(thing, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for char in "<>&\u2028\u2029":
        plain = plain.replace(char, f"\\u{ord(char):04x}")
    return Html(f'<script type="application/json" id="{text(identifier)}">{plain}</script>')


def document(title: str, *body: Part, scripts: Iterable[str]) -> str:
    """A whole page with our style and these of our scripts in it."""
    codes = [(HERE / name).read_text(encoding="utf-8") for name in scripts]
    hashes = [base64.b64encode(hashlib.sha256(code.encode()).digest()).decode() for code in codes]
    policy = _POLICY.format(scripts=" ".join(f"'sha256-{one}'" for one in hashes) or "'none'")
    head = (
        tag("meta", charset="utf-8"),
        Html(f'<meta http-equiv="Content-Security-Policy" content="{policy}">'),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("link", rel="icon", href="data:,"),
        tag("title", title),
        Html(f"<style>{(HERE / 'style.css').read_text(encoding='utf-8')}</style>"),
    )
    foot = [Html(f"<script>{code}</script>") for code in codes]
    return (
        f'<!doctype html>\n<html lang="en">\n<head>{join(*head)}</head>\n<body>{join(*body, *foot)}</body>\n</html>\n'
    )
