"""The registry of a study's tables: each once, with its words, its columns at the prompt, and whether it streams.

Python, the command line and the streams read it. A new table is an entry here and a property of ``StudyResult`` with
its name (``-`` as ``_``) that returns the frame.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Output:
    """``words``: what it shows; ``columns``: those that the command line prints, all where empty; ``streams``: no row
    needs another event, so that it can be made in chunks; ``needs_returns``: returns are among its columns; ``model``:
    the one model that has it, any where empty.
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
        Output("summary", "the answer by window, by the test that fits the design"),
        Output(
            "ar",
            "abnormal returns by event and day",
            ("event_id", "symbol", "session", "day", "return", "expected", "ar", "se", "t", "p_value", "flags"),
            streams=True,
            needs_returns=True,
        ),
        Output(
            "car",
            "cumulated by event and window",
            ("event_id", "symbol", "window", "car", "se", "t", "p_value", "flags", "findings"),
            streams=True,
        ),
        Output("aar", "averages by day"),
        Output("caar", "averages by window"),
        Output("bhar", "buy-and-hold abnormal returns", streams=True, needs_returns=True),
        Output("significance", "every test across events"),
        Output("wild-cluster", "the bootstrap by event date"),
        Output("models", "what was estimated per event", streams=True),
        Output("excluded", "events left out, and why", streams=True),
        Output("flagged", "bars of its windows that the audit doubts, and why"),
        Output("volatility", "abnormal variance by day"),
        Output("calendar-time", "the portfolio of open windows"),
        Output(
            "diagnostics",
            "whether each estimate is sound",
            ("event_id", "symbol", "n", "purged", "p_autocorrelation", "p_arch", "pre_trend", "outliers", "flags"),
        ),
        Output("donors", "what synthetic shares are made of", model="synthetic"),
        Output("in-space", "each synthetic share's gap next to those of donors", model="synthetic"),
        Output("in-space-average", "the average gap next to those of donors", model="synthetic"),
    )
}
