"""Which column of a frame a name refers to: the one of exactly that name, else one in another spelling."""

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


def resolved_columns(names: Iterable[str], columns: Sequence[str]) -> dict[str, str]:
    """Return the column that each name refers to which is not itself a column.

    It may differ in case, be another name of the share, or have the currency added. A name that matches no column, or
    several, is left out.

    Examples
    --------
    >>> resolved_columns(["meta", "KSE100", "HBL.KA", "BRK/B"], ["META", "KSE100", "HBL", "BRK-B"])
    {'meta': 'META', 'HBL.KA': 'HBL', 'BRK/B': 'BRK-B'}
    """
    missing = [name for name in names if name not in columns]
    if not missing:
        return {}
    by_case, by_name, by_place, by_share = defaultdict(set), defaultdict(set), defaultdict(set), defaultdict(set)
    for column in columns:
        by_case[column.strip().upper()].add(column)
        by_name[canonical_symbol(column).upper()].add(column)
        by_place[split_place(column)[0]].add(column)
        by_share[share_of(column).upper()].add(column)
    classes = symbols_by_spelling(columns)
    matches = {
        name: by_case.get(name.strip().upper())
        or by_name.get(canonical_symbol(name).upper())
        or {classes[key] for key in [name.strip().upper()] if key in classes}
        or _of_one_market(name, by_place)
        or by_share.get(name.strip().upper(), set())
        for name in missing
    }
    return {name: next(iter(found)) for name, found in matches.items() if len(found) == 1}


def _of_one_market(name: str, by_place: Mapping[str, set[str]]) -> set[str]:
    """Return the columns that equal ``name`` apart from an exchange suffix, which must not be of another market."""
    stem, suffix = split_place(name)
    return {column for column in by_place.get(stem, ()) if are_one_market(suffix, split_place(column)[1])}


def on_columns(spec: StudySpec, columns: Sequence[str]) -> StudySpec:
    """Return ``spec`` with its donors and benchmark, or that of each exchange, under the names of their ``columns``."""
    by_exchange = benchmarks_by_exchange(spec.benchmark)
    column_of = resolved_columns([*(by_exchange.values() or filter(None, [spec.benchmark])), *spec.donors], columns)
    if not column_of:
        return spec
    benchmark = spec.benchmark
    if by_exchange:
        benchmark = ",".join(f"{code}={column_of.get(name, name)}" for code, name in by_exchange.items())
    elif benchmark is not None:
        benchmark = column_of.get(benchmark, benchmark)
    return replace(spec, benchmark=benchmark, donors=tuple(column_of.get(name, name) for name in spec.donors))
