"""``correlator add``: prices, news, events and instruments into the store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from correlator.base.addresses import shown
from correlator.base.progress import tracked
from correlator.cli.exit_codes import ExitCode, exit_code_of
from correlator.cli.lazy_verbs import Verbs
from correlator.cli.options.common import StoreOption, open_store
from correlator.cli.options.prices import ColumnsOption, PriceFileOptions, mapping_of, reads_prices
from correlator.cli.terminal.output import complain, narrate, progress
from correlator.cli.terminal.stdin import with_stdin
from correlator.errors import InputError, SourceError

if TYPE_CHECKING:
    from collections.abc import Callable

    from correlator.intake.download import DownloadReport
    from correlator.intake.report import LoadReport, Preview
    from correlator.news.read import NewsOptions
    from correlator.store.db import Store

app = Verbs(help="Load prices, news, events or instruments into the store; loading the same again changes nothing.")


@app.command("prices")
@reads_prices
def add_prices(
    *,
    sources: Annotated[
        list[str],
        typer.Argument(
            help="Files of bars (CSV, JSON, XLSX, Parquet, Arrow, Stata; packed or not); with --source or --yahoo,"
            " symbols: AIRLINK.KA ^KSE; with --strips, symbols or 'all'."
        ),
    ],
    reading: PriceFileOptions,
    source: Annotated[
        str | None,
        typer.Option("--source", help="Download from this source (yahoo, stooq, or an installed one)."),
    ] = None,
    yahoo: Annotated[bool, typer.Option("--yahoo", help="Same as --source yahoo.")] = False,
    repair: Annotated[
        bool, typer.Option("--repair", help="With --yahoo: let yfinance repair errors in Yahoo's data.")
    ] = False,
    strips: Annotated[
        bool, typer.Option("--strips", help="Closes from dated ticker strips, of symbols that have no other bars.")
    ] = False,
    start: Annotated[str | None, typer.Option("--start", help="With --source: first date, YYYY-MM-DD.")] = None,
    end: Annotated[str | None, typer.Option("--end", help="With --source: date to stop before.")] = None,
    interval: Annotated[
        str | None, typer.Option("--interval", help="With --source: 1d (the default), 1h, 5m, ...")
    ] = None,
    store: StoreOption = None,
) -> None:
    """Load bars from files, download them, or take them from the ticker strips of loaded pages.

    Example: correlator add prices AIRLINK.csv --symbol AIRLINK --exchange XKAR
    """
    from correlator.intake.prices import add_prices as load

    target = open_store(store)
    of_sources = {"--start": start, "--end": end, "--interval": interval, "--repair": repair}
    if source is not None or yahoo:
        _refuse(reading.of_files(), "bars from files")
        _refuse({"--strips": strips}, "stored strips")
        if yahoo and source not in (None, "yahoo"):
            raise InputError(f"--yahoo and --source {source} are two sources", hint="give one of them")
        asked = Asked(source or "yahoo", start, end, interval or "1d", reading.exchange, repair)
        download(target, sources, asked)
        return
    _refuse(of_sources, "downloads (--source, --yahoo)")
    if strips:
        _refuse(reading.of_files() | {"--exchange": reading.exchange}, "bars from files")
        from correlator.intake.strip_prices import add_strip_prices

        _tell(add_strip_prices(target, () if sources == ["all"] else sources))
        return
    with with_stdin(sources) as files:
        for file in tracked(files, "files of bars"):
            _tell(load(target, file, **reading.keywords()))


def _refuse(given: Mapping[str, object], of: str) -> None:
    """Raises InputError for an option that this way of loading would not look at."""
    for option, value in given.items():
        if value:
            raise InputError(f"{option} is an option of {of}", hint="leave it out")


@dataclass(frozen=True)
class Asked:
    """What is asked of a source: its name, the range as it was typed, the interval and the exchange."""

    source: str
    start: str | None
    end: str | None
    interval: str
    exchange: str | None
    repair: bool = False


def download(store: Store, symbols: list[str], asked: Asked) -> None:
    """Bars of every symbol from a source; what fails is named, and the code says whether to try again."""
    from correlator.intake.download import add_downloads
    from correlator.market.sources.bar_source import BarSource
    from correlator.market.written.stamps import one_date

    place: BarSource | str = asked.source
    if asked.repair:
        if asked.source != "yahoo":
            raise InputError(f"{asked.source} repairs nothing", hint="leave --repair out, or give --yahoo")
        from correlator.market.sources.yahoo import Yahoo

        place = Yahoo(repair=True)
    first, last = (one_date(day) if day else None for day in (asked.start, asked.end))
    with progress(asked.source, total=len(symbols)) as advance:
        done = add_downloads(
            store,
            place,
            symbols,
            start=first,
            end=last,
            interval=asked.interval,
            exchange=asked.exchange,
            advance=advance,
        )
    tell_downloads(done)


def tell_downloads(done: DownloadReport) -> None:
    """Say what was loaded and what failed; raises Exit with the code of the worst failure."""
    for report in done.reports:
        _tell(report)
    for symbol, error in done.failures.items():
        complain(f"{symbol}: {error}")
    if done.failures:
        refused = next((error for error in done.failures.values() if isinstance(error, SourceError)), None)
        raise typer.Exit(exit_code_of(refused or next(iter(done.failures.values()))))


@app.command("news")
def add_news(
    sources: Annotated[list[str], typer.Argument(help="Files, folders, globs or feed addresses.")],
    profile: Annotated[str | None, typer.Option("--profile", help="Publisher, if the page does not name it.")] = None,
    layout: Annotated[
        str, typer.Option("--layout", help="auto, text, html, feed, agency, archive, corpus or gdelt.")
    ] = "auto",
    published: Annotated[
        str | None, typer.Option("--published", help="Time of publication, for one page without a date.")
    ] = None,
    column: ColumnsOption = None,
    zone: Annotated[
        str | None, typer.Option("--zone", help="Zone of times that state none: Asia/Karachi, UTC, ...")
    ] = None,
    date_order: Annotated[
        str | None, typer.Option("--date-order", help="dmy or mdy, for dates that could be read both ways.")
    ] = None,
    earliest: Annotated[
        str | None, typer.Option("--earliest", help="First date an article may have (default 1990-01-01).")
    ] = None,
    encoding: Annotated[
        str | None,
        typer.Option("--encoding", help="Encoding of files that are not UTF-8 and do not say what they are."),
    ] = None,
    coder: Annotated[
        str | None, typer.Option("--coder", help="Event coder: rules (default) or full.", show_default=False)
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and count, write nothing.")] = False,
    allow_private: Annotated[
        bool, typer.Option("--allow-private", help="Also read addresses of this machine and private networks.")
    ] = False,
    store: StoreOption = None,
) -> None:
    """Load articles with their strips, code their events and link instruments.

    Example: correlator add news pages/*.html --profile dawn
    """
    from correlator.intake.news import add_news as load
    from correlator.intake.news import preview_news

    options: NewsOptions = {
        "profile": profile,
        "layout": layout,
        "published": published,
        "columns": mapping_of(column),
        "zone": zone,
        "date_order": date_order,
        "earliest": earliest,
        "encoding": encoding,
        "allow_private": allow_private,
    }
    refused = False
    with with_stdin(sources, ".txt") as files:
        for source in files:
            with progress(shown(source)) as advance:
                if dry_run:
                    _tell(preview_news(source, advance=advance, **options))
                    continue
                report = load(open_store(store), source, coder=coder, advance=advance, **options)
            _tell(report)
            refused |= report.empty_handed
    _leave_if_refused(refused)


@app.command("events")
def add_events(
    files: Annotated[list[Path], typer.Argument(help="GDELT 2.0 files, or CSVs of coded events.")],
    store: StoreOption = None,
) -> None:
    """Load events that others coded.

    Example: correlator add events 20250528120000.export.CSV.zip
    """
    from correlator.intake.events import add_events as load

    refused = False
    with with_stdin(files) as read:
        for file in read:
            with progress(str(file)) as advance:
                report = load(open_store(store), file, advance=advance)
            _tell(report)
            refused |= report.empty_handed
    _leave_if_refused(refused)


@app.command("instruments")
def add_instruments(
    files: Annotated[list[Path], typer.Argument(help="CSVs with symbol, exchange and what else is known.")],
    store: StoreOption = None,
) -> None:
    """Describe symbols: exchange, currency, country, name, kind, benchmark and other names, from your own file.

    Example: correlator add instruments instruments.csv
    """
    from correlator.intake.instruments import add_instruments as load

    _load_each(files, open_store(store), load)


@app.command("watchlist")
def add_watchlist(
    files: Annotated[list[Path], typer.Argument(help="CSVs with symbol, words and kind (watchlist or sector).")],
    store: StoreOption = None,
) -> None:
    """Link the articles of the store to symbols by your own words; run it again after adding news.

    Example: correlator add watchlist watch.csv
    """
    from correlator.intake.watchlist import add_watchlist as load

    _load_each(files, open_store(store), load)


def _load_each(files: list[Path], store: Store, load: Callable[[Store, Path], LoadReport]) -> None:
    """Load every file by ``load``, whole or not at all, and tell of each."""
    with with_stdin(files) as read:
        for file in read:
            _tell(load(store, file))


def _leave_if_refused(refused: bool) -> None:
    """Leave with the code of input that cannot be read where a source gave nothing but rejects."""
    if refused:
        complain("every row was rejected; `correlator list rejects` has the reasons")
        raise typer.Exit(ExitCode.INPUT)


def _tell(report: LoadReport | Preview) -> None:
    narrate(str(report))
    for note in report.notes:
        narrate(f"  {note}")
