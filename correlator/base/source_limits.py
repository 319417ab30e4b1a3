"""Limits on what is read from one source, for all readers in one place.

They are far above what real files contain, and far below what brings a machine down. A source beyond them is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from correlator.errors import InputError

if TYPE_CHECKING:
    import polars as pl

MOST_BYTES = 2 << 30
"""Bytes of a source that is read at once, as it is or unpacked."""
FREE_BYTES = 100_000_000
"""Unpacked size in bytes up to which the ratio is not checked."""
MOST_RATIO = 100
"""Unpacked over packed size: text packs 3 to 30 times, a bomb 1,000 times and more."""
MOST_ROWS = 200_000_000
MOST_COLUMNS = 20_000
FREE_CELLS, MOST_MISSING = 10_000_000, 20
"""Cells up to which a table of records may have any holes, and beyond that its cells over those that are stated."""
MOST_TABLE_BYTES = 8 << 30
"""Bytes that a Parquet or Arrow file may take in memory."""
MOST_TABLE_RATIO = 1_000
"""Memory over file size beyond 1 GB: columns that repeat one value pack well, but not without end."""
FREE_TABLE_BYTES = 1_000_000_000
LONGEST_NAME = 200
"""Characters of a symbol or of a column's name."""
MOST_TOML_BYTES = 1_000_000
MOST_TAGS = 1_000_000
"""Tags of a feed or dispatch."""
LONGEST_HEAD = 64_000
"""Bytes of the headers of a part, a record or an answer."""
MOST_PARTS = 10_000
"""Parts of a page that was put away, its pictures among them."""
MOST_CHUNKS = 200_000
"""Chunks that the answer of a server is sent in."""
DEEPEST = 100
"""Levels of a JSON or TOML text."""

