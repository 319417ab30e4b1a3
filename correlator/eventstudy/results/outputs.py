"""The registry of a study's tables: each with its description, its columns on the command line, and whether it streams.

Python, the command line and the streams use it. A new table is an entry here and a property of ``StudyResult`` with its
name (``-`` as ``_``) that returns the frame.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Output:
    """``words``: its description; ``columns``: those that the command line prints, all if empty; ``streams``: no row
    depends on another event, so that it can be made in chunks; ``needs_returns``: returns are among its columns;
    ``model``: the one model that has it, any if empty.
    """

    name: str
    words: str
    columns: tuple[str, ...] = ()
    streams: bool = False
    needs_returns: bool = False
    model: str = ""


OUTPUTS: dict[str, Output] = {
    output.name: output
    for output in (
        Output("summary", "one row per window, with the test that fits the design"),
        Output(
            "ar",
            "abnormal returns by event and day",
            ("event_id", "symbol", "session", "day", "return", "expected", "ar", "se", "t", "p_value", "flags"),
            streams=True,
            needs_returns=True,
        ),
        Output(
            "car",
            "cumulative abnormal returns by event and window",
            ("event_id", "symbol", "window", "car", "se", "t", "p_value", "flags", "findings"),
            streams=True,
        ),
        Output("aar", "average abnormal returns by day"),
        Output("caar", "average cumulative abnormal returns by window"),
        Output("bhar", "buy-and-hold abnormal returns", streams=True, needs_returns=True),
        Output("significance", "every test across events"),
        Output("wild-cluster", "the wild cluster bootstrap by event date"),
        Output("models", "the estimated model of each event", streams=True),
        Output("excluded", "excluded events and the reasons", streams=True),
        Output("flagged", "doubtful bars in the windows and the reasons"),
        Output("volatility", "abnormal variance by day"),
        Output("calendar-time", "the calendar-time portfolio of open event windows"),
        Output(
            "diagnostics",
            "diagnostics of each estimate",
            ("event_id", "symbol", "n", "purged", "p_autocorrelation", "p_arch", "pre_trend", "outliers", "flags"),
        ),
        Output("donors", "donors of each synthetic control and their weights", model="synthetic"),
        Output("in-space", "in-space placebo test of each synthetic control", model="synthetic"),
        Output("in-space-average", "in-space placebo test of the average", model="synthetic"),
    )
}
