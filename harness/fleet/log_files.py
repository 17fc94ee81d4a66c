"""The last lines of a worker's log, read from its end."""

from pathlib import Path

_MOST = 2**18  # bytes of it that are looked at


def tail(path: Path, n_lines: int) -> str:
    """The last lines of a file; empty where there is none."""
    try:
        with path.open("rb") as stream:
            size = stream.seek(0, 2)
            stream.seek(max(0, size - _MOST))
            text = stream.read().decode(errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-n_lines:])
