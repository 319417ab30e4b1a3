"""Groups of options that several verbs share, defined once as the fields of a dataclass."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import fields
from functools import wraps
from typing import Any, Final, get_type_hints

KEYWORD_ONLY: Final = inspect.Parameter.KEYWORD_ONLY


def takes_group(verb: Callable[..., None], group: type[Any], name: str) -> Callable[..., None]:
    """Return ``verb`` with its parameter ``name`` replaced by one option per field of the dataclass ``group``."""
    hints = get_type_hints(group, include_extras=True)
    shared = [
        inspect.Parameter(field.name, KEYWORD_ONLY, default=field.default, annotation=hints[field.name])
        for field in fields(group)
    ]
    return takes(verb, shared, name, group)


def takes(
    verb: Callable[..., None], shared: Sequence[inspect.Parameter], name: str, build: Callable[..., Any] = dict
) -> Callable[..., None]:
    """Return ``verb`` with its parameter ``name`` replaced by the ``shared`` options.

    ``verb`` receives ``build(**values)`` of these options as the argument ``name``.
    """
    parameters: list[inspect.Parameter] = []
    for parameter in inspect.signature(verb, eval_str=True).parameters.values():
        parameters += shared if parameter.name == name else [parameter.replace(kind=KEYWORD_ONLY)]

    @wraps(verb)
    def command(**values: Any) -> None:
        chosen = build(**{option.name: values.pop(option.name) for option in shared})
        verb(**{name: chosen}, **values)

    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return command
