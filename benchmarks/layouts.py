"""Measure how files of every layout are read: right, asked about, refused, or wrong. The figures of docs/market.md.

``python benchmarks/layouts.py [--write]``. The files are those of tests/market/layouts, which hold the same bars of the
shares LAMP and WICK in every layout; each is read as it is, and packed again in every way that its rows allow. Then
files that can be read in two ways, where only a question is right. ``--write`` puts the tables into docs/market.md.
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import tempfile
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

import polars as pl
from market_docs import PAGE, between

from correlator.containers.hints import Hints
from correlator.containers.read import read_raw
from correlator.errors import CorrelatorError
from correlator.market.layout.spec import SHAPES, load_layout
from correlator.market.reading.files import read_prices
from correlator.market.vocabulary import PRICES, known_words

FOLDER = Path(__file__).resolve().parents[1] / "tests" / "market" / "layouts"
BARS = pl.read_csv(FOLDER / "bars.csv", try_parse_dates=True).filter(pl.col("symbol") == "LAMP").sort("session")
OUTCOMES = ("right", "asked", "refused", "wrong")
TITLES = {
    "columns": "columns recognised by name, in seventeen languages",
    "wide": "a column of closes per share",
    "levels": "two header rows, or names of share and field in one",
    "long": "a row per share, day and field",
    "transposed": "a column per day",
}
QUESTIONS = {
    "every date could be day-month or month-day": "Date,Close\n03/04/2024,1\n05/04/2024,2\n",
    "some dates put the day first, some the month": "Date,Close\n13/04/2024,1\n04/14/2024,2\n",
    "dates up to the 12th with day and month swapped by a spreadsheet": "Date,Close\n01/11/2024,1\n"
    "01/12/2024,2\n16/01/2024,3\n17/01/2024,4\n18/01/2024,5\n02/01/2024,6\n02/02/2024,7\n",
    "day numbers, too few to be sure what they count": "Date,Close\n45293,1\n45294,2\n",
    "two bars a month apart": "Date,Close\n2024-01-31,1\n2024-02-29,2\n",
    "45,780 is forty-five or forty-five thousand": "Date;Close\n2024-03-11;45,780\n2024-03-12;45,550\n",
    "a decimal point and a decimal comma": "Date;Open;Close\n2024-03-11;45.70;45,78\n",
    "O, H, L, C: prices or four shares": "Date,O,H,L,C\n2024-03-11,1,2,3,4\n",
    "a column Close and one named after the share": "Date,Close,LAMP\n2024-03-11,1,2\n",
    "one column, of another share": "Date,WICK\n2024-03-11,1\n",
    "stacked rows of another share": "date,close,ticker\n2024-03-11,1,WICK\n",
    "two stacked shares without a column that distinguishes them": "date,close\n2024-03-11,1\n2024-03-11,2\n",
    "a duplicate column of closes": "Date,Close,Close\n2024-03-11,1,2\n",
    "bid and ask closes": "Date,BidClose,AskClose\n2024-03-11,1,2\n",
    "a last price and a settlement price": "Date,Last,Settle\n2024-03-11,1,2\n",
    "two series of a share": "date,series,close\n2024-03-11,A,1\n2024-03-11,B,2\n",
    "two tables in one file": "Date,Close\n2024-03-11,1\nDate,Close\n2023-03-11,2\n",
    "no header and an unknown order of columns": "2024-03-11,1,2,3,4,5\n2024-03-12,1,2,3,4,5\n",
    "hours without a zone or an exchange": "Datetime,Close\n2024-03-11 10:00,1\n2024-03-11 11:00,2\n",
    "an abbreviated time zone": "Date,Close\n2024-03-11 16:00 EST,1\n",
    "volume in lots of unknown size": "Date,Close,Volume (lots)\n2024-03-11,1,2\n",
    "a table of factors": ",Mkt-RF,SMB,HML,RF\n20240311,0.1,0.2,0.3,0.01\n",
}


def outcome(path: Path) -> tuple[str, str]:
    """Return right, asked, refused or wrong, and the message: LAMP's bars in the file compared with the known ones."""
    try:
        bars = read_prices(path, symbol="LAMP", exchange="XNYS").bars
    except CorrelatorError as error:
        return "asked" if "--" in str(error) else "refused", str(error)
    if bars["session"].to_list() != BARS["session"].to_list() or set(bars["symbol"]) != {"LAMP"}:
        return "wrong", "other days"
    for name in PRICES:
        off = (bars[name] - BARS[name]).abs() > 1e-6 * BARS[name].abs()
        if off.any():
            return "wrong", f"{name} {bars[name].to_list()}"
    return "right", ""


