"""Link the articles in the store to symbols by the words in a user's file."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import polars as pl

from correlator.base.files import called
from correlator.errors import NotFoundError
from correlator.intake.report import LoadReport, sha256_of
from correlator.store.db import Store
from correlator.store.statements import query
from correlator.store.unfinished import Load, begin_load
from correlator.store.writing import write_links, write_load
from correlator.tables import LINKS

_ARTICLES = "SELECT article_id, headline, body FROM articles WHERE article_id > $after ORDER BY article_id LIMIT $rows"
_SLICE = 20_000


def add_watchlist(store: Store, path: str | Path) -> LoadReport:
    """Link the articles of the store by a CSV with the columns symbol, words and kind (watchlist or sector).

    Words in capitals match capitals only. Run the command again to link articles that are loaded later; existing links
    do not change. Raise NotFoundError for a missing file, and InputError for an unreadable line, which links nothing.
    """
    from correlator.events.linking.link import Linker, read_watchlist

    file, name = Path(path), called(path)
    if not file.is_file():
        raise NotFoundError(f"{path} does not exist", hint="give a CSV with symbol, words and kind")
    linker = Linker([], read_watchlist(file))

    def write(connection: duckdb.DuckDBPyConnection) -> tuple[int, int]:
        begin_load(connection, Load("watchlist", name, sha256_of(file)))
        added = known = 0
        after = -1
        while (articles := query(connection, _ARTICLES, {"after": after, "rows": _SLICE})).height:
            rows = [
                (article_id, *link)
                for article_id, headline, body in articles.iter_rows()
                for link in linker.link(headline, body, [])
            ]
            after = articles["article_id"][-1]
            found = pl.DataFrame(rows, schema=LINKS.schema(), orient="row")
            written = write_links(connection, found.unique(maintain_order=True))  # versions of an article say the same
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
    return LoadReport("watchlist", name, added, known, 0)
