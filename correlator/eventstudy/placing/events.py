"""Events from frames and files, prepared for a panel: their symbols, their day 0, and which are duplicates.

To place an event with a time of day, the end of the day must be known: from the sessions of an ``exchange``, or from
``close_of_day``. With an exchange, an event gets the same session as in a store. A date without a time is the bar of
that date.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

from correlator.base.zones import zone_called
from correlator.errors import InputError, TimeError, warn
from correlator.eventstudy.panel.moments import RULE, UTC, Moments, moments_of
from correlator.eventstudy.panel.names import resolved_columns
from correlator.eventstudy.placing.bars import ends_at, on_bars, usual_length
from correlator.eventstudy.request.spec import StudySpec
from correlator.market.names.former import former_names
from correlator.market.names.instruments import find_instrument
from correlator.market.written.clock_columns import begin_of_days, located
from correlator.sessions.bar_stamps import note_of_ends, side_of, starts_of
from correlator.sessions.calendars import place_instants
from correlator.sessions.exchanges import exchange_named, exchange_zone
from correlator.sessions.intervals import END

_CLOSE = re.compile(r"^(\d{1,2}):(\d{2}) (\S+)$")
_POLICY = {"next": "next", "previous": "previous", "exclude": "drop"}
INSTRUMENTS = "instruments"
"""Value of the option exchange: the exchange of each share is looked up among known instruments."""


@dataclass
class EventsRead:
    """Events read so far, by their content and by their ids, so that duplicates are found across chunks."""

    rows: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema={"hash": pl.UInt64, "first": pl.Int64}))
    ids: list[pl.Series] = field(default_factory=list)
    id_hashes: pl.Series = field(default_factory=lambda: pl.Series(dtype=pl.UInt64))
    count: int = 0


def place_events_on(events: pl.DataFrame, labels: pl.Series, spec: StudySpec) -> pl.DataFrame:
    """Return ``events`` with ``date`` of the same type as the panel's ``labels`` (T,): dates, or instants.

    If an event has a time of day and the labels are days, ``date`` is its session and ``day_zero_reason`` how it was
    placed; ``known_at`` (UTC) and ``known_precision`` keep the original. Raises TimeError if a time cannot be placed.
    """
    moments = moments_of(events["date"], "events")
    rules = (
        events[RULE] if RULE in events.columns else pl.Series("rule", [None], pl.String).new_from_index(0, len(events))
    )
    events = events.drop(RULE, strict=False)
    later = rules.fill_null(spec.date_only or "same-day") == "after-close"
    if not moments.has_clock.any() and labels.dtype == pl.Date:
        if not later.any():
            return events.with_columns(moments.day.alias("date"))
        after = _after(moments.day, later, labels, spec).alias("date")
        reason = pl.select(pl.when(later & moments.day.is_not_null()).then(pl.lit("date-only"))).to_series()
        return events.with_columns(after, reason.alias("day_zero_reason"))
    moments = _with_zones(moments, zone_of(spec))
    if labels.dtype != pl.Date:
        return _on_instants(events, moments, labels, spec, rules=rules)
    if spec.exchange is None and spec.close_of_day is None:
        first = events["date"].filter(moments.has_clock)[0]
        raise TimeError(
            f"events have a time of day (first: {first}), and their day 0 depends on when the day closes",
            hint="give exchange='XNAS' for its sessions, or close_of_day='16:00 America/New_York'",
        )
    placed = _by_exchange(moments, spec) if spec.exchange is not None else _by_close(moments, labels, spec)
    clock = moments.has_clock
    if date_only := int((~clock & moments.day.is_not_null() & rules.is_null()).sum()):
        where = "the session after it" if spec.date_only == "after-close" else "the bar of that date"
        warn(f"{date_only} of {len(clock)} events have a date without a time of day: their day 0 is {where}")
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
    """Return ``events`` with the panel's ``symbols`` in place of other spellings: other case, other names of the share.

    A name that matches none, or several, is left unchanged.
    """
    events = _with_present_names(events, set(symbols))
    ours = resolved_columns(events["symbol"].unique().drop_nulls().to_list(), symbols)
    return events.with_columns(pl.col("symbol").replace(ours)) if ours else events


def _with_present_names(events: pl.DataFrame, known: set[str]) -> pl.DataFrame:
    """Return ``events`` with the present name of a share in place of the one on their date: META for FB in 2021.

    If the panel has columns of both names, each event keeps its own.
    """
    names = events["symbol"].unique().drop_nulls().to_list()
    former = {name: former_names()[name.upper()] for name in names if name.upper() in former_names()}
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
    """Return the spec without an ``exchange`` given for each share, and that text: ``LAMP=XKAR,WICK=XNYS`` or
    ``instruments``.
    """
    if one_exchange(spec.exchange) == spec.exchange:
        return spec, None
    return replace(spec, exchange=None), spec.exchange


def one_exchange(text: str | None) -> str | None:
    """Return the exchange that ``text`` names for all shares; None if it is given for each share."""
    return None if text is not None and (text == INSTRUMENTS or "=" in text) else text


def exchanges_of(columns: Sequence[str], events: pl.DataFrame | None, by_share: str | None) -> dict[str, str]:
    """Return the exchange of each share among ``columns``, if given for each; empty if all are studied on their rows.

    ``by_share``: the text from ``part_exchanges``; without it, the column ``exchange`` of ``events`` if it names two or
    more. Raises InputError for a share of two exchanges or, if others have one, of none.
    """
    listed: dict[str, str | None] = {}
    if by_share == INSTRUMENTS:
        listed = {name: (find_instrument(name) or {}).get("exchange") for name in columns}
    elif by_share is not None:
        listed = dict(_pair(part) for part in by_share.split(",") if part.strip())
        meant = resolved_columns(listed, columns)
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
            raise InputError(f"events of {twice['symbol'][0]} name several exchanges: {exchanges}", hint=hint)
        listed = dict(pairs.iter_rows())
    if not listed:
        return {}
    known = {name: exchange_named(code).code for name, code in listed.items() if code}
    needed = set(columns if events is None else events["symbol"]) & set(columns)
    if missing := sorted(needed - set(known)):
        hint = f"add {missing[0]}=XKAR to the others, or a column exchange to the events"
        raise InputError(f"the exchange of {missing[0]} is not known", hint=hint, argument="exchange")
    return {name: code for name, code in known.items() if name in columns}


def _pair(part: str) -> tuple[str, str]:
    name, _, code = part.strip().rpartition("=")
    if not name or not code:
        raise InputError(
            f"exchange {part!r} is not SYMBOL=EXCHANGE", hint="write LAMP=XKAR,WICK=XNYS", argument="exchange"
        )
    return name.strip(), code.strip()


def without_repeats(events: pl.DataFrame, seen: EventsRead) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the events that are not in ``seen`` yet, and those left out as event_id, symbol, session, reason.

    Rows that are equal apart from their ids are one event. Of several different events of one share with the same id,
    the first is kept. The new events are added to ``seen``.
    """
    hashes = events.select(pl.exclude("event_id")).hash_rows(seed=0)
    rows = pl.DataFrame({"hash": hashes}).with_row_index("row")
    complete = events["symbol"].is_not_null() & events["date"].is_not_null()
    numbered = rows.with_columns(pl.col("row").cast(pl.Int64) + seen.count)
    firsts = pl.concat([seen.rows, numbered.select("hash", first="row")]).unique(
        "hash", keep="first", maintain_order=True
    )
    matched = numbered.join(firsts, on="hash", how="left", maintain_order="left")
    is_duplicate = (matched["first"] != matched["row"]) & complete
    seen.rows, seen.count = firsts, seen.count + len(events)
    seen.ids.append(events["event_id"])
    ids = events.select("event_id", "symbol").hash_rows(seed=0)
    id_known = ~ids.is_first_distinct() | ids.is_in(seen.id_hashes.implode())
    id_in_use = id_known & events["event_id"].is_not_null() & complete & ~is_duplicate
    seen.id_hashes = seen.id_hashes.append(ids)
    if not (is_duplicate | id_in_use).any():
        return events, _left_out(events.clear(), pl.Series("reason", [], dtype=pl.String))
    names = pl.concat(seen.ids).gather(matched["first"].filter(is_duplicate)).cast(pl.String)
    others = events.filter(id_in_use)
    left_out = [
        _left_out(events.filter(is_duplicate), pl.select(pl.format("the same event as {}", names)).to_series()),
        _left_out(
            others, others.select(pl.format("event_id {} is another event of {}", "event_id", "symbol")).to_series()
        ),
    ]
    return events.filter(~is_duplicate & ~id_in_use), pl.concat(left_out)


