"""Exports of terminals, exchanges and services that hold several shares or say something else than bars."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from correlator.errors import InputError
from correlator.market.reading.files import read_prices

LAMP, SOFA = [(2, 10.5), (3, 11.25), (4, 12.0)], [(3, 20.5), (4, 21.0)]
BARS = {("LAMP", day): close for day, close in LAMP} | {("SOFA", day): close for day, close in SOFA}


def closes(folder: Path, text: str, name: str = "bars.csv", **options: str) -> dict[tuple[str, int], float]:
    (folder / name).write_text(text, encoding="latin-1" if name.endswith("TXT") else "utf-8")
    bars = read_prices(folder / name, exchange="XNYS", **options).bars
    assert {day.replace(day=1) for day in bars["session"]} == {date(2024, 1, 1)}
    return {(symbol, day.day): close for symbol, day, close in bars.select("symbol", "session", "close").iter_rows()}


@pytest.mark.parametrize(
    "head",
    [
        "LAMP,,,SOFA,\nDate,PX_LAST,,Date,PX_LAST\n",
        ",LAMP,,,SOFA\nDate,PX_LAST,,Date,PX_LAST\n",
        "Date,LAMP,,Date,SOFA\n",
    ],
)
def test_tables_side_by_side_have_dates_of_their_own(tmp_path, head):
    rows = ["01/02/2024,10.5,,01/03/2024,20.5", "01/03/2024,11.25,,01/04/2024,21.0", "01/04/2024,12.0,,,"]
    assert closes(tmp_path, head + "\n".join(rows) + "\n", date_order="mdy") == BARS


@pytest.mark.parametrize("above", ["", ",LAMP,,,\n", "LAMP,,,LAMP,\n"])
def test_tables_side_by_side_without_names_of_their_own_are_refused(tmp_path, above):
    text = f"{above}Date,PX_LAST,,Date,PX_LAST\n2024-01-02,10.5,,2024-01-03,20.5\n"
    with pytest.raises(InputError, match="has no symbol .write the symbol above"):
        closes(tmp_path, text)


def test_bars_of_each_share_in_json(tmp_path):
    lists = {
        name: [{"t": f"2024-01-0{day}T05:00:00Z", "o": c, "h": c, "l": c, "c": c, "v": 1} for day, c in rows]
        for name, rows in (("LAMP", LAMP), ("SOFA", SOFA))
    }
    assert closes(tmp_path, json.dumps({"bars": lists, "next_page_token": None}), "a.json") == BARS
    nested = [
        {"symbol": name, "historical": [{"date": f"2024-01-0{day}", "close": c} for day, c in rows]}
        for name, rows in (("LAMP", LAMP), ("SOFA", SOFA))
    ]
    assert closes(tmp_path, json.dumps({"historicalStockList": nested}), "b.json") == BARS
    assert closes(tmp_path, json.dumps({"RESULTS": nested[0]["historical"]}), "c.json", symbol="LAMP") == {
        ("LAMP", day): close for day, close in LAMP
    }


def test_lists_by_year_are_no_shares(tmp_path):
    years = {year: [{"date": f"{year}-01-02", "close": 1.0}] for year in ("2023", "2024")}
    with pytest.raises(InputError, match="2 tables"):
        closes(tmp_path, json.dumps(years), "years.json")


def test_two_columns_of_dates_of_two_names_are_no_tables_side_by_side(tmp_path):
    rows = ("2024-01-02,10.5,2024-01-03", "2024-01-03,11.25,2024-01-04")
    text = "\n".join(["Date,Close,Session", *rows]) + "\n"
    with pytest.raises(InputError, match="'Date' and 'Session' differ, and either could be the date"):
        closes(tmp_path, text, symbol="LAMP")
    same = text.replace("10.5,2024-01-03", "10.5,2024-01-02").replace("11.25,2024-01-04", "11.25,2024-01-03")
    assert closes(tmp_path, same, symbol="LAMP") == {("LAMP", 2): 10.5, ("LAMP", 3): 11.25}


def test_what_a_service_says_instead_of_bars_is_told(tmp_path):
    with pytest.raises(InputError, match="is JSON with no table; it says 'Five calls a minute are free.'"):
        closes(tmp_path, json.dumps({"Note": "Five calls a minute are free."}), "a.json")


def test_years_behind_an_apostrophe(tmp_path):
    text = "Date,Close\n02 Jan '24,10.5\n03 Jan '24,11.25\n04 Jan ’24,12\n"
    assert closes(tmp_path, text, symbol="LAMP") == {("LAMP", day): close for day, close in LAMP}


def test_a_file_of_b3_that_has_been_cut_is_refused(tmp_path):
    whole = (Path(__file__).parent / "layouts" / "b3-cotahist.txt").read_text(encoding="latin-1")
    notes = read_prices(Path(__file__).parent / "layouts" / "b3-cotahist.txt", exchange="BVMF").notes
    assert any("2 rows of other series (020, 070)" in note for note in notes)
    lines = whole.splitlines()
    cut, short = "\n".join(lines[:-1]), whole.replace("R$  ", "R$", 1)
    for text, said in ((cut, "is truncated: its trailer line"), (short, "line 2 is not 245")):
        with pytest.raises(InputError, match=said):
            closes(tmp_path, text, "COTAHIST.TXT")


def test_codes_of_columns_above_what_they_mean_and_above_units(tmp_path):
    path = tmp_path / "trd_dalyr.csv"
    head = "Stkcd,Trddt,Opnprc,Clsprc,Dnshrtrd\n证券代码,交易日期,日开盘价,日收盘价,成交股数\n"
    head += "没有单位,没有单位,元/股,元/股,股\n"
    path.write_text(head + "600000,2024-03-07,7.01,7.05,100\n600000,2024-03-08,7.02,7.11,200\n", encoding="utf-8")
    bars = read_prices(path, symbol="600000", exchange="XSHG").bars
    assert bars.select("open", "close", "volume").rows() == [(7.01, 7.05, 100.0), (7.02, 7.11, 200.0)]
