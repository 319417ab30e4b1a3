"""The options of every verb that runs a study: those of ``StudySpec``, as typer takes them."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any

import typer

from correlator.cli.options.completion import complete_symbol
from correlator.cli.options.group import KEYWORD_ONLY, takes
from correlator.errors import InputError, NotFoundError
from correlator.eventstudy.request.spec import (
    STORE,
    StudySpec,
    flag_of,
    option_of,
    options_of,
    refuse_foreign,
    written_default,
)

_COMPLETED = ("symbols", "benchmark")
_TYPES: dict[str, Any] = {"minimum_observations": int | None, "purge": bool}


def study_parameter(name: str, *, files: bool = False) -> inspect.Parameter:
    """The option ``name`` of ``StudySpec`` as a parameter of a verb; ``files``: of one that studies files, too."""
    option = {each.name: each for each in fields(StudySpec)}[name]
    described, default = option_of(option), written_default(option)
    listed = None if described.many else default
    kind: Any = list[str] | None if described.many else _TYPES.get(name, str if default is not None else str | None)
    completion = complete_symbol if name in _COMPLETED else None
    typed = typer.Option(
        flag_of(option),
        help=described.words_for(files=files),
        show_default=not described.many,
        autocompletion=completion,
    )
    return inspect.Parameter(name, KEYWORD_ONLY, default=listed, annotation=Annotated[kind, typed])


def takes_study(*, omit: tuple[str, ...] = (), frames: bool = False) -> Callable[[Callable[..., None]], Any]:
    """A verb with the options of a study in the place of its parameter ``chosen``, which gets them as a dict.

    ``omit``: options that the verb has no use for; ``frames``: whether it also studies files, and knows their options.
    The dict has the keywords of ``study``, texts as they were typed.
    """
    shown = [
        each.name for each in fields(StudySpec) if each.name not in omit and (frames or each.name in options_of(STORE))
    ]

    return lambda verb: takes(verb, [study_parameter(name, files=frames) for name in shown], "chosen")


def part_options(chosen: dict[str, Any], source: str) -> dict[str, Any]:
    """The options that a study of ``source`` (``store`` or ``frames``) knows.

    Raises InputError where another one was given: it would be without meaning, and silently.
    """
    refuse_foreign(chosen, source)
    options = {name: value for name, value in chosen.items() if name in options_of(source)}
    if source == STORE and (file := donors_file(options.get("donors"))) is not None:
        options["donors"] = _listed(file)
    return options


def donors_file(donors: list[str] | None) -> Path | None:
    """The file that ``--donors`` names: of symbols for the store, a wide one for files; None for names.

    Raises NotFoundError for a name with the ending of a file that is not there.
    """
    if donors is None or len(donors) != 1:
        return None
    path = Path(donors[0])
    if path.is_file():
        return path
    if path.suffix.lower() in (".csv", ".txt", ".parquet", ".arrow"):
        raise NotFoundError(f"no file {path}", hint="check the path, or name donors", argument="donors")
    return None


def _listed(file: Path) -> list[str]:
    """Symbols of a file: one a line, or the column ``symbol`` of a table."""
    from correlator.base.files import read_csv

    names = read_csv(file, has_header=False, infer_schema=False, truncate_ragged_lines=True)
    header = [str(cell).strip().lower() for cell in names.row(0)]
    column = header.index("symbol") if "symbol" in header else 0
    symbols = names[names.columns[column]][1 if "symbol" in header else 0 :].drop_nulls()
    return [text.strip() for text in symbols.to_list() if text.strip()]


AsOfOption = Annotated[
    str | None, typer.Option("--as-of", help="Use only what was known then: a date or an ISO instant (UTC).")
]


def refuse(options: dict[str, object], where: str) -> None:
    """Raise InputError where one of ``options`` was given that has no meaning in ``where``."""
    for name, value in options.items():
        if value:
            raise InputError(f"{name} has no meaning in {where}", hint="leave it out")
