"""Events as frames and files bring them, made ready for a panel: their symbols, their day 0, and which are repeats.

A time of day needs to know when the day ends: the sessions of an ``exchange``, or a ``close_of_day``. With an exchange
an event falls to the session that the store would give it. A date without a clock is the bar of that date.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import polars as pl

from correlator.errors import InputError, TimeError, warn
from correlator.eventstudy.panel.moments import RULE, UTC, Moments, moments_of
from correlator.eventstudy.panel.names import columns_meant
from correlator.eventstudy.placing.bars import ends_at, on_bars, usual_length
from correlator.eventstudy.request.spec import StudySpec
from correlator.market.names.former import former_names
from correlator.market.names.instruments import find_instrument
from correlator.market.written.clock_columns import begin_of_days, located
from correlator.sessions.bar_stamps import note_of_ends, side_of, starts_of
from correlator.sessions.calendars import exchange_named, exchange_zone, place_instants
from correlator.sessions.intervals import END

_CLOSE = re.compile(r"^(\d{1,2}):(\d{2}) (\S+)$")
_POLICY = {"next": "next", "previous": "previous", "exclude": "drop"}
INSTRUMENTS = "instruments"
"""As an exchange: the one that is known of each share."""


@dataclass
class Seen:
    """Events met so far, by what they say and by their numbers, so that a repeat is known in a later chunk."""

    rows: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema={"hash": pl.UInt64, "first": pl.Int64}))
    ids: list[pl.Series] = field(default_factory=list)
    numbered: pl.Series = field(default_factory=lambda: pl.Series(dtype=pl.UInt64))
    count: int = 0


def place_events_on(events: pl.DataFrame, labels: pl.Series, spec: StudySpec) -> pl.DataFrame:
    """``events`` with ``date`` as the panel's ``labels`` (T,) are: dates, or instants.

    Where an event carried a clock and the labels are days, ``date`` is its session and ``day_zero_reason`` says how it
    lies to it; ``known_at`` (UTC) and ``known_precision`` keep what was written. Raises TimeError where a clock
    cannot be placed.
    """
    moments = moments_of(events["date"], "events")
    said = (
        events[RULE] if RULE in events.columns else pl.Series("said", [None], pl.String).new_from_index(0, len(events))
    )
    events = events.drop(RULE, strict=False)
    later = said.fill_null(spec.date_only or "same-day") == "after-close"
    if not moments.has_clock.any() and labels.dtype == pl.Date:
        if not later.any():
            return events.with_columns(moments.day.alias("date"))
        after = _after(moments.day, later, labels, spec).alias("date")
        reason = pl.select(pl.when(later & moments.day.is_not_null()).then(pl.lit("date-only"))).to_series()
        return events.with_columns(after, reason.alias("day_zero_reason"))
    moments = _with_zones(moments, zone_of(spec))
    if labels.dtype != pl.Date:
        return _on_instants(events, moments, labels, spec, said=said)
    if spec.exchange is None and spec.close_of_day is None:
        first = events["date"].filter(moments.has_clock)[0]
        raise TimeError(
            f"events carry a time of day (first: {first}), and which day they belong to depends on the close",
            hint="give exchange='XNAS' for its sessions, or close_of_day='16:00 America/New_York'",
        )
    placed = _by_exchange(moments, spec) if spec.exchange is not None else _by_close(moments, labels, spec)
    clock = moments.has_clock
    if alone := int((~clock & moments.day.is_not_null() & said.is_null()).sum()):
        where = "the session after it" if spec.date_only == "after-close" else "the bar of that date"
        warn(f"{alone} of {len(clock)} events are dates without a time of day: their day 0 is {where}")
    day = _after(moments.day, later, labels, spec)
    frame = placed.select("session", "reason").with_columns(
        clock=clock, day=day, at=moments.day, known=moments.instant, later=later
    )
    columns = frame.select(
        date=pl.when("clock").then("session").otherwise("day"),
        day_zero_reason=pl.when("clock").then("reason").otherwise(pl.when("later").then(pl.lit("date-only"))),
        known_at=pl.when("clock").then("known").otherwise(pl.col("at").cast(UTC)),
        known_precision=pl.when("clock").then(pl.lit("second")).otherwise(pl.lit("day")),
    )
    return events.drop("known_at", "known_precision", "day_zero_reason", strict=False).with_columns(*columns)


def name_as(events: pl.DataFrame, symbols: tuple[str, ...]) -> pl.DataFrame:
    """``events`` with the panel's ``symbols`` for what they call otherwise: other case, or another name of the share.

    A name that fits none, or several, stays as it is written.
    """
    events = _under_present_names(events, set(symbols))
    ours = columns_meant(events["symbol"].unique().drop_nulls().to_list(), symbols)
    return events.with_columns(pl.col("symbol").replace(ours)) if ours else events


def _under_present_names(events: pl.DataFrame, known: set[str]) -> pl.DataFrame:
    """``events`` with today's name of a share in the place of the one on their date: FB is META until June 2022.

    Where the panel has columns of both names, each event keeps the one that it is written with.
    """
    written = events["symbol"].unique().drop_nulls().to_list()
    former = {name: former_names()[name.upper()] for name in written if name.upper() in former_names()}
    former = {name: each for name, each in former.items() if each.symbol in known and name not in known}
    if not former:
        return events
    until = events["symbol"].replace_strict(
        {name: each.until for name, each in former.items()}, default=None, return_dtype=pl.Date
    )
    ours = events["symbol"].replace({name: each.symbol for name, each in former.items()})
    earlier = until.is_not_null()
    if "date" in events.columns:
        earlier = (moments_of(events["date"], "events").day <= until).fill_null(False)
    present = pl.select(pl.when(earlier).then(ours).otherwise(events["symbol"]).alias("symbol")).to_series()
    return events.with_columns(present)


def part_exchanges(spec: StudySpec) -> tuple[StudySpec, str | None]:
    """The spec without an ``exchange`` that is one of each share, and that: ``LAMP=XKAR,WICK=XNYS`` or
    ``instruments``.
    """
    if one_exchange(spec.exchange) == spec.exchange:
        return spec, None
    return replace(spec, exchange=None), spec.exchange


def one_exchange(text: str | None) -> str | None:
    """The exchange that ``text`` names for all shares; None for one of each share, as ``part_exchanges`` has it."""
    return None if text is not None and (text == INSTRUMENTS or "=" in text) else text


def exchanges_of(columns: Sequence[str], events: pl.DataFrame | None, asked: str | None) -> dict[str, str]:
    """The exchange of each share among ``columns`` as far as it is told: empty if all are studied on their rows.

    ``asked``: as ``part_exchanges`` gives it; else the column ``exchange`` of ``events`` says it, where it names two or
    more. Raises InputError for a share of two exchanges or, where others have one, of none.
    """
    listed: dict[str, str | None] = {}
    if asked == INSTRUMENTS:
        listed = {name: (find_instrument(name) or {}).get("exchange") for name in columns}
    elif asked is not None:
        listed = dict(_pair(part) for part in asked.split(",") if part.strip())
        meant = columns_meant(listed, columns)
        listed = {meant.get(name, name): code for name, code in listed.items()}
    elif events is not None and "exchange" in events.columns:
        pairs = events.select("symbol", pl.col("exchange").cast(pl.String).str.strip_chars()).unique().sort("symbol")
        if pairs["exchange"].drop_nulls().n_unique() < 2:
            return {}
        twice = pairs.filter(pl.col("symbol").is_duplicated())
        if twice.height:
            exchanges = ", ".join(
                str(code) for code in twice.filter(pl.col("symbol") == twice["symbol"][0])["exchange"]
            )
            hint = "write the exchange of its listing in every row"
            raise InputError(f"events have {twice['symbol'][0]} on several exchanges: {exchanges}", hint=hint)
        listed = dict(pairs.iter_rows())
    if not listed:
        return {}
    known = {name: exchange_named(code).code for name, code in listed.items() if code}
    needed = set(columns if events is None else events["symbol"]) & set(columns)
    if missing := sorted(needed - set(known)):
        hint = f"write {missing[0]}=XKAR with the others, or add the column exchange to the events"
        raise InputError(f"the exchange of {missing[0]} is not known", hint=hint, argument="exchange")
    return {name: code for name, code in known.items() if name in columns}


def _pair(part: str) -> tuple[str, str]:
    name, _, code = part.strip().rpartition("=")
    if not name or not code:
        raise InputError(f"exchange {part!r} cannot be read", hint="write LAMP=XKAR,WICK=XNYS", argument="exchange")
    return name.strip(), code.strip()


def without_repeats(events: pl.DataFrame, seen: Seen) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The events that are not in ``seen`` yet, and those left out as event_id, symbol, session, reason.

    Two rows that say the same, their numbers apart, are one event. Of two that say different things of one share under
    one number the first is taken: which of them the number means cannot be told. ``seen`` learns the new ones.
    """
    hashes = events.select(pl.exclude("event_id")).hash_rows(seed=0)
    rows = pl.DataFrame({"hash": hashes}).with_row_index("row")
    complete = events["symbol"].is_not_null() & events["date"].is_not_null()
    numbered = rows.with_columns(pl.col("row").cast(pl.Int64) + seen.count)
    firsts = pl.concat([seen.rows, numbered.select("hash", first="row")]).unique(
        "hash", keep="first", maintain_order=True
    )
    matched = numbered.join(firsts, on="hash", how="left", maintain_order="left")
    repeated = (matched["first"] != matched["row"]) & complete
    seen.rows, seen.count = firsts, seen.count + len(events)
    seen.ids.append(events["event_id"])
    numbers = events.select("event_id", "symbol").hash_rows(seed=0)
    known = ~numbers.is_first_distinct() | numbers.is_in(seen.numbered.implode())
    taken = known & events["event_id"].is_not_null() & complete & ~repeated
    seen.numbered = seen.numbered.append(numbers)
    if not (repeated | taken).any():
        return events, _left_out(events.clear(), pl.Series("reason", [], dtype=pl.String))
    names = pl.concat(seen.ids).gather(matched["first"].filter(repeated)).cast(pl.String)
    others = events.filter(taken)
    left_out = [
        _left_out(events.filter(repeated), pl.select(pl.format("the same event as {}", names)).to_series()),
        _left_out(
            others, others.select(pl.format("event_id {} is another event of {}", "event_id", "symbol")).to_series()
        ),
    ]
    return events.filter(~repeated & ~taken), pl.concat(left_out)


