"""Decide the time of publication from all that a page states: the most trusted statement, unless others contradict it.

If two statements show the same clock time under different offsets (plug-ins print local time as +00:00), the local
offset is used. A statement that repeats the time of the last update is not one of publication. A day in the folders of
the address, or stated without a clock time, contradicts an instant more than a day away. Contradictions are refused: a
wrong instant is worse than none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from correlator.errors import TimeError
from correlator.news.pages.page import NO_DATE_HINT
from correlator.news.pages.witnesses import Level, Witness
from correlator.news.profiles import Profile
from correlator.news.times.address_dates import date_in_address, day_in_folders
from correlator.news.times.printed_dates import NO_LAYOUT_HINT
from correlator.news.times.timestamps import NO_ZONE_HINT, UNKNOWN, Stamp, zone_info

_SAME = timedelta(minutes=2)
_DAY = timedelta(days=1)
_HALF_HOUR = timedelta(minutes=30)
_WIDEST_OFFSETS = timedelta(hours=26)  # from -12:00 to +14:00
# Countries with a single zone whose clocks show UTC in winter or always.
_AT_ZERO = {
    "uk": "Europe/London", "ie": "Europe/Dublin", "is": "Atlantic/Reykjavik", "gh": "Africa/Accra",
    "sn": "Africa/Dakar", "ci": "Africa/Abidjan", "gm": "Africa/Banjul", "ml": "Africa/Bamako",
    "bf": "Africa/Ouagadougou", "tg": "Africa/Lome",
}  # fmt: skip
LABELS_DIFFER = "another statement on the page carries an offset that is not the place's"


@dataclass(frozen=True)
class _Statement:
    """A witness with its parsed time."""

    witness: Witness
    stamp: Stamp
    instant: datetime

    @property
    def shown(self) -> str:
        when = self.instant.date().isoformat() if self.stamp.precision == "day" else self.instant.isoformat()
        return f"{self.witness.origin} {when}"


def settle(
    published: Sequence[Witness], updated: Sequence[Witness], publisher: Profile, address: str | None, *, where: str
) -> tuple[Stamp, Stamp]:
    """Return the stamps of publication and last update (UNKNOWN if none is later). Raises TimeError.

    ``published`` and ``updated`` are sorted, the most trusted first; ``where`` names the page in errors.
    """
    read, problem = _read(published, publisher)
    changes, _ = _read(updated, publisher)
    read = read or list(_by_the_same_clock(published, changes, publisher))
    if not read:
        in_address = date_in_address(address) if publisher.address_dates and problem is None else None
        if in_address:
            return in_address, UNKNOWN
        problem = problem or _resolvable(published, publisher)
        if problem is None:
            raise TimeError(f"{where} has no publication date", hint=NO_DATE_HINT)
        raise TimeError(f"{where} has no valid publication date: {problem.message}", hint=problem.hint or NO_DATE_HINT)
    timed = [each for each in read if each.stamp.precision != "day"]
    first = _clock(timed, changes, publisher, where) if timed else read[0]
    if not _is_at_zero(address, first):
        first = _checked_against_print(first, timed, published, changes, publisher=publisher, where=where)
    _check_days(first, read, publisher, address, where=where)
    _check_printed(first, read, changes, where=where)
    if LABELS_DIFFER in first.stamp.rule:
        return first.stamp, UNKNOWN
    return first.stamp, _update(first, changes)


def _read(witnesses: Sequence[Witness], publisher: Profile) -> tuple[list[_Statement], TimeError | None]:
    """Return the statements that can be parsed, and the error of the first that cannot."""
    read: list[_Statement] = []
    problem: TimeError | None = None
    for witness in witnesses:
        try:
            stamp = publisher.stamp(witness.text, witness.origin)
        except TimeError as error:
            if witness.level < Level.PRINTED:
                problem = problem or error
            continue
        if stamp.instant is not None:
            read.append(_Statement(witness, stamp, stamp.instant))
    return read, problem


def _by_the_same_clock(
    published: Sequence[Witness], changes: Sequence[_Statement], publisher: Profile
) -> Iterator[_Statement]:
    """Yield times without a zone that an update repeats with an offset, which is then taken as the local one.

    An offset of zero does not count: plug-ins also print it after local times.
    """
    for witness in published:
        for change in changes:
            if not change.stamp.offset:
                continue
            try:
                stamp = publisher.stamp(f"{witness.text} {_offset_text(change.stamp.offset)}", witness.origin)
            except TimeError:
                continue
            if stamp.instant is not None and abs(stamp.instant - change.instant) <= _SAME:
                rule = f"{stamp.rule} in {change.witness.origin}, which repeats the clock"
                yield _Statement(witness, replace(stamp, rule=rule), stamp.instant)
                break


def _offset_text(offset: timedelta) -> str:
    minutes = int(offset.total_seconds() // 60)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def _resolvable(witnesses: Sequence[Witness], publisher: Profile) -> TimeError | None:
    """Return the first error that the user can resolve (zone, date order, weekday), or None."""
    for witness in witnesses:
        try:
            publisher.stamp(witness.text, witness.origin)
        except TimeError as error:
            if error.hint != NO_LAYOUT_HINT:
                return error
    return None


def _clock(timed: Sequence[_Statement], changes: Sequence[_Statement], publisher: Profile, where: str) -> _Statement:
    """Return the decisive statement among those with a clock time. Raises TimeError if they contradict each other."""
    first = timed[0]
    for other in timed[1:]:
        if abs(other.instant - first.instant) <= _SAME or _only_unlabelled(first, other, publisher):
            continue
        if _same_wall_clock(first, other) or _differs_by_zones(first, other):
            first = _rightly_labelled(first, other, publisher, where)
        elif other.witness.level >= Level.ELEMENT or _repeats(other, changes):
            continue
        elif _repeats(first, changes) and other.instant < first.instant and first.witness.level > Level.ARTICLE:
            first = other
        else:
            _contradict(first, other, where)
    return first


def _same_wall_clock(one: _Statement, other: _Statement) -> bool:
    """Whether both state the same date and time under different offsets."""
    if one.stamp.offset is None or other.stamp.offset is None or one.stamp.offset == other.stamp.offset:
        return False
    return abs(_wall(one) - _wall(other)) <= _SAME


def _differs_by_zones(one: _Statement, other: _Statement) -> bool:
    """Whether two instants differ by whole half hours to the second: one moment with a wrong offset, not two moments.

    Moments on a half hour do not tell: they may be planned. Nor does a time element under UTC: themes print local time
    so, and JSON-LD or a meta tag of the same page is right.
    """
    if other.witness.level >= Level.ELEMENT and not other.stamp.offset:
        return False
    gap = abs(one.instant - other.instant)
    planned = one.instant.replace(tzinfo=None) - datetime.min
    return gap <= _WIDEST_OFFSETS and not gap % _HALF_HOUR and bool(planned % _HALF_HOUR)


def _only_unlabelled(one: _Statement, other: _Statement, publisher: Profile) -> bool:
    """Whether the other states the clock time of the first without a zone, and so does not contradict it."""
    if one.stamp.offset is None or other.stamp.offset is not None or publisher.zone is None:
        return False
    printed = other.instant.astimezone(zone_info(publisher.zone)).replace(tzinfo=None)
    return abs(_wall(one) - printed) <= _SAME


def _checked_against_print(
    first: _Statement,
    timed: Sequence[_Statement],
    published: Sequence[Witness],
    changes: Sequence[_Statement],
    *,
    publisher: Profile,
    where: str,
) -> _Statement:
    """Return the statement; if its offset is zero and the page prints its clock time without a zone, the local one.

    Another statement of that instant under a non-zero offset confirms it. Raises TimeError if the local offset is not
    known: the time could be in UTC or local.
    """
    if first.stamp.offset != timedelta(0):
        return first
    if any(each.stamp.offset and abs(each.instant - first.instant) <= _SAME for each in timed):
        return first
    for witness in published:
        if witness.level != Level.PRINTED or not _prints(witness, _wall(first), publisher):
            continue
        if publisher.zone:
            local, _ = _read([witness], publisher)
        else:
            local = list(_by_the_same_clock([witness], changes, publisher))
        if not local and publisher.zone:
            return first  # a time that does not exist locally
        if not local:
            raise TimeError(
                f"{where} states the same clock time as UTC and without a zone ({first.shown}, {witness.origin}"
                f" {witness.text!r}): it could be UTC or local time",
                hint=f"{NO_ZONE_HINT}; --zone UTC if it is UTC",
            )
        if abs(local[0].instant - first.instant) <= _SAME:
            return first
        return replace(local[0], stamp=replace(local[0].stamp, rule=f"{local[0].stamp.rule}; {LABELS_DIFFER}"))
    return first


def _is_at_zero(address: str | None, statement: _Statement) -> bool:
    """Whether local time in the country of the address's domain is UTC on that day, so that UTC is the local label."""
    host = re.match(r"https?://([^/?#]+)", address or "")
    zone = _AT_ZERO.get(host[1].rpartition(".")[2].lower()) if host else None
    return zone is not None and statement.instant.astimezone(zone_info(zone)).utcoffset() == timedelta(0)


