"""Every layout and shape: one small file each with the same bars, read as what it is."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from correlator.market.layout.spec import SHAPES, layout_names, load_layout
from correlator.market.reading.files import read_prices
from correlator.market.vocabulary import PRICES

FOLDER = Path(__file__).parent / "layouts"
FILES = sorted(path for path in FOLDER.iterdir() if path.name != "bars.csv")
BARS = pl.read_csv(FOLDER / "bars.csv", try_parse_dates=True)


def layout_of(path: Path) -> str:
    return path.name.split(".")[0]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_file_of_every_layout_holds_the_same_bars(path):
    file = read_prices(path, symbol="LAMP", exchange="XNYS")
    assert file.layout == layout_of(path)
    assert file.symbols == ["LAMP"]
    expected = BARS.filter(pl.col("symbol") == "LAMP").sort("session")
    assert file.bars["session"].to_list() == expected["session"].to_list()
    filled = [name for name in PRICES if file.bars[name].null_count() == 0]
    empty = [name for name in PRICES if file.bars[name].null_count() == file.bars.height]
    assert sorted(filled + empty) == sorted(PRICES)
    layout = load_layout(file.layout)
    if not layout.is_shape:
        assert set(filled) == {name for name in layout.columns if name in PRICES}
    for name in filled:
        assert file.bars[name].to_list() == pytest.approx(expected[name].to_list(), rel=1e-9), name


def test_every_shipped_layout_has_a_file():
    prices = {name for name in layout_names() if load_layout(name).kind == "prices"}
    assert prices <= {layout_of(path) for path in FILES}
    assert set(SHAPES) <= {layout_of(path) for path in FILES}


@pytest.mark.parametrize("path", [path for path in FILES if b"WICK" in path.read_bytes()], ids=lambda path: path.name)
def test_the_other_share_of_a_file_of_two_is_read_as_well(path):
    file = read_prices(path, symbol="WICK", exchange="XNYS")
    expected = BARS.filter(pl.col("symbol") == "WICK").sort("session")
    assert file.bars["close"].to_list() == pytest.approx(expected["close"].to_list(), rel=1e-9)
    assert read_prices(path, exchange="XNYS").bars.height == 2 * file.bars.height


def test_the_table_in_the_docs_names_every_layout_and_nothing_is_wrong():
    page = (Path(__file__).parents[2] / "docs" / "market.md").read_text(encoding="utf-8")
    table = page.split("<!-- layouts: begin -->")[1].split("<!-- layouts: end -->")[0]
    assert [name for name in layout_names() if load_layout(name).kind == "prices" and f"`{name}`" not in table] == []
    assert "| wrong |" not in table.replace("| refused | wrong |", "")
