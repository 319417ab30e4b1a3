"""Read JSON as services return it: a list of bars, columns of values, or either nested inside an envelope."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping
from typing import Any

from correlator.base.source_limits import check_cells
from correlator.base.syntax import DuplicateName, each_once, json_fault
from correlator.containers.cells import is_data, is_date_like
from correlator.containers.frame import levels_of
from correlator.containers.raw import LINE, RawTable, table_of_cells
from correlator.errors import InputError

_DEPTH = 6
_DATE, _SHARE = "date", "symbol"
_SYMBOL = re.compile(r"(?=.*[A-Z])\^?[A-Z0-9][A-Z0-9.\-=:]{0,14}")
_ENVELOPES = frozenset((
    "DATA", "RESULT", "RESULTS", "VALUES", "BARS", "PRICES", "ROWS", "ITEMS", "QUOTES", "DAILY", "HISTORY",
    "HISTORICAL", "SERIES", "CANDLES", "KLINES", "OHLC", "OHLCV",
))  # fmt: skip
_NAMES = ("symbol", "ticker", "code", "Symbol", "Ticker", "Code")
# Keys under which services return a message instead of bars.
_MESSAGES = ("error message", "error", "errors", "message", "note", "information", "detail", "description")
_ONE_TABLE = "give one list of bars, or columns of equal length"
_AS_WRITTEN: dict[str, Any] = {
    "parse_float": str,
    "parse_int": str,
    "parse_constant": str,
    "object_pairs_hook": each_once,
}


def read_json(data: bytes, source: str) -> RawTable:
    """Return the table in a JSON or JSON Lines text; numbers keep the digits they are written with.

    Raise InputError if the text is not JSON, or contains no table or several.
    """
    document = _document(data, source)
    facts: dict[str, str] = {}
    tables: list[RawTable] = []
    _search(document, source, facts, tables, depth=_DEPTH)
    if not tables and _is_one_record(document):
        tables = [table for table in [_of_records([document], source)] if table is not None]
    if len(tables) > 1:
        tables = [table for table in tables if _holds_bars(table)]
    if len(tables) != 1:
        what = "no table" if not tables else f"{len(tables)} tables"
        message = "" if tables else next((f"; it says {facts[key][:200]!r}" for key in _MESSAGES if facts.get(key)), "")
        raise InputError(f"{source} is JSON with {what}{message}", hint=_ONE_TABLE)
    table = tables[0]
    return RawTable(source, table.frame, table.header, table.broken, is_text=True, facts=facts)


def _is_one_record(node: Any) -> bool:
    """Whether a document is a single row, such as a JSON Lines file of one line: plain values, one of them a date."""
    if not isinstance(node, Mapping) or not all(map(_is_plain, node.values())):
        return False
    return any(isinstance(value, str) and is_date_like(value) for value in node.values())


def _document(data: bytes, source: str) -> Any:
    encoding = json.detect_encoding(data[:64])
    text = data.decode(encoding, errors="replace").strip("\ufeff \r\n\t")
    try:
        return json.loads(text, **_AS_WRITTEN)
    except (json.JSONDecodeError, RecursionError, DuplicateName) as problem:
        lines = [line for line in io.StringIO(text) if line.strip()]
        try:
            return [json.loads(line, **_AS_WRITTEN) for line in lines]
        except (json.JSONDecodeError, RecursionError, DuplicateName):
            raise InputError(f"{source} is not valid JSON: {json_fault(problem)}", hint="download it again") from None


def _search(node: Any, source: str, facts: dict[str, str], tables: list[RawTable], *, depth: int) -> None:
    """Collect the tables below ``node`` into ``tables``, and the plain values next to them into ``facts``."""
    table = _table(node, source)
    if table is not None:
        tables.append(table)
        if isinstance(node, Mapping) and isinstance(node.get("meta"), Mapping):
            _search(node["meta"], source, facts, [], depth=1)
        return
    if depth == 0:
        return
    children = node.items() if isinstance(node, Mapping) else enumerate(node) if isinstance(node, list) else ()
    for key, value in children:
        if isinstance(value, str):
            facts.setdefault(str(key).lstrip("0123456789. ").lower(), value)
        elif isinstance(value, Mapping | list):
            _search(value, source, facts, tables, depth=depth - 1)


def _holds_bars(table: RawTable) -> bool:
    """Whether any of the first rows has a date and a number."""
    rows = table.frame.drop(LINE).head(20).fill_null("").rows()
    return any(is_data([str(cell) for cell in row]) for row in rows)


def _table(node: Any, source: str) -> RawTable | None:
    for read in (_of_records, _of_lists, _of_split, _of_days, _of_shares, _of_chart, _of_columns):
        table = read(node, source)
        if table is not None:
            return table
    return None


def _of_records(node: Any, source: str) -> RawTable | None:
    """Read ``[{"date": ..., "close": ...}, ...]``, or the same keyed by number: ``{"0": {"date": ...}, ...}``."""
    if isinstance(node, Mapping) and node and all(str(key) == str(place) for place, key in enumerate(node)):
        node = list(node.values())
    if not isinstance(node, list) or not node or not all(isinstance(each, Mapping) for each in node):
        return None
    if not all(_is_plain(value) for each in node[:20] for value in each.values()):
        if any(isinstance(value, list) for each in node[:20] for value in each.values()):
            return None
        node = [_flat(each) for each in node]
    if len(node[0]) < 2:
        return None
    names = list(dict.fromkeys(str(key) for each in node for key in each))
    check_cells(len(node), len(names), sum(map(len, node)), source)
    rows = [[_text(each.get(name)) for name in names] for each in node]
    return table_of_cells(source, [(name,) for name in names], rows)


def _flat(record: Mapping[str, Any]) -> dict[str, Any]:
    """Flatten a record with nested records, such as ``{"time": ..., "mid": {"o": ..., "c": ...}}``."""
    flat = {str(key): value for key, value in record.items() if _is_plain(value)}
    for outer, values in record.items():
        if isinstance(values, Mapping):
            for key, value in values.items():
                if _is_plain(value):
                    flat[str(key) if key not in flat else f"{outer} {key}"] = value
    return flat


def _of_lists(node: Any, source: str) -> RawTable | None:
    """Read ``[[1504224000, 45.78, ...], ...]``, rows without names or with names in the first row."""
    if not isinstance(node, list) or not node or not all(isinstance(each, list) and len(each) > 1 for each in node):
        return None
    if not all(_is_plain(value) for each in node[:20] for value in each):
        return None
    width = max(len(each) for each in node)
    check_cells(len(node), width, sum(map(len, node)), source)
    rows = [[_text(value) for value in each] + [None] * (width - len(each)) for each in node]
    if not any(is_date_like(cell or "") for cell in rows[-1]):
        return None
    head = [str(cell) for cell in rows[0]]
    if not any(is_date_like(cell) for cell in head):
        return table_of_cells(source, [(cell,) for cell in head], rows[1:])
    return table_of_cells(source, [()] * width, rows)


def _of_split(node: Any, source: str) -> RawTable | None:
    """Read ``{"columns": [...], "index": [...], "data": [[...], ...]}`` (pandas), or the same under other keys."""
    if not isinstance(node, Mapping):
        return None
    names = next((node[key] for key in ("columns", "column_names", "fields", "headers") if key in node), None)
    rows = next((node[key] for key in ("data", "rows", "values") if isinstance(node.get(key), list)), None)
    if not isinstance(names, list) or not rows or not all(isinstance(row, list) for row in rows):
        return None
    labels = [
        tuple(map(str, name))
        if isinstance(name, list)
        else (str(name.get("name", "")),)
        if isinstance(name, Mapping)
        else (str(name),)
        for name in names
    ]
    index = node.get("index")
    if isinstance(index, list) and len(index) == len(rows) and is_date_like(str(index[0])):
        labels = [(_DATE,) * len(labels[0]), *labels]
        rows = [[day, *row] for day, row in zip(index, rows, strict=True)]
    if any(len(row) != len(labels) for row in rows):
        return None
    return table_of_cells(source, labels, [[_text(value) for value in row] for row in rows])


def _of_days(node: Any, source: str) -> RawTable | None:
    """Read ``{"2017-09-01": {"close": ...}, ...}``."""
    if not isinstance(node, Mapping) or not node or not all(is_date_like(str(key)) for key in node):
        return None
    if not all(isinstance(value, Mapping) for value in node.values()):
        return None
    records = [{_DATE: day, **_numbered(values)} for day, values in node.items()]
    return _of_records(records, source)


def _of_shares(node: Any, source: str) -> RawTable | None:
    """Read ``{"LAMP": [{"t": ..., "c": ...}, ...], ...}``, or ``[{"symbol": "LAMP", "historical": [...]}, ...]``."""
    shares: list[tuple[str, Any]] = []
    if isinstance(node, Mapping) and node and all(_is_symbol(str(key)) for key in node):
        shares = [(str(key), value) for key, value in node.items()]
    elif isinstance(node, list) and node and all(isinstance(each, Mapping) for each in node):
        for each in node:
            names = [each[key] for key in _NAMES if isinstance(each.get(key), str)]
            bars = [value for value in each.values() if isinstance(value, list)]
            if len(names) != 1 or len(bars) != 1:
                return None
            shares.append((names[0], bars[0]))
    lists = [bars for _, bars in shares]
    if not lists or not all(isinstance(bars, list) and all(isinstance(bar, Mapping) for bar in bars) for bars in lists):
        return None
    return _of_records([{_SHARE: name, **bar} for name, bars in shares for bar in bars], source)


def _is_symbol(key: str) -> bool:
    return _SYMBOL.fullmatch(key) is not None and key not in _ENVELOPES


def _numbered(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the record with Alpha Vantage's numbering removed from its keys: ``1. open`` becomes ``open``."""
    return {str(key).lstrip("0123456789").lstrip(". ") or str(key): value for key, value in values.items()}


