"""The options of every verb that runs a study: the fields of ``StudySpec`` as typer options."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any

import typer

from correlator.base.files import is_file
from correlator.cli.options.completion import complete_symbol
from correlator.cli.options.group import KEYWORD_ONLY, takes
from correlator.errors import InputError, NotFoundError
from correlator.eventstudy.request.spec import (
    STORE,
    StudySpec,
    flags_of,
    option_of,
    options_of,
    refuse_foreign,
    written_default,
)

_COMPLETED = ("symbols", "benchmark")
_TYPES: dict[str, Any] = {"minimum_observations": int | None, "purge": bool}


def study_parameter(name: str, *, files: bool = False) -> inspect.Parameter:
    """Return the field ``name`` of ``StudySpec`` as a parameter of a verb; ``files``: the verb also studies files."""
    option = {each.name: each for each in fields(StudySpec)}[name]
    described, default = option_of(option), written_default(option)
    initial = None if described.many else default
    kind: Any = list[str] | None if described.many else _TYPES.get(name, str if default is not None else str | None)
    completion = complete_symbol if name in _COMPLETED else None
    typed = typer.Option(
        *flags_of(option),
        help=described.words_for(files=files),
        show_default=not described.many,
        autocompletion=completion,
    )
    return inspect.Parameter(name, KEYWORD_ONLY, default=initial, annotation=Annotated[kind, typed])


def takes_study(*, omit: tuple[str, ...] = (), frames: bool = False) -> Callable[[Callable[..., None]], Any]:
    """Decorate a verb: replace its parameter ``chosen`` by the options of a study, which it receives as a dict.

    ``omit``: options that the verb does not use; ``frames``: whether it also studies files and has their options.
    The dict has the keywords of ``study``, with values as they were typed.
    """
    shown = [
        each.name for each in fields(StudySpec) if each.name not in omit and (frames or each.name in options_of(STORE))
    ]

    return lambda verb: takes(verb, [study_parameter(name, files=frames) for name in shown], "chosen")


def part_options(chosen: dict[str, Any], source: str) -> dict[str, Any]:
    """Return the options that apply to a study of ``source`` (``store`` or ``frames``).

    Raises InputError if any other option was given, since it would silently have no effect.
    """
    refuse_foreign(chosen, source)
    options = {name: value for name, value in chosen.items() if name in options_of(source)}
    if source == STORE and (file := donors_file(options.get("donors"))) is not None:
        options["donors"] = _read_symbols(file)
    return options


def donors_file(donors: list[str] | None) -> Path | None:
    """Return the file that ``--donors`` names (symbols for a store, a wide table for files); None if it lists symbols.

    Raises NotFoundError for a missing file, which differs from a symbol by its extension.
    """
    if donors is None or len(donors) != 1:
        return None
    path = Path(donors[0])
    if is_file(path):
        return path
    if path.suffix.lower() in (".csv", ".txt", ".parquet", ".arrow"):
        raise NotFoundError(
            f"donors file {path} does not exist", hint="check the path, or give symbols", argument="donors"
        )
    return None


def _read_symbols(file: Path) -> list[str]:
    """Return the symbols in a file: one per line, or the column ``symbol`` of a table."""
    from correlator.base.files import read_csv

    names = read_csv(file, has_header=False, infer_schema=False, truncate_ragged_lines=True)
    header = [str(cell).strip().lower() for cell in names.row(0)]
    column = header.index("symbol") if "symbol" in header else 0
    symbols = names[names.columns[column]][1 if "symbol" in header else 0 :].drop_nulls()
    return [text.strip() for text in symbols.to_list() if text.strip()]


AsOfOption = Annotated[
    str | None, typer.Option("--as-of", help="Use only what was known by this date or ISO timestamp (UTC).")
]


def refuse(options: dict[str, object], where: str) -> None:
    """Raise InputError if any of ``options`` was given; they do not apply to ``where``."""
    for name, value in options.items():
        if value:
            raise InputError(f"{name} does not apply to {where}", hint="leave it out")
