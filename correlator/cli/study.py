"""``correlator study``: event-window returns, on stored events and bars or on files."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from correlator.cli.options import StoreOption, open_store
from correlator.cli.output import FormatOption, OutputOption, complain, narrate, print_frame
from correlator.errors import InputError

if TYPE_CHECKING:
    from datetime import datetime

    import polars as pl

    from correlator.study.result import StudyResult


class StudyOutput(StrEnum):
    """Which frame of a study is printed."""

    AR = "ar"
    CAR = "car"
    AAR = "aar"
    CAAR = "caar"
    BHAR = "bhar"
    SIGNIFICANCE = "significance"
    MODELS = "models"
    EXCLUDED = "excluded"
    VOLATILITY = "volatility"
    CALENDAR_TIME = "calendar-time"


COLUMNS = {
    StudyOutput.AR: ("event_id", "symbol", "session", "day", "return", "expected", "ar", "se", "t", "p_value", "flags"),
    StudyOutput.CAR: ("event_id", "symbol", "window", "car", "se", "t", "p_value"),
}

SymbolOption = Annotated[
    list[str] | None, typer.Option("--symbol", help="Symbol to study; may be given again. Default: every share.")
]
EventsOption = Annotated[
    str | None,
    typer.Option("--events", help="Selection such as 'category = CONSULT and dyad = PAK-AZE'; with files, a CSV."),
]
LinkOption = Annotated[
    list[str] | None,
    typer.Option("--link", help="Kind of link that counts: country, named, printed, sector, watchlist; repeatable."),
]
BenchmarkOption = Annotated[
    str | None, typer.Option("--benchmark", help="Symbol or column of the market; equal-weighted where there is none.")
]
ModelOption = Annotated[
    str,
    typer.Option("--model", help="raw, mean, market-adjusted, market, factors, scholes-williams or dimson."),
]
EstimationOption = Annotated[
    str, typer.Option("--estimation", help="Estimation window: sessions from day 0, or two dates.")
]
WindowOption = Annotated[str, typer.Option("--window", help="Event window: sessions from day 0, or two dates.")]
WindowsOption = Annotated[
    str | None, typer.Option("--windows", help="Windows to cumulate over, such as -1:1,-5:5.", show_default=False)
]
AsOfOption = Annotated[
    str | None, typer.Option("--as-of", help="Use only what was known then: a date or an ISO instant (UTC).")
]


def study(
    symbol: SymbolOption = None,
    events: EventsOption = None,
    link: LinkOption = None,
    benchmark: BenchmarkOption = None,
    model: ModelOption = "market",
    returns: Annotated[
        str, typer.Option("--returns", help="log or simple; or a wide file of returns to study instead of the store.")
    ] = "log",
    price: Annotated[str, typer.Option("--price", help="adjusted or close, for stored bars.")] = "adjusted",
    prices: Annotated[
        Path | None, typer.Option("--prices", help="Wide file of prices to study instead of the store.")
    ] = None,
    volumes: Annotated[
        Path | None, typer.Option("--volumes", help="Wide file of volumes: abnormal log volume instead of returns.")
    ] = None,
    factors: Annotated[Path | None, typer.Option("--factors", help="Wide file of factor returns, fractions.")] = None,
    risk_free: Annotated[
        str | None, typer.Option("--risk-free", help="Column with the risk-free return, for excess returns.")
    ] = None,
    returns_kind: Annotated[str, typer.Option("--returns-kind", help="log or simple, for files of prices.")] = "log",
    estimation: EstimationOption = "-279:-30",
    window: WindowOption = "-10:10",
    windows: WindowsOption = None,
    minimum_observations: Annotated[
        int | None, typer.Option("--minimum", min=2, help="Bars that an estimation window must have.")
    ] = None,
    by: Annotated[
        str | None, typer.Option("--by", help="Columns that split averages and statistics, such as category.")
    ] = None,
    off_session: Annotated[
        str, typer.Option("--off-session", help="For files, an event between bars: next, previous or exclude.")
    ] = "next",
    as_of: AsOfOption = None,
    output: Annotated[StudyOutput, typer.Option("--output", help="Which result to print.")] = StudyOutput.AR,
    store: StoreOption = None,
    format: FormatOption = None,
    to: OutputOption = None,
) -> None:
    """Abnormal returns around events, with their errors.

    Example: correlator study --symbol AIRLINK --benchmark KSE100 --window -5:5 --windows -1:1 --output car
    """
    wide = [path for path in (prices, volumes) if path is not None]
    from_files = bool(wide) or returns not in ("log", "simple")
    common = {
        "model": model,
        "benchmark": benchmark,
        "estimation": estimation,
        "window": window,
        "windows": windows,
        "minimum_observations": minimum_observations,
        "by": by,
    }
    with narrated_warnings():
        if from_files:
            refuse({"--symbol": symbol, "--link": link, "--as-of": as_of}, "a study of files")
            result = _study_of_files(
                returns, prices, volumes, events, factors, risk_free, returns_kind, off_session, common
            )
        else:
            refuse({"--risk-free": risk_free}, "a study of the store")
            result = _study_of_store(store, symbol, events, link, returns, price, factors, as_of, common)
        frame = result.frame(output.value)
        short = frame.filter(frame["flags"] != "").height if output is StudyOutput.CAR else 0
    if short:
        complain(f"{short} of {frame.height} windows miss bars; --output ar shows which", level="warning")
    narrate(f"{len(result.estimates)} events measured, {result.excluded.height} left out (--output excluded)")
    print_frame(frame.select(COLUMNS.get(output, frame.columns)), format, to)


def _study_of_store(
    store: Path | None,
    symbol: list[str] | None,
    events: str | None,
    link: list[str] | None,
    returns: str,
    price: str,
    factors: Path | None,
    as_of: str | None,
    common: dict[str, Any],
) -> StudyResult:
    from correlator.study.run import study as run_study
    from correlator.study.setup.selection import DEFAULT_LINKS

    return run_study(
        open_store(store),
        symbol,
        events=events,
        links=tuple(link) if link else DEFAULT_LINKS,
        returns=returns,
        price=price,
        factors=None if factors is None else read_frame(factors),
        as_of=instant(as_of),
        **common,
    )


def _study_of_files(
    returns: str,
    prices: Path | None,
    volumes: Path | None,
    events: str | None,
    factors: Path | None,
    risk_free: str | None,
    returns_kind: str,
    off_session: str,
    common: dict[str, Any],
) -> StudyResult:
    from correlator.study.run_matrix import study_matrix

    if events is None:
        raise InputError("no events given", hint="give --events FILE, a CSV with columns symbol and date")
    returns_file = Path(returns) if returns not in ("log", "simple") else None
    kind = returns if returns_file is None and returns != "log" else returns_kind
    frames = {
        name: None if path is None else read_frame(path)
        for name, path in (("returns", returns_file), ("prices", prices), ("volumes", volumes), ("factors", factors))
    }
    return study_matrix(
        events=read_frame(Path(events)),
        risk_free=risk_free,
        returns_kind=kind,
        off_session=off_session,
        returns=frames["returns"],
        prices=frames["prices"],
        volumes=frames["volumes"],
        factors=frames["factors"],
        **common,
    )


def read_frame(path: Path) -> pl.DataFrame:
    """A CSV or Parquet file as a frame; raises InputError or NotFoundError in one line."""
    import polars as pl

    from correlator.errors import NotFoundError

    if not path.is_file():
        raise NotFoundError(f"{path} does not exist", hint="give a CSV or Parquet file")
    try:
        if path.suffix.lower() == ".parquet":
            return pl.read_parquet(path)
        return pl.read_csv(path, infer_schema_length=None, null_values=["", "NA", "NaN", "nan"])
    except pl.exceptions.PolarsError as error:
        raise InputError(f"{path} cannot be read: {str(error).splitlines()[0]}") from error


def instant(text: str | None) -> datetime | None:
    """An instant in UTC from a date (its end) or an ISO 8601 instant; raises InputError on other text."""
    from datetime import UTC, datetime, time

    if text is None:
        return None
    try:
        if len(text) == 10:
            return datetime.combine(datetime.fromisoformat(text).date(), time.max, UTC)
        read = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(f"--as-of {text!r} is no date", hint="write 2025-06-05 or 2025-06-05T16:00:00Z") from None
    if read.tzinfo is None:
        raise InputError(f"--as-of {text!r} has no zone", hint="add Z or an offset such as +05:00")
    return read.astimezone(UTC)


def refuse(options: dict[str, object], where: str) -> None:
    """Raise InputError where one of ``options`` was given that has no meaning in ``where``."""
    for name, value in options.items():
        if value:
            raise InputError(f"{name} has no meaning in {where}", hint="leave it out")


@contextmanager
def narrated_warnings() -> Iterator[None]:
    """Warnings as one line each on stderr."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        yield
    for message in dict.fromkeys(str(warning.message) for warning in caught):
        complain(message, level="warning")
