"""The tear sheet in a real browser: every control, no error, no network, no sideways scroll, WCAG AA."""

from __future__ import annotations

import csv
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

playwright_api = pytest.importorskip("playwright.sync_api")
axe_api = pytest.importorskip("axe_playwright_python.sync_playwright")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1200, "height": 900}


@pytest.fixture(scope="module")
def sheets(tmp_path_factory) -> dict[int, Path]:
    """Pages of reports on none, two and about 120 events."""
    from made_report import made_report

    return {count: made_report(tmp_path_factory.mktemp(f"events{count}"), count) for count in (0, 2, 120)}


@pytest.fixture(scope="module")
def browser():
    with playwright_api.sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM)
        yield launched
        launched.close()


class Opened:
    """A page with everything that it said and asked for."""

    def __init__(self, browser, file: Path, viewport: dict[str, int], scheme: str) -> None:
        self.context = browser.new_context(viewport=viewport, color_scheme=scheme, accept_downloads=True)
        self.page = self.context.new_page()
        self.said: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(file.as_uri())
        self.page.wait_for_selector("#count:not(:empty)")

    def draw_all(self) -> None:
        """Scroll to every figure, so that all are drawn."""
        for plot in self.page.query_selector_all(".plot"):
            plot.scroll_into_view_if_needed()
            plot.wait_for_selector(".main-svg", state="attached")

    def rows(self, column: int) -> list[str]:
        return self.page.eval_on_selector_all(
            "#event-table tbody tr", f"(rows) => rows.map((row) => row.cells[{column}].textContent)"
        )


@pytest.fixture
def opened(browser, sheets) -> Iterator:
    pages: list[Opened] = []

    def open_page(count: int = 120, viewport: dict[str, int] = DESK, scheme: str = "light") -> Opened:
        pages.append(Opened(browser, sheets[count], viewport, scheme))
        return pages[-1]

    yield open_page
    for each in pages:
        assert each.said == []
        assert [url for url in each.asked if not url.startswith(("file:", "data:", "blob:"))] == []
        each.context.close()


def events_of(sheets: dict[int, Path], count: int = 120) -> list[dict[str, str]]:
    return list(csv.DictReader((sheets[count].parent / "events.csv").read_text().splitlines()))


@pytest.mark.parametrize(("count", "scheme"), [(0, "dark"), (2, "light"), (120, "dark")])
def test_accessible_in_both_schemes_and_no_wider_than_a_phone(opened, count, scheme):
    sheet = opened(count, PHONE, scheme)
    sheet.draw_all()
    options = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
    found = axe_api.Axe().run(
        sheet.page, context={"exclude": [[".main-svg"]]}, options=options
    )  # an image with a label
    assert found.violations_count == 0, found.generate_report()
    for width in (390, 320):
        sheet.page.set_viewport_size({"width": width, "height": 800})
        assert sheet.page.evaluate("document.documentElement.scrollWidth") <= width


def test_every_control_can_be_used(opened):
    sheet = opened()
    sheet.draw_all()
    page = sheet.page
    for summary in page.query_selector_all("summary"):
        summary.click()
    for select in page.query_selector_all("select"):
        for value in select.eval_on_selector_all("option", "(all) => all.map((one) => one.value)"):
            select.select_option(value)
        select.select_option(index=0)
    page.fill("#search", "china")
    with page.expect_download():
        page.click("#save")
    for button in page.query_selector_all("button:not(#save):not(#theme)"):
        if button.is_enabled():
            button.click()
    papers = []
    for name in ("dark", "light", "system"):
        page.click("#theme")
        assert page.inner_text("#theme") == f"Colours: {name}"
        papers.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert papers[0] != papers[1] == papers[2]


def test_search_finds_what_the_table_of_events_holds(opened, sheets):
    sheet = opened()
    events = events_of(sheets)
    sheet.page.fill("#search", "china sanctions")
    wanted = [row for row in events if {"china", "sanctions"} <= set(row["headline"].lower().split())]
    assert sheet.page.inner_text("#count") == f"{len(wanted)} of {len(events)} events"
    sheet.page.select_option("#filter-symbol", "MADEA")
    assert set(sheet.rows(2)) == {"MADEA"}
    sheet.page.click("#reset")
    playwright_api.expect(sheet.page.locator("#count")).to_have_text(f"{len(events)} of {len(events)} events")
    sheet.page.fill("#search", "no such words")
    assert sheet.page.inner_text("#count").startswith("0 of")
    assert sheet.rows(0) == []


def test_columns_sort_both_ways_and_pages_turn(opened):
    sheet = opened()
    page = sheet.page
    page.click("#event-table th:last-child button")
    falling = [float(text) for text in sheet.rows(10)]
    assert page.get_attribute("#event-table th:last-child", "aria-sort") == "descending"
    assert falling == sorted(falling, reverse=True)
    page.click("#event-table th:last-child button")
    assert float(sheet.rows(10)[0]) < falling[-1]
    first = sheet.rows(0)
    page.click("#next")
    assert page.inner_text("#page").startswith("Page 2 of")
    page.click("#previous")
    assert sheet.rows(0) == first
    page.select_option("#rows", "500")
    assert len(sheet.rows(0)) == int(page.inner_text("#count").split()[0])


def test_what_is_saved_is_what_is_found(opened, tmp_path):
    sheet = opened()
    sheet.page.fill("#search", "aid")
    with sheet.page.expect_download() as caught:
        sheet.page.click("#save")
    caught.value.save_as(tmp_path / "events.csv")
    rows = list(csv.DictReader((tmp_path / "events.csv").read_text().splitlines()))
    assert len(rows) == int(sheet.page.inner_text("#count").split()[0]) > 0
    assert all("aid" in row["headline"] for row in rows)
    assert all(abs(float(row["car 0:0"])) < 1 for row in rows)


def test_the_keyboard_is_enough(opened):
    sheet = opened()
    page = sheet.page
    focused = "document.activeElement.textContent"
    page.keyboard.press("Tab")
    assert page.evaluate(focused) == "Skip to the events"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "search"
    page.keyboard.type("iran")
    assert page.inner_text("#count").split()[0] != "120"
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate(focused).startswith("Day 0"):
            break
    page.keyboard.press("Enter")
    assert page.get_attribute("#event-table th:nth-child(2)", "aria-sort") == "ascending"


def test_on_paper_controls_go_and_everything_else_stays(opened):
    sheet = opened(scheme="dark")
    page = sheet.page
    page.emulate_media(media="print")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.locator(".plot:not(:has(.main-svg))").count() == 0
    assert not page.is_visible("#filters")
    assert page.is_visible("dl")
    assert len(sheet.rows(0)) == int(page.inner_text("#count").split()[0])
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert len(page.pdf()) > 10_000


def test_a_headline_is_text_and_nothing_else():
    from correlator.plot.html import script_json

    assert "</script" not in script_json({"a": "</script><script>alert(1)</script>"})
