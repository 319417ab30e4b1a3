"""Tables of a user's own about exchanges: where the file is, its cells as text, and the first row that is wrong."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from correlator.base.files import is_file
from correlator.base.tabular import is_unnamed
from correlator.errors import InputError, NotFoundError

_CLOCK = "^([01][0-9]|2[0-3]|[0-9]):[0-5][0-9]$"
"""Local times of opening and close, such as 09:30."""
WEEKDAYS = "^[1-7]+$"
HINT = "see docs/market.md"
_SHOWN = 80
State = tuple[str, int, int]


def file_in_environment(variable: str, what: str) -> Path | None:
    """Return the file that an environment variable names, or None; raise NotFoundError if it does not exist."""
    named = os.environ.get(variable, "").strip()
    if not named:
        return None
    path = Path(named)
    if not is_file(path):
        option = variable.removeprefix("CORRELATOR_").lower()
        raise NotFoundError(f"{what} {named} does not exist", hint=f"correct ${variable} or --{option}")
    return path


def state_of(path: Path | None) -> State | None:
    """Return name, modification time and size of a file, which identify its state; None without a file."""
    if path is None:
        return None
    state = path.stat()
    return str(path.resolve()), state.st_mtime_ns, state.st_size


def own_table(path: Path, what: str) -> pl.DataFrame:
    """Return a user's table in any format and encoding as text; ``what`` names the kind of file in errors."""
    from correlator.containers.read import text_table

    try:
        return text_table(path)
    except InputError as problem:
        raise InputError(f"{what} {path.name} cannot be read: {problem.message}", hint=HINT) from None


def texts_of(rows: pl.DataFrame, where: str, columns: Sequence[str], needed: Sequence[str]) -> pl.DataFrame:
    """Return ``columns`` of a table as text without spaces around it; empty cells and missing columns are null.

    Names of columns may differ in case, and rows without any text are left out. Raises InputError for a table without
    one of ``needed``, and for a column that is not one of ``columns``, which would have no effect; ``where`` names the
    file.
    """
    names = {name: name.strip().lower() for name in rows.columns if name.strip().lower() in columns}
    repeated = [name for name, count in Counter(names.values()).items() if count > 1]
    if repeated:
        raise InputError(f"{where}: several columns are called {', '.join(repeated)}", hint=HINT)
    rows = rows.rename(names)
    missing = [name for name in needed if name not in rows.columns]
    if missing:
        raise InputError(f"{where}: missing columns {', '.join(missing)}", hint=HINT)
    unknown = [name for name in rows.columns if name not in columns and not is_unnamed(name)]
    if unknown:
        raise InputError(f"{where} has an unknown column {unknown[0]!r}", hint=f"its columns are {', '.join(columns)}")
    written = pl.any_horizontal(pl.all().str.strip_chars() != "")
    return rows.filter(written.fill_null(False)).select(
        pl.col(name).str.strip_chars().replace("", None)
        if name in rows.columns
        else pl.lit(None, pl.String).alias(name)
        for name in columns
    )


def refuse_faults(texts: pl.DataFrame, faults: Mapping[str, pl.Expr], where: str) -> None:
    """Raise InputError for the first row with a fault, a condition over the columns of ``texts``, and say which."""
    for fault, is_wrong in faults.items():
        rows = texts.select(is_wrong.fill_null(False).arg_true()).to_series()
        if len(rows):
            shown = ",".join(text or "" for text in texts.row(rows[0]))
            raise InputError(f"{where}: row {rows[0] + 1} ({shown[:_SHOWN]}) {fault}", hint=HINT)


def hours_faults(needed: pl.Expr) -> dict[str, pl.Expr]:
    """Return the faults of columns opens and closes in rows that need them."""
    opens, closes = (pl.col(name).str.contains(_CLOCK).fill_null(False) for name in ("opens", "closes"))
    first, last = (pl.col(name).str.to_time("%H:%M", strict=False) for name in ("opens", "closes"))
    return {
        "needs opens and closes as local times such as 09:30": needed & ~(opens & closes),
        "closes before it opens": needed & (last <= first),
    }


def at_local(name: str, clock: str, zone: str) -> pl.Expr:
    """Return the instants of a local time on the dates of the column ``session``, as the column ``name``.

    An hour that the clock shows twice is the first; one that it skips is null.
    """
    hour, minute = (int(part) for part in clock.split(":"))
    wall = pl.col("session").cast(pl.Datetime("us")) + pl.duration(hours=hour, minutes=minute)
    local = wall.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    return local.dt.convert_time_zone("UTC").alias(name)


def refuse_skipped_hours(sessions: pl.DataFrame, zone: str) -> None:
    """Raise InputError for the first session whose opening or close the clock of ``zone`` skips."""
    skipped = sessions.filter(pl.col("opens_at").is_null() | pl.col("closes_at").is_null())
    if len(skipped):
        raise InputError(f"the clock of {zone} skips an hour of the session {skipped['session'][0]}", hint=HINT)
