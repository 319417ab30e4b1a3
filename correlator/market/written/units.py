"""Units in brackets after a name: ``LAMP (USD)`` is the share LAMP in US dollars."""

from __future__ import annotations

from correlator.market.names.currencies import currencies, price_unit
from correlator.market.vocabulary import bracketed

CURRENCY = "currency "
"""Prefix in the brackets for a word from a row of currencies, so that an unknown word is reported as a currency."""


def share_of(label: str) -> str:
    """Return the share of a column of closes: its name without a currency in brackets after it.

    >>> share_of("LAMP (GBp)"), share_of("LAMP (currency ZZ)"), share_of("LAMP (A)")
    ('LAMP', 'LAMP', 'LAMP (A)')
    """
    name, _, _ = label.rpartition("(" if label.endswith(")") else "[")
    inside = bracketed(label[len(name) :])
    is_unit = inside.startswith(CURRENCY) or is_currency(inside)
    return name.strip() if name.strip() and is_unit and label.strip()[-1] in ")]" else label


def is_currency(word: str) -> bool:
    """Whether a word is a currency or a subunit, such as ``USD`` or ``GBp``."""
    unit = price_unit(word)
    return unit is not None and (unit[1] != 1.0 or unit[0] in currencies())
