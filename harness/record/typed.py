"""JSON text as the dataclasses of this program: every field checked, nothing coerced, nothing unknown let through."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import GenericAlias
from typing import TYPE_CHECKING, Any, TypeVar, cast

from harness.errors import StoreError

if TYPE_CHECKING:
    from pydantic import TypeAdapter

T = TypeVar("T")
Refused = Callable[[Path, tuple[int | str, ...], str], Exception]


def parse(kind: type[T], text: bytes, path: Path, refused: Refused | None = None) -> T:
    """Reads one value of a type; raises StoreError, which names `path` and the first field that is wrong.

    `refused` makes another error of the path, the field's place and what is wrong with it.
    """
    from pydantic import ValidationError  # here and below: commands that open no record do not wait for it

    try:
        found: tuple[T] = _adapter(cast(Any, kind)).validate_json(b"[%s]" % text)
    except ValidationError as error:
        first, *others = error.errors(include_url=False, include_context=False, include_input=False)
        more = f", and {len(others)} more" if others else ""
        raise (refused or _damaged)(path, first["loc"][1:], f"{first['msg']}{more}") from error
    return found[0]


@cache
def _adapter(kind: Any) -> "TypeAdapter[Any]":
    """The reader of a list of one: settings given beside a dataclass are refused, beside a tuple they reach inside."""
    from pydantic import ConfigDict, TypeAdapter

    listed: Any = GenericAlias(tuple, (kind,))
    return TypeAdapter(listed, config=ConfigDict(extra="forbid", strict=True))


def _damaged(path: Path, place: tuple[int | str, ...], says: str) -> StoreError:
    where = f"{'.'.join(map(str, place))}: " if place else ""
    what = f"is broken, or is of another version ({where}{says})"
    return StoreError(f"{path}: {what}; audit the run, or start it again with --fresh")


def plain_of(text: bytes, path: Path) -> dict[str, Any]:
    """The JSON object of a file, as it was written; raises StoreError when it is broken."""
    try:
        plain = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise StoreError(f"{path}: is broken ({error}); start the run again with --fresh") from error
    if not isinstance(plain, dict):
        raise StoreError(f"{path}: is broken (no JSON object); start the run again with --fresh")
    return plain
