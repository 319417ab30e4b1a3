"""Which publisher's profile reads an article, and how: what the caller named, the address or the site's name tells."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import TypedDict

from correlator.errors import InputError
from correlator.news.profiles import Profile, load_profile, profile_called, profile_of_url
from correlator.news.times.printed_dates import DATE_ORDERS
from correlator.news.times.timestamps import zone_info


class TimeOptions(TypedDict, total=False):
    """What a caller may say of printed times: ``Publishers`` has the meanings."""

    zone: str | None
    date_order: str | None
    earliest: date | str | None


@dataclass(frozen=True)
class Publishers:
    """The choice of profiles for one source.

    ``named``: the one that the caller gave (a shipped name or a TOML file), which then holds for everything.
    ``zone``: IANA zone of times that state none, where the publisher's is not known. ``date_order``: ``dmy`` or
    ``mdy``. ``earliest``: articles before it are refused (default 1990-01-01).
    """

    named: str | None = None
    zone: str | None = None
    date_order: str | None = None
    earliest: date | None = None

    def given(self) -> Profile | None:
        """The profile that the caller named, with what else was said; raises InputError where both contradict."""
        if self.named is None:
            return None
        profile = load_profile(self.named)
        for name in ("zone", "date_order"):
            value, known = getattr(self, name), getattr(profile, name)
            if value and known and value != known:
                raise InputError(
                    f"profile {profile.name} has {name} {known}, and {value} was given", hint="leave one of them out"
                )
        return self.applied(profile)

    def of(self, url: str | None, names: Iterable[str] = ()) -> tuple[Profile, str]:
        """The profile of an article at ``url`` or of a site called one of ``names``, and how it was chosen."""
        given = self.given()
        if given:
            return given, "given by the caller"
        by_host = profile_of_url(url) if url else None
        if by_host:
            return self.applied(by_host), "recognised by the address"
        by_name = profile_called(names)
        if by_name:
            return self.applied(by_name), "recognised by the site's name"
        return self.applied(load_profile("generic")), "no publisher recognised"

    def applied(self, profile: Profile) -> Profile:
        """The profile with what the caller said, as far as the profile does not know it."""
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
    """The choice that a caller's options make. Raises InputError, or TimeError for an unknown zone."""
    if zone is not None:
        zone_info(zone)
    if date_order is not None and date_order not in DATE_ORDERS:
        raise InputError(f"the date order is {date_order!r}", hint=f"give {' or '.join(DATE_ORDERS)}")
    try:
        first = date.fromisoformat(earliest) if isinstance(earliest, str) else earliest
    except ValueError:
        raise InputError(f"{earliest!r} is not a date", hint="give the earliest date as 1950-01-01") from None
    chosen = Publishers(profile, zone, date_order, first)
    chosen.given()
    return chosen