def zone_of(spec: StudySpec) -> str | None:
    """The IANA zone of the exchange or of the close of day, None without either.

    Raises InputError where both are given, where the close has no zone, or for a zone that does not exist.
    """
    if spec.exchange is not None:
        if spec.close_of_day is not None:
            raise InputError("exchange and close_of_day are both given", hint="an exchange knows when it closes")
        return exchange_zone(spec.exchange)
    if spec.close_of_day is None:
        return None
    return _close_of(spec.close_of_day)[2]


def _close_of(text: str) -> tuple[int, int, str]:
    parts = _CLOSE.fullmatch(text)
    if parts is None:
        hint = "write it as '16:00 America/New_York'"
        raise InputError(f"close_of_day {text!r} has no zone", hint=hint, argument="close_of_day")
    try:
        ZoneInfo(parts[3])
    except (ZoneInfoNotFoundError, ValueError, OSError):
        hint = "use an IANA name such as America/New_York or Asia/Karachi"
        raise InputError(
            f"close_of_day has the unknown zone {parts[3]!r}", hint=hint, argument="close_of_day"
        ) from None
    hour, minute = int(parts[1]), int(parts[2])
    return hour or (0 if minute else 24), minute, parts[3]  # a day that closes at midnight is the one before it


def _with_zones(moments: Moments, zone: str | None) -> Moments:
    """Clocks without a zone read by the clocks of ``zone``, where there is one.

    Raises TimeError for a time that these show twice or never.
    """
    bare = moments.has_clock & moments.instant.is_null()
    if zone is None or not bare.any():
        return moments
    local = located(moments.wall.set(~bare, None), zone, "events").dt.convert_time_zone("UTC").cast(UTC)
    warn(f"{int(bare.sum())} times of day without a zone are read by the clocks of {zone}")
    return Moments(moments.day, moments.wall, moments.instant.fill_null(local))