def zone_of(spec: StudySpec) -> str | None:
    """Return the IANA time zone of the exchange or of the close of day, None without either.

    Raises InputError if both are given, if the close has no time zone, or for an unknown time zone.
    """
    if spec.exchange is not None:
        if spec.close_of_day is not None:
            raise InputError("exchange and close_of_day are both given", hint="leave out close_of_day")
        return exchange_zone(spec.exchange)
    if spec.close_of_day is None:
        return None
    return _close_of(spec.close_of_day)[2]


def _close_of(text: str) -> tuple[int, int, str]:
    parts = _CLOSE.fullmatch(text)
    if parts is None:
        hint = "write it as '16:00 America/New_York'"
        raise InputError(f"close_of_day {text!r} has no time zone", hint=hint, argument="close_of_day")
    if zone_called(parts[3]) is None:
        hint = "use an IANA name such as America/New_York or Asia/Karachi"
        raise InputError(f"close_of_day has the unknown time zone {parts[3]!r}", hint=hint, argument="close_of_day")
    hour, minute = int(parts[1]), int(parts[2])
    return hour or (0 if minute else 24), minute, parts[3]  # a close at 00:00 ends the day before


def _with_zones(moments: Moments, zone: str | None) -> Moments:
    """Return moments with times of day without a time zone read as local times of ``zone``, if that is known.

    Raises TimeError for a local time that occurs twice or never.
    """
    is_local = moments.has_clock & moments.instant.is_null()
    if zone is None or not is_local.any():
        return moments
    instants = located(moments.wall.set(~is_local, None), zone, "events").dt.convert_time_zone("UTC").cast(UTC)
    warn(f"{int(is_local.sum())} times of day without a time zone are read as times in {zone}")
    return Moments(moments.day, moments.wall, moments.instant.fill_null(instants))


