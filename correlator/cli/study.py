"""``correlator study``: event-window returns, on stored events and bars or on files."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from correlator.cli.formats import OutputFormat
from correlator.cli.options import StoreOption, open_store
from correlator.cli.output import complain, narrate, progress
from correlator.cli.study_options import IntervalOption, StudyOptions, SymbolOption, narrated_warnings, takes_study
from correlator.cli.table_options import TableOptions, prints_table
from correlator.errors import InputError

if TYPE_CHECKING:
    import polars as pl

    from correlator.eventstudy.frames import Panel
    from correlator.eventstudy.spec import Plan


class StudyOutput(StrEnum):
    """Which frame of a study is printed."""

    AR = "ar"
    CAR = "car"
    AAR = "aar"
    CAAR = "caar"
    BHAR = "bhar"
    SIGNIFICANCE = "significance"
    WILD_CLUSTER = "wild-cluster"
    MODELS = "models"
    EXCLUDED = "excluded"
    VOLATILITY = "volatility"
    CALENDAR_TIME = "calendar-time"


COLUMNS = {
    StudyOutput.AR: ("event_id", "symbol", "session", "day", "return", "expected", "ar", "se", "t", "p_value", "flags"),
    StudyOutput.CAR: ("event_id", "symbol", "window", "car", "se", "t", "p_value"),
}


@prints_table
@takes_study
def study(
    *,
    symbol: SymbolOption = None,
    chosen: StudyOptions,
    interval: IntervalOption = "1d",
    returns: Annotated[
        str, typer.Option("--returns", help="log or simple; or a wide file of returns to study instead of the store.")
    ] = "log",
    price: Annotated[str, typer.Option("--price", help="adjusted or close, for stored bars.")] = "adjusted",
    currency: Annotated[
        str | None, typer.Option("--currency", help="Returns in this currency, by stored exchange rates: USD, ...")
    ] = None,
    prices: Annotated[
        Path | None, typer.Option("--prices", help="Wide file of prices to study instead of the store.")
    ] = None,
    volumes: Annotated[
        Path | None, typer.Option("--volumes", help="Wide file of volumes: abnormal log volume instead of returns.")
    ] = None,
    factors: Annotated[
        Path | None,
        typer.Option("--factors", help="Wide file of factor returns, fractions, or one of Kenneth French's."),
    ] = None,
    risk_free: Annotated[
        str | None, typer.Option("--risk-free", help="Column with the risk-free return, for excess returns.")
    ] = None,
    returns_kind: Annotated[str, typer.Option("--returns-kind", help="log or simple, for files of prices.")] = "log",
    minimum_observations: Annotated[
        int | None, typer.Option("--minimum", min=2, help="Bars that an estimation window must have.")
    ] = None,
    by: Annotated[
        str | None, typer.Option("--by", help="Columns that split averages and statistics, such as category.")
    ] = None,
    off_session: Annotated[
        str, typer.Option("--off-session", help="For files, an event between bars: next, previous or exclude.")
    ] = "next",
    output: Annotated[StudyOutput, typer.Option("--output", help="Which result to print.")] = StudyOutput.AR,
    store: StoreOption = None,
    printer: TableOptions,
) -> None:
    """Abnormal returns around events, with their errors.

    Example: correlator study --symbol AIRLINK --benchmark KSE100 --window -5:5 --windows -1:1 --output car
    """
    from correlator.eventstudy.measure import read_events, study_panel
    from correlator.eventstudy.stream import STREAMED_OUTPUTS

    from_files = prices is not None or volumes is not None or returns not in ("log", "simple")
    with narrated_warnings():
        if from_files:
            refuse(
                {"--symbol": symbol, "--link": chosen.link, "--as-of": chosen.as_of, "--currency": currency},
                "a study of files",
            )
            files = {"prices": prices, "volumes": volumes}
            frames: dict[str, Any] = {name: read_frame(path) for name, path in files.items() if path is not None}
            frames["factors"] = _read_factors(factors)
            panel, plan = _files(
                returns, frames, chosen, risk_free, returns_kind, off_session, minimum_observations, by
            )
            events = Path(chosen.events or "")
            if printer.to is not None and output in STREAMED_OUTPUTS and printer.destination is OutputFormat.PARQUET:
                _stream(panel, plan, events, output, printer)
                return
            result = study_panel(panel, read_events(read_frame(events)), plan)
        else:
            result = chosen.run(
                open_store(store),
                symbol,
                interval=interval,
                returns=returns,
                price=price,
                currency=currency,
                factors=_read_factors(factors),
                risk_free=risk_free,
                minimum_observations=minimum_observations,
                by=by,
            )
        frame = result.frame(output.value)
    _tell(len(result.estimates), result.excluded.height, frame.height, _short(frame, output))
    printer.print(frame.select(COLUMNS.get(output, frame.columns)), output.value, unit=_unit(result.plan.returns_kind))


def _files(
    returns: str,
    frames: dict[str, Any],
    chosen: StudyOptions,
    risk_free: str | None,
    returns_kind: str,
    off_session: str,
    minimum_observations: int | None,
    by: str | None,
) -> tuple[Panel, Plan]:
    """Bars and plan of a study of files."""
    from correlator.eventstudy.measure import matrix_panel

    if chosen.events is None:
        raise InputError("no events given", hint="give --events FILE, a CSV with columns symbol and date")
    is_kind = returns in ("log", "simple")
    return matrix_panel(
        returns=None if is_kind else read_frame(Path(returns)),
        risk_free=risk_free,
        returns_kind=returns if is_kind and returns != "log" else returns_kind,
        off_session=off_session,
        minimum_observations=minimum_observations,
        by=by,
        **frames,
        **chosen.plan,
    )


def _stream(panel: Panel, plan: Plan, events: Path, output: StudyOutput, printer: TableOptions) -> None:
    """A chunk of events at a time from file to file, in memory that does not grow with their number."""
    from correlator.eventstudy.placement import day_labels
    from correlator.eventstudy.stream import chunk_for, events_of_file, needs_returns, study_chunks, write_frames

    told = [0, 0, 0, 0]
    rows = len(day_labels(plan.window, panel.labels)) if output is StudyOutput.AR else len(plan.windows)
    chunk = chunk_for(rows)

    def frames() -> Iterator[pl.DataFrame]:
        kept = needs_returns([output.value])
        parts = events_of_file(events, chunk=chunk)
        for result in study_chunks(panel, parts, plan, chunk=chunk, keep_returns=kept):
            frame = result.frame(output.value)
            more = (len(result.estimates), result.excluded.height, frame.height, _short(frame, output))
            told[:] = [before + added for before, added in zip(told, more, strict=True)]
            advance(more[0] + more[1])
            yield printer.select(frame.select(COLUMNS.get(output, frame.columns)))

    with progress("events") as advance:
        write_frames(frames(), cast(Path, printer.to))
    _tell(*told)


def _unit(returns_kind: str) -> str:
    """What hundredths of a return are called: per cent for simple returns, log points for logarithms."""
    return "%" if returns_kind == "simple" else "log pts"


def _short(frame: pl.DataFrame, output: StudyOutput) -> int:
    """How many windows miss bars."""
    return frame.filter(frame["flags"] != "").height if output is StudyOutput.CAR else 0


def _tell(measured: int, left_out: int, windows: int, short: int) -> None:
    if short:
        complain(f"{short} of {windows} windows miss bars; --output ar shows which", level="warning")
    narrate(f"{measured} events measured, {left_out} left out (--output excluded)")


def read_frame(path: Path) -> pl.DataFrame:
    """A CSV or Parquet file as a frame; raises InputError or NotFoundError in one line."""
    from correlator.files import read_csv, read_parquet

    if path.suffix.lower() == ".parquet":
        return read_parquet(path)
    return read_csv(path, infer_schema_length=None, null_values=["", "NA", "NaN", "nan"])


def _read_factors(path: Path | None) -> pl.DataFrame | None:
    """A factor file as fractions: one with dates and words around its table, or any wide file."""
    from correlator.market.factors import has_factor_table, read_factors

    if path is None:
        return None
    if path.suffix.lower() == ".parquet" or not path.is_file() or not has_factor_table(path):
        return read_frame(path)
    found = read_factors(path)
    for note in found.notes:
        narrate(f"{path.name}: {note}")
    if len(found.rejects):
        line, reason = found.rejects.select("source_line", "reason").row(0)
        complain(f"{path.name}: {len(found.rejects)} rows cannot be read, first line {line}: {reason}", level="warning")
    return found.factors


def refuse(options: dict[str, object], where: str) -> None:
    """Raise InputError where one of ``options`` was given that has no meaning in ``where``."""
    for name, value in options.items():
        if value:
            raise InputError(f"{name} has no meaning in {where}", hint="leave it out")
