"""What a record must not carry to others: absolute paths, host names, tokens."""

import re
import socket
from collections.abc import Mapping
from typing import Any

_TOKEN = re.compile(r"\b(?:hf_[A-Za-z0-9]{20,}|gh[opsu]_[A-Za-z0-9]{30,}|github_pat_\w{30,}|sk-[A-Za-z0-9]{30,})")
_USER = re.compile(r"(?<=://)[^\s/@]+@")
_WHOLE = re.compile(r"(?:~?/|[A-Za-z]:[\\/]|\\\\)[^\n]+")
_WITHIN = re.compile(
    r"(?:(?<![\w.:/~*-])|(?<=file://))~?(?:/[^\s/'\"`,;:|<>()\[\]{}]+){2,}/?|\b[A-Za-z]:\\[^\s'\"`,;|<>()]+"
)
# A host name that could be a word is left alone: no record holds host names, and "student" may be one.
_HOST = re.compile(r"(?=.{4})(?=[\w.-]*[\d.-])[\w.-]+")


def clean(text: str) -> str:
    """The text with the last part alone of every absolute path, and without this machine's name, logins and tokens."""
    text = _USER.sub("", _TOKEN.sub("…", text))
    text = _last_part(text) if _WHOLE.fullmatch(text) else _WITHIN.sub(lambda found: _last_part(found.group()), text)
    for name in _hosts():
        text = re.sub(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", "host", text)
    return text


def clean_json(thing: Any) -> Any:
    """The same for every string of a JSON value; names stay as they are."""
    if isinstance(thing, str):
        return clean(thing)
    if isinstance(thing, Mapping):
        return {name: clean_json(value) for name, value in thing.items()}
    return [clean_json(one) for one in thing] if isinstance(thing, list) else thing


def _last_part(path: str) -> str:
    return "…/" + re.split(r"[\\/]", path.rstrip("\\/"))[-1]


def _hosts() -> list[str]:
    name = socket.gethostname()
    return sorted({one for one in (name, name.partition(".")[0]) if _HOST.fullmatch(one)}, key=len, reverse=True)
