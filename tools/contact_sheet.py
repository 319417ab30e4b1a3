"""Draw every kind of figure in every case, width and colour scheme, and put the pictures on one page to look at.

    python tools/contact_sheet.py                        # everything, into build/contact_sheet/index.html
    python tools/contact_sheet.py --case seed --kind car

Needs playwright and a Chromium of the system. What could not be drawn is on the page with its reason.
"""

from __future__ import annotations

import argparse
import html
import shutil
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from playwright.sync_api import Page, sync_playwright

from correlator.base.resources import data_path
from correlator.errors import CorrelatorError
from correlator.intake.events import add_events
from correlator.intake.news import add_news
from correlator.intake.prices import add_prices
from correlator.plot.figures import FIGURES, FigureKind, Size, figure_text
from correlator.plot.html import figure_page
from correlator.plot.image import image_bytes
from correlator.research.figures import OfStore
from correlator.sessions.calendars import sessions_between
from correlator.store.db import Store

ROOT = Path(__file__).resolve().parents[1]
VIEWS = tuple((width, scheme) for width in (1200, 390) for scheme in ("light", "dark"))
CATEGORIES = ("CONSULT", "AGREE", "THREATEN", "ASSAULT", "EARNINGS")
SHORT = {"estimation": "-70:-11", "window": "-5:5", "windows": "0:0,-1:1,-5:5"}


@dataclass(frozen=True)
class Case:
    """One state of a store: ``fill`` loads it, the other fields are the options of its figures."""

    fill: Callable[[Store], None]
    symbols: tuple[str, ...]
    options: Mapping[str, Any] = field(default_factory=dict)
    around: date | None = None
    key: str | None = None


def seed(store: Store) -> None:
    """Load the page and the two series of the demo."""
    for symbol in ("AIRLINK", "KSE100"):
        add_prices(store, data_path("sample", f"{symbol}.csv"), symbol=symbol)
    add_news(store, data_path("sample", "page.txt"))


def made(events: int, *, flagged: bool = False, dense: bool = False) -> Callable[[Store], None]:
    """Load two shares of Karachi over three years with ``events`` events."""

    def fill(store: Store) -> None:
        rng = np.random.default_rng(3)
        sessions = sessions_between("XKAR", date(2022, 1, 1), date(2024, 12, 31))["session"]
        for symbol in ("AAA", "BBB"):
            bars = _bars(rng, sessions)
            add_prices(store, _flagged(bars) if flagged else bars, symbol=symbol, exchange="XKAR")
        last = 240 if dense else len(sessions) - 30
        rows = rng.integers(120, last, events)
        frame = pl.DataFrame(
            {
                "date": sessions.gather(np.sort(rows)),
                "category": [CATEGORIES[i % len(CATEGORIES)] for i in range(events)],
                "symbol": [("AAA", "BBB")[i % 2] for i in range(events)],
                "source": [("PAK", "IND", "AFG", "CHN")[i % 4] for i in range(events)],
                "target": [("IND", "PAK", "PAK", "PAK")[i % 4] for i in range(events)],
            }
        )
        if events:
            add_events(store, frame)

    return fill


def within(store: Store) -> None:
    """Load hourly bars of one share of New York over three weeks, with three instants of news."""
    rng = np.random.default_rng(4)
    sessions = sessions_between("XNYS", date(2024, 3, 1), date(2024, 3, 28))
    starts = [
        opened + timedelta(hours=hour)
        for opened, closed in sessions.select("opens_at", "closes_at").iter_rows()
        for hour in range(7)
        if opened + timedelta(hours=hour) < closed
    ]
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.004, len(starts))))
    frame = pl.DataFrame({"Datetime": starts, "Open": close, "High": close * 1.003, "Low": close * 0.997})
    frame = frame.with_columns(
        pl.Series("Close", close * 1.001), pl.Series("Volume", rng.integers(1e4, 1e5, len(starts)))
    )
    add_prices(store, frame, symbol="AAA", exchange="XNYS")
    instants = [datetime(2024, 3, day, 15, 40, tzinfo=UTC).isoformat() for day in (19, 21, 25)]
    told = {"date": instants, "category": ["AGREE", "THREATEN", "CONSULT"], "symbol": ["AAA"] * 3}
    add_events(store, pl.DataFrame(told))


def _bars(rng: np.random.Generator, sessions: pl.Series) -> pl.DataFrame:
    close = 100 * np.exp(np.cumsum(np.clip(rng.normal(0, 0.015, len(sessions)), -0.07, 0.07)))
    opened = np.concatenate([close[:1], close[:-1]])
    high, low = np.maximum(opened, close) * 1.004, np.minimum(opened, close) * 0.996
    columns = {"Open": opened, "High": high, "Low": low, "Close": close}
    rounded = {name: np.round(values, 2) for name, values in columns.items()}
    return pl.DataFrame({"Date": sessions, **rounded, "Volume": rng.integers(1_000, 90_000, len(sessions))})


