"""Configurations of a data set as the YAML of its README.md declares them, where its files' names do not tell.

Format: huggingface.co/docs/hub/datasets-manual-configuration. `configs` lists `config_name` and `data_files`: a
pattern, a list of patterns, or a list of `split` and `path`; what names no split is its training part.
"""

import fnmatch
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from harness.card.dialects.document import split_lines
from harness.card.dialects.header import read_header

Configs = Mapping[str, Mapping[str, tuple[str, ...]]]  # patterns of the files, by configuration and split


def declared(readme: Path) -> Configs:
    """What a README.md declares; {} where there is none, or where it declares nothing that can be read."""
    try:
        text = readme.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return {}
    listed = read_header(split_lines(text.removeprefix("\ufeff"))).mapping.get("configs")
    found = {}
    for one in listed if isinstance(listed, list) else ():
        if isinstance(one, Mapping) and (splits := _splits(one.get("data_files"))):
            found[str(one.get("config_name", "default"))] = splits
    return found


def _splits(data_files: Any) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for split, path in _parts(data_files):
        patterns = [path] if isinstance(path, str) else path if isinstance(path, list) else []
        found[split] = (*found.get(split, ()), *(one for one in patterns if isinstance(one, str)))
    return found


def _parts(data_files: Any) -> Iterator[tuple[str, Any]]:
    """Split and path of each entry."""
    if isinstance(data_files, str):
        yield "train", data_files
    elif isinstance(data_files, list):
        for one in data_files:
            if isinstance(one, Mapping):
                yield str(one.get("split", "train")), one.get("path")
            else:
                yield "train", one


def places(configs: Configs) -> set[tuple[str, str]]:
    """Configuration and split of all that is declared."""
    return {(name, split) for name, splits in configs.items() for split in splits}


def matching(folder: Path, patterns: tuple[str, ...]) -> list[Path]:
    """The parquet files of a folder that one of the patterns means."""
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*.parquet")}
    return [path for name, path in sorted(found.items()) if any(fnmatch.fnmatch(name, one) for one in patterns)]
