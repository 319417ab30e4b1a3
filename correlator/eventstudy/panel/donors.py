"""Donors of the model ``synthetic``: which securities they are, and which of them an event may affect after all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from correlator.base.tabular import Frame
from correlator.errors import InputError, NotFoundError, StudyError, likeliest, listed
from correlator.eventstudy.panel.frames import Array, Donors, Mask, Panel, Rows

_PARTIES = ("source_country", "target_country")


def columns_or_frame(donors: str | Sequence[str] | Frame | None) -> tuple[str | Sequence[str] | None, Frame | None]:
    """Return the names of donors and None, or None and a frame of donors."""
    if donors is None or isinstance(donors, str):
        return donors, None
    if isinstance(donors, Sequence) and all(isinstance(each, str) for each in donors):
        return donors, None
    return None, donors  # anything that is not a frame is refused where frames are read


def refuse_beside_donors(kind: str, factors: object, risk_free: object) -> None:
    """Raise InputError for options that cannot be combined with donors."""
    if kind == "volumes":
        raise InputError("the model synthetic needs returns, not volumes", hint="choose another model")
    for name, value in (("factors", factors), ("risk_free", risk_free)):
        if value is not None:
            hint = "the weights of the donors sum to 1, so it cancels; leave it out"
            raise InputError(f"{name} cannot be used with the model synthetic", hint=hint, argument=name)


def donors_of(
    panel: Panel,
    candidates: tuple[tuple[str, ...], Array],
    prices: tuple[Array, Array] | None,
    chosen: Sequence[str],
    *,
    simple: bool,
    allowed: Mask | None = None,
    countries: Sequence[str | None] | None = None,
) -> Panel:
    """Return ``panel`` with donors.

    Parameters
    ----------
    panel
        The symbols under study.
    candidates
        Names (N,) of the securities to choose from, and their returns (T, N) of single sessions.
    prices
        Prices (T, S) of the panel's symbols and (T, N) of the candidates, used to bridge holes; None not to bridge.
    chosen
        The donors among the names; empty for all. A symbol is never its own donor.
    simple
        Whether returns are simple.
    allowed
        (S, N) which of the names each symbol may have; default: all others.
    countries
        (N,) ISO 3166-1 alpha-3 or None; default: unknown.

    Raises
    ------
    NotFoundError
        For a donor that is not among the candidates.
    """
    names, returns = candidates
    if missing := [name for name in chosen if name not in names]:
        raise NotFoundError(
            f"donor {missing[0]!r} does not exist", hint=likeliest(missing[0], names, "there are"), argument="donors"
        )
    places = np.array([names.index(name) for name in (chosen or names)], dtype=np.int64)
    kept = tuple(names[place] for place in places.tolist())
    own = np.array([[name != symbol for name in kept] for symbol in panel.symbols], dtype=bool)
    of_symbol = own if allowed is None else own & allowed[:, places]
    levels = None if prices is None else tuple(_logs(values) for values in (prices[0], prices[1][:, places]))
    donors = Donors(
        names=kept,
        returns=returns[:, places],
        allowed=of_symbol.reshape(len(panel.symbols), len(kept)),
        countries=tuple(None if countries is None else countries[place] for place in places.tolist()),
        levels=None if levels is None else levels[1],
        own_levels=None if levels is None else levels[0],
        simple=simple,
    )
    return replace(panel, donors=donors)


def without_studied(panel: Panel, symbols: Rows) -> Panel:
    """Return the panel without donors that have events themselves; ``symbols`` (E,) columns of the events, -1 for none.

    Its ``benchmark_note`` names the donors that remain. Raises StudyError if there are none.
    """
    donors = panel.donors
    if donors is None:
        return panel
    studied = {panel.symbols[column] for column in np.unique(symbols[symbols >= 0]).tolist()}
    keep = np.array([name not in studied for name in donors.names], dtype=bool)
    if panel.dropped is not None:  # prices would bridge these bars, so they are left out like purged ones
        panel = replace(panel, purged=panel.dropped if panel.purged is None else panel.purged | panel.dropped)
    if not keep.any():
        raise StudyError(
            "every donor has events itself", hint="name donors that the events cannot affect", argument="donors"
        )
    kept = replace(
        donors,
        names=tuple(name for name in donors.names if name not in studied),
        returns=donors.returns[:, keep],
        allowed=donors.allowed[:, keep],
        countries=tuple(country for country, stays in zip(donors.countries, keep, strict=True) if stays),
        levels=None if donors.levels is None else donors.levels[:, keep],
    )
    return replace(panel, donors=kept, benchmark_note=_note(kept.names, len(donors.names) - len(kept.names)))


def touched_donors(donors: Donors, events: pl.DataFrame) -> Mask | None:
    """Return the mask (E, M) of donors whose country is source or target of the event; None if no country is known."""
    parties = [name for name in _PARTIES if name in events.columns]
    known = np.array([country or "" for country in donors.countries], dtype=object)
    if not parties or not (known != "").any():
        return None
    columns = [np.array(events[name].fill_null("-").to_list(), dtype=object)[:, None] for name in parties]
    return np.asarray(np.logical_or.reduce([column == known[None, :] for column in columns]), dtype=bool)


def _logs(prices: Array) -> Array:
    return np.log(np.where((prices > 0) & np.isfinite(prices), prices, np.nan))


def _note(names: Sequence[str], studied: int) -> str:
    left_out = f"; {studied} left out because they have events themselves" if studied else ""
    return f"synthetic of {len(names)} donors: {listed(names)}{left_out}"
