"""Translate the library's messages for the command line: option names in place of Python arguments."""

from __future__ import annotations

import re
from dataclasses import fields

from correlator.errors import CorrelatorError
from correlator.eventstudy.request.spec import StudySpec, flag_of

_DATA = (
    *("prices", "volumes", "factors", "factors_unit", "risk_free", "risk_free_unit", "returns_kind", "draws", "seed"),
    *("measure", "against", "max_lag", "bands", "quantiles", "around", "sessions_each_side", "clusters"),
)
_ASSIGNMENT = re.compile(r"\b([a-z_]+)=('[^']*'|\"[^\"]*\"|[\w:.-]+)")
_TABLE = re.compile(r"\bresult\.([a-z]+)\b")


def flags() -> dict[str, str]:
    """Return the command-line option of every Python argument of a study."""
    named = {each.name: flag_of(each) for each in fields(StudySpec)}
    data = {name: "--" + name.replace("_", "-") for name in _DATA}
    return {**data, "columns": "--column", "keys": "--key", "key": "--key", **named}


def at_prompt(error: CorrelatorError) -> str:
    """Return ``str(error)`` with options in place of the Python arguments in its message and hint.

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
    """Return ``text``, a hint or a warning, with options in place of Python arguments.

    >>> with_options("give exchange='XNYS' to leave them out (read result.excluded)")
    'give --exchange XNYS to leave them out (read --output excluded)'
    >>> with_options("give a later as_of, or leave it out")
    'give a later --as-of, or leave it out'
    """
    known = flags()
    bare = re.compile(rf"\b({'|'.join(name for name in known if '_' in name)})\b(?!=)")

    def as_option(match: re.Match[str]) -> str:
        name, value = match[1], match[2]
        if name not in known:
            return match[0]
        unquoted = value.strip("'\"")
        return f"{known[name]} {value if ' ' in unquoted else unquoted}"

    named = bare.sub(lambda match: known[match[1]], _ASSIGNMENT.sub(as_option, text))
    return _TABLE.sub(r"--output \1", named)