def _flagged(bars: pl.DataFrame) -> pl.DataFrame:
    """Every 40th bar locked at its limit, every 55th without volume, one split in three."""
    close = bars["Close"].to_numpy().copy()
    for row in range(40, len(close), 40):
        close[row:] *= 1.10 * close[row - 1] / close[row]
    close[len(close) // 2 :] /= 3
    close = np.round(close, 2)
    locked = np.arange(len(close)) % 40 == 0
    opened = np.where(locked, close, np.concatenate([close[:1], close[:-1]]))
    high, low = np.maximum(opened, close), np.minimum(opened, close)
    volume = np.where(np.arange(len(close)) % 55 == 0, 0, bars["Volume"].to_numpy())
    return bars.with_columns(
        pl.Series("Open", opened), pl.Series("High", high), pl.Series("Low", low), pl.Series("Close", close),
        pl.Series("Volume", volume),
    )  # fmt: skip


MEANS = {"model": "mean", "benchmark": "equal-weighted", **SHORT}
CASES: dict[str, Case] = {
    "seed": Case(seed, ("AIRLINK",), {"benchmark": "KSE100", "estimation": "-145:-26", "window": "-15:5",
                                      "windows": "-1:1,-15:5"}, date(2025, 5, 28), "PAK"),
    "one": Case(made(1), ("AAA", "BBB"), MEANS),
    "many": Case(made(500), ("AAA", "BBB"), {**MEANS, "by": "category"}, key="PAK"),
    "none": Case(made(0), ("AAA", "BBB"), MEANS),
    "dense": Case(made(90, dense=True), ("AAA", "BBB"), MEANS, date(2022, 9, 1), "PAK"),
    "intraday": Case(within, ("AAA",), {"interval": "1h", "model": "mean", "estimation": "-50:-6", "window": "-4:4",
                                        "windows": "0:0,-4:4"}),
    "flagged": Case(made(30, flagged=True), ("AAA", "BBB"), MEANS, date(2023, 6, 15), "PAK"),
}  # fmt: skip


def material_of(case: Case, store: Store, kind: FigureKind) -> OfStore:
    """Return the material of ``kind`` in ``case``: one symbol if the kind draws one."""
    symbols = case.symbols if kind.needs in ("a study", "a placebo test", "stored events") else case.symbols[:1]
    return OfStore(store, symbols, around=case.around, draws=200, key=case.key, options=case.options)


def shots(page: Page, kind: FigureKind, material: OfStore, target: Path) -> Iterator[tuple[str, str]]:
    """Every view of one figure as (label, HTML): pictures in ``target``, text, or why it cannot be drawn."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            figure = kind.draw(material)
            text = figure_text(kind, material, Size(76, 18)) if kind.text is not None else "no text form"
    except CorrelatorError as error:
        yield "refused", f"<pre>{html.escape(str(error))}</pre>"
        return
    name = target.stem
    written = target.with_name(f"{name}.html")
    written.write_text(figure_page(figure), encoding="utf-8")
    for width, scheme in VIEWS:
        page.set_viewport_size({"width": width, "height": 800 if width > 400 else 760})
        page.emulate_media(color_scheme=scheme)
        page.goto(written.as_uri())
        page.wait_for_selector("#figure .main-svg", state="attached")
        page.wait_for_timeout(250)
        shot = f"{name}-{width}-{scheme}.png"
        page.screenshot(path=target.with_name(shot), full_page=True)
        yield f"{width} px, {scheme}", f'<img src="{shot}" width="{width // 3}" loading="lazy">'
    if shutil.which("chromium"):
        target.with_name(f"{name}-image.png").write_bytes(image_bytes(figure, "png", scale=1.0))
        yield "PNG", f'<img src="{name}-image.png" width="400" loading="lazy">'
    yield "terminal", f"<pre>{html.escape(text)}</pre>"


def main() -> None:
    """Fill the stores, draw, and write the page; print where it is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--case", action="append", choices=sorted(CASES))
    parser.add_argument("--kind", action="append", choices=sorted(FIGURES))
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "contact_sheet")
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    style = "body{font:14px system-ui}td{vertical-align:top;padding:4px}pre{font-size:9px}"
    parts = [f"<!DOCTYPE html><meta charset='utf-8'><title>Figures</title><style>{style}</style>"]
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        page = browser.new_page()
        page.on("pageerror", lambda error: print(f"page error: {error}", file=sys.stderr))
        for name in asked.case or CASES:
            store = Store(Path(folder) / f"{name}.duckdb")
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                CASES[name].fill(store)
            for kind in asked.kind or FIGURES:
                cells = shots(
                    page,
                    FIGURES[kind],
                    material_of(CASES[name], store, FIGURES[kind]),
                    asked.out / f"{name}-{kind}.png",
                )
                row = "".join(f"<td>{label}<br>{content}</td>" for label, content in cells)
                parts.append(f"<h2>{name}: {kind}</h2><table><tr>{row}</tr></table>")
        browser.close()
    (asked.out / "index.html").write_text("\n".join(parts), encoding="utf-8")
    print(asked.out / "index.html")


if __name__ == "__main__":
    main()
