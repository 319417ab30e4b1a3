"""Shell completion of symbols from the store; a store that cannot be read gives no completions."""

from __future__ import annotations

import typer

from correlator.cli.options.common import open_store
from correlator.errors import CorrelatorError


def complete_symbol(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the stored symbols that begin with ``incomplete``, or with its part after the last comma."""
    before, comma, start = incomplete.rpartition(",")
    chosen = ctx.params.get("store") or ctx.find_root().params.get("store")
    try:
        symbols = open_store(chosen).frame("SELECT DISTINCT symbol FROM bars ORDER BY symbol")["symbol"].to_list()
    except CorrelatorError:
        return []
    return [f"{before}{comma}{symbol}" for symbol in symbols if symbol.upper().startswith(start.upper())]
