"""Parse what sources write for the currency of prices, and for its hundredths."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Mapping
from functools import cache

from correlator.base.resources import data_path

# Codes for a hundredth of a currency. ``GBp`` and ``GBP`` differ only in case.
_HUNDREDTHS = {
    "GBp": "GBP",
    "GBX": "GBP",
    "GBx": "GBP",
    "PENCE": "GBP",
    "ZAc": "ZAR",
    "ZAC": "ZAR",
    "ZAX": "ZAR",
    "ILA": "ILS",
    "ILa": "ILS",
    "ILAG": "ILS",
    "USX": "USD",
    "USc": "USD",
    "USd": "USD",
    "EUc": "EUR",
    "CAc": "CAD",
    "AUc": "AUD",
}
_ALWAYS_HUNDREDTHS = {
    **dict.fromkeys(("pence", "gbx", "pence sterling", "penny sterling", "british pence", "british penny"), "GBP"),
    **dict.fromkeys(("uk pence", "gb pence", "gbp pence"), "GBP"),
    **dict.fromkeys(("south african cents", "south african cent", "rand cents", "zar cents"), "ZAR"),
    **dict.fromkeys(("israeli agorot", "israeli agora", "agora"), "ILS"),
    **dict.fromkeys(("us cents", "us cent", "usd cents"), "USD"),
}
# Hundredths of whatever currency the exchange has; Johannesburg writes ``(c)`` after a name.
_OF_NO_CURRENCY = ("cents", "cent", "paise", "paisa", "centavos", "agorot", "kopecks", "¢")
_SIGNS = {"$": "USD", "u$": "USD", "us$": "USD", "€": "EUR", "£": "GBP", "₹": "INR", "rs": "PKR", "₨": "PKR"}


def price_unit(text: str) -> tuple[str, float] | None:
    """Return currency (ISO 4217) and factor of a unit of prices: ("GBP", 0.01) for ``GBp``; None if it is not one.

    Examples
    --------
    >>> price_unit("GBp")
    ('GBP', 0.01)
    >>> price_unit("USD"), price_unit("US Dollar"), price_unit("USD - US Dollar")
    (('USD', 1.0), ('USD', 1.0), ('USD', 1.0))
    """
    word = text.strip()
    if word == "p":
        return "GBP", 0.01
    if word in _HUNDREDTHS or word.upper() in ("GBX", "PENCE", "ILA", "ZAC"):
        return _HUNDREDTHS.get(word) or _HUNDREDTHS[word.upper()], 0.01
    if word.lower() in _ALWAYS_HUNDREDTHS:
        return _ALWAYS_HUNDREDTHS[word.lower()], 0.01
    if word.lower() in _OF_NO_CURRENCY or word == "c":
        return "", 0.01
    if word.lower().rstrip(".") in _SIGNS:
        return _SIGNS[word.lower().rstrip(".")], 1.0
    if re.fullmatch(r"[A-Z]{3}|[a-z]{3}", word):
        return word.upper(), 1.0
    code = currency_called(word)
    return None if code is None else (code, 1.0)


def currency_called(name: str) -> str | None:
    """Return the code (ISO 4217) of a currency name, with or without the code beside it; None if ambiguous or unknown.

    >>> currency_called("Pakistani rupees"), currency_called("EUR (Euro)"), currency_called("Dollar")
    ('PKR', 'EUR', None)
    """
    known = _currencies_by_name()
    beside = _CODE_FIRST.fullmatch(name.strip()) or _CODE_LAST.fullmatch(name.strip())
    if _letters(name) in known or beside is None:
        return known.get(_letters(name))
    return beside["code"] if beside["code"] == known.get(_letters(beside["name"])) else None


_CODE_FIRST = re.compile(r"(?P<code>[A-Z]{3})[-–:/|(\s]+(?P<name>[^()]+)\)?")
_CODE_LAST = re.compile(r"(?P<name>[^()]+?)[-–:/|(\s]+(?P<code>[A-Z]{3})\)?")


@cache
def _currencies_by_name() -> Mapping[str, str]:
    return {_letters(name): code for code, names in _known_names().items() for name in names.split(";") if name}


def _letters(name: str) -> str:
    """Normalise a name: without case, accents, punctuation and plural s."""
    flat = unicodedata.normalize("NFKD", name.casefold())
    return "".join(letter for letter in flat if letter.isalpha()).removesuffix("s")


@cache
def currencies() -> frozenset[str]:
    """Return the known ISO 4217 codes."""
    return frozenset(_known_names())


@cache
def _known_names() -> Mapping[str, str]:
    """Return the names of each currency, separated by semicolons."""
    with data_path("instruments", "currencies.csv").open(encoding="utf-8", newline="") as lines:
        return {row["currency"]: row["names"] for row in csv.DictReader(lines)}
