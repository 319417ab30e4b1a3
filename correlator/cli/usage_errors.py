"""Usage errors of the command line in our words: one line that names the option, the value and what is expected.

Typer's own texts differ between versions: some bundle click, others depend on it, and values are parsed by either click
or pydantic.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

_EXPECTED = (
    (r"valid integer", "must be an integer"),
    (r"valid (?:number|float)", "must be a number"),
    (r"greater than or equal to (?P<bound>\S+)|in the range x>=(?P<least>\S+?)\.?$", "must be at least {bound}"),
    (r"less than or equal to (?P<bound>\S+)|in the range x<=(?P<least>\S+?)\.?$", "must be at most {bound}"),
    (r"greater than (?P<bound>\S+)", "must be more than {bound}"),
    (r"less than (?P<bound>\S+)", "must be less than {bound}"),
    (r"(?:is not one of|invalid choice:.*choose from) (?P<bound>.+)", "must be one of {bound}"),
)


_NUMBER = re.compile(r"-?\d+(\.\d+)?")


def usage_message(error: Any) -> str:
    """Return one line for a usage error of typer, without the hint to the help."""
    describe = _DESCRIBED.get(type(error).__name__, _other)
    return describe(error).replace("\n", " ")


def _unknown_option(error: Any) -> str:
    likely = " or ".join(sorted(error.possibilities or ()))
    return f"unknown option {error.option_name}" + (f", did you mean {likely}?" if likely else "")


def _option_without_value(error: Any) -> str:
    name = error.option_name
    return f"{name} takes no value" if "does not take" in error.message else f"{name} needs a value"


def _bad_value(error: Any) -> str:
    name, message = _name_of(error), error.message.replace("Value error, ", "").rstrip(".")
    value = _value_of(error)
    got = f", got {value if _NUMBER.fullmatch(value) else repr(value)}" if value is not None else ""
    for pattern, expected in _EXPECTED:
        if match := re.search(pattern, message):
            bounds = match.groupdict()
            bound = (bounds.get("bound") or bounds.get("least") or "").replace("'", "").rstrip(".")
            return f"{name} {expected.format(bound=bound)}{got}"
    return f"{name}: {message}"


def _name_of(error: Any) -> str:
    """Return the option's first name, or the argument's name in lower case."""
    parameter = error.param
    if parameter is None:
        return str(error.param_hint or "value")
    if parameter.param_type_name == "argument":
        return f"the argument {str(parameter.name).lower()!r}"
    return str(parameter.opts[0])


def _value_of(error: Any) -> str | None:
    """Return the value as it was typed, if the error has it."""
    problems = getattr(error.__cause__, "errors", None)
    if problems is not None:
        return str(problems()[0]["input"])
    quoted = re.match(r"'([^']*)'|(?:invalid choice: )?(-?[\d.]+) is not", error.message)
    return (quoted[1] or quoted[2]) if quoted else None


def _other(error: Any) -> str:
    message: str = error.format_message().rstrip(".")
    if unknown := re.match(r"No such command '([^']*)'\.?(.*)", message, re.DOTALL):
        return f"unknown command {unknown[1]!r}" + unknown[2].replace(" (", ", ").replace(" Did", ", did").rstrip(")")
    if extra := re.match(r"Got unexpected extra argument(?:s|\(s\))? \((.*)\)", message):
        return f"unexpected argument {extra[1].split()[0]!r}"
    return "a command is missing" if message == "Missing command" else message


def _missing(error: Any) -> str:
    return f"{_name_of(error)} is missing"


_DESCRIBED: dict[str, Callable[[Any], str]] = {
    "NoSuchOption": _unknown_option,
    "BadOptionUsage": _option_without_value,
    "BadParameter": _bad_value,
    "MissingParameter": _missing,
}
