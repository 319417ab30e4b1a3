"""The scenarios of the fault scripts, and the checks of the store that they leave."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "store"))
import polars as pl
from earlier_schemas import made_by_schema

from correlator.base.files import write_atomically
from correlator.base.resources import data_path
from correlator.errors import CorrelatorError
from correlator.intake import news, prices
from correlator.intake.events import add_events
from correlator.intake.instruments import add_instruments
from correlator.intake.news import add_news
from correlator.intake.prices import add_prices
from correlator.intake.undo import undo_load
from correlator.report.run import run_report
from correlator.report.spec import read_spec
from correlator.research.study import study
from correlator.store.db import Store
from correlator.store.migrations import NEWEST
from correlator.store.upkeep import backup, compact, restore
from correlator.store.verify import verify

Figures = dict[str, object]
REPORT = """
name = "daily"
stale_after = 9999

[study]
symbols = ["AIRLINK"]
benchmark = "KSE100"
estimation = "-145:-26"
window = "-5:5"
"""
TABLES = ("articles", "events", "links", "quotes", "bars", "instruments", "unfinished")
MOVING = {"loaded_at", "retrieved_at", "source", "started_at", "loaded_by", "event_id", "load_id"}


def sources(folder: Path) -> None:
    """Write the files that scenarios load."""
    lines = [
        f"2025-05-{day:02d}T06:00:00+05:00,Pakistan and Azerbaijan sign trade pact {day}\n" for day in range(12, 29)
    ]
    (folder / "news.csv").write_text("published,headline\n" + "".join(lines))
    (folder / "events.csv").write_text(
        "date,category,source,target\n2025-05-28,AGREE,PAK,AZE\n2025-06-16,CONSULT,PAK,TUR\n"
    )
    (folder / "instruments.csv").write_text("symbol,exchange,currency,name\nLAMP,XKAR,PKR,Lamp Works\n")
    (folder / "report.toml").write_text(REPORT)


def load_prices(folder: Path) -> None:
    for symbol in ("AIRLINK", "KSE100"):
        add_prices(Store(folder / "m.duckdb"), data_path("sample", f"{symbol}.csv"), symbol=symbol, exchange="XKAR")


def load_page(folder: Path) -> None:
    add_news(Store(folder / "m.duckdb"), data_path("sample", "page.txt"))


def load_news_in_parts(folder: Path) -> None:
    news.PART_ROWS, news.SMALL = 6, 2
    add_news(Store(folder / "m.duckdb"), folder / "news.csv", layout="corpus")


def load_prices_in_parts(folder: Path) -> None:
    prices.PART_ROWS = 100
    load_prices(folder)


def load_revised_prices(folder: Path) -> None:
    """Load the same bars with the closes of two months at the middle of the day's range: new vintages."""
    bars = pl.read_csv(data_path("sample", "AIRLINK.csv"))
    middle = ((pl.col("High") + pl.col("Low")) / 2).round(2)
    revised = pl.col("Date").str.contains("^2025-0[56]")
    bars = bars.with_columns(pl.when(revised).then(middle).otherwise(pl.col("Close")).alias("Close"))
    write_atomically(folder / "AIRLINK.csv", bars.write_csv())
    add_prices(Store(folder / "m.duckdb"), folder / "AIRLINK.csv", symbol="AIRLINK", exchange="XKAR")


def load_instruments(folder: Path) -> None:
    add_instruments(Store(folder / "m.duckdb"), folder / "instruments.csv")


def undo_events(folder: Path) -> None:
    store = Store(folder / "m.duckdb")
    for (load,) in store.frame("SELECT load_id FROM loads WHERE kind = 'events' AND undone_at IS NULL").rows():
        undo_load(store, load)


def make_backup(folder: Path) -> None:
    backup(Store(folder / "m.duckdb"), folder / "kept.duckdb")


def restore_backup(folder: Path) -> None:
    restore(Store(folder / "m.duckdb"), folder / "kept.duckdb")


def load_of_an_earlier_correlator(folder: Path) -> None:
    made_by_schema(NEWEST - 1, folder / "m.duckdb")


