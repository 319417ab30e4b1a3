"""A file's name is that file and no other, whatever marks stand in it."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from correlator.base.files import opened, read_arrow, read_csv, read_parquet
from correlator.errors import InputError, NotFoundError
from correlator.eventstudy.parts.study_files import events_of_file
from correlator.market.names.instruments import read_instruments
from correlator.market.reading.files import read_prices

WRITERS = {
    ".parquet": (pl.DataFrame.write_parquet, read_parquet),
    ".arrow": (pl.DataFrame.write_ipc, read_arrow),
    ".csv": (pl.DataFrame.write_csv, read_csv),
}
NAMES = ("a[1]", "a*", "a?", "{a,b}", "symbol=X", "~", "a%20b", "s3:", "a b")


@pytest.mark.parametrize("ending", WRITERS)
@pytest.mark.parametrize("name", NAMES)
def test_each_reader_takes_the_file_of_that_name(tmp_path, name, ending):
    write, read = WRITERS[ending]
    for decoy in ("a1", "ab", "a", "b"):
        write(pl.DataFrame({"n": [1]}), tmp_path / f"{decoy}{ending}")
    write(pl.DataFrame({"n": [999]}), tmp_path / f"{name}{ending}")
    assert read(tmp_path / f"{name}{ending}").to_dicts() == [{"n": 999}]


@pytest.mark.parametrize("ending", WRITERS)
def test_a_pattern_that_matches_other_files_is_not_found(tmp_path, ending):
    write, read = WRITERS[ending]
    write(pl.DataFrame({"n": [1]}), tmp_path / f"a1{ending}")
    with pytest.raises(NotFoundError, match="does not exist"):
        read(tmp_path / f"a[1]{ending}")


@pytest.mark.parametrize("ending", [".parquet", ".csv"])
def test_streamed_events_come_from_the_named_file_and_gain_no_column_from_its_folder(tmp_path, ending):
    folder = tmp_path / "symbol=ZZZ"
    folder.mkdir()
    for name, symbol in (("a1", "BAD"), ("a[1]", "GOOD")):
        frame = pl.DataFrame({"symbol": [symbol], "date": ["2025-05-28"]})
        WRITERS[ending][0](frame, folder / f"{name}{ending}")
    (events,) = events_of_file(folder / f"a[1]{ending}", chunk=10)
    assert events["symbol"].to_list() == ["GOOD"]


@pytest.mark.parametrize("ending", WRITERS)
def test_prices_come_from_the_named_file(tmp_path, ending):
    for name, close in (("a1", 1.0), ("a[1]", 999.0)):
        frame = pl.DataFrame({"date": [date(2025, 5, 28)], "close": [close]})
        WRITERS[ending][0](frame, tmp_path / f"{name}{ending}")
    bars = read_prices(tmp_path / f"a[1]{ending}", symbol="AAA", exchange="XNYS").bars
    assert bars["close"].to_list() == [999.0]


def test_instruments_come_from_the_named_file(tmp_path):
    (tmp_path / "i1.csv").write_text("symbol,exchange\nBAD,XNYS\n")
    (tmp_path / "i[1].csv").write_text("symbol,exchange\nGOOD,XNYS\n")
    assert read_instruments(tmp_path / "i[1].csv")["symbol"].to_list() == ["GOOD"]


@pytest.mark.parametrize("read", [read_parquet, read_arrow])
def test_what_is_not_such_a_file_is_refused_in_one_line(tmp_path, read):
    path = tmp_path / "noise.bin"
    path.write_bytes(b"PAR1" + b"\xff" * 64 + b"PAR1")
    with pytest.raises(InputError, match="noise.bin cannot be read as"):
        read(path)


def test_a_folder_is_not_a_file(tmp_path):
    with pytest.raises(InputError, match="is a folder"), opened(tmp_path):
        pass


def test_a_row_longer_than_its_header_is_named(tmp_path):
    path = tmp_path / "wide.csv"
    path.write_text("date,A,M\n2024-01-02,1,2\n2024-01-03,1,234.5,2\n")
    with pytest.raises(InputError, match="line 3 has 4 cells, but the header has 3"):
        read_csv(path)
