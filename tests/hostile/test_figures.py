"""Texts of users and publishers in figures: shown as they are, never as markup; in a real browser nothing runs."""

from __future__ import annotations

import datetime as dt
import json
import shutil

import numpy as np
import polars as pl
import pytest

from correlator.eventstudy.matrix import study_matrix
from correlator.plot.correlation import Sides, impulse_figure, lead_lag_figure
from correlator.plot.distribution import distribution_figure, null_figure
from correlator.plot.dyads import dyad_network, dyad_timeline
from correlator.plot.figures import RESULT, figures_of
from correlator.plot.heatmap import heatmap_figure
from correlator.plot.html import figure_page
from correlator.plot.of_result import result_figure
from correlator.plot.price import price_figure

HOSTILE = '<a href="javascript:canary()">C</a><img src=x onerror=canary()></script><script>canary()</script> $x^2$'
DAYS = [day for n in range(700) if (day := dt.date(2018, 1, 1) + dt.timedelta(days=n)).weekday() < 5][:400]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def study(text: str):
    rng = np.random.default_rng(5)
    market = rng.normal(0, 0.01, len(DAYS))
    wide = pl.DataFrame({"date": DAYS, text: market + rng.normal(0, 0.02, len(DAYS)), "MKT": market})
    events = pl.DataFrame({"symbol": [text] * 8, "date": DAYS[200:360:20], "category": [text, "CONSULT"] * 4})
    events = events.with_columns(headline=pl.lit(text))
    options = {"estimation": "-120:-20", "window": "-5:5", "windows": "-1:1,-5:5", "by": "category"}
    return study_matrix(wide, events, benchmark="MKT", **options)


def figures(text: str) -> dict[str, object]:
    """Every figure, with ``text`` wherever somebody else's text can stand."""
    closes = [100.0 + n % 7 for n in range(60)]
    bars = pl.DataFrame({"session": DAYS[:60], "close": closes, "volume": closes})
    news = pl.DataFrame(
        {
            "day_zero": DAYS[5:7],
            "category": [text, "CONSULT"],
            "headline": [text, text],
            "publisher": [text, text],
            "reason": [text, None],
            "dyad": [text, "AZE-PAK"],
            "quad_class": ["verbal-cooperation"] * 2,
            "goldstein": [1.0, 2.0],
            "known_at": [dt.datetime(2018, 1, 9, tzinfo=dt.UTC)] * 2,
        }
    )
    marks = pl.DataFrame({"session": DAYS[3:4], "mark": ["no volume"], "words": [text]})
    pairs = news.with_columns(dyad=pl.Series([f"{text}-PAK", "AZE-PAK"]))
    lags = pl.DataFrame({"lag": [0], "correlation": [0.1], "low": [0.0], "high": [0.2], "p_adjusted": [0.5]})
    response = pl.DataFrame({"horizon": [0], "estimate": [0.1], "low": [0.0], "high": [0.2]})
    result = study(text)
    named = result.events.select("event_id", "symbol", "category")
    return {
        "price": price_figure(bars, events=news, marks=marks, symbol=text),
        "dyads": dyad_timeline(pairs, title=text),
        "network": dyad_network(pairs, title=text),
        "lead-lag": lead_lag_figure(lags, title=text, sides=Sides(text, text, text)),
        "impulse": impulse_figure(response, title=text, sides=Sides(text, text, text)),
        "null": null_figure(pl.Series([0.1, 0.2, 0.3]), 0.2, p_value=0.5, statistic=text, whom=text, about=text),
        "distribution": distribution_figure(result.car, "-1:1", title=text),
        "named heatmap": heatmap_figure(result.car, named, title=text),
        **{kind: result_figure(result, kind) for kind in figures_of(RESULT)},
    }


def strings(value: object):
    if isinstance(value, dict):
        for key, each in value.items():
            if key not in ("template", "meta"):  # pages escape the words of titles in meta themselves
                yield from strings(each)
    elif isinstance(value, list):
        for each in value:
            yield from strings(each)
    elif isinstance(value, str):
        yield value


@pytest.fixture(scope="module")
def drawn():
    return figures(HOSTILE)


def test_no_text_is_markup(drawn):
    for name, figure in drawn.items():
        for text in strings(json.loads(figure.to_json())):
            assert "<a" not in text, f"{name}: {text}"
            assert "<img" not in text, f"{name}: {text}"
            assert "$x" not in text, f"{name}: {text}"


def test_pages_hold_no_script_of_a_text(drawn):
    for name, figure in drawn.items():
        head, _, rest = figure_page(figure).partition("<main>")
        assert "canary()</title>" not in head.replace("&lt;/script&gt;", "")
        assert "<script>canary" not in head, name
        assert "<script>canary" not in rest, name
        assert "<img" not in rest.partition("</main>")[0], name


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
def test_nothing_runs_in_a_browser(drawn, tmp_path):
    playwright_api = pytest.importorskip("playwright.sync_api")
    with playwright_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM)
        page = browser.new_page(viewport={"width": 900, "height": 700})
        said: list[str] = []
        asked: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.add_init_script("window.canary = () => { window.ran = true; };")
        for name, figure in drawn.items():
            file = tmp_path / f"{name}.html"
            file.write_text(figure_page(figure), encoding="utf-8")
            page.goto(file.as_uri())
            page.wait_for_selector(".main-svg", state="attached")
            for x in range(100, 900, 200):
                page.mouse.move(x, 200)
            assert page.evaluate("window.ran") is None, name
            assert page.locator("svg a, #figure img, .hoverlayer a").count() == 0, name
        browser.close()
    assert said == []
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
