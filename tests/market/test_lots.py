"""Volumes in lots of 100 are told by the value traded; histories of yfinance with adjusted closes are read."""

from __future__ import annotations

import pytest

from correlator.market.reading.files import read_prices


def rows_of(factor, count=25, adjustment=1.0):
    for n in range(count):
        close, volume = 10 + n / 10, 1000 + n
        written = close * (adjustment if n < count // 10 else 1)
        yield f"2024-03-{n + 1:02d},{written:.3f},{volume},{volume * close * factor:.2f}"


def notes(tmp_path, rows, header="date,close,volume,turnover", **options):
    path = tmp_path / "p.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return [note for note in read_prices(path, symbol="LAMP", **options).notes if "lots" in note]


@pytest.mark.parametrize(
    ("factor", "told"), [(100, True), (105, True), (1, False), (1000, False), (0.1, False), (150, False)]
)
def test_a_value_of_a_hundred_times_the_volume_is_told(tmp_path, factor, told):
    expected = ["volumes seem to be lots of 100: column 'turnover' is 100 times volume times close"]
    assert notes(tmp_path, rows_of(factor)) == (expected if told else [])


def test_early_closes_may_be_adjusted(tmp_path):
    assert notes(tmp_path, rows_of(100, adjustment=0.3))
    assert not notes(tmp_path, rows_of(100, count=10))


def test_volumes_that_a_layout_converts_and_prices_in_pence_are_not_told(tmp_path):
    bars = [f"{row},0" for row in rows_of(100)]
    assert not notes(tmp_path, bars, "日期,收盘,成交量(手),成交额,振幅")
    assert not notes(tmp_path, rows_of(1), currency="GBp")


def test_a_history_of_yfinance_with_adjusted_closes_is_not_ambiguous(tmp_path):
    header = "Date,Open,High,Low,Close,Adj Close,Volume,Dividends,Stock Splits"
    path = tmp_path / "p.csv"
    path.write_text(f"{header}\n2024-03-11,10,12,9,11,10.5,100,0.0,0.0\n2024-03-12,10,12,9,11,10.6,100,0.0,0.0\n")
    file = read_prices(path, symbol="LAMP")
    assert file.bars.select("close", "adjusted_close").row(0) == (11.0, 10.5)
    assert file.notes == ()
