"""The HTML tear sheet: one file with text, figures, a table of events, methods and data, that needs no network.

The same report gives the same page. The events are in the page as JSON, and are filtered, sorted and paged there.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from correlator.errors import StudyError
from correlator.eventstudy.results.result import StudyResult
from correlator.plot.html import figure_parts, figure_script, page_head, script_json
from correlator.plot.plotly_script import plotly_script
from correlator.report.contents import Contents
from correlator.report.event_rows import event_choices, event_rows
from correlator.report.figures import Drawn, label_of
from correlator.report.tables import averages, named_tables
from correlator.report.words import method_paragraphs, new_sentences, summary_paragraphs
from correlator.version import __version__

if TYPE_CHECKING:
    import jinja2
    import plotly.graph_objects as go

_TEMPLATES = Path(__file__).parent / "templates"


def tear_sheet(contents: Contents, drawn: Drawn) -> str:
    """Return the page of a report with its figures."""
    studies = contents.studies
    sections = [_section(name, each, drawn[name]) for name, each in (("", contents), *contents.others)]
    figures = {name: figure for by_id in drawn.values() for name, figure in by_id.items()}
    columns, events = event_rows({name: each.result for name, each in studies.items()})
    data = {
        "figures": {name: figure_parts(figure) for name, figure in figures.items()},
        "columns": columns,
        "events": events,
    }
    moment = contents.moment
    style = _style(figures)
    script = figure_script() + (_TEMPLATES / "tear_sheet.js").read_text(encoding="utf-8")
    plotly = plotly_script()
    return _template().render(
        head=page_head(f"{contents.spec.heading}, {moment.session.isoformat()}", style, [script, plotly]),
        heading=contents.spec.heading,
        session=moment.session.isoformat(),
        exchange=moment.exchange,
        as_of=f"{moment.as_of:%Y-%m-%d %H:%M} UTC",
        new=_new(contents),
        sections=sections,
        choices=event_choices(columns, events),
        event_columns=columns,
        methods=method_paragraphs(contents),
        parameters=[
            (f"{study}: {name}" if contents.others else name, _plain(value))
            for study, each in studies.items()
            for name, value in each.spec.as_dict()["study"].items()
        ],
        notes=_notes(contents),
        inputs=_table(contents.inputs.bars, "Prices"),
        excluded=_excluded(contents),
        unexplained=_unexplained(contents),
        files=_files(contents),
        versions=f"Made with correlator {__version__}; inputs and files with their hashes: manifest.json.",
        script=script,
        plotly=plotly,
        data=script_json(data),
    )


def _style(figures: dict[str, go.Figure]) -> str:
    """Return the style sheet, with the height of each figure, so that the page does not shift when one is drawn."""
    rules = (_TEMPLATES / "tear_sheet.css").read_text(encoding="utf-8")
    return rules + "".join(f"#{name}{{min-height:{figure.layout.height}px}}\n" for name, figure in figures.items())


@cache
def _template() -> jinja2.Template:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined
    )
    return environment.get_template("tear_sheet.html")


def _section(name: str, contents: Contents, figures: Mapping[str, go.Figure]) -> dict[str, Any]:
    """Return the section of one study (the first has no name): text, tables and figures."""
    return {
        "name": name,
        "id": f"study-{name}" if name else "summary",
        "summary": summary_paragraphs(contents),
        "averages": _averages(contents.result),
        "tests": _tests(contents.result),
        "further": [
            _table(contents.tables[each], caption, digits=3)
            for each, caption in _FURTHER.items()
            if each in contents.tables and contents.tables[each].height
        ],
        "figures": [{"id": each, "label": label_of(figure)} for each, figure in figures.items()],
    }


_FURTHER = {
    "placebo": "Against the same study on ordinary sessions",
    "regressions": "Regressions of the returns on attributes of the events",
}
_MOST_NEW = 20


def _new(contents: Contents) -> dict[str, Any]:
    """Return what is new since the last report: a sentence, and the first lines."""
    sentences = new_sentences(contents)
    if not sentences:
        return {"rows": []}
    table = contents.tables["new"]
    lines = [
        " ".join(str(part) for part in (row["symbol"], row["session"], row["what"]) if part is not None)
        for row in table.head(_MOST_NEW).iter_rows(named=True)
    ]
    more = [f"and {table.height - _MOST_NEW:,} more in new.csv"] if table.height > _MOST_NEW else []
    return {"rows": sentences, "lines": lines + more}


def _averages(result: StudyResult | None) -> dict[str, Any]:
    """Return the summary by window (and group) with the recommended test, in per cent; empty without events."""
    if result is None or len(result.estimates) == 0:
        return {"rows": []}
    headings, rows = averages(result)
    numbers = [position for position, name in enumerate(headings) if name not in (*result.spec.by, "window", "verdict")]
    return {"caption": "What was found, by window", "columns": headings, "numbers": numbers, "rows": rows}


def _tests(result: StudyResult | None) -> dict[str, Any]:
    """Return every test across events by window; empty for a single event, which has no cross-section."""
    if result is None or len(result.estimates) < 2:
        return {"rows": []}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            tests = result.significance
        except StudyError:
            return {"rows": []}
    shown = tests.filter(pl.col("window_or_day").is_in(result.window_labels)).rename({"window_or_day": "window"})
    return _table(shown, "Every test across events", digits=3)


def _notes(contents: Contents) -> list[str]:
    """Return the notes of the report, and those that only a further study has, with its name."""
    others = [f"{name}: {note}" for name, each in contents.others for note in each.notes if note not in contents.notes]
    return [*contents.notes, *others]


def _excluded(contents: Contents) -> dict[str, Any]:
    """Return the number of events left out by reason, and by study if there are several."""
    exclusions = [
        each.result.excluded.select(pl.lit(name).alias("study"), "reason")
        for name, each in contents.studies.items()
        if each.result is not None and each.result.excluded.height
    ]
    if not exclusions:
        return {"rows": []}
    keys = ["study", "reason"] if contents.others else ["reason"]
    counts = pl.concat(exclusions).group_by(keys).agg(pl.len().alias("events"))
    ordered = counts.sort("events", *keys, descending=True)
    return _first(ordered, 50, "Events left out, by reason")


def _unexplained(contents: Contents) -> dict[str, Any]:
    """Return the extreme sessions without an event, if the report has that table."""
    moves = contents.tables.get("unexplained")
    if moves is None or moves.is_empty():
        return {"rows": []}
    columns = ("symbol", "session", "ar", "z", "nearest_sessions", "nearest_headline")
    return _first(moves.select(columns), 20, "Extreme abnormal returns without an event (log returns)", digits=3)


def _files(contents: Contents) -> dict[str, Any]:
    rows = [(f"{name}.csv", frame.height, ", ".join(frame.columns)) for name, frame in named_tables(contents).items()]
    frame = pl.DataFrame(rows, schema={"file": pl.String, "rows": pl.Int64, "columns": pl.String}, orient="row")
    return {**_table(frame, "CSV files next to this page"), "links": True}


def _first(frame: pl.DataFrame, most: int, caption: str, *, digits: int = 4) -> dict[str, Any]:
    """Return the first rows of a table, with a caption that says so if there are more."""
    more = f", the first {most} of {frame.height:,}" if frame.height > most else ""
    return _table(frame.head(most), caption + more, digits=digits)


def _table(frame: pl.DataFrame, caption: str, *, digits: int = 4) -> dict[str, Any]:
    return {
        "caption": caption,
        "columns": frame.columns,
        "numbers": [position for position, kind in enumerate(frame.dtypes) if kind.is_numeric()],
        "rows": [[_plain(value, digits) for value in row] for row in frame.iter_rows()],
    }


def _plain(value: object, digits: int = 4) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        is_small = 0.0 < abs(value) < 10.0 ** (2 - digits)  # fewer than digits - 1 would be left of it
        return f"{value:.{digits - 1}g}" if is_small else f"{value:,.{digits}f}"
    if isinstance(value, tuple | list):
        return ", ".join(str(item) for item in value) or "–"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
