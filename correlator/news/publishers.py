"""Choose the publisher's profile for an article: named by the caller, or recognised by address or site name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import TypedDict

from correlator.base.iso_dates import read_day
from correlator.errors import InputError
from correlator.news.batch import one_line
from correlator.news.profiles import Profile, load_profile, profile_called, profile_of_url
from correlator.news.times.printed_dates import DATE_ORDERS
from correlator.news.times.timestamps import zone_info

NOT_RECOGNISED = "no publisher recognised"
LONGEST_NAME = 200
"""Most characters of the name that a source states for its publisher."""


def publisher_name(profile: Profile, how: str, stated: str) -> str:
    """Return the publisher of an article: that of its profile, else the name that the source states, if any.

    ``how``: how the profile was chosen, as from ``Publishers.of``.
    """
    own = one_line(stated[:LONGEST_NAME])
    return own if own and how == NOT_RECOGNISED else profile.name


class TimeOptions(TypedDict, total=False):
    """Options for printed times, described in ``Publishers``."""

    zone: str | None
    date_order: str | None
    earliest: date | str | None


@dataclass(frozen=True)
class Publishers:
    """The choice of profiles for one source.

    ``named``: the profile given by the caller (a shipped name or a TOML file), which then applies to everything.
    ``zone``: IANA zone of times without one, where the publisher's zone is not known. ``date_order``: ``dmy`` or
    ``mdy``. ``earliest``: articles before it are refused (default 1990-01-01).
    """

    named: str | None = None
    zone: str | None = None
    date_order: str | None = None
    earliest: date | None = None

    def given(self) -> Profile | None:
        """Return the caller's profile with the other options applied. Raises InputError if they contradict it."""
        if self.named is None:
            return None
        profile = load_profile(self.named)
        for name in ("zone", "date_order"):
            value, known = getattr(self, name), getattr(profile, name)
            if value and known and value != known:
                raise InputError(
                    f"profile {profile.name} has {name} {known}, but {name} {value} was given", hint="omit one of them"
                )
        return self.applied(profile)

    def of(self, url: str | None, names: Iterable[str] = ()) -> tuple[Profile, str]:
        """Return the profile for an article at ``url``, or of a site called one of ``names``, and how it was chosen."""
        given = self.given()
        if given:
            return given, "given by the caller"
        by_host = profile_of_url(url) if url else None
        if by_host:
            return self.applied(by_host), "recognised by the address"
        by_name = profile_called(names)
        if by_name:
            return self.applied(by_name), "recognised by the site's name"
        return self.applied(load_profile("generic")), NOT_RECOGNISED

    def applied(self, profile: Profile) -> Profile:
        """Return the profile with the caller's options applied; a zone of the profile itself takes precedence."""
        return replace(
            profile,
            zone=profile.zone or self.zone,
            date_order=self.date_order or profile.date_order,
            earliest=self.earliest or profile.earliest,
        )


def publishers_of(
    profile: str | None,
    zone: str | None = None,
    date_order: str | None = None,
    earliest: date | str | None = None,
) -> Publishers:
    """Return the choice of profiles for a caller's options. Raises InputError, or TimeError for an unknown zone."""
    if zone is not None:
        zone_info(zone)
    if date_order is not None and date_order not in DATE_ORDERS:
        raise InputError(f"unknown date order {date_order!r}", hint=f"use {' or '.join(DATE_ORDERS)}")
    first = None if earliest is None else read_day(earliest, "earliest")
    chosen = Publishers(profile, zone, date_order, first)
    chosen.given()
    return chosen