_FIRST_DAY, _END = -719_162, 2_932_897
"""From the first day of year 1 to before the first of 10000, in days from 1970 on."""
_A_DAY = {"d": 1, "ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400_000_000_000}
MOST_ATTRIBUTES = 5_000
"""Attributes of one tag of a page or feed."""
_LONG_TAG = re.compile(r"<[A-Za-z][^<>]{100000,}")
_SCRIPT = re.compile(r"(<script\b[^<>]*>).*?</script>", re.IGNORECASE | re.DOTALL)
_QUOTED = re.compile(r"""=\s*(?:"[^"]*"|'[^']*')""")
# anchored at the start of a word: a match that may start at each letter takes quadratic time in a long word
_LONG_KEY = re.compile(r"(?<![\w\"'-])(?:[\w\"'-]++[ \t]*+\.[ \t]*+){%d}" % DEEPEST)  # noqa: UP031 (braces of the pattern)


def check_unpacked(size: int, packed: int, source: str) -> None:
    """Raise InputError if ``size`` unpacked bytes so far are too many for a source of ``packed`` bytes."""
    if size > MOST_BYTES:
        raise InputError(f"{source} unpacks to more than the limit of {MOST_BYTES >> 30} GiB", hint="split it")
    if size > FREE_BYTES and size > MOST_RATIO * packed:
        raise InputError(f"{source} unpacks to more than {MOST_RATIO} times its size, the limit for a table")


def check_size(size: int, source: str, most: int = MOST_BYTES) -> None:
    """Raise InputError for a source of more than ``most`` bytes."""
    if size > most:
        shown = f"{most >> 30} GiB" if most >= 1 << 30 else f"{most / 1e6:g} MB"
        raise InputError(f"{source} is larger than the limit of {shown}", hint="split it")


def check_shape(rows: int, columns: int, source: str) -> None:
    """Raise InputError for a table of too many rows or columns."""
    if columns > MOST_COLUMNS:
        raise InputError(f"{source} has {columns:,} columns, more than the limit of {MOST_COLUMNS:,}")
    if not 0 <= rows <= MOST_ROWS:
        raise InputError(f"{source} has {rows:,} rows, more than the limit of {MOST_ROWS:,}", hint="split it")


def check_cells(rows: int, columns: int, stated: int, source: str) -> None:
    """Raise InputError for a table of which almost all cells are missing: it takes the memory of ``rows * columns``."""
    if rows * columns > max(FREE_CELLS, MOST_MISSING * stated):
        raise InputError(
            f"{source} has {rows:,} records and {columns:,} names, but states only {stated:,} values",
            hint="give every record the same names",
        )


def check_table_bytes(needed: int, packed: int, source: str) -> None:
    """Raise InputError for a table that takes too much memory, or too much for a source of ``packed`` bytes."""
    most = min(MOST_TABLE_BYTES, max(FREE_TABLE_BYTES, MOST_TABLE_RATIO * packed))
    if not 0 <= needed <= most:
        gigabytes = f"{needed / 1e9:,.1f} GB"
        raise InputError(f"{source} would take {gigabytes} of memory, too much for a file of {packed:,} bytes")


def check_names(names: Iterable[str], what: str, source: str) -> None:
    """Raise InputError for a name that is blank, too long, or has non-printable characters."""
    for name in names:
        if len(name) > LONGEST_NAME:
            raise InputError(
                f"{source} has a {what} of {len(name):,} characters, more than the limit of {LONGEST_NAME}"
            )
        if not name.strip() or not name.isprintable():
            raise InputError(f"{source} has a blank or non-printable {what}: {name[:40]!r}", hint="rename it")


def check_encodable(text: str, source: str) -> None:
    """Raise InputError for a text that cannot be encoded as UTF-8, such as an option of undecodable bytes."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise half_character(source) from None


def half_character(source: str) -> InputError:
    """Return the error for a text with an unpaired surrogate."""
    return InputError(f"{source} contains an unpaired surrogate, which is not valid Unicode", hint="save it as UTF-8")


def check_dates(frame: pl.DataFrame, source: str, *, hint: str = "check it") -> None:
    """Raise InputError for a date or time outside the years 1 to 9999, which Python does not support."""
    import polars as pl

    for column in frame:
        for values in _innermost(column):
            if not isinstance(values.dtype, pl.Date | pl.Datetime):
                continue
            days = values.to_physical().cast(pl.Float64) / _A_DAY[getattr(values.dtype, "time_unit", "d")]
            if not days.is_between(_FIRST_DAY, _END, closed="left").all():
                raise InputError(
                    f"{source} has a date outside the years 1 to 9999 in column {column.name!r}", hint=hint
                )


def _innermost(column: pl.Series) -> Iterator[pl.Series]:
    """Yield the values of a column, and those inside lists and structs."""
    import polars as pl

    if isinstance(column.dtype, pl.List | pl.Array):
        yield from _innermost(column.explode())
    elif isinstance(column.dtype, pl.Struct):
        for field in column.struct.unnest():
            yield from _innermost(field)
    else:
        yield column


def check_markup(text: str, source: str) -> None:
    """Raise InputError for a tag with more than 5,000 attributes, for which parsers need quadratic time.

    Attribute values do not count, since pages keep their state in some of hundreds of thousands of characters; nor do
    scripts.
    """
    if not _LONG_TAG.search(text):
        return
    for match in _LONG_TAG.finditer(_SCRIPT.sub(r"\1", text)):
        if len(_QUOTED.sub("", match[0]).split()) > MOST_ATTRIBUTES:
            raise InputError(
                f"{source} has a tag with more than {MOST_ATTRIBUTES:,} attributes, the limit for a page or feed"
            )


def check_depth(text: str, source: str) -> None:
    """Raise InputError for a JSON or TOML text with more than ``DEEPEST`` nested brackets or parts of a key."""
    if _LONG_KEY.search(text):
        raise InputError(f"{source} has a key with more than {DEEPEST} parts, the limit")
    depth = 0
    for character in text:
        if character in "[{":
            depth += 1
            if depth > DEEPEST:
                raise InputError(f"{source} is nested deeper than {DEEPEST} levels, the limit")
        elif character in "]}":
            depth = max(depth - 1, 0)