def _on_instants(
    events: pl.DataFrame, moments: Moments, labels: pl.Series, spec: StudySpec, *, said: pl.Series
) -> pl.DataFrame:
    """Events on the bars of a panel of instants, as a store places them: the first that ends after each was known.

    A date alone has no bar, unless ``date_only``, or ``said`` of it, says which: ``same-day`` counts from its midnight,
    ``after-close`` from the midnight after it. Raises TimeError where only one of both has a zone.
    """
    zone = getattr(labels.dtype, "time_zone", None)
    if zone is None and moments.instant.is_not_null().any():
        raise TimeError(
            "events have a time zone and the bars have none", hint="write the bars in UTC, or both without a zone"
        )
    if zone is not None and (moments.has_clock & moments.instant.is_null()).any():
        raise TimeError("the bars have a time zone and some events have none", hint="write the events' zone too")
    known = moments.wall if zone is None else moments.instant.dt.convert_time_zone(zone)
    known = known.cast(labels.dtype)
    dated = moments.day.is_not_null()
    rule = said if spec.date_only is None else said.fill_null(spec.date_only)
    if rule.is_not_null().any():
        days = pl.DataFrame({"day": moments.day, "rule": rule})
        later = pl.when(pl.col("rule") == "after-close").then(pl.col("day").dt.offset_by("1d")).otherwise("day")
        midnights = days.select(pl.when(pl.col("rule").is_not_null()).then(later).cast(pl.Datetime("us"))).to_series()
        if zone is not None:
            midnights = begin_of_days(midnights, zone)
        known = known.fill_null(midnights.cast(labels.dtype))
    precision = pl.when(known.is_not_null()).then(pl.lit("second")).when(dated).then(pl.lit("day"))
    timed = events.with_columns(known_at=known, known_precision=precision)
    starts, ends = _spans(labels, spec)
    placed = on_bars(timed, starts, ends)
    if starts is not labels:
        row = pl.Series("row", starts.search_sorted(placed["date"].fill_null(starts[0])))
        placed = placed.with_columns(date=pl.when(pl.col("date").is_not_null()).then(labels.gather(row)))
    between = pl.col("day_zero_reason") == "between bars"
    if spec.off_session == "exclude":
        placed = placed.with_columns(date=pl.when(~between).then("date"))
    elif spec.off_session == "previous":
        row = pl.Series(labels.search_sorted(known.fill_null(labels[0]), side="right")).cast(pl.Int64) - 1
        placed = placed.with_columns(
            date=pl.when(between & (row >= 0)).then(labels.gather(row.clip(0))).otherwise("date")
        )
    return placed


