"""Column names as price files write them, from ``data/columns/names.toml``, and their comparison."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from functools import cache, lru_cache

from correlator.base.resources import data_path

PRICES = ("open", "high", "low", "close", "adjusted_close", "volume")
UNRANKED = 10_000
FIELDS = ("date", "time", "symbol", "series", "currency", *PRICES)

_IN_UNITS = re.compile(r"(?<=[^\W_])(?:\s+in\s+['’]?\w+\.?|[\s_]+['’]?000s?)\s*$", re.I)
_BRACKETS = re.compile(r"\(((?:[^()]|\([^()]*\))*+)\)|\[([^\[\]]*)\]")


@lru_cache(maxsize=4096)
def plain(name: str) -> str:
    """Normalise a name for comparison: without case, accents, punctuation and text in brackets."""
    inside = bracketed(name)
    bare = _letters(_IN_UNITS.sub("", _BRACKETS.sub(" ", name)))
    if re.match(r"adj", inside, re.I) and not bare.startswith("adj"):
        bare = f"adj{bare}"
    return bare or _letters(name)


def bracketed(name: str) -> str:
    """Return the text in brackets in a name: ``USD`` for ``Close (USD)``; empty if there is none."""
    match = _BRACKETS.search(name)
    return (match.group(1) or match.group(2) or "").strip() if match else ""


def _letters(name: str) -> str:
    flat = unicodedata.normalize("NFKD", name.casefold().replace("ı", "i").replace("ß", "ss"))
    return "".join(letter for letter in flat if letter.isalnum())


def field_of(name: str) -> str | None:
    """Return the field of a column of this name (``FIELDS`` and ``last``), or None."""
    known = _fields().get(plain(name))
    return "symbol" if known is None and _TICKER.search(plain(name)) else known


def is_figure(name: str) -> bool:
    """Whether the name is that of a field or of another figure in price files, and so not a symbol."""
    return _is_one_figure(name) or is_compound(name)


def is_compound(name: str) -> bool:
    """Whether a name consists of several names of figures: ``MID_CLOSE``, ``Avg Price``."""
    parts = [part for part in _MARKS.split(name) if part]
    return len(parts) > 1 and all(_is_one_figure(part) for part in parts)


def _is_one_figure(name: str) -> bool:
    return (
        field_of(name) is not None
        or plain(name) in _others()
        or beside(name) is not None
        or bool(_NUMBERED.match(plain(name)))
    )


def side_of(name: str) -> tuple[str, str] | None:
    """Return the side of a quote that a name states (bid, ask, mid) and the rest of the name; None if it states none.

    Examples
    --------
    >>> side_of("BidClose"), side_of("PX_ASK"), side_of("Close")
    (('bid', 'close'), ('ask', 'px'), None)
    """
    letters = plain(name)
    for word, side in _sides().items():
        if letters.startswith(word) or letters.endswith(word):
            return side, letters.removeprefix(word) if letters.startswith(word) else letters.removesuffix(word)
    return None


def rank_of(name: str) -> int:
    """Return the rank of a name for its field: 0 is the most reliable, ``UNRANKED`` that of an unlisted name."""
    return _ranks().get(plain(name), UNRANKED)


def known_words(text: str) -> int:
    """Return how many cells of the first lines of a text are known column names."""
    cells = re.split(r"[,;\t|\n\r\"]+", text)
    return sum(field_of(cell) is not None for cell in cells[:200] if cell.strip())


_COMPANIES = frozenset(("name", "security", "stock", "asset", "instrument", "code"))
_OF_EVENTS = ("name", "code", "asset")
"""Names that mean the symbol in tables of prices, but the event itself in tables of events."""
_TICKER = re.compile(r"ticker|symbol$|^symbol|^sym$")
_MARKS = re.compile(r"[\s._/\-]+")
_NUMBERED = re.compile(r"^(sma|ema|rsi|atr|wma|ma|macd|bb|return|ret|lag)\d+$")


def part_of_date(name: str) -> str | None:
    """Return the part of a date that a column of this name contains (year, quarter, month, week, day), or None."""
    return next((part for part, names in _parts().items() if plain(name) in names), None)


def is_identifier(name: str) -> bool:
    """Whether a column of this name contains security identifiers: ``ISIN``, ``FIGI``."""
    return plain(name) in _beside()["identifier"]


def may_be_company(name: str) -> bool:
    """Whether a column of this name may contain names of companies in place of symbols: ``Name``, ``Security``."""
    return plain(name) in _COMPANIES


def event_field(name: str) -> str | None:
    """Return the role of a column of this name in a table of events (symbol, date, category, words), or None."""
    known = next((field for field, names in _events().items() if plain(name) in names), None)
    return known or (field_of(name) if field_of(name) in ("date", "symbol") and plain(name) not in _OF_EVENTS else None)


def may_be_clock(name: str) -> bool:
    """Whether a column of this name beside a date column may contain times of day; on its own ``Time`` is the date."""
    return plain(name) in _clocks()


def beside(name: str) -> str | None:
    """Return what a column of this name states about its rows (``exchange``, ``zone``, ``offset``, ...), or None."""
    return next((what for what, names in _beside().items() if plain(name) in names), None)


def month_number(word: str) -> int | None:
    """Return the month, 1 to 12, that a word names in a language of ``data/columns/months.toml``, or None."""
    return _months().get(plain(word))


@cache
def _document() -> dict[str, dict[str, list[str]]]:
    return tomllib.loads(data_path("columns", "names.toml").read_text(encoding="utf-8"))


@cache
def _fields() -> dict[str, str]:
    fields: dict[str, str] = {}
    for field, names in _document()["fields"].items():
        for name in names:
            fields.setdefault(plain(name), field)
    return fields


@cache
def _ranks() -> dict[str, int]:
    ranks: dict[str, int] = {}
    for names in _document()["fields"].values():
        for number, name in enumerate(names):
            ranks.setdefault(plain(name), number)
    return ranks


@cache
def _others() -> frozenset[str]:
    return frozenset(plain(name) for name in _document()["also"]["names"])


@cache
def _clocks() -> frozenset[str]:
    return frozenset(map(plain, _document()["fields"]["time"]))


@cache
def _beside() -> dict[str, frozenset[str]]:
    return {what: frozenset(map(plain, names)) for what, names in _document()["beside"].items()}


@cache
def _events() -> dict[str, frozenset[str]]:
    return {field: frozenset(map(plain, names)) for field, names in _document()["events"].items()}


@cache
def _sides() -> dict[str, str]:
    """Return every word of a side, the longest first, and its side."""
    words = {plain(word): side for side, words in _document()["sides"].items() for word in words}
    return {word: words[word] for word in sorted(words, key=len, reverse=True)}


@cache
def _parts() -> dict[str, frozenset[str]]:
    return {part: frozenset(map(plain, names)) for part, names in _document()["parts"].items()}


@cache
def _months() -> dict[str, int]:
    document = tomllib.loads(data_path("columns", "months.toml").read_text(encoding="utf-8"))
    return {plain(word): number for number, words in enumerate(document.values(), start=1) for word in words}
