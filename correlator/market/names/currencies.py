"""What sources write for the currency of their prices, and for its hundredths."""

from __future__ import annotations

import re

# How services write a hundredth of a currency. ``GBp`` and ``GBP`` differ in their case only.
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
_ALWAYS_HUNDREDTHS = {"pence": "GBP", "gbx": "GBP"}
# Hundredths of whatever currency the exchange has.
_OF_NO_CURRENCY = ("cents", "cent", "paise", "paisa", "centavos", "agorot", "kopecks")
_SIGNS = {"$": "USD", "u$": "USD", "us$": "USD", "€": "EUR", "£": "GBP", "₹": "INR", "rs": "PKR", "₨": "PKR"}


def price_unit(text: str) -> tuple[str, float] | None:
    """Currency (ISO 4217) and factor of what a source says of its prices: ("GBP", 0.01) of ``GBp``; None of nothing.

    Examples
    --------
    >>> price_unit("GBp")
    ('GBP', 0.01)
    >>> price_unit("USD")
    ('USD', 1.0)
    """
    word = text.strip()
    if word == "p":
        return "GBP", 0.01
    if word in _HUNDREDTHS or word.upper() in ("GBX", "PENCE", "ILA", "ZAC"):
        return _HUNDREDTHS.get(word) or _HUNDREDTHS[word.upper()], 0.01
    if word.lower() in _ALWAYS_HUNDREDTHS:
        return _ALWAYS_HUNDREDTHS[word.lower()], 0.01
    if word.lower() in _OF_NO_CURRENCY:
        return "", 0.01
    if word.lower().rstrip(".") in _SIGNS:
        return _SIGNS[word.lower().rstrip(".")], 1.0
    return (word.upper(), 1.0) if re.fullmatch(r"[A-Z]{3}|[a-z]{3}", word) else None
