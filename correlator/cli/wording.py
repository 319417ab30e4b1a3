"""The library's errors in the words of the command line: options where it names Python arguments."""

from __future__ import annotations

import re
from dataclasses import fields

from correlator.errors import CorrelatorError
from correlator.eventstudy.request.spec import StudySpec, flag_of

_DATA = (
    *("prices", "volumes", "factors", "risk_free", "returns_kind", "draws", "seed"),
    *("measure", "against", "max_lag", "bands", "quantiles", "around"),
)
_GIVEN = re.compile(r"\b([a-z_]+)=('[^']*'|\"[^\"]*\"|[\w:.-]+)")
_TABLE = re.compile(r"\bresult\.([a-z]+)\b")


def flags() -> dict[str, str]:
    """What the command line calls the arguments of a study."""
    named = {each.name: flag_of(each) for each in fields(StudySpec)}
    data = {name: "--" + name.replace("_", "-") for name in _DATA}
    return {**data, "columns": "--column", "keys": "--key", "key": "--key", "sessions_each_side": "--sessions", **named}


def at_prompt(error: CorrelatorError) -> str:
    """``str(error)`` with the option where the message begins with an argument, and where its hint gives one.

    >>> from correlator.errors import InputError
    >>> at_prompt(InputError("as_of 'x' is not a date", hint="or close_of_day='16:00 Asia/Karachi'", argument="as_of"))
    "--as-of 'x' is not a date (or --close-of-day '16:00 Asia/Karachi')"
    """
    known = flags()
    message = error.message
    if error.argument is not None and message.startswith(error.argument):
        option = known.get(error.argument, "--" + error.argument.replace("_", "-"))
        message = option + message[len(error.argument) :]
    return f"{message} ({with_options(error.hint)})" if error.hint else message


def with_options(text: str) -> str:
    """``text``, a hint or a warning, with the option where it gives a Python argument.

    >>> with_options("give exchange='XNYS' to leave them out (read result.excluded)")
    'give --exchange XNYS to leave them out (read --output excluded)'
    """
    known = flags()

    def typed(given: re.Match[str]) -> str:
        name, value = given[1], given[2]
        if name not in known:
            return given[0]
        plain = value.strip("'\"")
        return f"{known[name]} {value if ' ' in plain else plain}"

    return _TABLE.sub(r"--output \1", _GIVEN.sub(typed, text))
