"""BRK-B, BRK.B, BRK/B and BRK B find one share through every door where one stands, and none where two do."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

import correlator as co
from correlator.errors import InputError
from correlator.market.names.instruments import class_of, symbols_by_spelling
from correlator.market.names.symbols import split_place
from correlator.market.reading.files import read_prices
from correlator.sessions.calendars import sessions_between

SPELLINGS = ("BRK-B", "BRK.B", "BRK/B", "BRK B")
DAYS = sessions_between("XNYS", date(2023, 1, 3), date(2024, 3, 28))["session"]
CLOSES = [100 + (n * 37 % 11) / 10 for n in range(len(DAYS))]
MARKET = [50 + (n * 17 % 13) / 10 for n in range(len(DAYS))]


@pytest.mark.parametrize("written", SPELLINGS)
@pytest.mark.parametrize("column", SPELLINGS)
def test_events_of_a_frame(written, column):
    prices = pl.DataFrame({"date": DAYS, column: CLOSES, "MKT": MARKET})
    events = pl.DataFrame({"symbol": [written], "date": [DAYS[250]]})
    result = co.study(prices=prices, events=events, benchmark="MKT", window=(-1, 1), estimation=(-130, -11))
    assert result.excluded.is_empty()


def test_events_of_a_frame_in_which_two_stand():
    prices = pl.DataFrame({"date": DAYS, "BRK-B": CLOSES, "BRK.B": CLOSES[::-1], "MKT": MARKET})
    events = pl.DataFrame({"symbol": ["BRK/B", "BRK.B"], "date": [DAYS[250]] * 2})
    result = co.study(prices=prices, events=events, benchmark="MKT", window=(-1, 1), estimation=(-130, -11))
    assert result.excluded["symbol"].to_list() == ["BRK/B"]


@pytest.mark.parametrize("written", SPELLINGS)
def test_the_symbol_asked_for_in_a_file(written):
    frame = pl.DataFrame({"Date": DAYS[:3], "Symbol": ["BRK.B", "BRK.B", "BRK.A"], "Close": [1.0, 2.0, 3.0]})
    assert read_prices(frame, symbol=written).bars["close"].to_list() == [1.0, 2.0]
    both = pl.DataFrame({"Date": DAYS[:2], "Symbol": ["BRK.B", "BRK-B"], "Close": [1.0, 2.0]})
    if written in ("BRK/B", "BRK B"):
        with pytest.raises(InputError, match="has no symbol"):
            read_prices(both, symbol=written)
    else:
        assert read_prices(both, symbol=written).bars.height == 1


def test_a_store(tmp_path):
    workspace = co.open_workspace(tmp_path / "s.duckdb")
    prices = pl.DataFrame({"Date": DAYS, "Symbol": ["BRK.B"] * len(DAYS), "Close": CLOSES})
    workspace.add_prices(prices, exchange="XNYS")
    for spelling in SPELLINGS:
        again = prices.with_columns(Symbol=pl.lit(spelling))
        assert workspace.add_prices(again, exchange="XNYS").added == 0
    workspace.add_events(pl.DataFrame({"date": [DAYS[250]], "category": ["recall"], "symbol": ["BRK/B"]}))
    result = workspace.study(symbols=["BRK-B"], window=(-1, 1), estimation=(-130, -11), model="mean")
    assert [*result.frame("car")["symbol"].unique()] == ["BRK.B"]
    assert workspace.list("instruments")["symbol"].to_list() == ["BRK.B"]


def test_what_is_a_class():
    assert [class_of(text) for text in ("BRK b", "HEI.A", "ERIC-B.ST")] == ["BRK.B", "HEI.A", "ERIC.B.ST"]
    assert [class_of(text) for text in ("BT.L", "BTC-USD", "BRKB", "A B C", "C/D", "-A")] == [None] * 6
    assert symbols_by_spelling(["BRK.B", "BRK-B", "LAMP"]) == {}


def test_prefixes_of_exchanges_are_those_that_are_printed():
    assert split_place("HKEX:0700") == ("0700", "XHKG")
    assert split_place("TSX:RY") == ("RY", "XTSE")
    assert split_place("TSE:7203") == ("7203", None)
