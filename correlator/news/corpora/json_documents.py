"""Read JSON documents with a list of articles, as news services return them, and flatten their objects."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, TypeGuard

from correlator.base.files import called
from correlator.base.syntax import DuplicateName, each_once, json_fault
from correlator.containers.packed import unpacking
from correlator.errors import InputError
from correlator.news.charset import decode, encoding_named
from correlator.news.corpora.layouts import names_headline, rows_keys

MAX_BYTES = 256_000_000
_DEEPEST, _MOST_LINES = 3, 1_000
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
    lists = [] if names_headline(document) else [each for each in _lists_in(document, 0) if names_headline(each[0])]
    return lists[0] if len(lists) == 1 else [document]


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
    """Return a value, unwrapped if MongoDB has written it with its type (``{"$date": ...}``)."""
    for _ in range(_DEEPEST):
        if not isinstance(value, dict) or len(value) != 1 or next(iter(value)) not in _TYPES:
            break
        value = next(iter(value.values()))
    return value


def _text(path: Path, encoding: str | None) -> str:
    with path.open("rb") as probe, unpacking(probe, path.name) as (file, _):
        raw = file.read(MAX_BYTES + 1)
    if len(raw) > MAX_BYTES:
        raise InputError(
            f"{path.name} is larger than {MAX_BYTES // 1_000_000} MB", hint="write one JSON object per line, as .jsonl"
        )
    return raw.decode(encoding_named(encoding), "replace") if encoding else decode(raw)
