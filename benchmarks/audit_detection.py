"""Measure how often ``check prices`` finds faults, and how often it raises false alarms: real series, each with a fault
added on purpose.

``python benchmarks/audit_detection.py --data FOLDER [--repeat 2] [--seed 1]``: FOLDER holds ``psx/*.csv`` (daily bars
of XKAR, an index among them) and ``panel/skfolio`` (20 US shares and the S&P 500). Every series is corrupted in every
way that applies to it, at seeded places, and audited alone and among others (eight at most, the index first). The
tables are Markdown, for docs/market.md: corruptions made, how many were found for what they are alone and among
others, and how many findings of high severity then fell on series that nobody had touched; then the findings on the
series without their faults, and on the files as they are. A finding counts only where there was none of its kind on
that session before. ``--half 2`` takes the half of the series on which no threshold was chosen. A damage that few
series can have is made at more places of each, so that every row is of twelve trials at least.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from correlator.market.audit.prices import audit_prices, audit_vintages
from correlator.market.reading.files import read_prices
from correlator.sessions.calendars import sessions_between

COMPANY = 8
LEAST_TRIALS = 12
PRICES = ("open", "high", "low", "close")


@dataclass(frozen=True)
class Place:
    """Where a fault is added: the exchange of the series, and the generator of random numbers that chooses the bars."""

    exchange: str
    rng: np.random.Generator


Apply = Callable[[pl.DataFrame, Place], pl.DataFrame]


@dataclass(frozen=True)
class Damage:
    """One way to break a series: its name, what it does to the bars, and the checks that call it what it is.

    ``full``: needs open, high, low and volume; ``market``: can be seen only beside other series; ``exchange``: where
    alone it has meaning; ``shares``: not for indices.
    """

    name: str
    apply: Apply
    checks: tuple[str, ...]
    full: bool = False
    market: bool = False
    exchange: str | None = None
    shares: bool = False


def moved_days(by: int, part: bool = False) -> Apply:
    """Move every label, or those of 120 to 250 successive bars, by days."""

    def apply(bars: pl.DataFrame, place: Place) -> pl.DataFrame:
        first, last = _stretch(bars.height, place.rng, 120, 250) if part else (0, bars.height)
        inside = pl.int_range(pl.len()).is_between(first, last - 1)
        label = pl.when(inside).then(pl.col("session").dt.offset_by(f"{by}d")).otherwise("session")
        return _one_per_session(bars.with_columns(label.alias("session")))

    return apply


def moved_sessions(by: int, part: bool = False) -> Apply:
    """Figures under the label of the session before (-1) or after (1): of all bars, or of 150 to 400 in a row."""

    def apply(bars: pl.DataFrame, place: Place) -> pl.DataFrame:
        days = sessions_between(place.exchange, bars["session"][0] - timedelta(20), bars["session"][-1] + timedelta(20))
        known = days["session"]
        first, last = _stretch(bars.height, place.rng, 150, 400) if part else (0, bars.height)
        at = known.search_sorted(bars["session"]).to_numpy().astype(np.int64)
        at[first:last] += by
        return _one_per_session(bars.with_columns(known.gather(at).alias("session")))

    return apply


def scaled(factor: float, figures: tuple[str, ...], bars_long: int | None = None) -> Apply:
    """Multiply some figures by ``factor`` from a random bar on, or for ``bars_long`` bars."""

    def apply(bars: pl.DataFrame, place: Place) -> pl.DataFrame:
        first = int(place.rng.integers(60, bars.height - 60))
        last = bars.height if bars_long is None else first + bars_long
        inside = pl.int_range(pl.len()).is_between(first, last - 1)
        return bars.with_columns(
            pl.when(inside).then(pl.col(name) * factor).otherwise(name).alias(name) for name in figures
        )

    return apply


def copied(count: int, figures: tuple[str, ...], back: int = 1) -> Apply:
    """``count`` bars that repeat the one before them, or the ones ``back`` bars before."""

    def apply(bars: pl.DataFrame, place: Place) -> pl.DataFrame:
        first = int(place.rng.integers(60, bars.height - 60))
        rows = np.arange(bars.height)
        rows[first : first + count] = first - 1 if back == 1 else rows[first - back : first - back + count]
        return bars.with_columns(bars.select(figures)[rows])

    return apply


def one_bar(change: Callable[[dict[str, float]], dict[str, float]]) -> Apply:
    """Change one random bar."""

    def apply(bars: pl.DataFrame, place: Place) -> pl.DataFrame:
        at = int(place.rng.integers(60, bars.height - 60))
        inside = pl.int_range(pl.len()) == at
        new = change(bars.row(at, named=True))
        return bars.with_columns(
            pl.when(inside).then(pl.lit(value)).otherwise(name).alias(name) for name, value in new.items()
        )

    return apply


def on_a_holiday(bars: pl.DataFrame, place: Place) -> pl.DataFrame:
    """Add a copy of a bar, without volume, on a weekday without a session."""
    return _added(bars, place, weekend=False, moved=1.0)


def on_a_weekend(bars: pl.DataFrame, place: Place) -> pl.DataFrame:
    """Add a bar with another close on a Saturday or Sunday."""
    return _added(bars, place, weekend=True, moved=1.004)


def hole(bars: pl.DataFrame, place: Place) -> pl.DataFrame:
    """Remove a hundred bars (forty from short series)."""
    first, last = _stretch(bars.height, place.rng, 40, 100)
    return bars.filter(~pl.int_range(pl.len()).is_between(first, last - 1))


def random_walk(bars: pl.DataFrame, place: Place) -> pl.DataFrame:
    """Replace the figures by made-up ones."""
    close = float(bars["close"][0]) * np.exp(np.cumsum(place.rng.normal(0, 0.015, bars.height)))
    return bars.with_columns(pl.Series(name, close) for name in PRICES)


def rescaled(bars: pl.DataFrame, _: Place) -> pl.DataFrame:
    """Replace an index by a related one: the same moves at three quarters of the level."""
    return bars.with_columns(pl.col(name) * 0.75 for name in PRICES)


def changed_past(bars: pl.DataFrame, place: Place) -> pl.DataFrame:
    """A later download in which the closes of thirty bars differ by two per cent: both vintages."""
    first = int(place.rng.integers(0, bars.height - 30))
    now = bars.with_columns(
        pl.lit(1, pl.Int32).alias("vintage"),
        pl.lit(date(2026, 1, 1)).cast(pl.Datetime("us", "UTC")).alias("retrieved_at"),
    )
    later = now.slice(first, 30).with_columns(pl.col("close") * 1.02, pl.lit(2, pl.Int32).alias("vintage"))
    return pl.concat([now, later])


def interchanged(bars: pl.DataFrame, place: Place) -> pl.DataFrame:
    """Exchange the figures of two successive sessions."""
    first = int(place.rng.integers(60, bars.height - 60))
    rows = np.arange(bars.height)
    rows[[first, first + 1]] = rows[[first + 1, first]]
    return bars.with_columns(bars.select(*PRICES, "volume")[rows])


def with_dividends(bars: pl.DataFrame, place: Place) -> pl.DataFrame:
    """Add adjusted closes: a dividend of 0.3 to 1.5 % every quarter."""
    factor = np.ones(bars.height)
    for day in range(int(place.rng.integers(20, 60)), bars.height, 63):
        factor[:day] *= 1 - place.rng.uniform(0.003, 0.015)
    return bars.with_columns((pl.col("close") * pl.Series(factor)).alias("adjusted_close"))


def adjusted(apply: Apply) -> Apply:
    """A damage to a series that has adjusted closes."""

    def on_adjusted(bars: pl.DataFrame, place: Place) -> pl.DataFrame:
        return apply(with_dividends(bars, place), place)

    return on_adjusted


ADJUSTED = ("adjusted_close",)
BOTH = (*PRICES, "adjusted_close")
BROKEN = ("adjusted-break", "adjusted-factor")
SMALL = ("split-like", "beyond-limit")


DAMAGES = (
    Damage("dates one day early", moved_days(-1), ("shifted-early",)),
    Damage("dates one day late", moved_days(1), ("shifted-late",)),
    Damage("dates one day early, 120-250 bars", moved_days(-1, part=True), ("shifted-early",)),
    Damage("dates one day late, 120-250 bars", moved_days(1, part=True), ("shifted-late",)),
    Damage("dates one session early", moved_sessions(-1), ("shifted-early",), market=True),
    Damage("dates one session late", moved_sessions(1), ("shifted-late",), market=True),
    Damage("dates one session early, 150-400 bars", moved_sessions(-1, part=True), ("shifted-early",), market=True),
    Damage("dates one session late, 150-400 bars", moved_sessions(1, part=True), ("shifted-late",), market=True),
    Damage("a bar on a weekend", on_a_weekend, ("weekend",)),
    Damage("a phantom bar on a holiday", on_a_holiday, ("phantom",)),
    Damage("a hole of 40-100 sessions", hole, ("hole",)),
    Damage("split 5 to 1, not adjusted", scaled(0.2, PRICES), ("split-like",), shares=True),
    Damage("split 2 to 1, not adjusted", scaled(0.5, PRICES), ("split-like",), shares=True),
    Damage("split 3 to 2, not adjusted", scaled(2 / 3, PRICES), ("split-like", "beyond-limit"), shares=True),
    Damage("reverse split 1 to 4, not adjusted", scaled(4.0, PRICES), ("split-like",), shares=True),
    Damage("bonus of 20 %, not adjusted", scaled(1 / 1.2, PRICES), ("beyond-limit",), exchange="XKAR", shares=True),
    Damage("prices in hundredths from one day on", scaled(100.0, PRICES), ("unit-change",)),
    Damage("prices in thousands, 20 bars", scaled(0.001, PRICES, 20), ("unit-change",)),
    Damage("volume in thousands from one day on", scaled(0.001, ("volume",)), ("volume-unit",), full=True),
    Damage("one bar repeated", copied(1, (*PRICES, "volume")), ("stale",), full=True),
    Damage("five bars repeated", copied(5, (*PRICES, "volume")), ("stale",), full=True),
    Damage("ten bars copied from a month earlier", copied(10, (*PRICES, "volume"), back=21), ("stale",), full=True),
    Damage("close forward-filled, 8 bars", copied(8, ("close",)), ("stale",)),
    Damage("zero volume", one_bar(lambda _: {"volume": 0.0}), ("zero-volume",), full=True),
    Damage("close above the high", one_bar(lambda bar: {"close": bar["high"] * 1.02}), ("ohlc",), full=True),
    Damage("high below the low", one_bar(lambda bar: {"high": bar["low"] * 0.99}), ("ohlc",), full=True),
    Damage("negative price", one_bar(lambda bar: {"close": -bar["close"]}), ("ohlc",)),
    Damage("random prices", random_walk, ("not-what-it-claims",), market=True),
    Damage("another index of the same family", rescaled, ("not-what-it-claims",), exchange="index"),
    Damage("a changed history", changed_past, ("vintages-differ",)),
    Damage("split 9 to 1, not adjusted", scaled(1 / 9, PRICES), ("split-like",), shares=True),
    Damage("split 5 to 4, not adjusted", scaled(0.8, PRICES), SMALL, shares=True),
    Damage("split 11 to 10, not adjusted", scaled(10 / 11, PRICES), SMALL, shares=True),
    Damage("prices times 280 (rupees for dollars)", scaled(280.0, PRICES), ("unit-change",)),
    Damage("prices times 83, 20 bars", scaled(83.0, PRICES, 20), ("unit-change",)),
    Damage("prices divided by 7.8 (Hong Kong for US dollars)", scaled(1 / 7.8, PRICES), (*SMALL, "level-break")),
    Damage("prices times 1.27 (dollars for pounds)", scaled(1.27, PRICES), (*SMALL, "level-break")),
    Damage("two days swapped", interchanged, ("interchanged",), full=True),
    Damage("adjusted closes a fifth higher from one day on", adjusted(scaled(1.2, ADJUSTED)), BROKEN),
    Damage("adjusted closes a quarter off on one bar", adjusted(scaled(0.75, ADJUSTED, 1)), BROKEN),
    Damage("adjustment factor lower by 3 %", adjusted(scaled(0.97, ADJUSTED)), BROKEN),
    Damage("adjusted closes in another currency", adjusted(scaled(280.0, ADJUSTED)), BROKEN),
    Damage(
        "split 2 to 1 in plain and adjusted closes", adjusted(scaled(0.5, BOTH)), ("unadjusted-split",), shares=True
    ),
    Damage(
        "split 11 to 10 in plain and adjusted closes",
        adjusted(scaled(10 / 11, BOTH)),
        ("unadjusted-split",),
        shares=True,
    ),
)


@dataclass(frozen=True)
class Family:
    """Series of one exchange that are audited together: bars by symbol, and which of them is the index."""

    exchange: str
    bars: dict[str, pl.DataFrame]
    index: str


def read_families(folder: Path) -> list[Family]:
    """The series of ``folder`` without the faults that they came with: phantoms, contradictions, other units."""
    karachi = {}
    for path in sorted((folder / "psx").glob("*.csv")):
        name = path.stem.removeprefix("yahoo_")
        karachi[name] = read_prices(path, symbol=name).bars
    panel = read_prices(folder / "panel" / "skfolio" / "sp500_dataset.csv.gz", exchange="XNYS").bars
    index = read_prices(folder / "panel" / "skfolio" / "sp500_index.csv.gz", exchange="XNYS").bars
    york = {str(part["symbol"][0]): part for part in panel.partition_by("symbol", maintain_order=True)}
    york["SP500"] = index
    return [
        Family("XKAR", {name: _without_faults(bars, name) for name, bars in karachi.items()}, "KSE100"),
        Family(
            "XNYS", {name: bars.filter(pl.col("session") >= date(2010, 1, 1)) for name, bars in york.items()}, "SP500"
        ),
    ]


def _without_faults(bars: pl.DataFrame, name: str) -> pl.DataFrame:
    """Real sessions with trade, in order; LUCK up to its split in 2025, which its source adjusts only in part."""
    days = sessions_between("XKAR", bars["session"][0], bars["session"][-1])["session"]
    fits = (pl.col("close") <= pl.col("high") * 1.000001) & (pl.col("close") >= pl.col("low") * 0.999999)
    kept = bars.filter(pl.col("session").is_in(days.implode()) & (pl.col("volume") > 0) & fits)
    return kept.filter(pl.col("session") < date(2025, 2, 20)) if name == "LUCK" else kept


def _added(bars: pl.DataFrame, place: Place, *, weekend: bool, moved: float) -> pl.DataFrame:
    first, last = bars["session"][30], bars["session"][-30]
    days = pl.date_range(first, last, eager=True)
    known = sessions_between(place.exchange, first, last)["session"]
    off = days.filter(~days.is_in(known.implode()) & ((days.dt.weekday() > 5) == weekend))
    day = off[int(place.rng.integers(len(off)))]
    before = bars.filter(pl.col("session") < day).tail(1)
    volume = pl.col("volume") if weekend else pl.lit(0.0).alias("volume")
    extra = before.with_columns(pl.lit(day).alias("session"), volume, *(pl.col(name) * moved for name in PRICES))
    return pl.concat([bars, extra]).sort("session")


def _stretch(height: int, rng: np.random.Generator, least: int, most: int) -> tuple[int, int]:
    length = int(rng.integers(least, min(most, height - 60) + 1))
    first = int(rng.integers(20, height - length - 20))
    return first, first + length


def _one_per_session(bars: pl.DataFrame) -> pl.DataFrame:
    return bars.unique("session", keep="first", maintain_order=True).sort("session")


def applies(damage: Damage, family: Family, symbol: str) -> bool:
    """Whether the damage is possible in the series."""
    is_index = symbol == family.index
    full = family.bars[symbol]["volume"].null_count() == 0
    if (damage.full and not full) or (damage.shares and is_index):
        return False
    return damage.exchange in (None, family.exchange) or (damage.exchange == "index" and is_index)


def found_as(findings: pl.DataFrame, damage: Damage, symbol: str, before: pl.DataFrame | None = None) -> bool:
    """Whether the symbol has a finding that names the damage, on a session where it had none ``before``."""
    named = findings.filter((pl.col("symbol") == symbol) & pl.col("check").is_in(damage.checks))
    if before is not None:
        named = named.join(before, on=["symbol", "session", "check"], how="anti")
    return not named.is_empty()


def audited(bars: list[pl.DataFrame], exchange: str) -> pl.DataFrame:
    """Return all findings of an audit of the series together."""
    return audit_prices(pl.concat(part.select(bars[0].columns) for part in bars), exchange=exchange)


def blamed(findings: pl.DataFrame, before: pl.DataFrame, symbol: str) -> int:
    """Return new findings of high severity on series other than ``symbol``."""
    high = findings.filter((pl.col("symbol") != symbol) & (pl.col("severity") == "high"))
    return high.join(before, on=["symbol", "session", "check"], how="anti").height


_UNTOUCHED: dict[str, pl.DataFrame] = {}


def untouched(family: Family) -> pl.DataFrame:
    """symbol, session and check of what is found where nothing is broken: of each series alone, and of all together,
    with made dividends as well."""
    if family.exchange not in _UNTOUCHED:
        place = Place(family.exchange, np.random.default_rng(5))
        every = list(family.bars.values())
        parts = [audited(every, family.exchange), *(audited([bars], family.exchange) for bars in every)]
        parts.append(audited([with_dividends(bars, place) for bars in every], family.exchange))
        found = pl.concat(parts).select("symbol", "session", "check")
        _UNTOUCHED[family.exchange] = found.unique()
    return _UNTOUCHED[family.exchange]


def trial(
    damage: Damage, family: Family, symbol: str, rng: np.random.Generator
) -> tuple[bool | None, bool | None, int]:
    """Return whether it is found alone, among the others (None if not tried), and high findings on the others."""
    broken = damage.apply(family.bars[symbol], Place(family.exchange, rng))
    before = untouched(family)
    if "vintage" in broken.columns:
        return found_as(audit_vintages(broken), damage, symbol), None, 0
    alone = None if damage.market else found_as(audited([broken], family.exchange), damage, symbol, before)
    names = [name for name in dict.fromkeys([family.index, *family.bars]) if name != symbol]
    others = [family.bars[name] for name in names[:COMPANY]]
    if broken["adjusted_close"].null_count() < broken.height:
        return alone, None, 0
    findings = audited([broken, *others], family.exchange)
    return alone, found_as(findings, damage, symbol, before), blamed(findings, before, symbol)


def share(found: list[bool]) -> str:
    """Return the per cent found."""
    return f"{100 * float(np.mean(found)):.0f}" if found else "-"


def main() -> None:
    """Run every damage on every series and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--repeat", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--missed", action="store_true", help="also name what was missed")
    parser.add_argument("--half", type=int, choices=(1, 2), help="only one half of the series, drawn by seed 7")
    parser.add_argument("--only", default="", help="only damages whose names hold this text")
    options = parser.parse_args()
    families = [half_of(family, options.half) for family in read_families(options.data)]
    print("| damage | trials | found alone, % | found among others, % | high findings on others |")
    print("| --- | ---: | ---: | ---: | ---: |")
    missed = []
    every: list[bool] = []
    for number, damage in enumerate(DAMAGES):
        if options.only not in damage.name:
            continue
        alone: list[bool] = []
        among: list[bool] = []
        count = wrong = 0
        chosen = [[name for name in family.bars if applies(damage, family, name)] for family in families]
        runs = max(options.repeat, -(-LEAST_TRIALS // max(sum(map(len, chosen)), 1)))
        for place, family in enumerate(families):
            for symbol in chosen[place]:
                for run in range(runs):
                    rng = np.random.default_rng([options.seed, number, place, run, *symbol.encode()])
                    by_itself, beside, on_others = trial(damage, family, symbol, rng)
                    count += 1
                    wrong += on_others
                    alone += [] if by_itself is None else [by_itself]
                    among += [] if beside is None else [beside]
                    if by_itself is False or beside is False or on_others:
                        missed.append(
                            f"{damage.name}: {symbol} {run} alone {by_itself} among {beside} wrong {on_others}"
                        )
        every += alone + among
        print(f"| {damage.name} | {count} | {share(alone)} | {share(among)} | {wrong} |", flush=True)
    print(f"| all {len(every):,} trials | | {100 * float(np.mean(every)):.1f} | | |")
    print()
    print_untouched(families)
    if not options.only:
        print()
        print_clean(options.data)
    if options.missed:
        print("\n".join(missed))


def half_of(family: Family, half: int | None) -> Family:
    """Return one half of the series of a family; both have its index, which gets faults in the first half."""
    if half is None:
        return family
    names = sorted(name for name in family.bars if name != family.index)
    order = np.random.default_rng(7).permutation(len(names))
    kept = {family.index, *(names[k] for k in order[half - 1 :: 2])}
    return Family(family.exchange, {name: bars for name, bars in family.bars.items() if name in kept}, family.index)


def print_untouched(families: list[Family]) -> None:
    """Findings on the series without their faults, nothing broken: each family together, as they are and with made
    dividends."""
    print("| series without their errors | bars | severity | check | findings | symbols |")
    print("| --- | ---: | --- | --- | ---: | ---: |")
    for family in families:
        place = Place(family.exchange, np.random.default_rng(5))
        for told, apply in (("", None), (", with dividends", with_dividends)):
            bars = [each if apply is None else apply(each, place) for each in family.bars.values()]
            found = audited(bars, family.exchange).filter(pl.col("check") != "short-history")
            counts = found.group_by("severity", "check").agg(pl.len(), pl.col("symbol").n_unique())
            total = sum(each.height for each in bars)
            for severity, check, findings, symbols in counts.sort("severity", "check").iter_rows():
                print(f"| {family.exchange}{told} | {total:,} | {severity} | {check} | {findings} | {symbols} |")


def print_clean(folder: Path) -> None:
    """Print the findings on the unchanged files, by check."""
    from correlator.market.checked_files import check_files

    print("| unmodified files | severity | check | findings | symbols |")
    print("| --- | --- | --- | ---: | ---: |")
    for name, pattern, exchange in (("psx", "psx/*.csv", None), ("panel", "panel/skfolio/sp500*", "XNYS")):
        found = check_files(sorted(folder.glob(pattern)), exchange=exchange)
        counts = (
            found.group_by("severity", "check").agg(pl.len(), pl.col("symbol").n_unique()).sort("severity", "check")
        )
        for severity, check, findings, symbols in counts.iter_rows():
            print(f"| {name} | {severity} | {check} | {findings} | {symbols} |")


if __name__ == "__main__":
    main()
