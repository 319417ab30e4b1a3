"""Run a report: slice the store, run the studies, write tables, manifest and tear sheet, and publish atomically."""

from __future__ import annotations

import hashlib
import json
import warnings
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import polars as pl

from correlator.base.files import temporary_folder
from correlator.brief.unexplained import unexplained
from correlator.config import ignored
from correlator.errors import CorrelatorWarning, NotFoundError
from correlator.eventstudy.request.spec import SYNTHETIC, StudySpec
from correlator.eventstudy.results.result import StudyResult
from correlator.report.as_of import (
    Inputs,
    Moment,
    check_fresh,
    exchange_of_report,
    is_session,
    moment_of,
    slice_store,
    symbols_needed,
)
from correlator.report.contents import Contents
from correlator.report.figures import drawn_figures, pictures
from correlator.report.further import further_tables
from correlator.report.journal import journalled
from correlator.report.mail import MAIL, mail_message
from correlator.report.new import LastRun, last_run, whats_new
from correlator.report.publish import publish
from correlator.report.spec import ReportSpec
from correlator.report.tables import csv_bytes, named_tables, report_table, shaped
from correlator.report.tear_sheet import tear_sheet
from correlator.report.words import sentence
from correlator.research.selection import across_borders, events_of_symbols
from correlator.research.study import run_study
from correlator.sessions.calendars import AFTER_CLOSE
from correlator.store.db import Store
from correlator.store.statements import query
from correlator.version import __version__

MANIFEST = "manifest.json"
TEAR_SHEET = "index.html"
UNEXPLAINED_DAYS = 365
"""Days before a report's session in which to search for unexplained moves."""
_PACKAGES = ("duckdb", "numpy", "plotly", "polars", "scipy")
_QUOTES = """
    SELECT * FROM quotes WHERE $symbols::VARCHAR[] IS NULL OR symbol IN (SELECT unnest($symbols::VARCHAR[]))
    ORDER BY article_id, strip_key, position
"""


@dataclass(frozen=True)
class ReportRun:
    """``status``: written, unchanged (equal files existed) or skipped (no session); ``folder``: that of the files."""

    status: str
    session: date | None
    folder: Path | None
    message: str


def run_report(
    spec: ReportSpec,
    store: Store,
    *,
    out: str | Path,
    as_of: date | datetime | None = None,
    if_session: str | None = None,
) -> ReportRun:
    """Run the report and publish it under ``out/<name>/``; its files do not depend on the wall-clock time.

    ``as_of``: a date (its end at the exchange), a UTC instant, or None for the last closed session; ``if_session``: an
    exchange; the run is skipped on days that are not its sessions. Raises StaleDataError if prices lack a closed
    session, and the errors of the study; the previous report is then kept.
    """
    home = Path(out) / spec.name
    if not home.parent.is_dir():
        raise NotFoundError(f"folder {home.parent} does not exist", hint="create it, or give another -o")
    home.mkdir(exist_ok=True)
    with ignored(), journalled(home) as note:
        if if_session is not None and not is_session(if_session, as_of):
            note.status, note.message = "skipped", f"no session of {if_session}"
            return ReportRun("skipped", None, None, note.message)
        with temporary_folder("correlator-report") as folder:
            contents, sliced = gather(spec, store, as_of=as_of, folder=folder, home=home)
            note.session = contents.moment.session.isoformat()
            files = report_files(contents, sliced)
        published = publish(files, home, note.session, keep=spec.keep)
        note.status = "written" if published.changed else "unchanged"
        note.message = sentence(contents)
    return ReportRun(note.status, contents.moment.session, published.folder, note.message)


def gather(
    spec: ReportSpec, store: Store, *, as_of: date | datetime | None, folder: Path, home: Path | None = None
) -> tuple[Contents, Store]:
    """Return the contents of the report, and the slice of the store (a file in ``folder``) it was made from.

    ``home``: folder of its earlier runs, which determine what is new.
    """
    studies = [spec.study, *(each for _, each in spec.studies)]
    symbols = [] if any(not each.symbols for each in studies) else [name for each in studies for name in each.symbols]
    moment = moment_of(exchange_of_report(store, list(dict.fromkeys(symbols))), as_of)
    parts = [symbols_needed(each) for each in studies]
    needed = None if any(part is None for part in parts) else [name for part in parts for name in part or ()]
    abroad = any(each.model == SYNTHETIC for each in studies)
    chosen = needed and list(dict.fromkeys(needed))
    sliced, inputs = slice_store(store, folder / "slice.duckdb", moment, chosen, abroad=abroad)
    donors = {name for each in studies for name in each.donors}  # stale donors exclude events but do not stop a report
    check_fresh(inputs, moment, [name for name in needed or symbols if name not in donors], spec.stale_after)
    before = last_run(home, moment)
    contents = _contents(spec, sliced, inputs, before)
    others = [
        (name, _contents(replace(spec, study=each, studies=()), sliced, inputs, before.of(name)))
        for name, each in spec.studies
    ]
    return replace(contents, others=tuple(others)), sliced


