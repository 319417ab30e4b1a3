"""Check the installation: packages, settings, browser, calendars, coder and store."""

from __future__ import annotations

import platform
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version

import polars as pl

from correlator.config import FILE, KEYS, settings, user_file
from correlator.errors import CorrelatorError, InputError
from correlator.events.coder import CODERS
from correlator.events.learned.encoder import INSTALL
from correlator.events.learned.fitted import has_encoder
from correlator.events.vocabulary.actors import actors_as_of, offices_checked
from correlator.events.vocabulary.own_actors import own_path, read_own
from correlator.news.profiles import load_profile
from correlator.sessions.calendars import calendar_reach, holidays_known_until, session_overrides
from correlator.sessions.exchanges import exchange_codes, exchange_named
from correlator.store.db import Store
from correlator.store.verify import verify
from correlator.version import __version__

NEEDED = ("duckdb", "polars", "pandas", "plotly", "exchange_calendars", "yfinance")
OPTIONAL = {
    "numba": "studies of many events run compiled",
    "kaleido": "figures as PNG, SVG or PDF",
    "statsmodels": "cross-section, Granger tests",
    "arch": "abnormal volatility",
}
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
STALE_DAYS = 30
ACTORS_STALE_DAYS = 180


def examine(store: Store) -> pl.DataFrame:
    """Return one row per check: what, state (ok, stale, missing or problem), detail."""
    rows = [*_packages(), *_settings(), _browser(), *_calendars(), *_coder(), *_store(store)]
    return pl.DataFrame(rows, schema=["what", "state", "detail"], orient="row")


def _packages() -> Iterator[tuple[str, str, str]]:
    yield "correlator", "ok", f"{__version__} on Python {platform.python_version()}, {platform.machine()}"
    for name in NEEDED:
        yield name, "ok", version(name)
    for name, use in OPTIONAL.items():
        try:
            yield name, "ok", version(name)
        except PackageNotFoundError:
            yield name, "missing", f"needed for: {use}"


def _settings() -> Iterator[tuple[str, str, str]]:
    """Yield the settings of ``correlator.toml`` and their files, or where such a file could be."""
    try:
        merged = settings()
        for key, each in merged.items():
            _check_setting(key, each.value)
            yield f"setting {key}", "ok", f"{each.value} ({each.source})"
    except CorrelatorError as error:
        yield "settings", "problem", str(error)
        return
    if not merged:
        yield "settings", "ok", f"none: {FILE} in this folder or {user_file()} can set {', '.join(KEYS)}"


def _check_setting(key: str, value: str) -> None:
    """Raise for an unknown exchange, publisher or coder."""
    if key == "exchange":
        exchange_named(value)
    elif key == "profile":
        load_profile(value)
    elif key == "coder" and value not in CODERS:
        raise InputError(f"coder {value!r} is not known", hint=f"choose {' or '.join(CODERS)}")


def _browser() -> tuple[str, str, str]:
    browser = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    return ("browser", "ok", browser) if browser else ("browser", "missing", "needed for: figures as PNG, SVG or PDF")


def _calendars() -> Iterator[tuple[str, str, str]]:
    """Yield one row per exchange: the range of its calendar, and until when its holidays are known."""
    today = datetime.now(UTC).date()
    for exchange in exchange_codes():
        first, last = calendar_reach(exchange)
        known = holidays_known_until(exchange)
        until = "holidays by rule" if known is None else f"holidays known until {min(known, last)}"
        corrections = session_overrides(exchange).height
        state = "ok" if (min(known or last, last) - today).days > STALE_DAYS else "stale"
        yield f"calendar {exchange}", state, f"{first} to {last}, {until}, {corrections} corrections"


def _coder() -> Iterator[tuple[str, str, str]]:
    """Yield how old the built-in actors are, whether the user's can be read, and whether the encoder is installed."""
    known = actors_as_of()
    age = (datetime.now(UTC).date() - known).days
    checked, count = offices_checked()
    when = f"{age} days ago" if age >= 0 else f"{-age} days from now"
    message = f"offices known up to {known}, {when}; {checked} of {count} checked against a source"
    yield "actors", "ok" if age <= ACTORS_STALE_DAYS else "stale", message
    own = own_path()
    if own is not None:
        try:
            entries = read_own(own)
            yield "own actors", "ok", f"{own}: {len(entries.actors)} actors, {len(entries.lexicon)} lexicon lines"
        except CorrelatorError as error:
            yield "own actors", "problem", error.message
    if has_encoder():
        yield "encoder", "ok", "the full coder uses it"
    else:
        yield "encoder", "missing", f"needed for: the full coder at its best ({INSTALL})"
    yield "other languages", "ok", "ur, tr, az, ar by small lexica; their confidence is not calibrated"


def _store(store: Store) -> Iterator[tuple[str, str, str]]:
    name = f"store {store.address}"
    if not store.exists():
        yield name, "ok", "does not exist yet: the first load creates it"
        return
    try:
        counts = store.frame(
            "SELECT (SELECT count(*) FROM articles) AS articles, (SELECT count(*) FROM events) AS events,"
            " (SELECT count(*) FROM bars) AS bars, (SELECT count(*) FROM rejects) AS rejects"
        ).row(0, named=True)
        findings = verify(store, quick=True)
    except CorrelatorError as error:
        yield name, "problem", str(error)
        return
    yield name, "ok", ", ".join(f"{count:,} {table}" for table, count in counts.items())
    for check, table, rows, example, remedy in findings.iter_rows():
        yield name, "problem", f"{table}: {rows:,} times {check}, for example {example} ({remedy})"
