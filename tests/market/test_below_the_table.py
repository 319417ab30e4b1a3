"""Totals, sources and notes below a table are left out and told, through every door; rows that only look so stay."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter

from correlator import open_workspace
from correlator.containers.foot import is_foot, without_foot
from correlator.errors import CorrelatorWarning, InputError, TimeError
from correlator.events.linking.link import read_watchlist
from correlator.eventstudy.parts.study_files import read_events_file, read_wide_file
from correlator.market.names.instruments import read_instruments

EVENTS = "date,symbol,category\n2024-02-01,LAMP,recall\n2024-02-05,SOFA,award\n"
FEET = [
    "Total,,\n",
    "Total,2,\n",
    "\nSource: Lamp Data\n",
    "Note: all, of it, our own, work\n",
    ",,\nAs of 2024-03-01\n",
]


def table(folder: Path, text: str, name: str = "table.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("foot", FEET)
def test_events_of_a_study(tmp_path, foot):
    with pytest.warns(CorrelatorWarning, match="skipped 1 row below the table of"):
        found = read_events_file(table(tmp_path, EVENTS + foot))
    assert found["symbol"].drop_nulls().to_list() == ["LAMP", "SOFA"]
    assert [str(day) for day in found["date"].drop_nulls()] == ["2024-02-01", "2024-02-05"]


def test_events_of_a_workbook_and_of_a_frame(tmp_path):
    path = tmp_path / "events.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        for row, line in enumerate([*EVENTS.splitlines(), "Total,2"]):
            sheet.write_row(row, 0, line.split(","))
    frame = pl.DataFrame({"symbol": ["LAMP", "Average"], "date": [date(2024, 2, 1), None], "car": [0.1, 0.1]})
    with pytest.warns(CorrelatorWarning, match="first 'Total'"):
        assert read_events_file(path).height == 2
    with pytest.warns(CorrelatorWarning, match="first 'Average'"):
        assert without_foot(frame, "events").height == 1


@pytest.mark.parametrize("foot", FEET)
def test_events_of_a_store_are_rejects_with_their_line(tmp_path, foot):
    workspace = open_workspace(tmp_path / "s.duckdb")
    assert workspace.add_events(table(tmp_path, EVENTS + foot)).added == 2
    rejects = workspace.list("rejects")
    assert len(rejects) == 1
    cells_over = foot.count(",") > EVENTS.partition("\n")[0].count(",")
    assert ("more cells than the header" if cells_over else "is not a date") in rejects["reason"][0]
    assert rejects["content"][0] == foot.strip().splitlines()[-1]


def test_wide_prices_end_in_words(tmp_path):
    days = [date(2024, 1, 1) + timedelta(day) for day in range(5)]
    text = "date,LAMP,SOFA\n" + "".join(f"{day},{n + 1},{n + 2}\n" for n, day in enumerate(days))
    with pytest.warns(CorrelatorWarning, match="first 'Source: ours, all of it, by hand, 2024'"):
        found = read_wide_file(table(tmp_path, text + "Source: ours, all of it, by hand, 2024\n"))
    assert found["LAMP"].to_list() == [1, 2, 3, 4, 5]


def test_instruments_and_watchlists(tmp_path):
    with pytest.warns(CorrelatorWarning, match=r"below the table of i\.csv, first 'Source: ours'"):
        found = read_instruments(table(tmp_path, "symbol,exchange\nLAMP,XNYS\nSource: ours\n", "i.csv"))
    assert found["symbol"].to_list() == ["LAMP"]
    with pytest.warns(CorrelatorWarning, match="first 'Total'"):
        terms = read_watchlist(table(tmp_path, "symbol,words\nLAMP,lamp oil\nTotal,\n", "w.csv"))
    assert [term.symbol for term in terms] == ["LAMP"]


def test_a_row_of_data_is_not_a_foot(tmp_path):
    """SUM is a share, a total in the middle is a fault, and so is a line with a cell too many that is no foot."""
    assert not is_foot(["SUM", "2024-02-01", None])
    assert not is_foot(["TOTALENERGIES", "", ""])
    assert not is_foot([None, " "])
    middle = table(tmp_path, "date,symbol\n2024-02-01,LAMP\nTotal,\n2024-02-05,SOFA\n")
    with pytest.raises(TimeError, match="'Total'"):
        read_events_file(middle)
    with pytest.raises(InputError, match="line 3"):
        read_events_file(table(tmp_path, "date,symbol\n2024-02-01,LAMP\n2024-02-05,SOFA,x\n"))