def packed(path: Path) -> Iterable[tuple[str, str, bytes]]:
    """Yield the file in other containers: name, ending, bytes."""
    data = path.read_bytes()
    yield "gzip", ".gz", gzip.compress(data)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr(path.name, data)
    yield "zip", ".zip", archive.getvalue()
    if path.suffix == ".json":
        return
    raw = read_raw(path, Hints(known_words=known_words))
    text = data.decode("gb18030" if "chinese" in path.name else "cp1252" if "german" in path.name else "utf-8-sig")
    yield "UTF-16", ".csv", text.encode("utf-16")
    yield "CR LF", ".csv", text.replace("\r\n", "\n").replace("\n", "\r\n").encode()
    if raw.facts:
        return
    rows = [[cell or "" for cell in row] for row in raw.frame.drop("__line").rows()]
    cells = raw.header[: len(raw.columns)]
    levels = max((len(each) for each in cells), default=0)
    header = [[each[level] for each in cells] for level in range(levels)]
    yield "tabs", ".tsv", joined([*header, *rows], "\t")
    yield "XLSX", ".xlsx", workbook([*header, *rows])
    if levels == 1:
        names = [each[0] for each in cells]
        frame = pl.DataFrame(rows, schema=[name or " " for name in names], orient="row")
        yield "Parquet of texts", ".parquet", written(frame.write_parquet)
        yield "Feather of texts", ".feather", written(frame.write_ipc)
        records = [dict(zip(names, row, strict=True)) for row in rows]
        yield "JSON", ".json", json.dumps(records, ensure_ascii=False).encode()


def joined(rows: list[list[str]], mark: str) -> bytes:
    """Return cells as a text."""
    return "".join(mark.join(row) + "\n" for row in rows).encode()


def workbook(rows: list[list[str]]) -> bytes:
    """Return a workbook of one sheet in which every cell is text."""
    import xlsxwriter

    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    return target.getvalue()


def written(write: Callable[[io.BytesIO], object]) -> bytes:
    """Return the bytes that ``write`` writes."""
    target = io.BytesIO()
    write(target)
    return target.getvalue()


def table_of_layouts() -> str:
    """A row per file."""
    lines = ["| layout | description | outcome |", "| --- | --- | --- |"]
    for path in files():
        name = path.name.split(".")[0]
        title = TITLES[name] if name in SHAPES else load_layout(name).title
        shown = path.stem if name in SHAPES else name
        lines.append(f"| `{shown}` | {title} | {outcome(path)[0]} |")
    return "\n".join(lines)


def files() -> list[Path]:
    """The files of all layouts."""
    return sorted(path for path in FOLDER.iterdir() if path.name != "bars.csv")


def table_of_containers() -> str:
    """A row per container: how many of the layouts' files are read how."""
    counts: dict[str, Counter[str]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for path in files():
            for name, ending, data in packed(path):
                copy = Path(folder, f"copy{ending}")
                copy.write_bytes(data)
                counts.setdefault(name, Counter())[outcome(copy)[0]] += 1
    lines = ["| container | files | right | asked | refused | wrong |", "| --- | ---: | ---: | ---: | ---: | ---: |"]
    for name, count in counts.items():
        cells = [count.total(), *(count[each] for each in OUTCOMES)]
        lines.append(f"| {name} | " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines)


def table_of_questions() -> str:
    """A row per file that can be read in two ways."""
    lines = ["| a file with | outcome | error message |", "| --- | --- | --- |"]
    with tempfile.TemporaryDirectory() as folder:
        for what, text in QUESTIONS.items():
            path = Path(folder, "p.csv")
            path.write_text(text, encoding="utf-8")
            exchange = None if "without a zone" in what else "XNYS"
            try:
                read_prices(path, symbol="LAMP", exchange=exchange)
                said = ("wrong", "")
            except CorrelatorError as error:
                said = ("asked" if "--" in str(error) else "refused", str(error).replace(f"{path}", "p.csv"))
            lines.append(f"| {what} | {said[0]} | {said[1].replace('|', '/')} |")
    return "\n".join(lines)


def main() -> None:
    """Read everything, print the tables, and write them into the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    text = "\n\n".join((table_of_layouts(), table_of_containers(), table_of_questions()))
    print(text)
    if options.write:
        PAGE.write_text(between(PAGE.read_text(encoding="utf-8"), "layouts", text), encoding="utf-8")


if __name__ == "__main__":
    main()