def _prints(witness: Witness, wall: datetime, publisher: Profile) -> bool:
    """Whether a witness states the clock time ``wall`` without a zone."""
    try:
        stamp = replace(publisher, zone="UTC").stamp(witness.text, witness.origin)
    except TimeError:
        return False
    unlabelled = stamp.instant is not None and stamp.offset is None and stamp.precision != "day"
    return unlabelled and stamp.instant is not None and abs(stamp.instant.replace(tzinfo=None) - wall) <= _SAME


def _wall(statement: _Statement) -> datetime:
    """Return the clock time under the stated offset."""
    return statement.instant.replace(tzinfo=None) + (statement.stamp.offset or timedelta())


def _rightly_labelled(one: _Statement, other: _Statement, publisher: Profile, where: str) -> _Statement:
    """Return the one of two statements whose local time is the clock time of the other, which has a wrong offset.

    If the place is not known, that is the one of two equal clock times whose offset is not zero. Raises TimeError.
    """
    if publisher.zone is None:
        right = [each for each in (one, other) if each.stamp.offset] if _same_wall_clock(one, other) else []
    else:
        zone = zone_info(publisher.zone)
        right = [
            each
            for each, rival in ((one, other), (other, one))
            if abs(each.instant.astimezone(zone).replace(tzinfo=None) - _wall(rival)) <= _SAME
        ]
    if len(right) != 1:
        _contradict(one, other, where)
    return replace(right[0], stamp=replace(right[0].stamp, rule=f"{right[0].stamp.rule}; {LABELS_DIFFER}"))


