"""Units that headers of several shares state: hundredths and thousands are taken off for each, or refused."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from correlator.errors import InputError
from correlator.market.reading.files import PriceFile, read_prices

ROWS = ("2024-01-02,150,20,30,40", "2024-01-03,151,21,31,41")


def read(folder: Path, header: str, rows: tuple[str, ...] = ROWS) -> PriceFile:
    path = folder / "bars.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return read_prices(path, exchange="XLON")


def of(file: PriceFile, column: str) -> dict[str, list[float]]:
    return {symbol: rows[column].to_list() for (symbol,), rows in file.bars.group_by("symbol", maintain_order=True)}


@pytest.mark.parametrize(
    "header",
    [
        "Date,LAMP Close,LAMP Volume (000),SOFA Close,SOFA Volume (000)",
        "Date,LAMP Price,LAMP Volume '000,SOFA Price,SOFA Volume '000",
        ",LAMP,LAMP,SOFA,SOFA\nDate,Close,Volume (000s),Close,Volume (000s)",
    ],
)
def test_volumes_of_each_share_are_counted_in_shares(tmp_path, header):
    file = read(tmp_path, header)
    assert of(file, "volume") == {"LAMP": [20_000.0, 21_000.0], "SOFA": [40_000.0, 41_000.0]}
    assert any("multiplied by 1,000" in note for note in file.notes)


@pytest.mark.parametrize(
    "header",
    ["Date,LAMP Close (GBX),LAMP Volume,SOFA Close (GBX),SOFA Volume", "Date,LAMP (GBX),A (GBX),SOFA (GBX),B (GBX)"],
)
def test_pence_of_each_share_are_pounds(tmp_path, header):
    file = read(tmp_path, header)
    closes = {symbol.split(" ")[0]: values for symbol, values in of(file, "close").items()}
    assert closes["LAMP"] == pytest.approx([1.5, 1.51])
    assert set(file.currencies.values()) == {"GBP"}


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("Date,LAMP Close,LAMP Volume (000),SOFA Close,SOFA Volume", "has volumes in different units"),
        ("Date,LAMP Close (GBX),LAMP Volume,SOFA Close,SOFA Volume", "prices both in hundredths and in whole units"),
    ],
)
def test_units_that_differ_from_share_to_share_are_refused(tmp_path, header, said):
    with pytest.raises(InputError, match=said):
        read(tmp_path, header)


@pytest.mark.parametrize(("unit", "factor"), [("GBX", 0.01), ("Pence Sterling", 0.01), ("British Pound", 1.0)])
def test_a_row_of_currencies_below_the_symbols(tmp_path, unit, factor):
    header = f"Name,Lamp Oil,Sofa Works\nCode,LAMP,SOFA\nCURRENCY,{unit},{unit}"
    file = read(tmp_path, header, ("02/01/2024,150,20", "15/01/2024,151,21"))
    assert of(file, "close") == {
        "LAMP": [150 * factor, 151 * factor],
        "SOFA": pytest.approx([20 * factor, 21 * factor]),
    }
    assert set(file.currencies.values()) == {"GBP"}


def test_volumes_with_thousands_behind_their_name(tmp_path):
    path = tmp_path / "bars.csv"
    path.write_text("Date,Close,Volume '000\n2024-01-02,1,5\n2024-01-03,2,6\n", encoding="utf-8")
    assert read_prices(path, symbol="LAMP").bars["volume"].to_list() == [5_000.0, 6_000.0]


@pytest.mark.parametrize(
    ("row", "currency", "factor"),
    [
        (",(USD),(USD)", "USD", 1.0),
        ("dd/mm/yyyy,EUR,EUR", "EUR", 1.0),
        ("Unit,[ZAc],[ZAc]", "ZAR", 0.01),
    ],
)
def test_a_row_of_units_below_the_names_is_no_name(tmp_path, row, currency, factor):
    path = tmp_path / "bars.csv"
    path.write_text(f"Date,LAMP,SOFA\n{row}\n2024-01-02,150,20\n2024-01-03,151,21\n", encoding="utf-8")
    file = read_prices(path)
    assert of(file, "close") == {
        "LAMP": pytest.approx([150 * factor, 151 * factor]),
        "SOFA": pytest.approx([20 * factor, 21 * factor]),
    }
    assert file.currencies == {"LAMP": currency, "SOFA": currency}


def test_units_below_the_figures_of_one_share(tmp_path):
    path = tmp_path / "bars.csv"
    path.write_text("Date,Close,Volume\n,(GBp),(000)\n2024-01-02,150,20\n2024-01-03,151,21\n", encoding="utf-8")
    file = read_prices(path, symbol="LAMP")
    assert file.bars["close"].to_list() == pytest.approx([1.5, 1.51])
    assert file.bars["volume"].to_list() == [20_000.0, 21_000.0]


@pytest.mark.parametrize("mark", ["ZZ", "E", "QQQ", "?", "Dollar"])
def test_an_unknown_mark_of_a_currency_is_a_question_and_no_symbol(tmp_path, mark):
    header = f"Name,Lamp Oil,Sofa Works\nCode,LAMP,SOFA\nCURRENCY,{mark},{mark}"
    rows = ("02/01/2024,150,20", "15/01/2024,151,21")
    with pytest.raises(InputError, match=rf"currency '{re.escape(mark)}' is not known.*--currency"):
        read(tmp_path, header, rows)
    path = tmp_path / "told.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    assert sorted(read_prices(path, currency="EUR").symbols) == ["LAMP", "SOFA"]
    path.write_text(f"Date,Close,Currency\n2024-01-02,1,{mark}\n2024-01-03,2,{mark}\n", encoding="utf-8")
    with pytest.raises(InputError, match=rf"currency '{re.escape(mark)}' is not known"):
        read_prices(path, symbol="LAMP")


def test_currencies_that_differ_below_the_symbols_or_in_their_names_are_refused(tmp_path):
    rows = ("02/01/2024,150,20", "15/01/2024,151,21")
    with pytest.raises(InputError, match="has prices in EUR and USD.*split the file by currency"):
        read(tmp_path, "Name,Lamp Oil,Sofa Works\nCode,LAMP,SOFA\nCURRENCY,EUR,U$", rows)
    with pytest.raises(InputError, match="has prices in EUR and USD"):
        read(tmp_path, "Date,LAMP (USD),SOFA (EUR)", rows)
    with pytest.raises(InputError, match="prices both in hundredths and in whole units"):
        read(tmp_path, ",LAMP,SOFA\n,GBp,", rows)


def test_a_currency_behind_a_name_is_no_part_of_it(tmp_path):
    file = read(tmp_path, "Date,LAMP (USD),SOFA [USD]", ("02/01/2024,150,20", "15/01/2024,151,21"))
    assert sorted(file.symbols) == ["LAMP", "SOFA"]
    other = read(tmp_path, "Date,LAMP (A),SOFA (B)", ("02/01/2024,150,20", "15/01/2024,151,21"))
    assert sorted(other.symbols) == ["LAMP (A)", "SOFA (B)"]


def test_a_pound_over_prices_of_datastream_may_mean_pence(tmp_path):
    path = tmp_path / "bars.csv"
    path.write_text(
        "Name,Lamp,Sofa\nCode,LAMP,SOFA\nCURRENCY,£,£\n2024-01-02,150,20\n2024-01-03,151,21\n", encoding="utf-8"
    )
    with pytest.raises(InputError, match="pounds or pence.*--currency"):
        read_prices(path)
    assert of(read_prices(path, currency="GBp"), "close")["LAMP"] == pytest.approx([1.5, 1.51])


def test_types_of_data_behind_the_codes_of_datastream(tmp_path):
    file = read(tmp_path, "Code,LAMP(P),LAMP(VO),SOFA(P),SOFA(MV)")
    assert (sorted(file.symbols), of(file, "close")["SOFA"]) == (["LAMP", "SOFA"], [30.0, 31.0])
    assert of(file, "volume")["LAMP"] == [20_000.0, 21_000.0]
    path = tmp_path / "one.csv"
    path.write_text("Code,LAMP(RI),SOFA(RI)\n2024-01-02,150,20\n2024-01-03,151,21\n", encoding="utf-8")
    assert read_prices(path, symbol="SOFA").bars["close"].to_list() == [20.0, 21.0]
