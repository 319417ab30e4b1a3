"""Donors for synthetic controls from the store: shares that an event does not affect, by country or sector."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb
import numpy as np
import polars as pl

from correlator.errors import InputError, NotFoundError, StudyError, warn
from correlator.eventstudy.estimation.synthetic import FEWEST_DONORS
from correlator.eventstudy.panel.donors import donors_of, refuse_beside_donors
from correlator.eventstudy.panel.frames import Array, Mask, Panel, returns_of
from correlator.eventstudy.request.spec import DAILY, HOLES, OTHER_COUNTRIES, OTHER_SECTORS, SYNTHETIC, StudySpec
from correlator.intake.instruments import names_in
from correlator.market.names.instruments import read_instruments
from correlator.market.returns import filled_adjusted
from correlator.research.benchmark import timing_of
from correlator.store.bar_arrays import read_bar_arrays
from correlator.store.reading import read_instrument_rows
from correlator.store.statements import query

RULES = (OTHER_COUNTRIES, OTHER_SECTORS)


def with_stored_donors(
    connection: duckdb.DuckDBPyConnection, panel: Panel, spec: StudySpec, exchange: str, *, beside: tuple[Any, Any]
) -> Panel:
    """Return ``panel`` with the donors of model synthetic, on its sessions; unchanged for other models.

    ``beside``: factors and the risk-free return, which are not allowed with donors. Raises InputError for intraday bars
    and for a currency, NotFoundError or StudyError if too few donors have bars.
    """
    if spec.model != SYNTHETIC:
        return panel
    refuse_beside_donors("prices", *beside)
    for name, given in (("interval", spec.interval != DAILY), ("currency", spec.currency is not None)):
        if given:
            hint = "synthetic controls use daily bars, each in its own currency; leave it out"
            raise InputError(f"{name} does not apply to the model synthetic", hint=hint, argument=name)
    rule = _rule(spec.donors)
    names = _shares(connection, spec) if rule else _named(connection, spec.donors)
    countries = {
        name: row["country"] for name, row in read_instrument_rows(connection, [*names, *panel.symbols]).items()
    }
    allowed = np.ones((len(panel.symbols), len(names)), dtype=bool)
    if rule == OTHER_COUNTRIES:
        allowed = _elsewhere(panel.symbols, names, countries, "country")
    elif rule == OTHER_SECTORS:
        sectors = dict(read_instruments().select("symbol", "sector").iter_rows())
        allowed = _elsewhere(panel.symbols, names, sectors, "sector")
    if rule:
        kept = np.flatnonzero(allowed.any(axis=0))
        names, allowed = [names[column] for column in kept.tolist()], allowed[:, kept]
    if len(names) < FEWEST_DONORS:
        alternative = f"donors={OTHER_SECTORS!r}, or " if rule == OTHER_COUNTRIES else ""
        raise StudyError(
            f"model synthetic needs {FEWEST_DONORS} donors, the store has {len(names)} ({rule or 'as named'})",
            hint=f"add prices of more shares, or give {alternative}donors by name",
            argument="donors",
        )
    _warn_of_closes(connection, names, exchange, panel.labels)
    own, others = (_prices(connection, symbols, panel.labels, spec) for symbols in (panel.symbols, names))
    return donors_of(
        panel,
        (tuple(names), returns_of(others, spec.returns)),
        (own, others) if spec.holes == HOLES[0] else None,
        (),
        simple=spec.returns == "simple",
        allowed=allowed,
        countries=[countries[name] for name in names],
    )


def _rule(donors: Sequence[str]) -> str:
    """Return the rule that selects donors, empty if they are named."""
    if not donors:
        return OTHER_COUNTRIES
    rules = [name for name in donors if name in RULES]
    if rules and len(donors) > 1:
        raise InputError(
            f"donors must be either {rules[0]} or symbols, not both", hint="leave one out", argument="donors"
        )
    return rules[0] if rules else ""


def _shares(connection: duckdb.DuckDBPyConnection, spec: StudySpec) -> list[str]:
    """Return every share with daily bars that were known at ``spec.as_of``."""
    return query(
        connection,
        """
        SELECT DISTINCT symbol FROM share_series WHERE "interval" = $interval
            AND ($as_of::TIMESTAMPTZ IS NULL OR first_known_at <= $as_of) ORDER BY symbol
        """,
        {"interval": DAILY, "as_of": spec.as_of},
    )["symbol"].to_list()


def _named(connection: duckdb.DuckDBPyConnection, donors: Sequence[str]) -> list[str]:
    known = names_in(connection)
    names = list(dict.fromkeys(known.symbol_of(donor) or donor for donor in donors))
    stored = set(query(connection, "SELECT DISTINCT symbol FROM bars")["symbol"])
    for name in names:
        if name not in stored:
            raise NotFoundError(f"donor {name} has no bars in the store", hint="add its prices", argument="donors")
    return names


def _elsewhere(symbols: Sequence[str], names: Sequence[str], places: dict[str, str | None], what: str) -> Mask:
    """Return whether each donor's ``what`` is known and differs from that of each symbol (S, M)."""
    own = [places.get(symbol) for symbol in symbols]
    for symbol, place in zip(symbols, own, strict=True):
        if place is None:
            raise InputError(
                f"the {what} of {symbol} is unknown, so donors of another {what} cannot be selected",
                hint="name the donors",
                argument="donors",
            )
    return np.array([[places.get(name) not in (None, place) for name in names] for place in own], dtype=bool)


def _prices(connection: duckdb.DuckDBPyConnection, names: Sequence[str], sessions: pl.Series, spec: StudySpec) -> Array:
    grid = read_bar_arrays(connection, names, sessions, fields=("close", "adjusted_close"), as_of=spec.as_of)
    if spec.price == "close":
        return grid.fields["close"]
    return filled_adjusted(grid.fields["close"], grid.fields["adjusted_close"])[0]


def _warn_of_closes(
    connection: duckdb.DuckDBPyConnection, names: Sequence[str], exchange: str, labels: pl.Series
) -> None:
    """Warn about donors that close at another time of the day than the shares, so that they reflect other news."""
    first_of = {str(row["exchange"]): name for name, row in reversed(read_instrument_rows(connection, names).items())}
    differing = []
    for other, name in sorted(first_of.items()):
        timing = timing_of(connection, name, exchange, labels)
        if timing.differs:
            differing.append(f"{other} {timing.words} it")
    if differing:
        warn(
            f"donors close at other times than {exchange} ({', '.join(differing)}): their return on a date reflects "
            "the news of other hours"
        )
