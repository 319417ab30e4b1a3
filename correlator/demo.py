"""The demo on the bundled sample: one page and two price series, from file to figure, without a network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from correlator.base.files import write_atomically
from correlator.base.resources import data_path
from correlator.eventstudy.results.result import StudyResult
from correlator.explain import Explanation, explain
from correlator.intake.news import add_news
from correlator.intake.prices import add_prices
from correlator.research.study import study
from correlator.store.db import Store

SYMBOL, BENCHMARK, EXCHANGE = "AIRLINK", "KSE100", "XKAR"
AROUND = date(2025, 5, 28)
ESTIMATION, WINDOW, WINDOWS = "-145:-26", "-15:5", "-1:1,-5:5"


@dataclass(frozen=True)
class Demo:
    """The results of the demo and the files that it wrote."""

    explanation: Explanation
    result: StudyResult
    files: tuple[Path, ...]

    def summary(self) -> str:
        """Return the results as text: decisions about the page, then abnormal returns with their errors."""
        model = self.result.models.row(0, named=True)
        days = self.result.ar.filter(pl.col("day").is_between(-5, 5))
        lines = [
            str(self.explanation),
            "",
            f"{SYMBOL} on {BENCHMARK}, log returns, {model['n']} sessions {ESTIMATION} before day 0: "
            "(lp: log points, hundredths of a logarithm): "
            f"alpha {model['alpha']:.6f}, beta {model['beta']:.4f}, sigma {model['sigma']:.5f}",
            "",
            "session     day      AR lp  se lp      t      p  flags",
            *(_day_line(row) for row in days.iter_rows(named=True)),
            "",
            "window        CAR lp  se lp      t      p",
            *(_window_line(row) for row in self.result.car.iter_rows(named=True)),
        ]
        return "\n".join(lines)


def run_demo(folder: Path, draw: Callable[[Store, Path], None]) -> Demo:
    """Load the sample into a store in ``folder``, study it, write a CSV and, with ``draw``, a figure.

    Running it again changes nothing. ``draw`` is called with the store and the path of the HTML file to write.
    """
    folder.mkdir(parents=True, exist_ok=True)
    database, table, figure = (folder / name for name in ("demo.duckdb", "abnormal_returns.csv", "airlink.html"))
    store = Store(database)
    for symbol in (SYMBOL, BENCHMARK):
        add_prices(store, data_path("sample", f"{symbol}.csv"), symbol=symbol, exchange=EXCHANGE)
    add_news(store, data_path("sample", "page.txt"))
    result = study(store, SYMBOL, benchmark=BENCHMARK, estimation=ESTIMATION, window=WINDOW, windows=WINDOWS)
    write_atomically(table, result.ar.write_csv())
    draw(store, figure)
    return Demo(explain(store, 1), result, (table, figure, database))


def _day_line(row: dict[str, object]) -> str:
    return f"{row['session']}  {row['day']:>3}  {_numbers(row, 'ar', 8)}  {row['flags']}".rstrip()


def _window_line(row: dict[str, object]) -> str:
    return f"{'[' + str(row['window']) + ']':<10}  {_numbers(row, 'car', 7)}"


def _numbers(row: dict[str, object], name: str, width: int) -> str:
    """Format value and standard error (times 100), t and p."""
    value, se = 100 * float(str(row[name])), 100 * float(str(row["se"]))
    return f"{value:>{width}.3f}  {se:>5.3f}  {row['t']:>5.2f}  {row['p_value']:>5.3f}"
