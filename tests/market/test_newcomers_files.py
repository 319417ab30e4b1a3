"""Files as people have them: what spreadsheets, notebooks and terminals do to dates, quotes, units and headers."""

from __future__ import annotations

import io
from datetime import date, datetime
from pathlib import Path

import pandas as pd
import polars as pl
import pytest
import xlsxwriter

from correlator.errors import CorrelatorWarning, InputError, TimeError
from correlator.market.reading.files import PriceFile, read_prices
from correlator.sessions.calendars import sessions_between

DAYS = sessions_between("XNYS", date(2024, 1, 2), date(2024, 2, 9))["session"].to_list()
CLOSES = [1208.53 + 1.37 * n for n in range(len(DAYS))]


def read(folder: Path, text: str, **options) -> PriceFile:
    path = folder / "prices.csv"
    path.write_text(text, encoding="utf-8")
    return read_prices(path, symbol="LAMP", exchange="XNYS", **options)


def rows(header: str, form: str) -> str:
    lines = (form.format(d=day, c=f"{close:.2f}") for day, close in zip(DAYS, CLOSES, strict=True))
    return "\n".join([header, *lines]) + "\n"


def holds(file: PriceFile, factor: float = 1.0) -> None:
    assert file.bars["session"].to_list() == DAYS
    assert file.bars["close"].to_list() == pytest.approx([round(close, 2) * factor for close in CLOSES])


def test_dates_that_a_spreadsheet_has_turned_are_refused(tmp_path):
    """Of dates with the month first it takes those with a day up to 12 for the day first; the others stay text."""
    turned = [f"{day:%m/%d/%Y}" if day.day <= 12 else f"{day:%d/%m/%Y}" for day in DAYS]
    lines = [f"{day},{close:.2f}" for day, close in zip(turned, CLOSES, strict=True)]
    for order in (lines, lines[::-1]):
        with pytest.raises(TimeError, match="a spreadsheet has swapped them"):
            read(tmp_path, "\n".join(["Date,Close", *order]) + "\n")
    holds(read(tmp_path, rows("Date,Close", "{d:%d/%m/%Y},{c}")))
    latest_first = read(tmp_path, "Date,Close\n01/31/2024,3\n01/11/2024,1\n01/12/2024,2\n")
    assert [f"{day:%d.%m.}" for day in latest_first.bars["session"]] == ["11.01.", "12.01.", "31.01."]
    mixed = rows("Date,Close", "{d:%d/%m/%Y},{c}").splitlines()
    holds_any_order = read(tmp_path, "\n".join([mixed[0], *mixed[5:], *mixed[1:5]]) + "\n")
    assert sorted(holds_any_order.bars["session"].to_list()) == DAYS


def workbook(path: Path, *sheets: dict[int, list[object]], hidden: int | None = None) -> Path:
    """A workbook of sheets, each of columns by their place."""
    with xlsxwriter.Workbook(str(path)) as book:
        day = book.add_format({"num_format": "dd/mm/yyyy"})
        for number, columns in enumerate(sheets):
            sheet = book.add_worksheet()
            for place, cells in columns.items():
                for row, cell in enumerate(cells):
                    sheet.write(row, place, cell, *([day] if isinstance(cell, date) else []))
            if number == hidden:
                sheet.hide()
            else:
                sheet.activate()
                sheet.set_first_sheet()
    return path


CELLS = {0: ["Date", *DAYS], 1: ["Close", *(round(close, 2) for close in CLOSES)]}
OTHER = {0: ["Date", *DAYS], 1: ["Close", *CLOSES[::-1]]}


def test_a_sheet_that_is_hidden_is_not_read(tmp_path):
    path = tmp_path / "prices.xlsx"
    for sheets, hidden in (((OTHER, CELLS), 0), ((CELLS, OTHER), 1)):
        with pytest.warns(CorrelatorWarning, match=f"skipped hidden sheets .Sheet{hidden + 1}"):
            holds(read_prices(workbook(path, *sheets, hidden=hidden), symbol="LAMP", exchange="XNYS"))
    holds(read_prices(workbook(path, CELLS, {0: ["Notes"]}, hidden=0), symbol="LAMP", exchange="XNYS"))
    with pytest.raises(InputError, match="has 2 sheets with a table"):
        read_prices(workbook(path, CELLS, OTHER), symbol="LAMP", exchange="XNYS")


def test_a_small_table_beside_the_prices_takes_no_row_from_them(tmp_path):
    aside = {3: ["Ticker", "LAMP", "WICK"], 4: ["Weight", 0.5, 0.5]}
    with pytest.warns(CorrelatorWarning, match="another table: Ticker, Weight"):
        file = read_prices(workbook(tmp_path / "prices.xlsx", CELLS | aside), symbol="LAMP", exchange="XNYS")
    holds(file)
    assert file.rejects.is_empty()


