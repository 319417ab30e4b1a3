"""Measure the tear sheet of many events: its size, the time until Chromium has opened it, the time to filter its table.

    python benchmarks/tear_sheet.py [--events 10000] [--keep FOLDER]

Headlines and bars are made up here (seeded); the report is made by ``run_report``. Opening is the time from the
request of the file to the table being filled, and to the first figure; filtering is the time from a keystroke to the
rows in the document, and to the next frame on the screen. Needs playwright and a Chromium of the system.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
import time
from pathlib import Path

from made_report import made_report
from playwright.sync_api import sync_playwright
from study_docs import machine

KEYS = ("agree", "china", "sanctions gas", "x")


def opened(page_file: Path, times: int = 5) -> list[tuple[float, float]]:
    """Measure seconds from the request of the page to its filled table, and to a figure, each in a new window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        seconds = []
        for _ in range(times):
            page = browser.new_page()
            began = time.perf_counter()
            page.goto(page_file.as_uri())
            page.wait_for_selector("#count:not(:empty)")
            filled = time.perf_counter() - began
            page.wait_for_selector(".main-svg", state="attached")
            seconds.append((filled, time.perf_counter() - began))
            page.close()
        browser.close()
    return seconds


def filtered(page_file: Path) -> dict[str, tuple[float, float]]:
    """Measure milliseconds from a keystroke in the filter to the rows in the document, and to the next frame."""
    script = """(text) => new Promise((done) => {
        const field = document.getElementById("search");
        field.value = text;
        const began = performance.now();
        field.dispatchEvent(new Event("input", {bubbles: true}));
        const rows = performance.now() - began;
        requestAnimationFrame(() => requestAnimationFrame(() => done([rows, performance.now() - began])));
    })"""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        page = browser.new_page()
        page.goto(page_file.as_uri())
        page.wait_for_selector("#count:not(:empty)")
        found = {key: tuple(page.evaluate(script, key)) for key in KEYS}
        browser.close()
    return found


def main() -> None:
    """Print size and times."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--keep", type=Path, help="folder to leave the report in")
    chosen = parser.parse_args()
    print(machine())
    with tempfile.TemporaryDirectory() as name:
        began = time.perf_counter()
        page = made_report(Path(name), chosen.events)
        print(f"{time.perf_counter() - began:8.1f} s   store and report made")
        print(f"{page.stat().st_size / 1e6:8.1f} MB  page")
        for what, seconds in zip(("filled", "with a figure"), zip(*opened(page), strict=True), strict=True):
            print(f"{statistics.median(seconds):8.2f} s   to open, {what}; {min(seconds):.2f} to {max(seconds):.2f} s")
        for key, (rows, frame) in filtered(page).items():
            print(f"{rows:8.1f} ms  to filter by {key!r}; {frame:.1f} ms to the next frame")
        if chosen.keep:
            shutil.copytree(page.parent, chosen.keep, dirs_exist_ok=True)


if __name__ == "__main__":
    main()
