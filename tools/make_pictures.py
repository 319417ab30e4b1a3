"""Draw the pictures of README and docs from the bundled sample, by the commands printed next to them.

    python tools/make_pictures.py

Needs a Chromium of the system; the tear sheet is photographed with playwright. Run it again when figures change.
"""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import polars as pl

from correlator.sessions.calendars import sessions_between

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
SHARES = ("HBL", "HUBC", "LUCK", "OGDC")
LOADS = (
    *(f"add prices data/sample/{name}.csv --symbol {name}" for name in ("AIRLINK", "KSE100")),
    *(f"add prices {name}.csv --symbol {name}" for name in SHARES),
    "add news data/sample/page.txt",
    "add news data/sample/headlines.csv --column published=date --profile generic",
)
PICTURES = (
    "plot AIRLINK --around 2025-05-28 -o airlink.png",
    f"plot {','.join(SHARES)} --kind fan --events 'goldstein < 0' --model mean --estimation -150:-11 --window -5:5"
    " --draws 2000 --seed 7 -o fan.png",
)
REPORT = """
title = "Four shares of Karachi"
[study]
symbols = ["HBL", "HUBC", "LUCK", "OGDC"]
benchmark = "equal-weighted"
model = "mean"
estimation = "-150:-11"
window = "-5:5"
windows = ["0:0", "-1:1", "-5:5"]
"""


def run(folder: Path, arguments: str) -> str:
    """Run one command in ``folder`` and return what it prints."""
    command = [sys.executable, "-m", "correlator.cli.main", "--quiet", *shlex.split(arguments)]
    return subprocess.run(command, cwd=folder, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def clean(file: Path) -> str:
    """The bars of a file on sessions of Karachi that hold volume: pictures show no bar that a study would doubt."""
    bars = pl.read_csv(file, infer_schema=False)
    days = bars["Date"].str.slice(0, 10).str.to_date()
    sessions = sessions_between("XKAR", days.min(), days.max())["session"]
    return bars.filter(days.is_in(sessions.implode()) & (bars["Volume"].cast(pl.Float64) > 0)).write_csv()


def photograph(page_file: Path, target: Path) -> None:
    """Save the first screen of a page."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        page = browser.new_page(viewport={"width": 1200, "height": 860})
        page.goto(page_file.as_uri())
        page.wait_for_selector(".main-svg", state="attached")
        page.wait_for_timeout(500)
        page.screenshot(path=target)
        browser.close()


def main() -> None:
    """Load the sample into a temporary folder, draw, and move the pictures to docs/images."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "data").symlink_to(ROOT / "data")
        for name in SHARES:
            (folder / f"{name}.csv").write_text(clean(ROOT / "data" / "sample" / f"{name}.csv"))
        for load in LOADS:
            run(folder, load)
        for picture in PICTURES:
            run(folder, picture)
        (folder / "four.toml").write_text(REPORT)
        report = run(folder, "report run four.toml --as-of 2025-06-05 -o reports/")
        photograph(folder / report / "index.html", folder / "tear_sheet.png")
        for path in folder.glob("*.png"):
            shutil.copy(path, IMAGES / path.name)
            print(f"{path.stat().st_size / 1e3:6.0f} kB  {path.name}")


if __name__ == "__main__":
    main()
