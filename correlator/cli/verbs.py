"""Verbs that refuse an option given twice: a list takes every value, anything else takes one, and none is dropped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, TypeVar

import typer
from typer.core import TyperCommand, TyperGroup

F = TypeVar("F", bound=Callable[..., Any])


class _OneEach:
    """Refuses the second value of an option that takes one."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not ctx.resilient_parsing:
            _, _, order = self.make_parser(ctx).parse_args(args=list(args))  # type: ignore[attr-defined]
            counts = Counter(id(parameter) for parameter in order)
            for parameter in order:
                if counts[id(parameter)] > 1 and _takes_one(parameter):
                    raise typer.BadParameter("give it once", ctx=ctx, param=parameter)
        rest: list[str] = super().parse_args(ctx, args)  # type: ignore[misc]
        return rest


def _takes_one(parameter: Any) -> bool:
    return parameter.param_type_name == "option" and not (parameter.multiple or getattr(parameter, "count", False))


class OneEachCommand(_OneEach, TyperCommand):
    """A verb."""


class OneEachGroup(_OneEach, TyperGroup):
    """A group of verbs."""


class Verbs(typer.Typer):
    """A ``typer.Typer`` whose verbs refuse an option given twice."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(cls=OneEachGroup, **settings)

    def command(self, name: str | None = None, **settings: Any) -> Callable[[F], F]:
        """As ``typer.Typer.command``."""
        return super().command(name, cls=OneEachCommand, **settings)
