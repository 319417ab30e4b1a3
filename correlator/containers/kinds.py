"""The registry of file kinds: the name of each, how its bytes identify it, and what unpacks or reads it.

The bytes decide, not the file name: the Pakistan Stock Exchange calls a zip file ``.Z``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from correlator.base.files import opened, read_arrow, read_parquet
from correlator.base.source_limits import check_size
from correlator.containers import packed
from correlator.containers.compress import from_compress
from correlator.containers.cotahist import MARK, read_cotahist
from correlator.containers.frame import raw_of_frame
from correlator.containers.hints import Hints
from correlator.containers.json_text import read_json
from correlator.containers.raw import RawTable
from correlator.containers.sheet import read_sheet
from correlator.containers.stata import STATA_MARKS, read_stata
from correlator.containers.text import read_text
from correlator.errors import InputError

Reader = Callable[[Path, bytes | None, str, Hints], RawTable]
"""Reads the table from the file (path), or from its unpacked bytes if given; the third argument names it in errors."""


@dataclass(frozen=True)
class Container:
    """One kind of file.

    ``marks``: the magic numbers, one of which begins the file. ``tells``: recognises the first 4 kB, tried after all
    marks; ``whole``: recognises the complete bytes of a file whose kind so far is ``within``. ``unpack``: returns the
    bytes inside; ``read``: returns the table; a kind with neither is recognised and refused. ``name``: for a refused
    kind with its article, since messages use it; ``called``: the name in the list of supported kinds.
    """

    name: str
    marks: tuple[bytes, ...] = ()
    tells: Callable[[bytes], bool] | None = None
    whole: Callable[[bytes], bool] | None = None
    within: str = ""
    unpack: Callable[[bytes, str], bytes] | None = None
    read: Reader | None = None
    called: str = ""


def _text(path: Path, data: bytes | None, source: str, hints: Hints) -> RawTable:
    return read_text(path, data, source, hints.known_words)


def _json(path: Path, data: bytes | None, source: str, _: Hints) -> RawTable:
    if data is None:
        with opened(path) as file:
            data = file.read()
    check_size(len(data), source)
    return read_json(data, source)


def _parquet(path: Path, data: bytes | None, source: str, _: Hints) -> RawTable:
    return raw_of_frame(read_parquet(path, data=data), source)


def _arrow(path: Path, data: bytes | None, source: str, _: Hints) -> RawTable:
    return raw_of_frame(read_arrow(path, data=data), source)


def _is_json(head: bytes) -> bool:
    return _first_mark(head) in (b"{", b"[")


def _is_web_page(head: bytes) -> bool:
    start = head[:1100].lower()
    return _first_mark(head) == b"<" and any(m in start for m in (b"<html", b"<table", b"<!doctype", b"<?xml"))


def _first_mark(head: bytes) -> bytes:
    return head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]


_SAS = bytes(12) + bytes.fromhex("c2ea8160b31411cfbd92080009c7318c181f1011")
CONTAINERS = (
    Container("parquet", (b"PAR1",), read=_parquet, called="Parquet"),
    Container("arrow", (b"ARROW1",), read=_arrow, called="Arrow"),
    Container("a Feather version 1 file", (b"FEA1",)),
    Container("stata", STATA_MARKS, read=read_stata, called="Stata"),
    Container("an SPSS data file", (b"$FL2@(#)", b"$FL3@(#)")),
    Container("a SAS data file", (_SAS, b"HEADER RECORD*******")),
    Container("an R data file", (b"RDX2\n", b"RDX3\n", b"X\n\0\0\0", b"B\n\x02\0", b"B\n\x03\0")),
    Container("a Python pickle", (b"\x80\x02", b"\x80\x03", b"\x80\x04\x95", b"\x80\x05\x95")),
    Container("a NumPy array", (b"\x93NUMPY",)),
    Container("an HDF5 file", (b"\x89HDF\r\n",)),
    Container("an SQLite database", (b"SQLite format 3\0",)),
    Container("a PDF", (b"%PDF-",)),
    Container("sheet", (b"\xd0\xcf\x11\xe0",), whole=packed.is_workbook, within="zip", read=read_sheet, called="XLSX"),
    Container("zip", (b"PK\x03\x04",), unpack=packed.from_zip),
    Container("compress", (b"\x1f\x9d",), unpack=from_compress),
    *(Container(each.name, (each.mark,), unpack=each.unpack) for each in packed.PACKINGS),
    Container("COTAHIST", (MARK,), read=read_cotahist),
    Container("json", tells=_is_json, read=_json, called="JSON"),
    Container("web page", tells=_is_web_page),
    Container("text", tells=lambda _: True, read=_text, called="CSV"),
)
"""All ``marks`` are tried first, then ``tells`` in this order."""


def kind_of(head: bytes, source: str) -> Container:
    """Return the kind of the bytes that begin with ``head``; raise InputError for a web page."""
    kind = next((kind for kind in CONTAINERS if head.startswith(kind.marks)), None)
    kind = kind or next(kind for kind in CONTAINERS if kind.tells is not None and kind.tells(head))
    if kind.name == "web page":
        raise InputError(f"{source} is a web page, not a table", hint="download the data as CSV")
    return kind


def kind_of_whole(kind: Container, data: bytes) -> Container:
    """Return the kind of the complete ``data``, whose beginning is of ``kind``: a zip archive may be a workbook."""
    others = (other for other in CONTAINERS if other.whole is not None and other.within == kind.name)
    return next((other for other in others if other.whole is not None and other.whole(data)), kind)


def readable() -> str:
    """Return the supported kinds for a hint: ``CSV, JSON, ...``."""
    names = sorted(kind.called for kind in CONTAINERS if kind.called)
    return f"{', '.join(names[:-1])} or {names[-1]}"