def _contents(spec: ReportSpec, sliced: Store, inputs: Inputs, before: LastRun) -> Contents:
    """Return one study of the report: its result, tables and notes."""
    moment = before.now
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = _study(spec, sliced, inputs, moment)
        further, test = further_tables(spec, result, sliced)
    with sliced.reading() as connection:
        quotes = query(connection, _QUOTES, {"symbols": list(spec.study.symbols) or None})
    stored = {"quotes": quotes}
    if "unexplained" in spec.outputs.tables:
        stored["unexplained"] = _unexplained(spec.study, sliced, moment)
    computed = {"new": whats_new(result, inputs, sliced, before), **further}
    tables = {
        name: shaped(name, computed[name], spec.study.by if name == "placebo" else ())
        if name in computed
        else report_table(name, result, stored)
        for name in spec.outputs.tables
    }
    notes = list(dict.fromkeys(str(warning.message) for warning in caught if warning.category is CorrelatorWarning))
    backfilled = int(inputs.bars["backfilled"].sum())
    if backfilled:
        notes.append(f"{backfilled:,} of {inputs.bars['bars'].sum():,} bars were loaded after the time of the report")
    return Contents(spec, moment, inputs, result, tables, tuple(notes), test, before.since)


def report_files(contents: Contents, sliced: Store) -> dict[str, bytes]:
    """Return the report's files by name: a CSV per table, the tear sheet and the mail if selected, and the manifest."""
    outputs = contents.spec.outputs
    files = {f"{name}.csv": csv_bytes(frame, bom=outputs.bom) for name, frame in named_tables(contents).items()}
    drawn = drawn_figures(contents, sliced) if outputs.tear_sheet or outputs.mail else {}
    if outputs.tear_sheet:
        files[TEAR_SHEET] = tear_sheet(contents, drawn).encode()
    if outputs.mail:
        files[MAIL] = mail_message(contents, files, pictures(drawn))
    return {**files, MANIFEST: _manifest(contents, files)}


def _unexplained(chosen: StudySpec, sliced: Store, moment: Moment) -> pl.DataFrame:
    """Return the extreme sessions without an event of the last year."""
    since = moment.session - timedelta(days=UNEXPLAINED_DAYS)
    symbols = list(chosen.symbols) or None
    return unexplained(
        sliced,
        since,
        symbols=symbols,
        benchmark=chosen.benchmark,
        as_of=moment.as_of,
        date_only=chosen.date_only or AFTER_CLOSE,
    )


def _study(spec: ReportSpec, sliced: Store, inputs: Inputs, moment: Moment) -> StudyResult | None:
    """Run the study on the slice; return None if no event concerns the symbols, which is a valid result."""
    chosen = spec.study
    symbols = list(chosen.symbols) or inputs.bars["symbol"].to_list()
    with sliced.reading() as connection:
        events = events_of_symbols(connection, symbols, moment.exchange, chosen)
    if across_borders(events, chosen.events)[0].is_empty():
        return None
    return run_study(sliced, chosen)


def _manifest(contents: Contents, files: dict[str, bytes]) -> bytes:
    tables = {f"{name}.csv": frame for name, frame in named_tables(contents).items()}
    value: dict[str, Any] = {
        "report": contents.spec.name,
        "session": contents.moment.session.isoformat(),
        "as_of": f"{contents.moment.as_of:%Y-%m-%dT%H:%M:%SZ}",
        "exchange": contents.moment.exchange,
        "parameters": contents.spec.as_dict(),
        "versions": {"correlator": __version__, **{name: _version(name) for name in _PACKAGES}},
        "inputs": {
            "bars": [
                {name: str(value) if isinstance(value, date) else value for name, value in row.items()}
                for row in contents.inputs.bars.iter_rows(named=True)
            ],
            "events": contents.inputs.events,
            "articles": contents.inputs.articles,
            "sha256": contents.inputs.sha256,
        },
        "notes": list(contents.notes),
        "files": {
            name: {
                "bytes": len(content),
                "sha256": hashlib.sha256(content).hexdigest(),
                **({"rows": tables[name].height, "columns": tables[name].columns} if name in tables else {}),
            }
            for name, content in sorted(files.items())
        },
    }
    return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"
