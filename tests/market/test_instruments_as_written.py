"""Instruments as spreadsheets and notebooks have them: files and frames alike, and what no instrument can say."""

from __future__ import annotations

import polars as pl
import pytest

import correlator as co
from correlator.errors import CorrelatorWarning, InputError, NotFoundError
from correlator.market.names.instruments import describe_instrument, read_instruments

ROWS = {
    "Symbol": ["LAMP", "600519"],
    "Exchange": ["XKAR", "XSHG"],
    "Kind": ["share", None],
    "Aliases": ["LMP;Lamp", ""],
}
FRAMES = {
    "polars": pl.DataFrame,
    "lazy": lambda rows: pl.DataFrame(rows).lazy(),
    "pandas": lambda rows: pl.DataFrame(rows).to_pandas(),
    "arrow": lambda rows: pl.DataFrame(rows).to_arrow(),
    "a stream": lambda rows: pl.DataFrame(rows).to_arrow().to_reader(),
    "ticker": lambda rows: pl.DataFrame(rows).rename({"Symbol": "Ticker"}),
    "row numbers": lambda rows: pl.DataFrame(rows).with_row_index("index"),
}


def loaded(tmp_path, source) -> list[tuple[object, ...]]:
    ws = co.open_workspace(tmp_path / "m.duckdb")
    ws.add_instruments(source)
    return ws.sql("SELECT symbol, exchange, currency, kind, aliases FROM instruments ORDER BY symbol").rows()


WANTED = [("600519", "XSHG", "CNY", None, None), ("LAMP", "XKAR", "PKR", "share", "LMP|Lamp")]


@pytest.mark.parametrize("kind", FRAMES)
def test_a_frame_is_read(tmp_path, kind: str) -> None:
    assert loaded(tmp_path, FRAMES[kind](ROWS)) == WANTED


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_file_may_write_its_names_in_capitals(tmp_path, mark: str, separator: str) -> None:
    rows = {**ROWS, "Aliases": ["LMP|Lamp", ""]}
    text = mark + pl.DataFrame(rows).write_csv(separator=separator)
    (tmp_path / "own.csv").write_text(text.replace("\n", "\r\n"), encoding="utf-8")
    assert loaded(tmp_path, tmp_path / "own.csv") == WANTED


def test_what_is_not_read_is_told(tmp_path) -> None:
    frame = pl.DataFrame({"symbol": ["LAMP"], "exchange": ["XKAR"], "benchmrk": ["KSE100"]})
    with pytest.warns(CorrelatorWarning, match="ignored unknown columns benchmrk; known columns are symbol"):
        loaded(tmp_path, frame)


REFUSED = {
    "GBX is written GBP": ({"currency": "GBX"}, "unknown currency 'GBX'.*write GBP here.*--currency GBX"),
    "a code of two letters": ({"country": "PK"}, "unknown country 'PK'.*three-letter code"),
    "its own benchmark": ({"benchmark": "LAMP"}, "LAMP is its own benchmark"),
    "its own benchmark by another name": ({"benchmark": "lmp", "aliases": "LMP"}, "LAMP is its own benchmark"),
    "no exchange": ({"exchange": None}, "a row without exchange"),
}


@pytest.mark.parametrize("why", REFUSED)
def test_what_no_instrument_can_say_is_refused(tmp_path, why: str) -> None:
    said, message = REFUSED[why]
    with pytest.raises(InputError, match=message):
        loaded(tmp_path, pl.DataFrame([{"symbol": "LAMP", "exchange": "XKAR"} | said]))


def test_a_name_is_of_one_instrument(tmp_path) -> None:
    pair = pl.DataFrame({"symbol": ["LAMP", "WICK"], "exchange": ["XKAR"] * 2, "aliases": ["WICK", None]})
    with pytest.raises(InputError, match="'WICK' is a name of WICK"):
        loaded(tmp_path, pair)
    assert loaded(tmp_path, pair.with_columns(aliases=pl.lit(None)))[0][0] == "LAMP"
    with pytest.raises(InputError, match="'WICK' is a name of WICK"):  # of one in the store
        loaded(tmp_path, pair.head(1))


