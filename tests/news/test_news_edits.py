"""An edited text is known from its edit on: not before its publication, nor at a stamp that an earlier text had."""

from datetime import UTC, datetime

import pytest

from correlator.intake.news import add_news
from correlator.store.db import Store

FEED = '<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>G</title><entry><title>{}</title><link href="https://g.example/1"/><published>2025-05-28T10:00:00Z</published><updated>{}</updated><summary>{}</summary></entry></feed>'
EDITED = "Iran and Israel sign trade pact"


@pytest.mark.parametrize(
    ("first", "second", "stated"),
    [
        ("2025-05-28T10:00:00Z", "2025-05-28T12:00:00Z", True),
        ("2025-05-28T12:00:00Z", "2025-05-28T12:00:00Z", False),
        ("2025-05-28T12:00:00Z", "2025-05-28T11:00:00Z", False),
        ("2025-05-28T10:00:00Z", "2025-05-27T09:00:00Z", False),
    ],
)
def test_an_edit_is_known_from_an_update_of_its_own_or_from_its_load(tmp_path, first, second, stated):
    store = Store(tmp_path / "m.duckdb")
    (tmp_path / "f.xml").write_text(FEED.format("Iran threatens Israel over raid", first, "one"))
    add_news(store, tmp_path / "f.xml")
    before = datetime.now(UTC)
    (tmp_path / "f.xml").write_text(FEED.format(EDITED, second, "two"))
    add_news(store, tmp_path / "f.xml")
    known = store.frame("SELECT max(known_at) AS t, count(*) AS n FROM events WHERE category <> 'THREATEN'")
    assert known["n"][0] > 0
    if stated:
        assert known["t"][0] == datetime(2025, 5, 28, 12, tzinfo=UTC)
    else:
        assert known["t"][0] >= before
