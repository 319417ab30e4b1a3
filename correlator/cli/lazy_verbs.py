"""Verbs that are imported on first use, take the options of every verb, and reject an option given twice.

List options collect every value; any other option accepts one value, so that none is silently dropped.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, fields, replace
from functools import partial
from importlib import import_module
from typing import Any, ClassVar, TypeVar

import typer
from typer.core import TyperCommand, TyperGroup

from correlator.cli.options.common import Settings, settings, use_settings

F = TypeVar("F", bound=Callable[..., Any])


_OF_EVERY_VERB = {field.name for field in fields(Settings)} - {"store"}
"""Settings that may also be given after the verb; ``--store`` only where the verb itself declares it."""


class _Strict:
    """Mixin that takes the options of every verb, and rejects a second value for a single-valued option."""

    def get_params(self, ctx: Any) -> list[Any]:
        parameters: list[Any] = super().get_params(ctx)  # type: ignore[misc]
        if ctx.parent is None:
            return parameters
        own = {name for parameter in parameters for name in parameter.opts}
        of_root = (option for option in ctx.find_root().command.params if option.name in _OF_EVERY_VERB)
        return parameters + [_after_the_verb(option) for option in of_root if own.isdisjoint(option.opts)]

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not ctx.resilient_parsing:
            _, _, order = self.make_parser(ctx).parse_args(args=list(args))  # type: ignore[attr-defined]
            counts = Counter(id(parameter) for parameter in order)
            for parameter in order:
                if counts[id(parameter)] > 1 and _takes_one(parameter):
                    raise typer.BadParameter("the option was given more than once", ctx=ctx, param=parameter)
        rest: list[str] = super().parse_args(ctx, args)  # type: ignore[misc]
        return rest


def _after_the_verb(option: Any) -> Any:
    """Return an option of ``correlator`` as a hidden one of a verb, which changes the settings of the command."""
    twin = copy(option)
    twin.name = f"{option.name}_after_the_verb"  # a verb may have a parameter of the same name
    twin.hidden, twin.expose_value, twin.is_eager = True, False, True
    twin.callback = partial(_change_setting, option.name)
    return twin


def _change_setting(name: str, ctx: Any, _: Any, value: Any) -> None:
    if value not in (None, False) and not ctx.resilient_parsing:
        use_settings(replace(settings(), **{name: value}))


def _takes_one(parameter: Any) -> bool:
    return parameter.param_type_name == "option" and not (parameter.multiple or getattr(parameter, "count", False))


class StrictCommand(_Strict, TyperCommand):
    """A verb, with the options of every verb."""


class StrictGroup(_Strict, TyperGroup):
    """A group of verbs, with the options of every verb."""


_EPILOG = "Also takes the options of `correlator`, such as --quiet (see `correlator --help`)."


class Verbs(typer.Typer):
    """A ``typer.Typer`` whose verbs take the options of every verb and reject repeated options."""

    def __init__(self, *, cls: type[TyperGroup] = StrictGroup, **settings: Any) -> None:
        super().__init__(cls=cls, **settings)

    def command(self, name: str | None = None, **settings: Any) -> Callable[[F], F]:
        """Like ``typer.Typer.command``."""
        return super().command(name, cls=StrictCommand, **{"epilog": _EPILOG, **settings})


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


class RootVerbs(StrictGroup):
    """A group that takes its verbs from the class attribute ``verbs``."""

    verbs: ClassVar[tuple[Verb, ...]] = ()

    def __init__(self, **settings: Any) -> None:
        super().__init__(**{**settings, "commands": None})
        self.commands = _LazyCommands(self.verbs)  # type: ignore[assignment]
