"""The tables of a report, with fixed columns, as CSV that is safe to open in a spreadsheet."""

from __future__ import annotations

import warnings
from collections.abc import Mapping

import polars as pl

from correlator.base.inert import safe_cells
from correlator.brief.unexplained import SCHEMA as UNEXPLAINED
from correlator.errors import StudyError
from correlator.eventstudy.panel.frames import as_simple
from correlator.eventstudy.results.result import StudyResult
from correlator.eventstudy.results.summary import summary_cells
from correlator.report.contents import Contents

_TEXT, _NUMBER, _COUNT, _DAY = pl.String(), pl.Float64(), pl.Int64(), pl.Date()
_KEY: dict[str, pl.DataType] = {"event_id": _COUNT, "symbol": _TEXT}
_TEST: dict[str, pl.DataType] = {"se": _NUMBER, "t": _NUMBER, "p_value": _NUMBER}
_INSTANT = pl.Datetime("us", "UTC")

COLUMNS: dict[str, dict[str, pl.DataType]] = {
    "new": {"kind": _TEXT, "symbol": _TEXT, "session": _DAY, "what": _TEXT},
    "placebo": {
        "window": _TEXT,
        "n": _COUNT,
        **dict.fromkeys(("caar", "low", "high"), _NUMBER),
        "statistic": _TEXT,
        **dict.fromkeys(("value", "p_value", "p_holm", "p_romano_wolf"), _NUMBER),
        **dict.fromkeys(("tested", "placements"), _COUNT),
        "given_up": _TEXT,
    },
    "confounds": {
        **_KEY,
        **dict.fromkeys(
            ("other_stories", "country_stories", "overlaps", "ex_dividend", "limit_locked", "thin"), _COUNT
        ),
        "confounded": pl.Boolean(),
        "reason": _TEXT,
    },
    "regressions": {
        **dict.fromkeys(("formula", "term"), _TEXT),
        **dict.fromkeys(("estimate", "se", "t", "p_value", "low", "high"), _NUMBER),
    },
    "summary": {
        "window": _TEXT,
        **dict.fromkeys(("n", "events", "dates"), _COUNT),
        **dict.fromkeys(("caar", "se", "low", "high"), _NUMBER),
        **dict.fromkeys(("p_value", "smallest_effect"), _NUMBER),
        "test": _TEXT,
    },
    "events": {
        **_KEY,
        **dict.fromkeys(("day_zero",), _DAY),
        **dict.fromkeys(("day_zero_reason",), _TEXT),
        "known_at": _INSTANT,
        **dict.fromkeys(("known_precision", "category", "quad_class"), _TEXT),
        "goldstein": _NUMBER,
        **dict.fromkeys(("source_country", "target_country", "dyad", "link", "publisher", "headline"), _TEXT),
    },
    "ar": {
        **_KEY,
        "session": _DAY,
        "day": _COUNT,
        **dict.fromkeys(("return", "expected", "ar"), _NUMBER),
        **_TEST,
        "flags": _TEXT,
    },
    "car": {**_KEY, "window": _TEXT, "car": _NUMBER, **_TEST, "n": _COUNT, "flags": _TEXT, "findings": _TEXT},
    "bhar": {**_KEY, "window": _TEXT, "bhar": _NUMBER, "n": _COUNT},
    "aar": {"day": _TEXT, "n": _COUNT, **dict.fromkeys(("aar", "sd", "caar", "positive"), _NUMBER)},
    "caar": {"window": _TEXT, "n": _COUNT, **dict.fromkeys(("caar", "sd", "positive"), _NUMBER)},
    "significance": {
        **dict.fromkeys(("window_or_day", "statistic"), _TEXT),
        **dict.fromkeys(("value", "df", "p_value"), _NUMBER),
        "n": _COUNT,
    },
    "models": {**_KEY, **dict.fromkeys(("alpha", "beta", "sigma"), _NUMBER), "n": _COUNT, "findings": _TEXT},
    "excluded": {**_KEY, "session": _DAY, "reason": _TEXT},
    "quotes": {
        "article_id": _COUNT,
        "symbol": _TEXT,
        **dict.fromkeys(("price", "change", "change_pct", "previous_close"), _NUMBER),
        "session": _DAY,
        "session_reason": _TEXT,
        "official_close": _NUMBER,
    },
    "unexplained": UNEXPLAINED,
}
"""Columns and types of every table. Group columns of ``by`` come before those of averages and statistics, betas of
further factors after those of models."""