def _on_instants(
    events: pl.DataFrame, moments: Moments, labels: pl.Series, spec: StudySpec, *, rules: pl.Series
) -> pl.DataFrame:
    """Place events on the bars of a panel of instants, as a store does: on the first that ends after each was known.

    A date without a time has a bar only under ``spec.date_only`` or its own rule in ``rules``: ``same-day`` counts from
    its midnight, ``after-close`` from the midnight after it. Raises TimeError if only events or only bars have a time
    zone.
    """
    zone = getattr(labels.dtype, "time_zone", None)
    if zone is None and moments.instant.is_not_null().any():
        raise TimeError(
            "events have a time zone and the bars have none", hint="write the bars in UTC, or both without a time zone"
        )
    if zone is not None and (moments.has_clock & moments.instant.is_null()).any():
        raise TimeError("the bars have a time zone and some events have none", hint="add the time zone to the events")
    known = moments.wall if zone is None else moments.instant.dt.convert_time_zone(zone)
    known = known.cast(labels.dtype)
    dated = moments.day.is_not_null()
    rule = rules if spec.date_only is None else rules.fill_null(spec.date_only)
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
    """Return the starts and ends (T,) of intraday bars at ``labels``, which are either, by the hours or the caller."""
    length, zone = usual_length(labels), getattr(labels.dtype, "time_zone", None)
    exchange = None if zone is None else spec.exchange
    if side_of(labels, length, exchange, spec.stamped) == END:
        warn(note_of_ends(length, spec.stamped))
        stamped = pl.DataFrame({"symbol": pl.Series([""]).new_from_index(0, len(labels)), "stamp": labels})
        return starts_of(stamped, length, exchange).cast(labels.dtype), labels
    return labels, ends_at(exchange, labels, length)


