"""Verbs that are imported on first use, and that reject an option given twice.

List options collect every value; any other option accepts one value, so that none is silently dropped.
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
    """Mixin that rejects a second value for a single-valued option."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not ctx.resilient_parsing:
            _, _, order = self.make_parser(ctx).parse_args(args=list(args))  # type: ignore[attr-defined]
            counts = Counter(id(parameter) for parameter in order)
            for parameter in order:
                if counts[id(parameter)] > 1 and _takes_one(parameter):
                    raise typer.BadParameter("the option was given more than once", ctx=ctx, param=parameter)
        rest: list[str] = super().parse_args(ctx, args)  # type: ignore[misc]
        return rest


def _takes_one(parameter: Any) -> bool:
    return parameter.param_type_name == "option" and not (parameter.multiple or getattr(parameter, "count", False))


class OneEachCommand(_OneEach, TyperCommand):
    """A verb that rejects repeated options."""


class OneEachGroup(_OneEach, TyperGroup):
    """A group of verbs that rejects repeated options."""


class Verbs(typer.Typer):
    """A ``typer.Typer`` whose verbs reject repeated options."""

    def __init__(self, *, cls: type[TyperGroup] = OneEachGroup, **settings: Any) -> None:
        super().__init__(cls=cls, **settings)

    def command(self, name: str | None = None, **settings: Any) -> Callable[[F], F]:
        """Like ``typer.Typer.command``."""
        return super().command(name, cls=OneEachCommand, **settings)


@dataclass(frozen=True)
class Verb:
    """A verb to import on first use.

    ``name``: as typed; ``panel``: its heading in the help; ``module`` and ``attribute``: where in
    ``correlator.cli.verbs`` its function, or its app of sub-verbs, is defined.
    """

    name: str
    panel: str
    module: str
    attribute: str

    def load(self) -> Any:
        """Import the module and return the command."""
        group = Verbs(pretty_exceptions_enable=False, add_completion=False)
        group.callback()(_no_op)
        command = getattr(import_module(f"correlator.cli.verbs.{self.module}"), self.attribute)
        if isinstance(command, typer.Typer):
            group.add_typer(command, name=self.name, rich_help_panel=self.panel)
        else:
            group.command(self.name, rich_help_panel=self.panel)(command)
        built = typer.main.get_command(group)
        return built.commands[self.name]  # type: ignore[attr-defined]


def _no_op() -> None:
    """Callback that does nothing; with one, typer returns a group even for a single verb."""


class _LazyCommands(Mapping[str, Any]):
    """Mapping of names to commands, in order, each command built on first access."""

    def __init__(self, verbs: Sequence[Verb]) -> None:
        self._verbs = {verb.name: verb for verb in verbs}
        self._commands: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._commands:
            self._commands[name] = self._verbs[name].load()
        return self._commands[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._verbs)

    def __len__(self) -> int:
        return len(self._verbs)


class RootVerbs(OneEachGroup):
    """A group that takes its verbs from the class attribute ``verbs``."""

    verbs: ClassVar[tuple[Verb, ...]] = ()

    def __init__(self, **settings: Any) -> None:
        super().__init__(**{**settings, "commands": None})
        self.commands = _LazyCommands(self.verbs)  # type: ignore[assignment]