def report_table(name: str, result: StudyResult | None, stored: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Return the table ``name`` with the columns of ``COLUMNS``; empty if ``result`` is None or has no events.

    ``stored``: tables that do not come from the study, by name.
    """
    if name in stored:
        return _shaped(stored[name], name)
    if result is None:
        return pl.DataFrame(schema=COLUMNS[name])
    if name == "events":
        return _shaped(result.events.rename({"date": "day_zero"}), name)
    if len(result.estimates) == 0 and name != "excluded":
        return pl.DataFrame(schema=COLUMNS[name])
    if name == "significance":
        return _significance(result)
    return _shaped(result.frame(name), name, keep=_extra(name, result))


def named_tables(contents: Contents) -> dict[str, pl.DataFrame]:
    """Return every table of a report by its file name, those of further studies prefixed with the study's name."""
    others = {f"{study}-{name}": frame for study, each in contents.others for name, frame in each.tables.items()}
    return {**contents.tables, **others}


def averages(result: StudyResult) -> tuple[list[str], list[list[str]]]:
    """Return headings and cells of the summary by window (and group), in per cent of simple returns, like the text and
    figures of a report.
    """
    kind = result.spec.returns
    percent = [
        pl.col(name).map_batches(lambda values: as_simple(values.to_numpy(), kind)).fill_nan(None)
        for name in ("caar", "se", "low", "high", "smallest_effect")
    ]
    return summary_cells(result.summary().with_columns(*percent), result.spec.by, "simple")


def csv_bytes(frame: pl.DataFrame, *, bom: bool = False) -> bytes:
    """Return the frame as UTF-8 CSV: ISO 8601 dates and UTC timestamps, full precision, safe for spreadsheets.

    Windows are in brackets, ``[-1:1]``, since a spreadsheet reads ``1:5`` as a time; ``bom``: whether to begin with a
    byte order mark, by which spreadsheets recognise UTF-8.
    """
    windows = [name for name in ("window", "window_or_day") if name in frame.columns]
    frame = frame.with_columns(pl.col(windows).str.replace(r"^(-?\d+:-?\d+)$", "[$1]"))
    plain = frame.with_columns(pl.selectors.datetime().dt.strftime("%Y-%m-%dT%H:%M:%SZ"))
    text = safe_cells(plain).write_csv(line_terminator="\n")
    return text.encode("utf-8-sig" if bom else "utf-8")


def shaped(name: str, frame: pl.DataFrame | None, groups: tuple[str, ...] = ()) -> pl.DataFrame:
    """Return ``frame`` with the columns of the table ``name``; an empty table for None."""
    return pl.DataFrame(schema=COLUMNS[name]) if frame is None else _shaped(frame, name, keep=groups)


def _significance(result: StudyResult) -> pl.DataFrame:
    """Return the statistics; empty if no group has two events, which does not stop the report."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tests = result.significance
    except StudyError:
        return pl.DataFrame(schema=COLUMNS["significance"])
    return _shaped(tests, "significance", keep=result.spec.by)


def _extra(name: str, result: StudyResult) -> tuple[str, ...]:
    if name in ("summary", "aar", "caar", "placebo"):
        return result.spec.by
    if name == "models":
        return tuple(column for column in result.models.columns if column not in COLUMNS["models"])
    return ()


def _shaped(frame: pl.DataFrame, name: str, keep: tuple[str, ...] = ()) -> pl.DataFrame:
    """Return ``frame`` with the columns of the table: groups first, further columns last, missing ones null."""
    expected = COLUMNS[name]
    columns = [
        (pl.col(column).cast(kind, strict=False) if column in frame.columns else pl.lit(None, kind)).alias(column)
        for column, kind in expected.items()
    ]
    extra = [pl.nth(frame.columns.index(column)) for column in keep if column not in expected]
    return frame.select([*columns, *extra] if name == "models" else [*extra, *columns])
