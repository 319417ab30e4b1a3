"""Read symbols, people or a name from one cell or element: plain text, JSON, or lists and objects printed by Python."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Sequence

_PREFIXED = re.compile(
    r"^(?:NASDAQ(?:GS|GM|CM)?|XNAS|XNYS|ARCX|XASE|NYSE|NYSEARCA|ARCA|AMEX|BATS|CBOE|OTC[A-Z]*|US):(?=[A-Z0-9])"
)
_TERMINAL_CODES = "US|UN|UW|UQ|LN|GR|GY|FP|JT|JP|SJ"
_TERMINAL = re.compile(rf"\b(\S{{1,20}}) (?:([A-Z]{{2}}) Equity|({_TERMINAL_CODES}))(?![\w.])", re.I)
_AT_CODE = re.compile(
    rf"(?<![\w:])(?!NYSE|NASDAQ|LSE|TSX|ASX|OTC|AMEX)([A-Z0-9./]{{1,12}}):({_TERMINAL_CODES})(?![\w.])"
)
_IN_BRACKETS, _LOWER = re.compile(r"\(([^()]{1,20})\)"), re.compile(r"[a-z]")
_NOT_SHARES = ("CRYPTO:", "FOREX:")
_SYMBOL = re.compile(r"(?:[A-Z][A-Z0-9]{1,7}:)?[A-Z0-9^][A-Z0-9.\-=^/]{0,14}")
# How pandas, R and databases write an empty cell.
NOTHING = ("", "nan", "NaN", "NaT", "None", "null", "NULL", "<NA>", "N/A", "#N/A")
# How sources write a missing symbol; NA and NAN are not among them, since they are symbols of shares.
_NO_SYMBOL = frozenset((*NOTHING, "none", "NONE", "n/a", "unknown", "Unknown", "UNKNOWN", "undefined", "true", "false"))
_COMPANY = re.compile(r"(?i)\b(?:inc|corp|ltd|plc|llc|limited|company|group|holdings)\.?$")
_NAME = re.compile(r"[A-Z][a-z]{2,}\.?|[A-Z][a-z]+\.")
_LONGEST_PRINTED = 100_000
_NUMPY = re.compile(r"""\[\s*(?:'[^']*'|"[^"]*")(?:\s+(?:'[^']*'|"[^"]*"))+\s*\]""")
_QUOTED = re.compile(r"'([^']*)'|\"([^\"]*)\"")


def symbols_in(text: str) -> list[str]:
    """Return the symbols in a cell: JSON strings or objects, or text with separators. Foreign exchange prefixes stay.

    Names of companies and words for a missing value are left out.

    Examples
    --------
    >>> symbols_in('[{"ticker": "AAPL"}, {"ticker": "FOREX:USD"}]'), symbols_in("NASDAQ:MSFT, brk.b, LSE:VOD")
    (['AAPL'], ['MSFT', 'BRK.B', 'LSE:VOD'])
    >>> symbols_in("LAMP US Equity; SOFA LN"), symbols_in("Lamp Inc (NYSE: LAMP)"), symbols_in("Sofa (LSE: SOFA)")
    (['LAMP.US', 'SOFA.LN'], ['LAMP'], ['LSE:SOFA'])
    >>> symbols_in("['LAMP' 'SOFA']"), symbols_in("Lamp Inc"), symbols_in("nan"), symbols_in("LAMP:US")
    (['LAMP', 'SOFA'], [], [], ['LAMP.US'])
    """
    listed = _IN_BRACKETS.findall(text) if text[:1] not in "[{" else []
    if listed and (_LOWER.search(_IN_BRACKETS.sub("", text)) or not _IN_BRACKETS.sub("", text).strip()):
        text = ",".join(listed)
    together = _TERMINAL.sub(r"\1.\2\3", re.sub(r"(?<=[A-Z]):\s+(?=[A-Z0-9])", ":", text))
    together = _AT_CODE.sub(r"\1.\2", together)
    named = (part.strip() for part in _texts(together, ("ticker", "symbol", "name"), separators=",;|\n\t"))
    lists = [[word for word in part.split() if word not in _NO_SYMBOL] for part in named if not _is_name(part)]
    symbols = (symbol for words in lists for symbol in _symbols(words))
    return list(dict.fromkeys(symbols))


def _symbols(words: Sequence[str]) -> list[str]:
    """Return the symbols of words between two separators; none if a word cannot be one (*S&P 500*)."""
    parts = [word.strip("<>").lstrip("$#").upper() for word in words]
    bare = [_PREFIXED.sub("", part) for part in parts if not part.startswith(_NOT_SHARES)]
    return bare if all(map(_SYMBOL.fullmatch, bare)) else []


def people_in(text: str) -> str | None:
    """Return the names of authors in a cell, joined with ``; ``, or None. Addresses are left out."""
    names = [re.sub(r"(?i)^by\s+", "", name.strip()) for name in _texts(text, ("name",), separators=";|")]
    return "; ".join(dict.fromkeys(name for name in names if name and "://" not in name)) or None


def name_in(text: str) -> str:
    """Return the name in a cell: its text, or the name or title of an object."""
    return next(iter(_texts(text, ("name", "title"), separators="")), "").strip()


def _is_name(part: str) -> bool:
    """Whether a text is the name of a company rather than symbols separated by spaces."""
    words = part.split()
    if len(words) == 1:
        return _NAME.fullmatch(part) is not None
    return bool(_COMPANY.search(part)) or any(_LOWER.search(word) for word in words if not word.startswith("$"))


def _texts(text: str, names: Sequence[str], separators: str) -> Iterator[str]:
    """Yield the items of a list, for objects their first value under one of ``names``; else the parts of the text."""
    if text[:1] in "[{":
        value = _value(text)
        if isinstance(value, dict):
            value = [value]
        if isinstance(value, list | tuple | set | frozenset):
            for item in value:
                if isinstance(item, dict):
                    yield next((str(item[name]) for name in names if item.get(name)), "")
                else:
                    yield str(item)
            return
        if re.fullmatch(r"\{[^{}]*\}", text):
            text = text[1:-1]  # a PostgreSQL array
    yield from re.split(f"[{re.escape(separators)}]+", text) if separators else (text,)


def _value(text: str) -> object:
    """Return the value of a text in JSON, or as printed by Python or numpy; None for other texts."""
    if _NUMPY.fullmatch(text):
        return [one or other for one, other in _QUOTED.findall(text)]
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    if len(text) > _LONGEST_PRINTED:
        return None
    try:
        return ast.literal_eval(re.sub(r"(?<=[\s:,\[])nan(?=[\s,\]}])", "None", text))
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        return None
