"""Describe syntax errors of JSON, TOML, XML and CSV: where they are, and what is wrong there."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

_JSON = {
    "Expecting value": "a value is missing",
    "Expecting property name": "a name in double quotes is missing",
    "Expecting ':'": "a colon is missing",
    "Expecting ','": "a comma is missing",
    "Unterminated string": "a text is not closed",
    "Invalid control character": "a line break or control character stands inside a text",
    "Invalid \\": "a backslash begins no known character",
    "Extra data": "something follows the end",
    "Illegal trailing comma": "a comma stands before the end",
    "Unexpected UTF-8 BOM": "a byte order mark stands inside",
}
_TOML = {
    "Invalid value": "the value is missing, or is a string without quotes",
    "Expected '=' after a key": "an equals sign is missing after the key",
    "Expected ']' at the end of a table": "a bracket is not closed",
    "Expected ']]'": "brackets are not closed",
    "Expected newline or end": "unexpected text after the value",
    "Invalid statement": "the line starts with neither a key nor a table",
    "Invalid initial character": "a key is missing",
    "Cannot overwrite": "a key is defined twice",
    "Cannot declare": "a table is defined twice",
    "Cannot mutate": "a table that is already complete is extended",
    "Duplicate inline table key": "a key is defined twice",
    "Unterminated string": "a string is not closed",
    "Unclosed array": "a bracket is not closed",
    "Unclosed inline table": "a brace is not closed",
    "Unescaped '\\'": "unknown escape sequence after a backslash (in single quotes, backslashes are kept)",
    "Illegal character": "a control character or line break is not allowed here",
    "Invalid date or datetime": "a date does not exist",
    "Invalid hex value": "a character code is not valid",
    "Expected": "quotes are not closed",
}
_XML = {
    "no element found": "an element is not closed",
    "not well-formed": "a character stands where none may",
    "unclosed token": "a tag is not closed",
    "mismatched tag": "an end tag closes what is not open",
    "duplicate attribute": "an attribute is given twice",
    "junk after": "something follows the end",
    "undefined entity": "a character is named that XML does not know (write &#233; for &eacute;)",
    "invalid character number": "the number of a character is none",
    "declaration not at start": "an XML declaration stands inside",
    "unclosed CDATA": "a CDATA section is not closed",
    "unbound prefix": "a prefix has no namespace",
    "syntax error": "it is not XML",
}
_CSV = {
    "field larger than": "a cell is too long; a quote may be open",
    "line contains NUL": "it has a zero byte",
    "unexpected end of data": "a quote is not closed",
    "new-line character seen": "a line ends with a lone carriage return",
    "expected after": "something follows a closing quote",
}


class DuplicateName(ValueError):
    """A JSON object has a duplicate name with different values."""


def each_once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """Build a JSON object (an ``object_pairs_hook``); raise DuplicateName if one has two values."""
    read = dict(pairs)
    if len(read) < len(pairs):
        twice = next((name for name, value in pairs if value != read[name]), None)
        if twice is not None:
            raise DuplicateName(twice)
    return read


def json_fault(error: ValueError | RecursionError, *, is_line: bool = False) -> str:
    """Describe an error of ``json.loads``: ``line 2, column 5: a comma is missing``; ``is_line``: omit the line."""
    if isinstance(error, DuplicateName):
        return f"duplicate name {str(error)[:40]!r} with different values"
    if isinstance(error, json.JSONDecodeError):
        where = "" if is_line else f"line {error.lineno}, "
        return f"{where}column {error.colno}: {_in_words(error.msg, _JSON)}"
    return _beyond_syntax(error)


def toml_fault(error: ValueError | RecursionError) -> str:
    """Describe an error of ``tomllib.loads``: ``line 2, column 5: a string is not closed``."""
    place = re.search(r"\(at (?:line (\d+), column (\d+)|end of document)\)", str(error))
    if place is None:
        return _beyond_syntax(error)
    where = f"line {place[1]}, column {place[2]}" if place[1] else "its end"
    return f"{where}: {_in_words(str(error), _TOML)}"


def xml_fault(error: SyntaxError) -> str:
    """Describe an error of ``xml.etree.ElementTree.fromstring``: ``line 2, column 5: a tag is not closed``."""
    line, column = getattr(error, "position", (1, 0))
    return f"line {line}, column {column + 1}: {_in_words(str(error), _XML)}"


def csv_fault(error: csv.Error) -> str:
    """Describe an error of a ``csv`` reader: ``a quote is not closed``; the reader knows the line."""
    return _in_words(str(error), _CSV)


def pattern_fault(pattern: str) -> str | None:
    """Return what is wrong with a regular expression, or None."""
    try:
        re.compile(pattern)
    except (re.error, OverflowError) as error:
        return str(error)
    except RecursionError:
        return "its brackets are nested too deeply"
    return None


def _beyond_syntax(error: ValueError | RecursionError) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    return "it is not UTF-8 text" if isinstance(error, UnicodeError) else "a number has too many digits"


def _in_words(message: str, words: Mapping[str, str]) -> str:
    return next((text for part, text in words.items() if part in message), "it cannot be read")