def load_events(folder: Path) -> None:
    add_events(Store(folder / "m.duckdb"), folder / "events.csv")


def write_report(folder: Path) -> None:
    out = folder / "reports"
    out.mkdir(exist_ok=True)
    run_report(
        read_spec(folder / "report.toml"), Store(folder / "m.duckdb"), out=out, as_of=datetime(2025, 6, 5, tzinfo=UTC)
    )


def write_export(folder: Path) -> None:
    frame = Store(folder / "m.duckdb").frame("SELECT * FROM bars ORDER BY ALL")
    write_atomically(folder / "bars.csv", frame.write_csv())


def write_backup(folder: Path) -> None:
    target = folder / "copy.duckdb"
    if not target.exists():
        backup(Store(folder / "m.duckdb"), target)


def write_anew(folder: Path) -> None:
    compact(Store(folder / "m.duckdb"))


def migrate(folder: Path) -> None:
    with Store(folder / "m.duckdb").transaction():
        pass


@dataclass(frozen=True)
class Scenario:
    """``before``: steps without faults, in order; ``act``: the step with a fault."""

    name: str
    before: tuple[Callable[[Path], None], ...]
    act: Callable[[Path], None]


ALL = (load_prices, load_page, load_events)
SCENARIOS = (
    Scenario("first load", (), load_prices),
    Scenario("first load in parts", (), load_prices_in_parts),
    Scenario("page", (load_prices,), load_page),
    Scenario("news in parts", (load_prices,), load_news_in_parts),
    Scenario("events", (load_prices,), load_events),
    Scenario("report", ALL, write_report),
    Scenario("export", ALL, write_export),
    Scenario("backup", ALL, write_backup),
    Scenario("compaction", ALL, write_anew),
    Scenario("revised prices", (load_prices, load_events), load_revised_prices),
    Scenario("instruments", (load_prices,), load_instruments),
    Scenario("undo", ALL, undo_events),
    Scenario("restore", (*ALL, make_backup), restore_backup),
    Scenario("migration", (load_of_an_earlier_correlator,), migrate),
)


def prepare(scenario: Scenario, folder: Path) -> None:
    sources(folder)
    for step in scenario.before:
        step(folder)


def copied(source: Path, target: Path) -> Path:
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target, symlinks=True)
    return target


def rows(store: Store) -> Figures:
    """Return the contents without the times of loads."""
    contents: Figures = {}
    for name in TABLES:
        frame = store.frame(f"SELECT * FROM {name}")
        kept = frame.drop([column for column in frame.columns if column in MOVING])
        contents[name] = sorted(map(repr, kept.rows()))
    return contents


def number(store: Store) -> object:
    """Return the number of a study, or that it is refused."""
    try:
        result = study(store, "AIRLINK", benchmark="KSE100", estimation="-145:-26", window="-5:5")
    except CorrelatorError as error:
        return f"refused: {type(error).__name__}"
    return repr(result.car.rows())


def judged(folder: Path, before: Figures, after: Figures, scenario: Scenario) -> str:
    """Return what is wrong after a fault, or an empty text: the study gives the number before or after or is refused,
    and the step completes if it is repeated.
    """
    store = Store(folder / "m.duckdb")
    if store.exists():
        got = number(store)
        if got not in (before["number"], after["number"]) and not str(got).startswith("refused"):
            return f"wrong number: {got}"
        findings = verify(store)["check"].to_list()
        if set(findings) - {"load begun and not ended", "article without a story", "strip never dated"}:
            return f"findings: {findings}"
    for name in ("bars.csv", "copy.duckdb"):
        path = folder / name
        if path.exists() and path.stat().st_size == 0:
            return f"{name} is cut off"
    scenario.act(folder)
    if rows(store) != after["rows"]:
        return "contents differ from an undisturbed run"
    if number(store) != after["number"]:
        return "number differs from an undisturbed run"
    left = verify(store)
    return f"findings after the second run: {left.rows()}" if left.height else ""
