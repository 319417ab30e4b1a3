"""The options of a study: each is defined once, with its default, its reader and its help text.

``StudySpec`` is the single list. The options of the command line, the keys of a report's ``[study]`` table, the
keywords of ``study`` and the tables in the docs derive from its fields. A new option is a field here and a line in the
``TypedDict`` of its keywords, for type checkers; a test proves that the two agree.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar, cast

from correlator.errors import InputError, StudyError, refuse_unknown
from correlator.eventstudy.request.engines import ENGINES
from correlator.eventstudy.request.readers import (
    DEFAULT_LINKS,
    LINK_KINDS,
    Read,
    instant,
    one_of,
    perhaps,
    read_clock,
    read_currency,
    read_interval,
    read_links,
    read_minimum,
    read_selection,
    read_switch,
    read_symbols,
    read_text,
    read_windows,
    texts,
)
from correlator.eventstudy.request.windows import AsWindow, OffsetWindow, Window, parse_window
from correlator.sessions.intervals import SIDES

if TYPE_CHECKING:
    from correlator.base.tabular import Frame

RETURNS_KINDS = ("log", "simple")
LOG_VOLUME = "log-volume"
PRICES = ("adjusted", "close")
DATE_ONLY = ("same-day", "after-close")
OFF_SESSION_RULES = ("next", "previous", "exclude")
BENCHMARK_SESSIONS = ("same", "previous")
DAILY = "1d"
SYNTHETIC = "synthetic"
OTHER_COUNTRIES, OTHER_SECTORS = "other-countries", "other-sectors"
HOLES = ("trade-to-trade", "drop")
MARK, KEEP, DROP = "mark", "keep", "drop"
FLAGGED = (MARK, KEEP, DROP)
STORE, FRAMES = "store", "frames"

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Option:
    """How one option is parsed and described.

    ``read``: takes a caller's value and the option's name, returns the parsed value; ``words``: the help text;
    ``flags``: its names on the command line, if not that of the field, the usual one first; ``of``: ``store`` or
    ``frames`` if only such studies have it; ``many``: a list of strings, so that the flag is repeatable;
    ``with_files``: what to add to the help text of a command that studies files too.
    """

    read: Read
    words: str
    flags: tuple[str, ...]
    of: str = ""
    many: bool = False
    with_files: str = ""

    def words_for(self, *, files: bool) -> str:
        """The help text for a command that studies the store and, with ``files``, files too."""
        return self.words + self.with_files if files else self.words


def _option(
    default: Any, read: Read, words: str, *flags: str, of: str = "", many: bool = False, with_files: str = ""
) -> Any:
    """Return a field of ``StudySpec`` with its ``Option``."""
    return field(default=default, metadata={"option": Option(read, words, flags, of, many, with_files)})


@dataclass(frozen=True)
class StudySpec:
    """The request of a study, parsed and complete; made by ``study_spec``. ``option_of`` has each field's help text.

    ``windows`` lie inside ``window``; ``estimation`` and ``window`` count bars from day 0 or are calendar dates, both
    ends included. In a study of volumes ``returns`` is ``log-volume``. In a study of frames ``symbols`` and ``events``
    are empty: events are passed as a frame.
    """

    symbols: tuple[str, ...] = _option(
        (),
        read_symbols,
        "Symbol to study; repeatable. Default: every share.",
        "--symbol",
        of=STORE,
        many=True,
    )
    events: str | None = _option(
        None,
        read_selection,
        "Selection such as 'category = CONSULT and dyad = PAK-AZE'.",
        of=STORE,
        with_files=" For files: a CSV of events.",
    )
    links: tuple[str, ...] = _option(
        DEFAULT_LINKS,
        read_links,
        f"Kind of link between article and symbol to use: {', '.join(LINK_KINDS)}; repeatable. Default: country and "
        "named.",
        "--link",
        of=STORE,
        many=True,
    )
    benchmark: str | None = _option(
        None,
        read_text,
        "Benchmark: a symbol, or equal-weighted (the mean of the other shares). With several exchanges, one for each: "
        "XKAR=KSE100,XNYS=SP500. Default: that of the store, else equal-weighted.",
        with_files=" For files: a column, or a separate file.",
    )
    benchmark_session: str = _option(
        "same",
        one_of(BENCHMARK_SESSIONS),
        "Which session of the benchmark to compare with: same, or previous for a market that closes later.",
        of=STORE,
    )
    model: str = _option(
        "market",
        read_text,
        "Model of expected returns: raw, mean, market-adjusted, market, factors, scholes-williams, dimson, garch, "
        "rolling-beta or synthetic.",
    )
    donors: tuple[str, ...] = _option(
        (),
        texts,
        "For model synthetic, securities that the events do not affect: symbols, other-countries (default) or "
        "other-sectors.",
        many=True,
        with_files=" For files: columns. Default: those without events.",
    )
    interval: str = _option(
        DAILY, read_interval, "Interval of the stored bars to study, such as 1d, 1h or 5m.", of=STORE
    )
    returns: str = _option(
        "log", one_of(RETURNS_KINDS), "Kind of returns: log or simple.", with_files=" Or a wide file of returns."
    )
    price: str = _option("adjusted", one_of(PRICES), "Price of the stored bars: adjusted or close.", of=STORE)
    currency: str | None = _option(
        None, read_currency, "Convert returns to this currency with stored exchange rates, such as USD.", of=STORE
    )
    estimation: Window = _option(
        OffsetWindow(-279, -30), parse_window, "Estimation window: sessions from day 0, or two dates."
    )
    window: Window = _option(OffsetWindow(-10, 10), parse_window, "Event window: sessions from day 0, or two dates.")
    windows: tuple[Window, ...] = _option(
        (),
        read_windows,
        "Windows to cumulate over, such as -1:1,-5:5. Default: day 0 and the event window.",
        many=True,
    )
    minimum_observations: int | None = _option(
        None, read_minimum, "Minimum number of bars in an estimation window.", "--minimum-observations", "--minimum"
    )
    purge: bool = _option(
        False, read_switch, "Exclude bars in the event window of another event of the share from estimation windows."
    )
    by: tuple[str, ...] = _option(
        (), texts, "Columns of the events to group averages and statistics by, such as category.", many=True
    )
    off_session: str = _option(
        "next",
        one_of(OFF_SESSION_RULES),
        "For files: where to place an event between bars (next, previous or exclude).",
        of=FRAMES,
    )
    date_only: str | None = _option(
        None,
        perhaps(one_of(DATE_ONLY)),
        "Day 0 of an event with a date but no time: same-day, or after-close (the next session). Default: after-close.",
        with_files=" For files: same-day.",
    )
    exchange: str | None = _option(
        None,
        read_text,
        "For files: exchange whose sessions events with a time of day are placed on, such as XNAS. For shares of "
        "several exchanges: LAMP=XKAR,WICK=XNYS, or instruments (that of each instrument).",
        of=FRAMES,
    )
    close_of_day: str | None = _option(
        None,
        read_clock,
        "For files: time of the daily close, such as '16:00 America/New_York', instead of an exchange.",
        of=FRAMES,
    )
    stamped: str | None = _option(
        None,
        perhaps(one_of(SIDES)),
        "For files: whether the timestamp of an intraday bar is its start or its end. Default: inferred from the "
        "trading hours of the exchange, else start.",
        of=FRAMES,
    )
    holes: str = _option(
        "trade-to-trade",
        one_of(HOLES),
        "Sessions without a price: trade-to-trade (the next return spans the sessions since the last trade), or drop.",
    )
    flagged: str = _option(
        MARK,
        one_of(FLAGGED),
        "Bars that are doubtful, limit-locked or without volume: mark them in the outputs, keep them unmarked, or drop "
        "them together with events that have one in their window.",
    )
    engine: str = _option(
        "auto",
        one_of(ENGINES),
        "How sums over events are computed: auto, numpy or compiled. auto compiles from 20,000 events on.",
    )
    as_of: datetime | None = _option(
        None,
        instant,
        "Use only what was known by then: a date (its end in UTC) or an ISO timestamp with time zone.",
        of=STORE,
    )

    def offsets(self) -> tuple[OffsetWindow, OffsetWindow]:
        """Return the estimation and the event window; raises StudyError if any window is one of calendar dates."""
        parts = (self.estimation, self.window, *self.windows)
        if not all(isinstance(part, OffsetWindow) for part in parts):
            raise StudyError("windows of calendar dates cannot be moved to other dates", hint="give windows as offsets")
        return cast(OffsetWindow, self.estimation), cast(OffsetWindow, self.window)

    @property
    def needs_all_events(self) -> bool:
        """Whether the estimate of an event depends on the other events of the study."""
        return self.purge or self.model == SYNTHETIC

    def as_dict(self) -> dict[str, Any]:
        """Return the options as plain values, windows and instants as text, for manifests."""
        return {each.name: _plain(getattr(self, each.name)) for each in fields(self)}


class MeasureKeywords(TypedDict, total=False):
    """Keywords of every study: how events are measured."""

    model: str
    estimation: AsWindow
    window: AsWindow
    windows: AsWindow | Sequence[AsWindow] | None
    minimum_observations: int | None
    purge: bool
    date_only: str | None
    by: str | Sequence[str] | None
    holes: str
    flagged: str
    engine: str


class StoreKeywords(MeasureKeywords, total=False):
    """Keywords of a study of a store; ``factors``, ``risk_free`` and their units are data, not options."""

    events: str | None
    links: str | Sequence[str] | None
    benchmark: str | None
    benchmark_session: str
    donors: str | Sequence[str] | None
    interval: str
    returns: str
    price: str
    currency: str | None
    as_of: str | date | datetime | None
    factors: Frame | None
    factors_unit: str | None
    risk_free: str | Frame | None
    risk_free_unit: str | None


class FrameKeywords(MeasureKeywords, total=False):
    """Keywords of a study of frames, apart from the frames."""

    off_session: str
    exchange: str | None
    close_of_day: str | time | None
    stamped: str | None


def study_spec(**options: Any) -> StudySpec:
    """Return the spec of ``options``, each in any form that its reader accepts; those left out have their defaults.

    ``windows`` default to day 0 and the whole event window, or to the latter alone if it does not contain day 0.
    Raises InputError or TimeError naming the option.

    >>> study_spec(window=(-5, 5)).windows == study_spec(window="-5:5", windows="0:0,-5:5").windows
    True
    """
    known = {each.name: each for each in fields(StudySpec)}
    refuse_unknown(options, known)
    values = {name: option_of(known[name]).read(value, name) for name, value in options.items()}
    window = values.get("window", known["window"].default)
    values["windows"] = values.get("windows") or _default_windows(window)
    if values.get("donors") and values.get("model", known["model"].default) != SYNTHETIC:
        raise InputError(
            "donors are used by the model synthetic only", hint=f"choose the model {SYNTHETIC}", argument="donors"
        )
    return StudySpec(**values)


def refuse_foreign(options: Mapping[str, Any], source: str) -> None:
    """Raise InputError if one of ``options`` is given that a study of ``source`` (store or frames) does not have.

    It would silently have no effect: ``as_of`` cannot hide rows of a frame.
    """
    foreign = [each.name for each in fields(StudySpec) if each.name not in options_of(source)]
    refuse_unused(options, foreign, f"a study of {'a store' if source == STORE else 'frames or files'}")


def refuse_unused(options: Mapping[str, Any], names: Iterable[str], where: str, hint: str = "leave it out") -> None:
    """Raise InputError if any of ``names`` is given in ``options``: these have no effect ``where``."""
    known = {each.name: each for each in fields(StudySpec)}
    for name in names:
        if options.get(name) and options[name] != written_default(known[name]):
            raise InputError(f"{name} has no effect in {where}", hint=hint, argument=name)


def options_of(source: str) -> dict[str, Field[Any]]:
    """Return the fields that a study of ``source`` (store or frames) has, by name."""
    return {each.name: each for each in fields(StudySpec) if option_of(each).of in ("", source)}


def option_of(option: Field[Any]) -> Option:
    """Return how a field of ``StudySpec`` is parsed and described."""
    return cast(Option, option.metadata["option"])


def flags_of(option: Field[Any]) -> tuple[str, ...]:
    """Return all names of the option on the command line, the usual one first."""
    return option_of(option).flags or ("--" + option.name.replace("_", "-"),)


def flag_of(option: Field[Any]) -> str:
    """Return the usual name of the option on the command line."""
    return flags_of(option)[0]


def written_default(option: Field[Any]) -> Any:
    """Return the default as a caller would write it: windows as text."""
    return _plain(option.default)


def shows_options(*keywords: Any) -> Callable[[F], F]:
    """Decorate a function so that ``help()`` lists the keywords of these TypedDicts in place of ``**options``."""

    def decorate(function: F) -> F:
        known = {each.name: each for each in fields(StudySpec)}
        signature = inspect.signature(function)
        kept = [each for each in signature.parameters.values() if each.kind is not inspect.Parameter.VAR_KEYWORD]
        named = {each.name for each in kept}
        annotations = {name: kind for group in keywords for name, kind in group.__annotations__.items()}
        added = [
            inspect.Parameter(
                name,
                inspect.Parameter.KEYWORD_ONLY,
                default=written_default(known[name]) if name in known else None,
                annotation=getattr(kind, "__forward_arg__", kind),
            )
            for name, kind in annotations.items()
            if name not in named
        ]
        function.__signature__ = signature.replace(parameters=[*kept, *added])  # type: ignore[attr-defined]
        return function

    return decorate


def _default_windows(window: Window) -> tuple[Window, ...]:
    day_zero = OffsetWindow(0, 0)
    adds_day_zero = isinstance(window, OffsetWindow) and window.first <= 0 <= window.last and window != day_zero
    return (day_zero, window) if adds_day_zero else (window,)


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return value.label if hasattr(value, "label") else None if value is MISSING else value