def _repeats(statement: _Statement, changes: Sequence[_Statement]) -> bool:
    return any(abs(statement.instant - change.instant) <= _SAME for change in changes)


def _check_days(
    first: _Statement, read: Sequence[_Statement], publisher: Profile, address: str | None, *, where: str
) -> None:
    """Raise TimeError if a binding day is more than one day away from the day of the instant."""
    offset = first.stamp.offset or timedelta()
    if publisher.zone and first.stamp.precision != "day":
        offset = first.instant.astimezone(zone_info(publisher.zone)).utcoffset() or offset
    day = (first.instant + offset).date()
    folders = day_in_folders(address) if publisher.address_dates else None
    days = [each for each in read if each.stamp.precision == "day" and each.witness.binding]
    if folders and folders.instant:
        days.append(_Statement(Witness("", "the date in its address", Level.META), folders, folders.instant))
    for each in days:
        if abs(each.instant.date() - day) > _DAY:
            _contradict(first, each, where)


def _check_printed(first: _Statement, read: Sequence[_Statement], changes: Sequence[_Statement], *, where: str) -> None:
    """Raise TimeError if a tag that may mean the creation of the page is earlier than the date at its heading.

    ``dc.date``, ``date`` and similar tags do not say what they date; a page created days before its publication would
    be known too early.
    """
    if first.witness.level != Level.PAGE:
        return
    for each in read:
        later = each.witness.level >= Level.ELEMENT and each.instant.date() - first.instant.date() > _DAY
        if later and all(each.instant.date() != change.instant.date() for change in changes):
            _contradict(first, each, where)


def _contradict(one: _Statement, other: _Statement, where: str) -> None:
    raise TimeError(
        f"{where} states several publication times that contradict each other: {one.shown} and {other.shown}",
        hint=NO_DATE_HINT,
    )


def _update(first: _Statement, changes: Sequence[_Statement]) -> Stamp:
    """Return the most trusted update with a clock time later than the publication."""
    return next(
        (each.stamp for each in changes if each.stamp.precision != "day" and each.instant > first.instant), UNKNOWN
    )
