"""Keywords that have a former name, which is still accepted."""

from __future__ import annotations

from typing import Any

from correlator.errors import InputError


def given_as(value: Any, former: Any, name: str, former_name: str) -> Any:
    """Return the value of the keyword ``name``, or that of its former name; raise InputError if both are given.

    Examples
    --------
    >>> given_as(None, "category = CONSULT", "events", "selection")
    'category = CONSULT'
    """
    if value is not None and former is not None:
        raise InputError(
            f"{name} and its former name {former_name} are both given", hint=f"give only {name}", argument=name
        )
    return former if value is None else value
