"""Read JSON documents with a list of articles, as news services return them, and flatten their objects."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, TypeGuard

from correlator.base.files import called, name_of
from correlator.base.syntax import DuplicateName, each_once, json_fault
from correlator.containers.packed import unpacking
from correlator.errors import InputError
from correlator.news.charset import decode, encoding_named
from correlator.news.corpora.layouts import names_headline, rows_keys

MAX_BYTES = 256_000_000
_DEEPEST, _MOST_LINES = 3, 1_000
_ROW_NUMBER = re.compile(r"\d{1,9}")
_TYPES = ("$date", "$numberLong", "$numberInt", "$numberDouble", "$oid")


def records_of(path: Path, encoding: str | None = None) -> list[object] | None:
    """Return the articles of a document that is a list, or contains one under a usual key or as its only list.

    None if the file has JSON objects on single lines. Raises InputError for a file that is too large or damaged.
    """
    text = _text(path, encoding)
    try:
        document = json.loads(text, object_pairs_hook=each_once)
    except DuplicateName as error:
        if "\n" not in text.strip():
            return None  # one object per line
        raise InputError(f"{called(path)} is not valid JSON: {json_fault(error)}", hint="give each name once") from None
    except (ValueError, RecursionError) as error:
        if not text.lstrip().startswith("[") and any(map(_is_object, islice(text.splitlines(), _MOST_LINES))):
            return None
        raise InputError(f"{called(path)} is not valid JSON: {json_fault(error)}", hint="save it again") from None
    if isinstance(document, list):
        return document
    if not isinstance(document, dict):
        return None
    for dotted in rows_keys():
        value: object = document
        for key in dotted.split("."):
            value = value.get(key) if isinstance(value, dict) else None
        if _are_objects(value):
            return value
    if (table := _as_written_by_pandas(document)) is not None:
        return table
    lists = [] if names_headline(document) else [each for each in _lists_in(document, 0) if names_headline(each[0])]
    return lists[0] if len(lists) == 1 else [document]


def _as_written_by_pandas(document: Mapping[str, object]) -> list[object] | None:
    """Return the rows of ``{"title": {"0": ...}}``, ``{"0": {"title": ...}}`` or names and ``data``; else None.

    Rows with other labels than numbers are left alone: the labels say something (dates, tickers).

    Examples
    --------
    >>> _as_written_by_pandas({"title": {"0": "a", "1": "b"}, "date": {"0": "2025-05-28"}})
    [{'title': 'a', 'date': '2025-05-28'}, {'title': 'b', 'date': None}]
    """
    names, data = document.get("columns"), document.get("data")
    if isinstance(names, list) and isinstance(data, list) and names_headline(map(str, names)):
        if not all(isinstance(row, list) and len(row) == len(names) for row in data):
            return None
        return [dict(zip(map(str, names), row, strict=True)) for row in data]
    parts = {name: part for name, part in document.items() if isinstance(part, dict)}
    if not parts or len(parts) != len(document):
        return None
    rows = dict.fromkeys(row for part in parts.values() for row in part)
    if names_headline(parts) and all(map(_ROW_NUMBER.fullmatch, rows)):
        return [{name: part.get(row) for name, part in parts.items()} for row in rows]
    numbered = all(map(_ROW_NUMBER.fullmatch, parts)) and all(map(names_headline, parts.values()))
    return list(parts.values()) if numbered else None


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _are_objects(value: object) -> TypeGuard[list[object]]:
    return isinstance(value, list) and bool(value) and all(isinstance(each, dict) for each in value)


def _lists_in(document: Mapping[str, object], depth: int) -> Iterator[list[Any]]:
    """Yield the lists of objects within an object."""
    for value in document.values():
        if _are_objects(value):
            yield value
        elif isinstance(value, dict) and depth < _DEEPEST:
            yield from _lists_in(value, depth + 1)


def flattened(record: Mapping[str, object]) -> dict[str, object]:
    """Return the object with nested values under dotted names; of a search engine's hit, its ``_source``."""
    source = record.get("_source")
    flat: dict[str, object] = {}
    _flatten(source if isinstance(source, dict) else record, "", flat, 0)
    return flat


def _flatten(record: Mapping[str, object], prefix: str, flat: dict[str, object], depth: int) -> None:
    for name, stated in record.items():
        value = _typed(stated)
        flat[f"{prefix}{name}"] = value
        if isinstance(value, dict) and depth < _DEEPEST:
            _flatten(value, f"{prefix}{name}.", flat, depth + 1)


def _typed(value: object) -> object:
    """Return a value, unwrapped if MongoDB has written it with its type (``{"$date": ...}``); formatted text is joined.

    Examples
    --------
    >>> _typed({"$date": "2025-05-28"}), _typed(["Lamp ", {"type": "bold", "text": "rises"}])
    ('2025-05-28', 'Lamp rises')
    """
    if isinstance(value, list) and any(map(_is_formatted, value)):
        return "".join(str(each["text"] if _is_formatted(each) else each) for each in value)
    for _ in range(_DEEPEST):
        if not isinstance(value, dict) or len(value) != 1 or next(iter(value)) not in _TYPES:
            break
        value = next(iter(value.values()))
    return value


def _is_formatted(part: object) -> TypeGuard[dict[str, object]]:
    """Whether a value is a part of formatted text, as Telegram exports it."""
    return isinstance(part, dict) and {"type", "text"} <= part.keys()


def _text(path: Path, encoding: str | None) -> str:
    with path.open("rb") as probe, unpacking(probe, name_of(path)) as (file, _):
        raw = file.read(MAX_BYTES + 1)
    if len(raw) > MAX_BYTES:
        raise InputError(
            f"{name_of(path)} is larger than {MAX_BYTES // 1_000_000} MB",
            hint="write one JSON object per line, as .jsonl",
        )
    return raw.decode(encoding_named(encoding), "replace") if encoding else decode(raw)
