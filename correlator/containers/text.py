"""Read text tables: the encoding, separator, header and rows of a CSV, TSV or export with lines above its table."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from correlator.base.files import opened, read_csv
from correlator.containers.cells import Outline, Record, facts_above, header_cells, outline
from correlator.containers.hints import KnownWords
from correlator.containers.raw import LINE, RawTable, column_names, no_lines
from correlator.errors import InputError

_HEAD = 65536
_SEPARATORS = "\t|;,"
_BOMS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
# Candidates for text that is not UTF-8: the one that gives the most known words wins, the earlier of equals.
_LEGACY = ("cp1252", "cp1254", "cp1250", "cp1251", "cp1253", "gb18030", "cp932", "euc_kr", "big5", "cp1256", "cp850")


@dataclass(frozen=True)
class TextLayout:
    """The layout of a text table: the separator, and the outline of its first records."""

    separator: str
    outline: Outline

    @property
    def skipped(self) -> int:
        """The number of lines before the first row."""
        assert self.outline.first is not None
        return self.outline.first.first_line - 1

    @property
    def width(self) -> int:
        assert self.outline.first is not None
        return max(len(self.outline.first.cells), *(len(record.cells) for record in self.outline.header), 1)


def layout_of(path: Path, source: str, known_words: KnownWords) -> TextLayout | None:
    """Return the layout of a UTF-8 text file with lines and a separator; None for any other file."""
    with opened(path) as file:
        head = file.read(_HEAD)
    encoding = _encoding(head, source, known_words)
    text = head.decode("utf-8-sig", errors="replace")
    if encoding not in ("utf-8", "utf-8-sig") or (b"\r" in head and b"\n" not in head) or not text.strip():
        return None
    cut = len(head) == _HEAD
    separator = consistent_separator(text, cut)
    if separator is None or _quotes_stand_apart(text, separator):
        return None
    table = outline(list(_records(text, separator, cut)))
    return None if table.first is None else TextLayout(separator, table)


_FORMULA = re.compile(r'(?m)(^|[,;\t|])="([^"\r\n]*)"(?=[,;\t|\r]|$)')
_BYTES_OF_FORMULA = re.compile(_FORMULA.pattern.encode())
"""``="005930"``: a formula that makes a spreadsheet keep the cell as text."""


def read_text(path: Path, data: bytes | None, source: str, known_words: KnownWords) -> RawTable:
    """Return the table in the file at ``path``, or in its unpacked ``data`` if given.

    ``known_words``: counts known column names in a decoded text, to tell encodings apart.

    Raise InputError for a file that is not text or contains no table.
    """
    if data is None:
        with opened(path) as file:
            head = file.read(_HEAD)
    else:
        head = data[:_HEAD]
    encoding = _encoding(head, source, known_words)
    if encoding not in ("utf-8", "utf-8-sig"):
        data = _whole(path, data).decode(encoding, errors="replace").lstrip("\ufeff").encode()
        head = data[:_HEAD]
    if b"\r" in head and b"\n" not in head:
        data = _whole(path, data).replace(b"\r", b"\n")
        head = data[:_HEAD]
    text = head.decode("utf-8-sig", errors="replace")
    if not text.strip():
        raise InputError(f"{source} is empty", hint="check the file")
    cut = len(head) == _HEAD
    separator = consistent_separator(text, cut)
    if separator is None:
        separator = ","
        if _is_spaced(text, cut):
            data = re.sub(rb"[ \t]+", b"\t", _whole(path, data))
            text, separator = re.sub(r"[ \t]+", "\t", text), "\t"
    if _FORMULA.search(text):
        data = _BYTES_OF_FORMULA.sub(rb'\1"\2"', _whole(path, data))
        text = _FORMULA.sub(r'\1"\2"', text)
    if _quotes_stand_apart(text, separator):
        spaced = f'{re.escape(separator)} +"'
        data = re.sub(spaced.encode(), f'{separator}"'.encode(), _whole(path, data))
        text = re.sub(spaced, f'{separator}"', text)
    table = outline(list(_records(text, separator, cut)))
    if table.first is None:
        raise InputError(f"{source} has a header but no rows", hint="check the file")
    if separator == ",":
        _refuse_split_figures(table, source, known_words)
    return _read(path, data, source, separator, table=table)


def _refuse_split_figures(table: Outline, source: str, known_words: KnownWords) -> None:
    """Raise InputError if decimal commas may have split several figures of each row, so that no line fits as header.

    Then the line above has a name for every cell of the row that is not the rest of a figure, one of them known.
    """
    assert table.first is not None
    names = table.above[-1].cells if table.above and not table.header else []
    figures = table.first.cells[1:]
    digits = [cell for cell in figures if cell.isdigit()]
    fits = len(names) - 1 < len(figures) == len(digits) < 2 * len(names)
    if fits and len(names) > 1 and all(names) and known_words(",".join(names)):
        raise InputError(
            f"{source} has {len(names)} names above {len(table.first.cells)} columns: decimal commas may have split "
            f"its figures, such as {digits[0]},{digits[1]}",
            hint="export it with semicolons, quotes or decimal points",
        )


def _read(path: Path, data: bytes | None, source: str, separator: str, *, table: Outline) -> RawTable:
    layout = TextLayout(separator, table)
    width = layout.width
    names = column_names(width)
    facts = facts_above(table.above)
    header = tuple(header_cells(table.header, width))
    skipped = layout.skipped
    options = {
        "separator": separator,
        "has_header": False,
        "schema": dict.fromkeys(names, pl.String),
        "skip_lines": skipped,
        "encoding": "utf8-lossy",
    }
    try:
        frame = read_csv(path, **options) if data is None else pl.read_csv(io.BytesIO(data), **options)  # type: ignore[arg-type]
    except (InputError, pl.exceptions.PolarsError):
        raw = line_by_line(_whole(path, data), source, separator, skipped, width=width)
        return replace(raw, header=header, facts=facts)
    frame = frame.with_row_index(LINE, offset=skipped + 1)
    if not any(header_names := [any(cells) for cells in header]):
        return RawTable(source, frame, (), no_lines(), is_text=True, facts=facts)
    frame = _without_empty_ends(frame, header_names)
    return RawTable(source, frame, header, no_lines(), is_text=True, facts=facts)


def _without_empty_ends(frame: pl.DataFrame, named: list[bool]) -> pl.DataFrame:
    """Drop trailing columns that have neither a name nor a value, the result of a comma at the end of each line."""
    names = [name for name in frame.columns if name != LINE]
    while len(names) > 1 and not named[len(names) - 1] and frame[names[-1]].null_count() == frame.height:
        frame = frame.drop(names.pop())
    return frame


def line_by_line(data: bytes, source: str, separator: str, skipped: int, *, width: int) -> RawTable:
    """Read a file whose lines do not all fit, the slow way: lines with too many cells become ``broken``."""
    text = data.decode("utf-8-sig", errors="replace")
    rest = io.StringIO(text, newline="")
    for _ in range(skipped):
        rest.readline()
    good, numbers, broken = [], [], []
    for record in _parsed(rest, separator, skipped):
        row = [cell or None for cell in record.cells]
        while len(row) > width and row[-1] is None:
            row.pop()
        if len(row) > width:
            broken.append((record.first_line, separator.join(record.cells)))
        else:
            good.append([*row, *[None] * (width - len(row))])
            numbers.append(record.first_line)
    frame = pl.DataFrame(good, schema=dict.fromkeys(column_names(width), pl.String), orient="row")
    frame = frame.insert_column(0, pl.Series(LINE, numbers, dtype=pl.UInt32))
    lines = pl.DataFrame(broken, schema={LINE: pl.Int64, "content": pl.String}, orient="row")
    return RawTable(source, frame, (), lines, is_text=True)


def _whole(path: Path, data: bytes | None) -> bytes:
    if data is not None:
        return data
    with opened(path) as file:
        return file.read()


def _encoding(head: bytes, source: str, known_words: KnownWords) -> str:
    """Return the encoding of a text by its first bytes; raise InputError if it is not text."""
    for mark, name in _BOMS.items():
        if head.startswith(mark):
            return name
    zeros = head.count(0)
    if zeros * 3 > len(head) and len(head) > 3:
        even, odd = head[0::2].count(0), head[1::2].count(0)
        if min(even, odd) * 10 < max(even, odd):
            return "utf-16-le" if odd > even else "utf-16-be"
    if zeros:
        raise InputError(f"{source} is not text", hint="give CSV, JSON, XLSX, Parquet, Arrow or Stata")
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return max(_LEGACY, key=lambda name: (_known(head, name, known_words), -_LEGACY.index(name)))
    return "utf-8"


def _known(head: bytes, encoding: str, known_words: KnownWords) -> int:
    """Return how many words of the first lines, decoded in this encoding, are known column names."""
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(head[:4096])
    except UnicodeDecodeError:
        return -1
    return known_words(text)


def _is_spaced(text: str, cut: bool) -> bool:
    """Whether spaces split every line into the same number of words, more than one."""
    lines = [line.split() for line in text.splitlines() if line.strip()][: -1 if cut else None]
    return len({len(words) for words in lines}) == 1 and len(lines[0]) > 1


def _quotes_stand_apart(text: str, separator: str) -> bool:
    """Whether most lines have a space before a quoted cell (``1, "45.78"``), which CSV readers do not unquote."""
    lines = [line for line in text.splitlines()[:200] if line.strip()]
    return 2 * sum(f'{separator} "' in line for line in lines) > len(lines)


def consistent_separator(text: str, cut: bool) -> str | None:
    """Return the separator that splits the records into equally many cells, or None."""
    chosen: str | None = None
    best = (0.0, 0)
    for mark in _SEPARATORS:
        widths = Counter(len(record.cells) for record in _records(text, mark, cut, most=60))
        if not widths:
            continue
        width, count = max(widths.items(), key=lambda item: (item[1], item[0]))
        score = (round(count / sum(widths.values()), 1), width)
        if width > 1 and score[0] > best[0]:
            best, chosen = score, mark
    return chosen


def _records(text: str, separator: str, cut: bool, most: int = 2000) -> Iterator[Record]:
    """Yield the first non-empty records of a text, without the last one if the text was cut off."""
    known: Record | None = None
    for number, record in enumerate(_parsed(io.StringIO(text, newline=""), separator, 0)):
        if number >= most:
            break
        if known is not None:
            yield known
        known = record
    if known is not None and not cut:
        yield known


def _parsed(text: io.StringIO, separator: str, before: int) -> Iterator[Record]:
    """Yield non-empty records with their line numbers; ``before``: how many lines precede the text."""
    reader = csv.reader(text, delimiter=separator)
    line = 0
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            line = reader.line_num
            continue
        if any(cell.strip() for cell in cells):
            yield Record(before + line + 1, before + reader.line_num, cells)
        line = reader.line_num
