"""Options that several verbs share: the fields of a dataclass, written once."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import fields
from functools import wraps
from typing import Any, get_type_hints


def takes_group(verb: Callable[..., None], group: type[Any], name: str) -> Callable[..., None]:
    """``verb`` with the fields of the dataclass ``group`` as options in the place of its parameter ``name``."""
    hints = get_type_hints(group, include_extras=True)
    keyword = inspect.Parameter.KEYWORD_ONLY
    shared = [
        inspect.Parameter(field.name, keyword, default=field.default, annotation=hints[field.name])
        for field in fields(group)
    ]
    parameters: list[inspect.Parameter] = []
    for parameter in inspect.signature(verb, eval_str=True).parameters.values():
        parameters += shared if parameter.name == name else [parameter.replace(kind=keyword)]

    @wraps(verb)
    def command(**values: Any) -> None:
        chosen = group(**{field.name: values.pop(field.name) for field in fields(group)})
        verb(**{name: chosen}, **values)

    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return command
