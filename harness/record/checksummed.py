"""Files that say by themselves whether they are whole, and whose they are: 32 bytes of seal, then the content.

The seal is the sha256 of an owner's words and the content, so a file that was cut off, changed, or made for something
else is all the same: not this one.
"""

import hashlib
from pathlib import Path

from harness.record import store

SIZE = 32


def write(path: Path, content: bytes, owner: bytes = b"", **how: str) -> None:
    """Writes it whole, by `store.write_bytes`, which takes `how`; raises StoreError when it cannot."""
    store.write_bytes(path, (_seal(content, owner), content), **how)


def read(path: Path, owner: bytes = b"") -> bytes | None:
    """The content, None where it is not what was sealed for this owner; raises OSError where there is no such file."""
    with path.open("rb") as stream:
        seal, content = stream.read(SIZE), stream.read()
    return content if seal == _seal(content, owner) else None


def _seal(content: bytes, owner: bytes) -> bytes:
    digest = hashlib.sha256(owner)
    digest.update(content)
    return digest.digest()