def _spans(labels: pl.Series, spec: StudySpec) -> tuple[pl.Series, pl.Series]:
    """When bars within days start and end (T,): ``labels`` are starts, or ends where hours or the caller say so."""
    length, zone = usual_length(labels), getattr(labels.dtype, "time_zone", None)
    exchange = None if zone is None else spec.exchange
    if side_of(labels, length, exchange, spec.stamped) == END:
        warn(note_of_ends(length, spec.stamped))
        stamped = pl.DataFrame({"symbol": pl.Series([""]).new_from_index(0, len(labels)), "stamp": labels})
        return starts_of(stamped, length, exchange).cast(labels.dtype), labels
    return labels, ends_at(exchange, labels, length)


def _by_exchange(moments: Moments, spec: StudySpec) -> pl.DataFrame:
    """session and reason of every clock, as the store places it."""
    precision = pl.Series("precision", ["second"]).new_from_index(0, len(moments.day))
    assert spec.exchange is not None  # the caller's branch
    return place_instants(spec.exchange, moments.instant, precision, off_session=_POLICY[spec.off_session])


def _by_close(moments: Moments, labels: pl.Series, spec: StudySpec) -> pl.DataFrame:
    """session and reason of every clock on days that close at a given time: the panel's own bars are the sessions."""
    assert spec.close_of_day is not None  # the caller's branch
    hour, minute, zone = _close_of(spec.close_of_day)
    local = labels.cast(pl.Datetime("us")).dt.offset_by(f"{hour}h{minute}m")
    is_midnight = (hour, minute) == (24, 0)
    another = "give close_of_day another time"
    closes = begin_of_days(local, zone) if is_midnight else located(local, zone, "the close of day", hint=another)
    closes = closes.dt.convert_time_zone("UTC")
    known = moments.instant.fill_null(closes[0])
    row = pl.Series(closes.search_sorted(known.cast(closes.dtype), side="right")).cast(pl.Int64).to_numpy()
    total = len(labels)
    inside = labels.gather(np.clip(row, 0, total - 1)) == known.dt.convert_time_zone(zone).dt.date()
    moved = np.where(inside.to_numpy(), row, row - 1) if spec.off_session == "previous" else row
    nowhere = (moved < 0) | (moved >= total) | moments.instant.is_null().to_numpy()
    if spec.off_session == "exclude":
        nowhere |= ~inside.to_numpy()
    sessions = labels.gather(np.clip(moved, 0, total - 1))
    frame = pl.DataFrame({"session": sessions, "nowhere": nowhere, "inside": inside})
    reason = pl.when(pl.Series(moved >= total)).then(pl.lit("beyond-bars")).when("inside").then(pl.lit("before-close"))
    return frame.select(
        pl.when(~pl.col("nowhere")).then(pl.col("session")).alias("session"),
        reason.otherwise(pl.lit("after-close")).alias("reason"),
    )


def _after(days: pl.Series, later: pl.Series, labels: pl.Series, spec: StudySpec) -> pl.Series:
    """The dates, those that are ``later`` as the first session after them."""
    if not later.any():
        return days
    after = _next_session(days, labels, spec)
    return pl.select(pl.when(later).then(after).otherwise(days)).to_series()


def _next_session(days: pl.Series, labels: pl.Series, spec: StudySpec) -> pl.Series:
    """The first session after each date: of the exchange where one is given, else of the panel's own bars."""
    if spec.exchange is not None:
        precision = pl.Series("precision", ["day"]).new_from_index(0, len(days))
        return place_instants(spec.exchange, days.cast(UTC), precision)["session"]
    row = pl.Series(labels.search_sorted(days.fill_null(labels[0]), side="right")).cast(pl.Int64)
    known = (row < len(labels)) & days.is_not_null()
    return labels.gather(pl.DataFrame({"row": row, "known": known}).select(pl.when("known").then("row")).to_series())


def _left_out(events: pl.DataFrame, reasons: pl.Series) -> pl.DataFrame:
    return events.select("event_id", "symbol", pl.col("date").alias("session"), reasons.alias("reason"))
