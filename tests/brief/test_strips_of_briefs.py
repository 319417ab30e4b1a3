"""The strip of a page in a brief: dated strip by strip, and a later price only if it is of a later session."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest

from correlator.brief.market_now import _later, strip_quotes
from correlator.brief.subject import BriefSubject
from correlator.research.known import known_sessions

AT = datetime(2025, 5, 27, 11, tzinfo=UTC)
"""After the close of 27 May 2025: AIRLINK closed at 162.82 on 23, at 159.26 on 26 and at 157.65 on 27 May."""


def subject(*quotes: tuple[str, float, float], loaded_at: datetime | None = AT) -> BriefSubject:
    """A page with strips of AIRLINK alone: strip, price and change."""
    rows = [
        (key, 1, "AIRLINK", price, change, 0.0, f"AIRLINK {price}", round(price - change, 2), loaded_at)
        for key, price, change in quotes
    ]
    names = ("strip_key", "position", "symbol", "price", "change", "change_pct", "line", "previous_close", "loaded_at")
    known = datetime(2025, 5, 26, 9, tzinfo=UTC)
    frame = pl.DataFrame(rows, schema=list(names), orient="row").cast({"loaded_at": pl.Datetime("us", "UTC")})
    return BriefSubject("file", "Lamp", known, "minute", "", quotes=frame)


def quote_of(store, page: BriefSubject):
    with store.reading() as connection:
        return strip_quotes(connection, page, known_sessions("XKAR", AT), AT).get("AIRLINK")


@pytest.mark.parametrize("loaded_at", [AT, None])
def test_a_quote_of_no_session_is_no_later_price(early_store, loaded_at) -> None:
    quote = quote_of(early_store, subject(("a", 111.11, -3.77), loaded_at=loaded_at))
    assert (quote is None) is (loaded_at is None)  # printed before the instant only if the page was loaded by then
    assert quote is None or quote.session is None
    assert _later(157.65, AT.date(), quote, None) is None


def test_a_quote_after_the_last_close_is_of_the_next_session_if_it_was_loaded_by_then(early_store) -> None:
    quote = quote_of(early_store, subject(("a", 160.0, 2.35)))
    assert str(quote.session) == "2025-05-29"  # 28 May was a holiday
    assert _later(157.65, AT.date(), quote, None).since_close == pytest.approx(0.0148, abs=1e-4)
    assert quote_of(early_store, subject(("a", 160.0, 2.35), loaded_at=None)) is None
    later = datetime(2025, 5, 29, 9, tzinfo=UTC)
    assert quote_of(early_store, subject(("a", 160.0, 2.35), loaded_at=later)) is None


def test_strips_of_one_page_are_dated_one_by_one(early_store) -> None:
    """One of 26 May and one of 27 May: together they would disagree, and neither would have a session."""
    strips = [("b", 159.05, -3.77), ("a", 157.70, -1.56)]
    for order in (strips, strips[::-1]):
        quote = quote_of(early_store, subject(*order))
        assert (str(quote.session), quote.price) == ("2025-05-27", 157.70)
