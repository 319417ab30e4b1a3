"""What the shell completes by asking the store: symbols. A store that cannot be read completes nothing."""

from __future__ import annotations

import typer

from correlator.cli.options.common import open_store
from correlator.errors import CorrelatorError


def complete_symbol(ctx: typer.Context, incomplete: str) -> list[str]:
    """Symbols of the store that begin with ``incomplete``; behind a comma the last of several."""
    before, comma, start = incomplete.rpartition(",")
    chosen = ctx.params.get("store") or ctx.find_root().params.get("store")
    try:
        symbols = open_store(chosen).frame("SELECT DISTINCT symbol FROM bars ORDER BY symbol")["symbol"].to_list()
    except CorrelatorError:
        return []
    return [f"{before}{comma}{symbol}" for symbol in symbols if symbol.upper().startswith(start.upper())]
