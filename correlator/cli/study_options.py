"""The options of every verb that runs a study of the store, in one place."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from correlator.cli.completion import complete_symbol
from correlator.cli.option_group import takes_group
from correlator.cli.output import complain
from correlator.errors import InputError

if TYPE_CHECKING:
    from datetime import datetime

    from correlator.eventstudy.result import StudyResult
    from correlator.store.db import Store

SymbolOption = Annotated[
    list[str] | None,
    typer.Option(
        "--symbol", help="Symbol to study; may be given again. Default: every share.", autocompletion=complete_symbol
    ),
]
EventsOption = Annotated[
    str | None,
    typer.Option("--events", help="Selection such as 'category = CONSULT and dyad = PAK-AZE'; with files, a CSV."),
]
LinkOption = Annotated[
    list[str] | None,
    typer.Option("--link", help="Kind of link that counts: country, named, printed, sector, watchlist; repeatable."),
]
IntervalOption = Annotated[
    str, typer.Option("--interval", help="Bars of the store to study: 1d, or 5m, 1h ... as they were loaded.")
]
AsOfOption = Annotated[
    str | None, typer.Option("--as-of", help="Use only what was known then: a date or an ISO instant (UTC).")
]


@dataclass(frozen=True)
class StudyOptions:
    """What a verb that runs a study asks for, its symbols apart; every field is an option of ``takes_study``'s verb."""

    events: EventsOption = None
    link: LinkOption = None
    benchmark: Annotated[
        str | None,
        typer.Option(
            "--benchmark",
            help="Symbol or column of the market; equal-weighted where there is none.",
            autocompletion=complete_symbol,
        ),
    ] = None
    model: Annotated[
        str,
        typer.Option("--model", help="raw, mean, market-adjusted, market, factors, scholes-williams or dimson."),
    ] = "market"
    estimation: Annotated[
        str, typer.Option("--estimation", help="Estimation window: sessions from day 0, or two dates.")
    ] = "-279:-30"
    window: Annotated[str, typer.Option("--window", help="Event window: sessions from day 0, or two dates.")] = "-10:10"
    windows: Annotated[
        str | None, typer.Option("--windows", help="Windows to cumulate over, such as -1:1,-5:5.", show_default=False)
    ] = None
    as_of: AsOfOption = None

    @property
    def links(self) -> tuple[str, ...]:
        """Kinds of link: those asked for, else those of every study."""
        return links_of(self.link)

    @property
    def known(self) -> dict[str, Any]:
        """Which events, and as they were known when: arguments ``events``, ``links`` and ``as_of``."""
        return {"events": self.events, "links": self.links, "as_of": instant(self.as_of)}

    @property
    def plan(self) -> dict[str, Any]:
        """How it is measured: arguments ``benchmark``, ``model``, ``estimation``, ``window`` and ``windows``."""
        return {name: getattr(self, name) for name in ("benchmark", "model", "estimation", "window", "windows")}

    @property
    def arguments(self) -> dict[str, Any]:
        """The options as arguments of ``study``."""
        return {**self.known, **self.plan}

    def run(self, store: Store, symbols: list[str] | None, **others: Any) -> StudyResult:
        """The study of ``symbols`` (None: every share) in ``store``; ``others``: further arguments of ``study``."""
        from correlator.research.study import study

        return study(store, symbols, **{**self.arguments, **others})


def takes_study(verb: Callable[..., None]) -> Callable[..., None]:
    """``verb`` with the options of ``StudyOptions`` in the place of its parameter ``chosen``."""
    return takes_group(verb, StudyOptions, "chosen")


def links_of(asked: list[str] | None) -> tuple[str, ...]:
    """The kinds of link that count where ``asked`` names none are those of every study."""
    from correlator.research.selection import DEFAULT_LINKS

    return tuple(asked) if asked else DEFAULT_LINKS


def instant(text: str | None) -> datetime | None:
    """An instant in UTC from a date (its end) or an ISO 8601 instant; raises InputError on other text."""
    from datetime import UTC, datetime, time

    if text is None:
        return None
    try:
        if len(text) == 10:
            return datetime.combine(datetime.fromisoformat(text).date(), time.max, UTC)
        read = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(f"--as-of {text!r} is no date", hint="write 2025-06-05 or 2025-06-05T16:00:00Z") from None
    if read.tzinfo is None:
        raise InputError(f"--as-of {text!r} has no zone", hint="add Z or an offset such as +05:00")
    return read.astimezone(UTC)


@contextmanager
def narrated_warnings() -> Iterator[None]:
    """Warnings as one line each on stderr."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        yield
    for message in dict.fromkeys(str(warning.message) for warning in caught):
        complain(message, level="warning")