def _of_chart(node: Any, source: str) -> RawTable | None:
    """Read Yahoo's chart: ``{"timestamp": [...], "indicators": {"quote": [{"open": [...]}], "adjclose": [...]}}``."""
    if not isinstance(node, Mapping) or not isinstance(node.get("indicators"), Mapping):
        return None
    columns: dict[str, Any] = {"timestamp": node.get("timestamp")}
    for part in node["indicators"].values():
        if isinstance(part, list) and part and isinstance(part[0], Mapping):
            columns.update(part[0])
    return _of_columns(columns, source)


def _of_columns(node: Any, source: str) -> RawTable | None:
    """Read ``{"date": [...], "close": [...]}``, or ``{"Close": {"1504224000000": ...}}`` as pandas writes it."""
    if not isinstance(node, Mapping):
        return None
    lists = {str(key): value for key, value in node.items() if isinstance(value, list) and value}
    lengths = {len(value) for value in lists.values()}
    if len(lists) > 1 and len(lengths) == 1 and all(_is_plain(v) for value in lists.values() for v in value[:20]):
        rows = [[_text(value) for value in row] for row in zip(*lists.values(), strict=True)]
        return table_of_cells(source, [(name,) for name in lists], rows)
    maps = {str(key): value for key, value in node.items() if isinstance(value, Mapping) and value}
    if not maps or len(maps) != len(node) or not all(is_date_like(str(key)) for key in next(iter(maps.values()))):
        dated = {
            name: value for name, value in maps.items() if {str(k) for k in value} == set(map(str, range(len(value))))
        }
        if len(dated) < 2 or len(dated) != len(node):
            return None
        return _of_columns({name: [value[str(k)] for k in range(len(value))] for name, value in dated.items()}, source)
    days = list(dict.fromkeys(str(day) for value in maps.values() for day in value))
    check_cells(len(days), len(maps), sum(map(len, maps.values())), source)
    rows = [[day, *(_text(value.get(day)) for value in maps.values())] for day in days]
    header = [levels_of(name) for name in maps]
    return table_of_cells(source, [(_DATE,) * max(map(len, header)), *header], rows)


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, str | bool)


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
