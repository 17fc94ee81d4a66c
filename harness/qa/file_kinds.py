"""What a file is in place of what it is called: pointers of large-file stores, web pages, packed files.

Such files come of a clone without its large files, or of a download that got an answer of the server in place of the
file. Readers of JSON, vocabularies and weights name them all with "not valid".
"""

from pathlib import Path

_POINTERS = (
    (b"version https://git-lfs.github.com/spec/", "a pointer of Git LFS, not the file; fetch it with `git lfs pull`"),
    (b"version https://hawser.github.com/spec/", "a pointer of Git LFS, not the file; fetch it with `git lfs pull`"),
    (b"version http://git-media.io/v/", "a pointer of Git LFS, not the file; fetch it with `git lfs pull`"),
    (b"/annex/objects/", "a pointer of git-annex, not the file; fetch it with `git annex get`"),
    (b"# xet version", "a pointer of Git Xet, not the file; fetch it with `git xet checkout`, or from the Hub"),
)
_PACKED = (
    (b"\x1f\x8b", "packed by gzip; unpack it with gunzip"),
    (b"\x28\xb5\x2f\xfd", "packed by zstd; unpack it with unzstd"),
    (b"BZh", "packed by bzip2; unpack it with bunzip2"),
    (b"\xfd7zXZ", "packed by xz; unpack it with unxz"),
)
_ARCHIVES = (
    (b"PK\x03\x04", "a zip archive; unpack it and give the file inside"),
    (b"PAR1", "a parquet file; write it as JSON lines, as datasets' to_json does, or give its set as ORG/NAME:SPLIT"),
    (b"ARROW1", "an Arrow file; write it as JSON lines, as datasets' to_json does"),
)
_ANSWERS = (b"Entry not found", b"Repository not found", b"Invalid username or password", b"Access to ")
HEAD = 512  # bytes that tell


def kind_of(head: bytes) -> str | None:
    """What a file with these first bytes is, and how to get the right one; None where they do not tell."""
    for magic, says in (*_POINTERS, *_PACKED):
        if head.startswith(magic):
            return says
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"<"):
        return "a web page (HTML or XML), not the file; download the file itself (on the Hub: its `resolve` address)"
    if text.startswith(_ANSWERS):
        return "the answer of a server that did not give the file; download it again, with access to it"
    return None


def archive_of(head: bytes) -> str | None:
    """The same for data: what holds them in another form."""
    return next((says for magic, says in _ARCHIVES if head.startswith(magic)), None)


def kind_of_file(path: Path) -> str | None:
    """What a file is, as `kind_of` says; None also for what cannot be read."""
    try:
        with path.open("rb") as stream:
            return kind_of(stream.read(HEAD))
    except OSError:
        return None
