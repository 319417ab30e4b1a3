"""Link the articles in the store to symbols by the words in a user's file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import polars as pl

from correlator.base.files import called, is_file
from correlator.errors import NotFoundError, listed
from correlator.intake.instruments import Names, stored_names
from correlator.intake.report import LoadReport, sha256_of
from correlator.market.names.instruments import canonical_symbol
from correlator.store.db import Store
from correlator.store.statements import query
from correlator.store.unfinished import Load, begin_load
from correlator.store.writing.events import write_links
from correlator.store.writing.loads import write_load
from correlator.tables import LINKS

if TYPE_CHECKING:
    from correlator.events.linking.link import WatchTerm

_ARTICLES = """
    SELECT article_id, version, headline, body FROM articles
    WHERE article_id > $article OR (article_id = $article AND version > $version)
    ORDER BY article_id, version LIMIT $rows
"""
_SLICE = 20_000
_MOST_NAMED = 5


def add_watchlist(store: Store, path: str | Path) -> LoadReport:
    """Link the articles of the store by a CSV with the columns symbol, words and kind (watchlist or sector).

    Symbols may be written as in any file (``LUCK.KA``, ``luck``); a note names those that the store does not have.
    Words in capitals match capitals only. Run the command again to link articles that are loaded later; existing links
    do not change. Raise NotFoundError for a missing file, and InputError for an unreadable line, which links nothing.
    """
    from correlator.events.linking.link import Linker, read_watchlist

    file, name = Path(path), called(path)
    if not is_file(file):
        raise NotFoundError(f"{path} does not exist", hint="give a CSV with symbol, words and kind")
    names = stored_names(store)
    terms = [replace(term, symbol=_symbol_in(names, term.symbol)) for term in read_watchlist(file)]
    linker = Linker([], terms)

    def write(connection: duckdb.DuckDBPyConnection) -> tuple[int, int]:
        begin_load(connection, Load("watchlist", name, sha256_of(file)))
        added = known = 0
        last = {"article": -1, "version": 0}
        while (articles := query(connection, _ARTICLES, {**last, "rows": _SLICE})).height:
            rows = [
                (article_id, *link, version)
                for article_id, version, headline, body in articles.iter_rows()
                for link in linker.link(headline, body, [])
            ]
            last = {"article": articles["article_id"][-1], "version": articles["version"][-1]}
            found = pl.DataFrame(rows, schema=LINKS.schema() | {"version": pl.Int32()}, orient="row")
            found = found.sort("version", maintain_order=True).unique(LINKS.key, keep="first", maintain_order=True)
            written = write_links(connection, found)
            added, known = added + written.added, known + written.known
        write_load(
            connection,
            "watchlist",
            name,
            sha256_of(file),
            rows=(added, known, 0),
            finished_at=datetime.now(UTC),
        )
        return added, known

    added, known = store.transact(write)
    return LoadReport("watchlist", name, added, known, 0, notes=_notes(terms, names))


def _symbol_in(names: Names, symbol: str) -> str:
    """Return the store's symbol for one as files write it; one that the store does not have as it would be stored."""
    return names.stored(symbol) or canonical_symbol(symbol)


def _notes(terms: Sequence[WatchTerm], names: Names) -> tuple[str, ...]:
    """Return notes on lines that may not do what they seem to."""
    unknown = sorted({term.symbol for term in terms} - set(names.rows))
    joined = next((term.words for term in terms if "," in term.words), None)
    notes = [f"not in the store: {listed(unknown, _MOST_NAMED)}"] if unknown else []
    if joined is not None:
        notes.append(f"{joined!r} is one phrase; several phrases are separated by ; or |")
    return tuple(notes)
