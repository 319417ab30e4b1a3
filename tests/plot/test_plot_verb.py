"""Every kind of figure by the verb: to a file, in the terminal, opened, and one line where it cannot be drawn."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from correlator.base.resources import data_path
from correlator.cli.app import app
from correlator.cli.verbs.plot import PlotKind
from correlator.errors import CorrelatorError, InputError
from correlator.intake.news import add_news
from correlator.intake.prices import add_prices
from correlator.plot.figures import FIGURES, PLACEBO, RESULT, FigureKind, Size, figure_text
from correlator.store.db import Store

SHARES = "HBL,OGDC"
MEANS = ("--benchmark", "equal-weighted", "--model", "mean", "--estimation", "-150:-11", "--window", "-5:5")


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Path:
    """Two shares, the headlines of the sample and the page."""
    path = tmp_path_factory.mktemp("plots") / "m.duckdb"
    for symbol in SHARES.split(","):
        add_prices(Store(path), data_path("sample", f"{symbol}.csv"), symbol=symbol)
    headlines = data_path("sample", "headlines.csv")
    add_news(Store(path), headlines, columns={"published": "date"}, profile="generic")
    add_news(Store(path), data_path("sample", "page.txt"))
    return path


def drawn(store: Path, kind: PlotKind, *more: str):
    whom, options = (SHARES, MEANS) if FIGURES[kind.value].needs in (RESULT, PLACEBO) else ("HBL", ())
    return CliRunner().invoke(
        app, ["plot", whom, "--kind", kind.value, "--store", str(store), "--draws", "30", *options, *more]
    )


@pytest.mark.parametrize("kind", PlotKind)
def test_every_kind_is_drawn_to_a_page(store, kind, tmp_path):
    target = tmp_path / "figure.html"
    done = drawn(store, kind, "-o", str(target))
    assert done.exit_code == 0, done.exception
    assert done.stdout == ""
    assert "Plotly.react" in target.read_text()
    assert target.stat().st_size < 1_500_000


@pytest.mark.parametrize("kind", PlotKind)
def test_text_keeps_to_the_terminal(store, kind, monkeypatch):
    monkeypatch.setenv("COLUMNS", "70")
    done = drawn(store, kind, "--terminal")
    assert done.exit_code == 0, done.exception
    assert len(done.stdout.splitlines()) > 3
    assert max(map(len, done.stdout.splitlines())) <= 70
    assert "\x1b" not in done.stdout


def test_a_kind_without_text_is_refused():
    kind = FigureKind("dots", "dots", RESULT, lambda _: None)
    with pytest.raises(InputError, match="cannot be drawn in the terminal"):
        figure_text(kind, None, Size())


def test_the_file_is_opened(store, tmp_path, monkeypatch):
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    drawn(store, PlotKind.PRICE, "-o", str(tmp_path / "figure.html"), "--open")
    assert opened == [(tmp_path / "figure.html").as_uri()]


@pytest.mark.parametrize(("ending", "start"), [("png", b"\x89PNG"), ("svg", b"<svg"), ("pdf", b"%PDF")])
def test_images(store, ending, start, tmp_path):
    pytest.importorskip("kaleido")
    if shutil.which("chromium") is None:
        pytest.skip("no Chromium on this machine")
    target = tmp_path / f"figure.{ending}"
    assert drawn(store, PlotKind.PRICE, "-o", str(target), "--width", "390").exit_code == 0
    assert target.read_bytes().startswith(start)


@pytest.mark.parametrize(
    "more",
    [
        ("--around", "28 May"),
        ("--key", "XXX", "--kind", "lead-lag"),
        ("--kind", "lead-lag", "--link", "named"),
        ("-o", "no/figure.html"),
        ("-o", "figure.bmp"),
        ("-o", "figure"),
        ("-o", "figure.html", "--width", "600"),
        ("-o", "figure.html", "--terminal"),
        ("--terminal", "--open"),
    ],
)
def test_what_cannot_be_drawn_is_said(store, more, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["plot", "HBL", "--store", str(store), *more])
    assert isinstance(done.exception, CorrelatorError)
    assert list(tmp_path.iterdir()) == []


def test_one_symbol_where_one_is_drawn(store):
    done = CliRunner().invoke(app, ["plot", SHARES, "--store", str(store)])
    assert "takes one symbol, got 2" in str(done.exception)


@pytest.mark.parametrize(
    ("kind", "given", "told"),
    [
        ("car", ("--around", "2025-05-28"), "--around 2025-05-28 is not used by the figure car"),
        ("price", ("--key", "PAK"), "--key PAK is not used by the figure price"),
        ("events", ("--sessions", "20"), "--sessions-each-side 20 is not used by the figure events"),
        ("price", ("--sessions", "20"), "--sessions-each-side 20 is not used without around"),
        ("price", ("--model", "mean"), "--model mean is not used by the figure price"),
        ("lead-lag", ("--window", "-1:1"), "--window -1:1 is not used by the figure lead-lag"),
        ("events", ("--by", "category"), "--by category is not used by the figure events"),
        ("car", ("--by", "category"), ""),
        ("price", ("--around", "2025-05-28", "--sessions", "20"), ""),
    ],
)
def test_what_a_figure_does_not_use_is_told(store, tmp_path, kind, given, told):
    whom, options = (SHARES, MEANS) if kind in ("car", "events") else ("HBL", ())
    plot = ["plot", whom, "--kind", kind, "--store", str(store), *options, *given, "-o", str(tmp_path / "figure.html")]
    done = CliRunner().invoke(app, plot)
    assert done.exit_code == 0, done.exception
    assert told in done.stderr
    assert ("is not used" in done.stderr) == bool(told)


def test_a_model_that_there_is_not_is_refused_where_none_is_used(tmp_path):
    done = CliRunner().invoke(app, ["plot", "HBL", "--model", "nope", "--store", str(tmp_path / "m.duckdb")])
    assert "there is no model 'nope'" in str(done.exception)


@pytest.mark.parametrize("kind", ["lead-lag", "dyads"])
def test_news_known_by_its_date_stands_where_it_is_asked_to(store, kind, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    texts = [
        drawn(store, PlotKind(kind), "--terminal", "--date-only", rule).stdout for rule in ("same-day", "after-close")
    ]
    assert (texts[0] != texts[1]) == (kind == "lead-lag")  # dyads are counted by month


def test_a_date_without_bars_is_told(store, tmp_path):
    done = drawn(store, PlotKind.PRICE, "--around", "2035-01-01", "-o", str(tmp_path / "figure.html"))
    assert "there are no bars at 2035-01-01" in done.stderr
    assert "01 Jan 2035 has no bars" in (tmp_path / "figure.html").read_text(encoding="utf-8")
