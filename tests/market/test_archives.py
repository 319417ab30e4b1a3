"""An archive of several files of one layout is read as if they were loaded one after the other, or refused."""

from __future__ import annotations

import io
import zipfile
from datetime import date
from pathlib import Path

import polars as pl
import pytest

import correlator as co
from correlator.errors import InputError
from correlator.market.reading.files import read_prices

HEADER = "Date,Symbol,Close\n"
MONTHS = {
    "2024-02.csv": HEADER + "2024-02-01,LAMP,3\n2024-02-01,SOFA,30\nno day,LAMP,4\n",
    "2024-01.csv": HEADER + "2024-01-02,LAMP,1\n2024-01-03,LAMP,2\n2024-01-03,LAMP,2,x\n",
    "README.txt": "Bars of ours.",
}


def zipped(folder: Path, files: dict[str, str | bytes]) -> Path:
    with zipfile.ZipFile(folder / "bars.zip", "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return folder / "bars.zip"


def test_months_are_one_table(tmp_path):
    file = read_prices(zipped(tmp_path, MONTHS), exchange="XNYS")
    assert sorted(file.bars.select("symbol", "session", "close").rows()) == [
        ("LAMP", date(2024, 1, 2), 1.0),
        ("LAMP", date(2024, 1, 3), 2.0),
        ("LAMP", date(2024, 2, 1), 3.0),
        ("SOFA", date(2024, 2, 1), 30.0),
    ]
    assert file.rejects["content"].to_list() == ["2024-01-03,LAMP,2,x", "no day,LAMP,4"]
    assert file.rejects["source_line"].to_list() == [4, 8]
    assert "2 files were concatenated, and their lines numbered consecutively" in file.notes


def test_a_load_of_the_archive_is_that_of_its_files(tmp_path):
    whole, parts = (co.open_workspace(tmp_path / f"{name}.duckdb") for name in ("whole", "parts"))
    whole.add_prices(zipped(tmp_path, MONTHS), exchange="XNYS")
    for name in sorted(MONTHS)[:2]:
        (tmp_path / name).write_text(str(MONTHS[name]))
        parts.add_prices(tmp_path / name, exchange="XNYS")
    bars = "SELECT symbol, session, close FROM bars ORDER BY ALL"
    assert whole.sql(bars).equals(parts.sql(bars))


def test_parquet_and_wide_tables(tmp_path):
    contents: dict[str, str | bytes] = {}
    for month in (1, 2):
        frame = pl.DataFrame({"Date": [date(2024, 1, 1 + month)], "LAMP": [float(month)], "SOFA": [10.0 * month]})
        buffer = io.BytesIO()
        frame.write_parquet(buffer)
        contents[f"{month}.parquet"] = buffer.getvalue()
    assert sorted(read_prices(zipped(tmp_path, contents), exchange="XNYS").bars["close"]) == [1.0, 2.0, 10.0, 20.0]


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (
            {"LAMP.csv": "Date,Close\n2024-01-02,1\n", "SOFA.csv": "Date,Close\n2024-01-03,2\n"},
            "do not state their symbol",
        ),
        (
            {"a.csv": HEADER + "2024-01-02,LAMP,1\n", "b.csv": "Date,Ticker,Close\n2024-01-03,LAMP,2\n"},
            "different lay",
        ),
        ({"a.csv": HEADER + "2024-01-02,LAMP,1\n", "b.csv": HEADER + "2024-01-02,LAMP,2\n"}, "different bars"),
        ({"a.csv": HEADER + "2024-01-02,LAMP,1\n", "b.html": "<html><table></table></html>"}, "web page"),
    ],
)
def test_what_could_be_mixed_is_refused(tmp_path, files, said):
    with pytest.raises(InputError, match=said):
        read_prices(zipped(tmp_path, files), symbol="LAMP" if "SOFA.csv" in files else None, exchange="XNYS")
