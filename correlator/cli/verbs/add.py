"""``correlator add``: load prices, news, events and instruments into the store."""

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

app = Verbs(
    help="Load prices, news, events or instruments into the store. Loading the same data twice changes nothing."
)


@app.command("prices")
@reads_prices
def add_prices(
    *,
    sources: Annotated[
        list[str],
        typer.Argument(
            help="Price files (CSV, JSON, XLSX, Parquet, Arrow, Stata; compressed or not). With --source or --yahoo,"
            " symbols: AIRLINK.KA ^KSE. With --strips, symbols or 'all'."
        ),
    ],
    reading: PriceFileOptions,
    source: Annotated[
        str | None,
        typer.Option("--source", help="Download from this source: yahoo, stooq, or an installed plug-in."),
    ] = None,
    yahoo: Annotated[bool, typer.Option("--yahoo", help="Same as --source yahoo.")] = False,
    repair: Annotated[
        bool, typer.Option("--repair", help="With --yahoo: let yfinance repair errors in the data.")
    ] = False,
    strips: Annotated[
        bool, typer.Option("--strips", help="Take closes from dated ticker strips, for symbols without other bars.")
    ] = False,
    start: Annotated[str | None, typer.Option("--start", help="With --source: first date, YYYY-MM-DD.")] = None,
    end: Annotated[str | None, typer.Option("--end", help="With --source: end date, exclusive.")] = None,
    interval: Annotated[
        str | None, typer.Option("--interval", help="With --source: bar interval, such as 1d (default), 1h or 5m.")
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
            raise InputError(f"--yahoo and --source {source} are different sources", hint="give one of them")
        request = DownloadRequest(source or "yahoo", start, end, interval or "1d", reading.exchange, repair)
        download(target, sources, request)
        return
    _refuse(of_sources, "downloads (--source, --yahoo)")
    if strips:
        _refuse(reading.of_files() | {"--exchange": reading.exchange}, "bars from files")
        from correlator.intake.strip_prices import add_strip_prices

        _report(add_strip_prices(target, () if sources == ["all"] else sources))
        return
    with with_stdin(sources) as files:
        for file in tracked(files, "files of bars"):
            _report(load(target, file, **reading.keywords()))


def _refuse(options: Mapping[str, object], use: str) -> None:
    """Raise InputError if any of ``options`` was given; they apply only to ``use``, another way of loading."""
    for option, value in options.items():
        if value:
            raise InputError(f"{option} applies only to {use}", hint="leave it out")


@dataclass(frozen=True)
class DownloadRequest:
    """What to download: the source, the dates as they were typed, the interval and the exchange."""

    source: str
    start: str | None
    end: str | None
    interval: str
    exchange: str | None
    repair: bool = False


def download(store: Store, symbols: list[str], request: DownloadRequest) -> None:
    """Download the bars of every symbol, report failures, and exit with a code that says whether to try again."""
    from correlator.intake.download import add_downloads
    from correlator.market.sources.bar_source import BarSource
    from correlator.market.written.stamps import one_date

    source: BarSource | str = request.source
    if request.repair:
        if request.source != "yahoo":
            raise InputError(f"{request.source} does not support --repair", hint="leave --repair out, or give --yahoo")
        from correlator.market.sources.yahoo import Yahoo

        source = Yahoo(repair=True)
    first, last = (one_date(day) if day else None for day in (request.start, request.end))
    with progress(request.source, total=len(symbols)) as advance:
        downloaded = add_downloads(
            store,
            source,
            symbols,
            start=first,
            end=last,
            interval=request.interval,
            exchange=request.exchange,
            advance=advance,
        )
    report_downloads(downloaded)


def report_downloads(downloaded: DownloadReport) -> None:
    """Print what was loaded and what failed; after a failure raise Exit, with the code of a source error if any."""
    for report in downloaded.reports:
        _report(report)
    for symbol, error in downloaded.failures.items():
        complain(f"{symbol}: {error}")
    if downloaded.failures:
        refused = next((error for error in downloaded.failures.values() if isinstance(error, SourceError)), None)
        raise typer.Exit(exit_code_of(refused or next(iter(downloaded.failures.values()))))


@app.command("news")
def add_news(
    sources: Annotated[list[str], typer.Argument(help="Files, folders, glob patterns or feed URLs.")],
    profile: Annotated[
        str | None, typer.Option("--profile", help="Publisher profile, if the page does not name its publisher.")
    ] = None,
    layout: Annotated[
        str,
        typer.Option("--layout", help="Layout of the files: auto, text, html, feed, agency, archive, corpus or gdelt."),
    ] = "auto",
    published: Annotated[
        str | None, typer.Option("--published", help="Publication time of a single page that has no date.")
    ] = None,
    column: ColumnsOption = None,
    zone: Annotated[
        str | None, typer.Option("--zone", help="IANA time zone of times without one, such as Asia/Karachi or UTC.")
    ] = None,
    date_order: Annotated[
        str | None, typer.Option("--date-order", help="Order of day and month in ambiguous dates: dmy or mdy.")
    ] = None,
    earliest: Annotated[
        str | None, typer.Option("--earliest", help="Earliest date an article may have (default: 1990-01-01).")
    ] = None,
    encoding: Annotated[
        str | None,
        typer.Option("--encoding", help="Encoding of files and feeds that are not UTF-8 and do not declare one."),
    ] = None,
    coder: Annotated[
        str | None,
        typer.Option(
            "--coder", help="Event coder: rules (default), or full (rules and the fitted model).", show_default=False
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Read and count the articles without storing them.")
    ] = False,
    allow_private: Annotated[
        bool, typer.Option("--allow-private", help="Also read URLs on this machine and in private networks.")
    ] = False,
    store: StoreOption = None,
) -> None:
    """Load articles with their ticker strips, code their events and link them to instruments.

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
                    _report(preview_news(source, advance=advance, **options))
                    continue
                report = load(open_store(store), source, coder=coder, advance=advance, **options)
            _report(report)
            refused |= report.empty_handed
    _leave_if_refused(refused)


@app.command("events")
def add_events(
    files: Annotated[list[Path], typer.Argument(help="GDELT 2.0 export files, or CSVs of coded events.")],
    store: StoreOption = None,
) -> None:
    """Load events that were coded elsewhere.

    Example: correlator add events 20250528120000.export.CSV.zip
    """
    from correlator.intake.events import add_events as load

    refused = False
    with with_stdin(files) as paths:
        for file in paths:
            with progress(str(file)) as advance:
                report = load(open_store(store), file, advance=advance)
            _report(report)
            refused |= report.empty_handed
    _leave_if_refused(refused)


@app.command("instruments")
def add_instruments(
    files: Annotated[list[Path], typer.Argument(help="CSVs with columns symbol, exchange and any other attribute.")],
    store: StoreOption = None,
) -> None:
    """Load attributes of symbols from a CSV: exchange, currency, country, name, kind, benchmark and aliases.

    Example: correlator add instruments instruments.csv
    """
    from correlator.intake.instruments import add_instruments as load

    _load_each(files, open_store(store), load)


@app.command("watchlist")
def add_watchlist(
    files: Annotated[
        list[Path], typer.Argument(help="CSVs with columns symbol, words and kind (watchlist or sector).")
    ],
    store: StoreOption = None,
) -> None:
    """Link stored articles to symbols by your own keywords. Run it again after adding news.

    Example: correlator add watchlist watch.csv
    """
    from correlator.intake.watchlist import add_watchlist as load

    _load_each(files, open_store(store), load)


def _load_each(files: list[Path], store: Store, load: Callable[[Store, Path], LoadReport]) -> None:
    """Load every file with ``load``, each completely or not at all, and report what was loaded."""
    with with_stdin(files) as paths:
        for file in paths:
            _report(load(store, file))


def _leave_if_refused(refused: bool) -> None:
    """Exit with the code for bad input if every row of a source was rejected."""
    if refused:
        complain("every row was rejected; `correlator list rejects` shows the reasons")
        raise typer.Exit(ExitCode.INPUT)


def _report(report: LoadReport | Preview) -> None:
    narrate(str(report))
    for note in report.notes:
        narrate(f"  {note}")
