"""Units in brackets behind a name: ``LAMP (USD)`` is the share LAMP in US dollars."""

from __future__ import annotations

from correlator.market.names.currencies import currencies, price_unit
from correlator.market.vocabulary import bracketed

CURRENCY = "currency "
"""What stands in brackets before a word that a row of currencies says, so that an unknown one is known to be meant."""


def share_of(label: str) -> str:
    """The share that the name of a column of closes means: without the currency in brackets behind it.

    >>> share_of("LAMP (GBp)"), share_of("LAMP (currency ZZ)"), share_of("LAMP (A)")
    ('LAMP', 'LAMP', 'LAMP (A)')
    """
    name, _, _ = label.rpartition("(" if label.endswith(")") else "[")
    inside = bracketed(label[len(name) :])
    is_unit = inside.startswith(CURRENCY) or is_currency(inside)
    return name.strip() if name.strip() and is_unit and label.strip()[-1] in ")]" else label


def is_currency(word: str) -> bool:
    """Whether a word is a currency or a part of one, such as ``USD`` or ``GBp``."""
    unit = price_unit(word)
    return unit is not None and (unit[1] != 1.0 or unit[0] in currencies())
