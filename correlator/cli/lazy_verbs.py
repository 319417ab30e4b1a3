"""Verbs that are loaded when they are asked for, and that refuse an option given twice.

A list takes every value, anything else takes one, and none is dropped.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, ClassVar, TypeVar

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

    def __init__(self, *, cls: type[TyperGroup] = OneEachGroup, **settings: Any) -> None:
        super().__init__(cls=cls, **settings)

    def command(self, name: str | None = None, **settings: Any) -> Callable[[F], F]:
        """As ``typer.Typer.command``."""
        return super().command(name, cls=OneEachCommand, **settings)


@dataclass(frozen=True)
class Verb:
    """A verb: its ``name``, its ``panel`` in the help, and what it is: the ``attribute`` (a function, or an app of
    verbs) of the ``module`` of this room.
    """

    name: str
    panel: str
    module: str
    attribute: str

    def load(self) -> Any:
        """The command, made now."""
        held = Verbs(pretty_exceptions_enable=False, add_completion=False)
        held.callback()(_nothing)
        command = getattr(import_module(f"correlator.cli.verbs.{self.module}"), self.attribute)
        if isinstance(command, typer.Typer):
            held.add_typer(command, name=self.name, rich_help_panel=self.panel)
        else:
            held.command(self.name, rich_help_panel=self.panel)(command)
        group = typer.main.get_command(held)
        return group.commands[self.name]  # type: ignore[attr-defined]


def _nothing() -> None:
    """A callback makes typer return a group, of one verb too."""


class _Loaded(Mapping[str, Any]):
    """Commands by name, in order, each made when it is first asked for."""

    def __init__(self, verbs: Sequence[Verb]) -> None:
        self._verbs = {verb.name: verb for verb in verbs}
        self._made: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._made:
            self._made[name] = self._verbs[name].load()
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._verbs)

    def __len__(self) -> int:
        return len(self._verbs)


class RootVerbs(OneEachGroup):
    """A group whose verbs are those of the table ``verbs``."""

    verbs: ClassVar[tuple[Verb, ...]] = ()

    def __init__(self, **settings: Any) -> None:
        super().__init__(**{**settings, "commands": None})
        self.commands = _Loaded(self.verbs)  # type: ignore[assignment]
