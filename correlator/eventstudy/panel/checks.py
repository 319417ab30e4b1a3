"""Whether figures handed over are what they are called: fractions, not per cent, not price levels, and finite."""

from __future__ import annotations

import numpy as np

from correlator.errors import InputError, warn
from correlator.eventstudy.panel.frames import Array, Mask, Wide
from correlator.market.audit.logarithms import are_logarithms
from correlator.market.audit.shifts import correlation
from correlator.market.names.codes import is_yield

# Below so many figures a column says too little of itself.
_ENOUGH = 20
_HALF, _SHARE_BEYOND_HALF = 0.5, 0.05
_LEVEL = 0.1
_SHARE_NO_PRICE = 0.2
_ENOUGH_MOVES, _UNDONE, _WILD = 100, -0.4, 4.0
_CASH_FALLS, _CASH_RISES = 0.005, 0.05
_LOGARITHMS = " (logarithms may be that low: say returns_kind='log' if these are)"


def check_fractions(wide: Wide, what: str, argument: str) -> None:
    """Raise InputError where a column of returns looks like per cent or like price levels.

    Price levels: no figure of the column is zero or less, and half of them are above 0.1. Per cent: more than one
    figure in twenty is beyond a half, which as a fraction would be a move of 50 %.
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
                hint="hand levels over as prices=",
                argument=argument,
            )
        if float((np.abs(values) > _HALF).mean()) > _SHARE_BEYOND_HALF:
            raise InputError(
                f"{argument}: column {name!r} of {what} holds per cent, not fractions (median size "
                f"{float(np.median(np.abs(values))):g})",
                hint="divide by 100",
                argument=argument,
            )


def check_levels(wide: Wide, what: str) -> None:
    """Raise InputError where a column of prices looks like returns, a fifth of its figures being zero or less, or holds
    logarithms; warn where its moves undo each other, as those of a price do not.
    """
    undone = []
    for j, name in enumerate(wide.names):
        values = wide.values[np.isfinite(wide.values[:, j]), j]
        no_price = float((values <= 0).mean()) if len(values) >= _ENOUGH else 0.0
        if no_price > _SHARE_NO_PRICE and values.min() < 0:
            raise InputError(
                f"prices: column {name!r} of {what} holds returns, not levels ({no_price:.0%} are zero or less)",
                hint="hand returns over as returns=",
                argument="prices",
            )
        if are_logarithms(values):
            raise InputError(
                f"prices: column {name!r} of {what} holds logarithms of prices (their exponentials are whole cents)",
                hint="give the prices themselves, or differences of the logarithms as returns=",
                argument="prices",
            )
        if _undo_each_other(values):
            undone.append(name)
    yields = [name for name in wide.names if is_yield(name)]
    if yields:
        warn(
            f"{what}: {', '.join(yields[:3])} {'is a yield' if len(yields) == 1 else 'are yields'} by name, whose "
            "change in per cent is no return: give differences as returns=, or the price of the bond"
        )
    if undone:
        more = f" and {len(undone) - 1} more" if len(undone) > 1 else ""
        warn(
            f"{what}: each move of {undone[0]}{more} undoes most of the one before, as those of returns plus one, of "
            "volumes or of a price that jumps between bid and ask do: check what the column holds"
        )


def _undo_each_other(values: Array) -> bool:
    """Whether figures (T,) are no levels: moves of independent figures have a serial correlation of -1/2."""
    moves = np.diff(np.log(values[values > 0]))
    if len(moves) < _ENOUGH_MOVES:
        return False
    most = _WILD * float(np.median(np.abs(moves)))  # one wrong price is two moves that undo each other
    moves = np.clip(moves, -most, most)
    return correlation(moves[1:], moves[:-1]) < _UNDONE


def check_cash(values: Array, name: str) -> None:
    """Raise InputError where the risk-free column (T,) of prices holds rates: the price of cash rises bar by bar, and
    neither stands still for good nor falls by half a per cent at once, nor rises by five.
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
    """Returns (T, S) with NaN for figures that no return can be, and where these are, None if there are none.

    No return is infinite or, where returns are ``simple``, -100 % and less. Says how many there are in ``what``, and
    the first, unless that is empty.
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
                f"with one in their windows are excluded{_LOGARITHMS if words.startswith('-') else ''}"
            )
    return np.where(invalid, np.nan, values), invalid


def warn_of_no_prices(wide: Wide, what: str) -> None:
    """Say how many prices are zero, less or infinite, and the first: none of them is a price, and they are missing."""
    with np.errstate(invalid="ignore"):
        wrong = (wide.values <= 0) | np.isinf(wide.values)
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        warn(
            f"{int(wrong.sum())} of {what} are zero, negative or infinite, first {wide.names[column]} on "
            f"{wide.labels[int(row)]}: taken as missing"
        )