def test_cells_of_a_workbook_that_were_taken_for_dates_of_another_order_are_refused(tmp_path):
    turned = [date(day.year, day.day, day.month) if day.day <= 12 else f"{day:%d/%m/%Y}" for day in DAYS]
    for days in (turned, turned[:11]):
        cells = {0: ["Date", *days], 1: CELLS[1][: len(days) + 1]}
        with pytest.raises(TimeError, match=r"are text \(16/01/2024\): a spreadsheet has swapped"):
            read_prices(workbook(tmp_path / "prices.xlsx", cells), symbol="LAMP", exchange="XNYS")


def test_days_that_a_workbook_counts(tmp_path):
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["Date", "Close"])
        for row, (day, close) in enumerate(zip(DAYS, CLOSES, strict=True), start=1):
            sheet.write_number(row, 0, (day - date(1899, 12, 30)).days)
            sheet.write_formula(row, 1, f"=ROUND({close},2)", None, round(close, 2))
    path = tmp_path / "prices.xlsx"
    path.write_bytes(target.getvalue())
    holds(read_prices(path, symbol="LAMP", exchange="XNYS"))
    # 24002 is the second day of 2024 in files that count so, and a Friday of 1965 in a workbook.
    for text in ("24002,1\n24003,2\n", "".join(f"240{day:02d},1\n" for day in range(2, 16))):
        with pytest.raises(TimeError, match="may or may not be a day number"):
            read(tmp_path, f"Date,Close\n{text}")


def test_a_download_of_yfinance_with_its_dates_made_a_column():
    names = pd.MultiIndex.from_product([["Close", "Volume"], ["LAMP", "WICK"]], names=["Price", "Ticker"])
    values = [[close, close / 2, 1000.0, 2000.0] for close in (round(close, 2) for close in CLOSES)]
    frame = pd.DataFrame(values, index=pd.DatetimeIndex(DAYS, name="Date"), columns=names).reset_index()
    file = read_prices(frame, exchange="XNYS")
    assert file.symbols == ["LAMP", "WICK"]
    holds(read_prices(frame, symbol="LAMP", exchange="XNYS"))


def test_a_figure_that_a_layout_does_not_know_is_not_lost(tmp_path):
    header, form = "timestamp,open,high,low,close,volume", "{d},{c},{c},{c},{c},1000"
    assert read(tmp_path, rows(header, form)).layout == "alphavantage"
    file = read(tmp_path, rows(f"{header},adjclose", form + ",7.5"))
    assert set(file.bars["adjusted_close"]) == {7.5}


def test_closes_that_are_not_adjusted_are_the_closes(tmp_path):
    file = read(tmp_path, rows("Date,Adjusted Close,Unadjusted Close", "{d},7.5,{c}"))
    holds(file)
    assert set(file.bars["adjusted_close"]) == {7.5}


def test_a_title_may_say_the_unit(tmp_path):
    text = rows("Date,Close", "{d},{c}")
    file = read(tmp_path, f"Lamp plc (LAMP.L) - prices in GBX\n{text}")
    holds(file, 0.01)
    assert file.currencies == {"LAMP": "GBP"}
    assert read(tmp_path, f"Lamp Industries\nCurrency in USD\n{text}").currencies == {"LAMP": "USD"}
    with pytest.raises(InputError, match="hundredths of GBP, not USD"):
        read(tmp_path, f"Lamp plc, quoted in pence\n{text}", currency="USD")


@pytest.mark.parametrize(
    ("header", "form"),
    [
        ('"Date", "Close"', '"{d}", "{c}"'),
        ("Date;Ouv;Clôt", "{d:%d/%m/%Y};{c};{c}"),
        ("Dato;Åpning;Slutt", "{d:%d.%m.%Y};{c};{c}"),
        ("Dátum;Nyitó;Záró", "{d:%Y.%m.%d.};{c};{c}"),
        ("Datum;Otevírací;Zavírací", "{d:%d.%m.%Y};{c};{c}"),
        ("Dates,LAMP US Equity,WICK US Equity\n,PX_LAST,PX_LAST", "{d:%m/%d/%Y},{c},7"),
        ("Date,LAMP.N Close,LAMP.N Volume", "{d},{c},1000"),
    ],
    ids=["spaces before quotes", "French", "Norwegian", "Hungarian", "Czech", "terminal", "codes with a point"],
)
def test_what_stands_in_the_header(tmp_path, header, form):
    holds(read(tmp_path, rows(header, form)))


def test_seconds_since_1970_as_a_frame_wrote_them(tmp_path):
    stamps = [datetime(day.year, day.month, day.day, 20).timestamp() for day in DAYS]
    lines = [f"{stamp:.1f},{close:.2f}" for stamp, close in zip(stamps, CLOSES, strict=True)]
    holds(read(tmp_path, "\n".join(["time,close", *lines]) + "\n"))


def test_the_frame_of_a_row_count_keeps_its_dates():
    frame = pl.DataFrame({"row": range(len(DAYS)), "Date": DAYS, "Close": [round(close, 2) for close in CLOSES]})
    holds(read_prices(frame, symbol="LAMP", exchange="XNYS"))
