"""Resolve exchanges from names and suffixes printed with a ticker: ``LSE: VOD``, ``VOD.L``, ``VOD LN``."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping
from functools import cache

from correlator.base.resources import data_path
from correlator.sessions.exchanges import exchange_named

_AS_A_WORD = 3
"""Length of names that may be ordinary words unless they are in capitals: *SIX*, *BIT*."""


@cache
def printed_exchanges() -> Mapping[str, tuple[str, ...]]:
    """Map names in capitals to market identifier codes, several if a name stands for several exchanges (TSE)."""
    with data_path("instruments", "printed_exchanges.csv").open(encoding="utf-8", newline="") as lines:
        return {row["printed"]: tuple(row["exchanges"].split("|")) for row in csv.DictReader(lines)}


@cache
def exchange_endings(*written_by: str) -> Mapping[str, str]:
    """Map suffixes in capitals to market identifier codes, for one or more of the writers.

    Writers are ``yahoo``, ``stooq``, ``terminal``, ``reuters`` and ``service`` (others). If two use the same suffix,
    the one named first takes precedence.

    >>> exchange_endings("yahoo")["SS"], exchange_endings("terminal", "yahoo")["SS"]
    ('XSHG', 'XSTO')
    """
    with data_path("instruments", "exchange_endings.csv").open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["written_by"] in written_by]
    rows.sort(key=lambda row: written_by.index(row["written_by"]))
    chosen: dict[str, str] = {}
    for row in rows:
        chosen.setdefault(row["ending"], row["exchange"])
    return chosen


def exchange_printed(name: str) -> str | None:
    """Return the market identifier code of a printed name, or None if it is unknown or ambiguous.

    >>> exchange_printed("lse"), exchange_printed("TSE")
    ('XLON', None)
    """
    codes = printed_exchanges().get(" ".join(name.upper().split()), ())
    return codes[0] if len(codes) == 1 else None


def exchange_written(name: str) -> str | None:
    """Return the code as ``exchange_printed``, also for an exchange's full name and for a code in any case.

    >>> exchange_written("New York Stock Exchange"), exchange_written("xnys")
    ('XNYS', 'XNYS')
    """
    word = " ".join(name.upper().split())
    return exchange_printed(name) or _exchanges_by_name().get(word)


@cache
def _exchanges_by_name() -> Mapping[str, str]:
    with data_path("sessions", "exchanges.csv").open(encoding="utf-8", newline="") as lines:
        rows = [(row["name"].upper(), row["exchange"]) for row in csv.DictReader(lines)]
    return {code: code for _, code in rows} | dict(rows)


@cache
def printed_pattern() -> str:
    """Return a pattern of all names; those of three letters match in capitals only, since some are words."""
    names = sorted(printed_exchanges(), key=len, reverse=True)
    return "|".join(_pattern(name) for name in names)


def _pattern(name: str) -> str:
    spaced = re.escape(name).replace(r"\ ", " ?")
    return spaced if len(name) == _AS_A_WORD else f"(?i:{spaced})"


def are_one_market(one: str | None, other: str | None) -> bool:
    """Whether two exchanges share currency and country, or one of them is unknown."""
    if one is None or other is None or one == other:
        return True
    first, second = exchange_named(one), exchange_named(other)
    return first.country is not None and (first.country, first.currency) == (second.country, second.currency)


def is_of_one(exchange: str | None, printed: Iterable[str]) -> bool:
    """Whether an exchange is in one market with any of the ``printed`` ones; True if none is printed or known."""
    codes = [*printed]
    return not codes or any(are_one_market(exchange, code) for code in codes)