def _by_exchange(moments: Moments, spec: StudySpec) -> pl.DataFrame:
    """Return session and reason of every time of day, as in the store."""
    precision = pl.Series("precision", ["second"]).new_from_index(0, len(moments.day))
    assert spec.exchange is not None  # the caller's branch
    return place_instants(spec.exchange, moments.instant, precision, off_session=_POLICY[spec.off_session])


def _by_close(moments: Moments, labels: pl.Series, spec: StudySpec) -> pl.DataFrame:
    """Return session and reason of every time of day, with days that close at ``close_of_day``; bars are sessions."""
    assert spec.close_of_day is not None  # the caller's branch
    hour, minute, zone = _close_of(spec.close_of_day)
    local = labels.cast(pl.Datetime("us")).dt.offset_by(f"{hour}h{minute}m")
    is_midnight = (hour, minute) == (24, 0)
    hint = "give another close_of_day"
    closes = begin_of_days(local, zone) if is_midnight else located(local, zone, "the close of day", hint=hint)
    closes = closes.dt.convert_time_zone("UTC")
    known = moments.instant.fill_null(closes[0])
    row = pl.Series(closes.search_sorted(known.cast(closes.dtype), side="right")).cast(pl.Int64).to_numpy()
    total = len(labels)
    inside = labels.gather(np.clip(row, 0, total - 1)) == known.dt.convert_time_zone(zone).dt.date()
    moved = np.where(inside.to_numpy(), row, row - 1) if spec.off_session == "previous" else row
    unplaced = (moved < 0) | (moved >= total) | moments.instant.is_null().to_numpy()
    if spec.off_session == "exclude":
        unplaced |= ~inside.to_numpy()
    sessions = labels.gather(np.clip(moved, 0, total - 1))
    frame = pl.DataFrame({"session": sessions, "unplaced": unplaced, "inside": inside})
    reason = pl.when(pl.Series(moved >= total)).then(pl.lit("beyond-bars")).when("inside").then(pl.lit("before-close"))
    return frame.select(
        pl.when(~pl.col("unplaced")).then(pl.col("session")).alias("session"),
        reason.otherwise(pl.lit("after-close")).alias("reason"),
    )


def _after(days: pl.Series, later: pl.Series, labels: pl.Series, spec: StudySpec) -> pl.Series:
    """Return the dates, with the first session after it for each that is ``later``."""
    if not later.any():
        return days
    after = _next_session(days, labels, spec)
    return pl.select(pl.when(later).then(after).otherwise(days)).to_series()


def _next_session(days: pl.Series, labels: pl.Series, spec: StudySpec) -> pl.Series:
    """Return the first session after each date: of the exchange if one is given, else among the panel's bars."""
    if spec.exchange is not None:
        precision = pl.Series("precision", ["day"]).new_from_index(0, len(days))
        return place_instants(spec.exchange, days.cast(UTC), precision)["session"]
    row = pl.Series(labels.search_sorted(days.fill_null(labels[0]), side="right")).cast(pl.Int64)
    known = (row < len(labels)) & days.is_not_null()
    return labels.gather(pl.DataFrame({"row": row, "known": known}).select(pl.when("known").then("row")).to_series())


def _left_out(events: pl.DataFrame, reasons: pl.Series) -> pl.DataFrame:
    return events.select("event_id", "symbol", pl.col("date").alias("session"), reasons.alias("reason"))
