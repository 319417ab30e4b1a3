"""Which column of a frame a name means: the one that is written so, else the one that it fits in other words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from correlator.eventstudy.panel.benchmark import benchmarks_by_exchange
from correlator.eventstudy.request.spec import StudySpec
from correlator.market.names.exchanges import are_one_market
from correlator.market.names.instruments import canonical_symbol, symbols_by_spelling
from correlator.market.names.symbols import split_place
from correlator.market.written.units import share_of


def columns_meant(names: Iterable[str], columns: Sequence[str]) -> dict[str, str]:
    """The column that each name means which is none itself: one in other case, another name of the share, or its name
    with the currency behind it.

    A name that fits no column, or several, is left out.

    Examples
    --------
    >>> columns_meant(["meta", "KSE100", "HBL.KA", "BRK/B", "KO US Equity"], ["META", "KSE100", "HBL", "BRK-B", "KO"])
    {'meta': 'META', 'HBL.KA': 'HBL', 'BRK/B': 'BRK-B', 'KO US Equity': 'KO'}
    """
    asked = [name for name in names if name not in columns]
    if not asked:
        return {}
    by_case, by_name, by_place, by_share = defaultdict(set), defaultdict(set), defaultdict(set), defaultdict(set)
    for column in columns:
        by_case[column.strip().upper()].add(column)
        by_name[canonical_symbol(column).upper()].add(column)
        by_place[split_place(column)[0]].add(column)
        by_share[share_of(column).upper()].add(column)
    classes = symbols_by_spelling(columns)
    fits = {
        name: by_case.get(name.strip().upper())
        or by_name.get(canonical_symbol(name).upper())
        or {classes[key] for key in [name.strip().upper()] if key in classes}
        or _of_one_market(name, by_place)
        or by_share.get(name.strip().upper(), set())
        for name in asked
    }
    return {name: next(iter(found)) for name, found in fits.items() if len(found) == 1}


def _of_one_market(name: str, by_place: Mapping[str, set[str]]) -> set[str]:
    """The columns that are called as ``name`` but for what says the exchange, which may not be another one."""
    bare, place = split_place(name)
    return {column for column in by_place.get(bare, ()) if are_one_market(place, split_place(column)[1])}


def on_columns(spec: StudySpec, columns: Sequence[str]) -> StudySpec:
    """``spec`` whose benchmark, or that of each exchange, and donors are called as the ``columns`` that they mean."""
    several = benchmarks_by_exchange(spec.benchmark)
    meant = columns_meant([*(several.values() or filter(None, [spec.benchmark])), *spec.donors], columns)
    if not meant:
        return spec
    benchmark = spec.benchmark
    if several:
        benchmark = ",".join(f"{code}={meant.get(name, name)}" for code, name in several.items())
    elif benchmark is not None:
        benchmark = meant.get(benchmark, benchmark)
    return replace(spec, benchmark=benchmark, donors=tuple(meant.get(name, name) for name in spec.donors))
