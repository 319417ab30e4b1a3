"""Read an archive of several files with one layout (months or days of bars) as one raw table."""

from __future__ import annotations

from dataclasses import replace
from os import SEEK_END
from pathlib import Path

import polars as pl

from correlator.base.files import called, opened
from correlator.base.source_limits import check_shape, check_size
from correlator.containers.hints import Hints
from correlator.containers.kinds import kind_of, kind_of_whole, readable
from correlator.containers.packed import EACH, members_of
from correlator.containers.raw import LINE, RawTable
from correlator.containers.unpack import DAMAGED
from correlator.errors import InputError


def read_archive(path: Path, hints: Hints) -> RawTable | None:
    """Return the tables of a zip archive concatenated in order of file name; line numbers run on from file to file.

    Return None for anything but an archive of several files. Raise InputError if the headers of the files differ, or
    what they state above their tables.
    """
    source = called(path)
    with opened(path) as file:
        if kind_of(file.read(4), source).name != "zip":
            return None
        size = file.seek(0, SEEK_END)
        check_size(size, source)
        try:
            members = members_of(file, size, source)
        except DAMAGED as why:
            if isinstance(why, InputError):
                raise
            return None  # the reader of single files reports what is wrong
    tables = [_member(path, name, content, hints) for name, content in members]
    return _stacked(tables, source) if tables else None


def _member(path: Path, name: str, content: bytes, hints: Hints) -> RawTable:
    source = f"{called(path)}/{name}"
    kind = kind_of_whole(kind_of(content[:4096], source), content)
    if kind.read is None:
        raise InputError(f"{source}: {kind.name} inside an archive is not supported", hint=f"give {readable()}")
    return kind.read(path, content, source, hints)


def _stacked(tables: list[RawTable], source: str) -> RawTable:
    first = tables[0]
    other = next((each for each in tables if (each.header, each.facts) != (first.header, first.facts)), None)
    if other is not None:
        raise InputError(
            f"{source} contains {len(tables)} files with different layouts ({first.source}, {other.source}, ...)",
            hint=EACH,
        )
    check_shape(sum(each.frame.height for each in tables), first.frame.width, source)
    frames, broken, line = [], [], 0
    for each in tables:
        moved = (pl.col(LINE).cast(pl.Int64) + line).alias(LINE)
        frames.append(each.frame.with_columns(moved))
        broken.append(each.broken.with_columns(moved))
        line = max([line, *frames[-1][LINE].to_list()[-1:], *broken[-1][LINE].to_list()[-1:]])
    together = pl.concat(frames, how="vertical_relaxed")
    names = tuple(each.source.removeprefix(f"{source}/") for each in tables)
    return replace(first, source=source, frame=together, broken=pl.concat(broken), files=names)
