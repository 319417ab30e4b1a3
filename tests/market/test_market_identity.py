"""Who a symbol is: a namesake's prices are never mixed in, names have a last day, and unknown words are refused."""

from __future__ import annotations

import polars as pl
import pytest

from correlator.errors import InputError
from correlator.market.names.exchanges import are_one_market
from correlator.market.names.instruments import canonical_symbol, currency_pair, describe_instrument
from correlator.market.names.symbols import meaning, split_place
from correlator.workspace import Workspace

BARS = pl.DataFrame({"Date": ["2024-06-03", "2024-06-04"], "Close": [29.2, 29.35]})


@pytest.fixture
def store(tmp_path) -> Workspace:
    return Workspace(tmp_path / "m.duckdb")


def instruments(store: Workspace) -> list[tuple[object, ...]]:
    return store.frame("SELECT symbol, exchange, currency, kind FROM instruments ORDER BY symbol").rows()


def test_the_exchange_asked_for_decides(store):
    store.add_prices(BARS, symbol="PPL", exchange="XNYS")
    assert instruments(store) == [("PPL", "XNYS", "USD", None)]


def test_a_known_name_is_told_where_no_exchange_is_given(store):
    report = store.add_prices(BARS, symbol="PPL")
    assert instruments(store) == [("PPL", "XKAR", "PKR", "share")]
    assert report.notes[0].startswith("PPL: Pakistan Petroleum Limited, XKAR, PKR")


@pytest.mark.parametrize("symbol", ["PPL", "ppl", "PPL.KA"])
def test_a_namesake_does_not_replace_stored_prices(store, symbol):
    store.add_prices(BARS, symbol="PPL")
    with pytest.raises(InputError, match="not (an instrument )?of XNYS"):
        store.add_prices(BARS.with_columns(Close=pl.col("Close") * 2), symbol=symbol, exchange="XNYS")
    assert store.frame("SELECT max(close) AS c, max(vintage) AS v FROM bars").row(0) == (29.35, 1)
    store.add_prices(BARS, symbol="PPL.US", exchange="XNYS")
    assert [row[0] for row in instruments(store)] == ["PPL", "PPL.US"]


def test_a_currency_of_the_file_that_differs_is_refused(store):
    dollars = BARS.with_columns(Currency=pl.lit("USD"))
    with pytest.raises(InputError, match="PPL is Pakistan Petroleum Limited, XKAR, PKR .* these prices are in USD"):
        store.add_prices(dollars, symbol="PPL")
    store.add_prices(dollars, symbol="PPL", exchange="XNYS")
    with pytest.raises(InputError, match="these prices are in EUR"):
        store.add_prices(BARS, symbol="PPL", exchange="XNYS", currency="EUR")


def test_exchanges_of_one_country_are_one_market(store):
    store.add_prices(BARS, symbol="LAMP", exchange="XNYS")
    assert store.add_prices(BARS, symbol="LAMP", exchange="XNAS").added == 0
    assert are_one_market("XNSE", "XBOM")
    assert not are_one_market("XNYS", "XLON")


def test_a_former_name_has_a_last_day(store):
    days = ["2022-06-08", "2022-06-09"]
    report = store.add_prices(BARS.with_columns(Date=pl.Series(days)), symbol="FB", exchange="XNAS")
    assert store.frame("SELECT symbol, session FROM bars ORDER BY session").select(
        "symbol", pl.col("session").cast(pl.String)
    ).rows() == [("META", "2022-06-08"), ("FB", "2022-06-09")]
    assert "FB was the name of META until 2022-06-08" in report.notes[0]
    named = BARS.with_columns(Date=pl.Series(["2021-01-04", "2021-01-05"]), Ticker=pl.lit("FB"))
    store.add_prices(named, symbol="META", exchange="XNAS")
    assert store.frame("SELECT count(*) AS n FROM bars WHERE symbol = 'META'").item() == 3


@pytest.mark.parametrize(("symbol", "exchange"), [("BTC-USD", "24/7"), ("NOKSEK=X", "24/5")])
def test_a_coin_or_a_rate_without_an_exchange_is_told_which_calendar_has_its_days(symbol, exchange):
    with pytest.raises(InputError, match=f"give exchange, {exchange} if"):
        describe_instrument(symbol)


@pytest.mark.parametrize(
    ("symbol", "kind", "currency"),
    [
        ("INR=X", "fx", "INR"),
        ("EURGBP=X", "fx", "GBP"),
        ("GC=F", "future", "USD"),
        ("BTC-USD", "crypto", "USD"),
        ("ETH/EUR", "crypto", "EUR"),
        ("BTCUSDT", "crypto", None),
        ("^XYZ", "index", "USD"),
    ],
)
def test_rates_futures_and_coins_are_not_shares(symbol, kind, currency):
    row = describe_instrument(symbol, exchange="XNYS")
    assert (row["kind"], row["currency"]) == (kind, currency)


def test_names_of_rates():
    assert [currency_pair(name) for name in ("INR=X", "EURUSD=X", "EUR/USD", "C:EURUSD", "MSFT", "ABCDEF")] == [
        *("USDINR", "EURUSD", "EURUSD", "EURUSD"),
        None,
        None,
    ]
    assert canonical_symbol("msft") == canonical_symbol("MSFT") == "MSFT"
    assert canonical_symbol("lampe") == "LAMPE"


def test_what_a_name_says_of_its_exchange():
    assert split_place("KO US Equity") == ("KO", "XNYS")
    assert split_place("VOD LN Equity") == ("VOD", "XLON")
    assert split_place("BRK.B") == ("BRK.B", None)
    assert split_place("HBL PA Equity") == ("HBL", "XKAR")  # PA behind a dot is Paris
    assert split_place("OR.PA") == ("OR", "XPAR")
    assert [split_place(name)[1] for name in ("VOLVB SS Equity", "600519.SS", "NESN.S")] == ["XSTO", "XSHG", "XSWX"]
    assert split_place("AT T") == ("AT T", None)
    assert meaning(["KO.L", "KO.US"], "KO", "XNYS") == ["KO.US"]
    assert meaning(["KO.L"], "KO", "XNYS") == []
    with pytest.raises(InputError, match=r"VOD.L is a symbol of XLON, not of XNYS"):
        describe_instrument("VOD.L", exchange="XNYS")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("HBL,XKAR,shaer,PKR,PAK", "unknown kind 'shaer'.*share"),
        ("HBL,XKAR,share,PKRS,PAK", "unknown currency 'PKRS'.*PKR"),
        ("HBL,XKAR,share,GBp,PAK", "unknown currency 'GBp'.*GBP"),
        ("HBL,XKAR,share,PKR,PK", "unknown country 'PK'"),
    ],
)
def test_unknown_words_of_instruments_are_refused(store, tmp_path, line, said):
    (tmp_path / "own.csv").write_text(f"symbol,exchange,kind,currency,country\n{line}\n")
    with pytest.raises(InputError, match=said):
        store.add_instruments(tmp_path / "own.csv")
    assert not (tmp_path / "m.duckdb").exists()
