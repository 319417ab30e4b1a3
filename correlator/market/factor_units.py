"""Units of factors and of the risk-free return."""

from __future__ import annotations

from correlator.errors import InputError

PERCENT, FRACTION = "percent", "fraction"
ANNUAL = "annual-"
UNITS = (PERCENT, FRACTION)
RATE_UNITS = (*UNITS, *(ANNUAL + unit for unit in UNITS))


def check_unit(unit: str | None, argument: str = "factors_unit") -> None:
    """Raise InputError for a unit of factors, or of the risk-free return, that is not known."""
    known = UNITS if argument == "factors_unit" else RATE_UNITS
    if unit is not None and unit not in known:
        raise InputError(f"{argument} {unit!r} is not known", hint=f"choose {' or '.join(known)}", argument=argument)