def test_days_of_a_users_events_are_read_as_they_are_written(tmp_path) -> None:
    events = {"category": ["VISIT", "VISIT"], "symbol": ["LAMP", "LAMP"]}
    for number, dates in enumerate(
        (
            *(["27/05/2025", "03/06/2025"], ["27.05.2025", "3.6.2025"], ["May 27, 2025", "Jun 3, 2025"]),
            *(["45804", "45811.0"], ["27/05/2568", "03/06/2568"], ["2568-05-27", "2568-06-03"]),
        )
    ):
        store = co.open_workspace(tmp_path / f"{number}.duckdb")
        pl.DataFrame({"date": dates, **events}).write_csv(tmp_path / "events.csv", separator=";")
        assert store.add_events(tmp_path / "events.csv").added == 2
        assert store.add_events(pl.DataFrame({"date": dates, **events})).known == 2
        days = store.sql("SELECT known_at::DATE::VARCHAR FROM events ORDER BY 1").to_series().to_list()
        assert days == ["2025-05-27", "2025-06-03"]
    report = store.add_events(pl.DataFrame({"date": ["05/06/2025", "03/06/2025"], **events}))
    assert (report.added, report.rejected) == (0, 2)
    reasons = store.sql("SELECT reason FROM rejects").to_series().to_list()
    assert any("05/06/2025 and every other date could be day-month or month-day" in reason for reason in reasons)


@pytest.mark.parametrize(
    "text",
    [
        "Event Date,Event Type,Ticker\n2025-05-27,VISIT,LAMP\n",
        "Datum;Kategorie;Symbol;tone\n27.05.2025;VISIT;'LAMP;0,5\n",
        '{"date": "2025-05-27", "category": "VISIT", "symbol": "LAMP"}\n',
    ],
)
def test_a_users_events_call_their_columns_otherwise(tmp_path, text: str) -> None:
    (tmp_path / "events.txt").write_text(text)
    store = co.open_workspace(tmp_path / "m.duckdb")
    assert store.add_events(tmp_path / "events.txt").added == 1
    said = store.sql("SELECT known_at::DATE::VARCHAR, category, symbol FROM events").rows()
    assert said == [("2025-05-27", "VISIT", "LAMP")]


@pytest.mark.parametrize(("header", "lacks"), [("date,symbol", "category"), ("When,Category,Ticker", "date")])
def test_a_column_that_events_lack_is_named(tmp_path, header: str, lacks: str) -> None:
    (tmp_path / "events.csv").write_text(f"{header}\n2025-05-27,VISIT,LAMP\n")
    with pytest.raises(InputError, match=f"column '{lacks}' is missing"):
        co.open_workspace(tmp_path / "m.duckdb").add_events(tmp_path / "events.csv")


@pytest.mark.parametrize(
    "text",
    [
        "Ticker,Company Name,Exchange,Currency\nLAMP,Lamp Oil Inc,NYSE,USD\nSOFA,Sofa Works,Nasdaq,USD\n",
        "Symbol,Security Name,MIC,CCY\nLAMP,Lamp Oil Inc,XNYS,USD\nSOFA,Sofa Works,XNAS,USD\n",
        "Symbol,Company,Exchange,CCY\n'LAMP,Lamp Oil Inc,New York Stock Exchange,usd\nSOFA,Sofa Works,xnas,US Dollar\n",
    ],
)
def test_columns_and_exchanges_as_lists_of_shares_name_them(tmp_path, text):
    path = tmp_path / "shares.csv"
    path.write_text(text, encoding="utf-8")
    rows = read_instruments(path).select("symbol", "name", "exchange", "currency").rows()
    assert rows == [("LAMP", "Lamp Oil Inc", "XNYS", "USD"), ("SOFA", "Sofa Works", "XNAS", "USD")]


def test_kinds_and_countries_by_their_names() -> None:
    said = {"symbol": ["LAMP", "SOFA"], "exchange": ["XNYS"] * 2, "kind": ["Common Stock", "ETF"]}
    rows = read_instruments(said | {"country": ["United States", "pak"]}).select("kind", "country").rows()
    assert rows == [("share", "USA"), ("fund", "PAK")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("symbol,exchange\nLAMP,XCAI\n", "XCAI has no calendar here"),
        ("symbol,exchange\nLAMP,TSE\n", "unknown exchange 'TSE'"),
        ("symbol,MIC,Exchange Code\nLAMP,XNYS,XNAS\n", "several columns of exchange: MIC and Exchange Code"),
    ],
)
def test_an_exchange_that_can_be_two_is_asked_for(tmp_path, text, said):
    path = tmp_path / "shares.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises((InputError, NotFoundError), match=said):
        read_instruments(path)


@pytest.mark.parametrize(("symbol", "kind"), [("DGS10", "rate"), ("^TNX", "rate"), ("US10Y", "rate"), ("GS", None)])
def test_yields_are_rates_by_their_names(symbol: str, kind: str | None) -> None:
    assert describe_instrument(symbol, exchange="XNYS")["kind"] == kind
