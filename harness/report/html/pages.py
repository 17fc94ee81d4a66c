"""Whole pages from the templates beside this file: escaped wherever a value is put in, and loading nothing.

A page carries its style and its scripts, and its content security policy runs those scripts alone.
"""

import base64
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from harness.report.printable import printable
from harness.report.text.tables import shown
from harness.report.verdict_rows import number, outcome_text

HERE = Path(__file__).parent
# Scripts of a page by their hash alone, styles of its own, no address at all to load from or to send to.
_POLICY = (
    "default-src 'none'; script-src {scripts}; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'"
)


def render_page(template: str, *, title: str, scripts: Sequence[str], **values: Any) -> str:
    """Fill a template in, with our style and these of our scripts in the page."""
    codes = [_own(name) for name in scripts]
    hashes = [base64.b64encode(hashlib.sha256(code.encode()).digest()).decode() for code in codes]
    policy = Markup(_POLICY.format(scripts=" ".join(f"'sha256-{one}'" for one in hashes)))  # noqa: S704 - all is ours
    page = make_environment().get_template(template)
    return page.render(title=title, policy=policy, style=_own("style.css"), scripts=codes, **values)


def make_environment() -> Environment:
    """Set jinja2 up so that no card and no answer can be markup, and a name that is not known is an error."""
    environment = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_plain,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(json_script=json_script, number=number, outcome_text=outcome_text, shown=shown)
    return environment


def _plain(value: Any) -> Any:
    """Show control characters as their codes, None as nothing; what this returns is escaped unless it is Markup."""
    if value is None:
        return ""
    if isinstance(value, Markup):
        return value
    return "\n".join(map(printable, str(value).expandtabs(4).split("\n")))


def json_script(thing: Any, identifier: str) -> Markup:
    """Write JSON for a script of the page; `<`, `>` and `&` are written as escapes, so that nothing in it ends it."""
    plain = json.dumps(thing, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for char in "<>&\u2028\u2029":
        plain = plain.replace(char, f"\\u{ord(char):04x}")
    return Markup('<script type="application/json" id="{}">{}</script>').format(identifier, Markup(plain))  # noqa: S704


def _own(name: str) -> Markup:
    """Read a file of ours that goes into a page as it is."""
    return Markup((HERE / name).read_text(encoding="utf-8"))  # noqa: S704
