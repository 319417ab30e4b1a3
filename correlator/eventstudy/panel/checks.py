"""Checks that numbers are what they are called: fractions, not per cent, not price levels, and finite."""

from __future__ import annotations

import numpy as np

from correlator.errors import InputError, listed, warn
from correlator.eventstudy.panel.frames import Array, Mask, Wide
from correlator.market.audit.logarithms import are_logarithms
from correlator.market.audit.shifts import correlation
from correlator.market.names.codes import is_yield

# A column with fewer numbers is not checked.
_ENOUGH = 20
_HALF, _SHARE_BEYOND_HALF = 0.5, 0.05
_LEVEL = 0.1
_SHARE_NO_PRICE = 0.2
_ENOUGH_MOVES, _UNDONE, _WILD = 100, -0.4, 4.0
_CASH_FALLS, _CASH_RISES = 0.005, 0.05
_LOGARITHMS = " (log returns may be that low: give returns_kind='log' if these are)"


def check_fractions(wide: Wide, what: str, argument: str, *, remedy: str = "divide by 100") -> None:
    """Raise InputError if a column of returns looks like per cent (``remedy``: its hint) or like price levels.

    Price levels: no number of the column is zero or less, and half of them are above 0.1. Per cent: more than one
    number in twenty is above 0.5 in size, which as a fraction would be a move of 50 %.
    """
    finite = np.isfinite(wide.values)
    for j, name in enumerate(wide.names):
        values = wide.values[finite[:, j], j]
        if len(values) < _ENOUGH:
            continue
        middle = float(np.median(values))
        if values.min() > 0 and middle > _LEVEL:
            raise InputError(
                f"{argument}: column {name!r} of {what} holds levels, not returns (median {middle:g}, none below zero)",
                hint="pass levels as prices=",
                argument=argument,
            )
        if float((np.abs(values) > _HALF).mean()) > _SHARE_BEYOND_HALF:
            raise InputError(
                f"{argument}: column {name!r} of {what} holds per cent, not fractions (median size "
                f"{float(np.median(np.abs(values))):g})",
                hint=remedy,
                argument=argument,
            )


def check_levels(wide: Wide, what: str) -> None:
    """Raise InputError if a column of prices holds returns (more than a fifth of it is zero or less) or logarithms.

    Warns of yields, and of columns whose successive moves reverse each other, as those of a price do not.
    """
    reversing = []
    for j, name in enumerate(wide.names):
        values = wide.values[np.isfinite(wide.values[:, j]), j]
        no_price = float((values <= 0).mean()) if len(values) >= _ENOUGH else 0.0
        if no_price > _SHARE_NO_PRICE and values.min() < 0:
            raise InputError(
                f"prices: column {name!r} of {what} holds returns, not levels ({no_price:.0%} are zero or less)",
                hint="pass returns as returns=",
                argument="prices",
            )
        if are_logarithms(values):
            raise InputError(
                f"prices: column {name!r} of {what} holds logarithms of prices (their exponentials are whole cents)",
                hint="give the prices themselves, or differences of the logarithms as returns=",
                argument="prices",
            )
        if _moves_reverse(values):
            reversing.append(name)
    yields = [name for name in wide.names if is_yield(name)]
    if yields:
        warn(
            f"{what}: {listed(yields, 3)} {'is a yield' if len(yields) == 1 else 'are yields'} by name, whose "
            "change in per cent is not a return: give differences as returns=, or the price of the bond"
        )
    if reversing:
        warn(
            f"{what}: each move of {listed(reversing, 1)} reverses most of the previous one, as in returns plus one, "
            "volumes or a price that bounces between bid and ask: check what the column holds"
        )


def _moves_reverse(values: Array) -> bool:
    """Whether numbers (T,) are not levels: moves of independent numbers have a serial correlation of -1/2."""
    moves = np.diff(np.log(values[values > 0]))
    if len(moves) < _ENOUGH_MOVES:
        return False
    limit = _WILD * float(np.median(np.abs(moves)))  # one wrong price makes two moves that reverse each other
    moves = np.clip(moves, -limit, limit)
    return correlation(moves[1:], moves[:-1]) < _UNDONE


def check_cash(values: Array, name: str) -> None:
    """Raise InputError if the risk-free column (T,) of prices holds rates.

    The price of cash rises bar by bar: it is not constant, and never falls by 0.5 % or rises by 5 % in one bar.
    """
    known = values[np.isfinite(values)]
    moves = np.diff(np.log(known[known > 0]))
    if len(moves) >= _ENOUGH and (
        not moves.any() or float(moves.min()) < -_CASH_FALLS or float(moves.max()) > _CASH_RISES
    ):
        raise InputError(
            f"column {name!r} of prices holds rates, not the price of cash",
            hint="give risk_free as a frame of fractions per bar",
            argument="risk_free",
        )


def valid_returns(wide: Wide, *, simple: bool, what: str) -> tuple[Array, Mask | None]:
    """Return the returns (T, S) with NaN for impossible values, and the mask of these, or None if there are none.

    Impossible are infinite returns and, among ``simple`` ones, -100 % and less. Warns of their number in ``what`` and
    of the first, unless ``what`` is empty.
    """
    values = wide.values
    with np.errstate(invalid="ignore"):
        invalid = np.isinf(values) | (values <= -1.0 if simple else False)
    if not invalid.any():
        return values, None
    for words, marks in (("infinite", np.isinf(values)), ("-100 % or less", invalid & ~np.isinf(values))):
        if what and marks.any():
            row, column = np.argwhere(marks)[0]
            count = int(marks.sum())
            plural = "return is" if count == 1 else "returns are"
            warn(
                f"{count} {plural} {words} in {what}, first {wide.names[column]} on {wide.labels[int(row)]}: events "
                f"with one in a window are excluded{_LOGARITHMS if words.startswith('-') else ''}"
            )
    return np.where(invalid, np.nan, values), invalid


def warn_of_no_levels(wide: Wide, what: str) -> None:
    """Warn of prices or volumes that are zero, negative or infinite, and so missing: how many, and the first."""
    with np.errstate(invalid="ignore"):
        wrong = (wide.values <= 0) | np.isinf(wide.values)
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        warn(
            f"{int(wrong.sum())} of {what} are zero, negative or infinite, first {wide.names[column]} on "
            f"{wide.labels[int(row)]}: treated as missing"
        )
