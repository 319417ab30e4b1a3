"""Decide whether two names mean one instrument: ``KO.US`` and ``KO US Equity`` do, ``KO.L`` and ``KO`` do not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from correlator.market.names.exchanges import are_one_market, exchange_endings, exchange_printed
from correlator.market.names.former import former_names
from correlator.market.names.instruments import FILE_SERVICES, canonical_symbol, class_of

_TERMINAL = re.compile(r"^(?P<bare>\S+)(?:\s+(?P<place>[A-Z]{2}))?\s+(?:Equity|Index|Curncy|Comdty|Corp)$", re.I)
_CASHTAG = re.compile(r"^\$[A-Z][A-Z0-9.]*$", re.I)
_DATASTREAM = re.compile(r"^(?P<place>@|U:)?(?P<bare>[A-Z0-9.:]+)(?P<figure>\((?:P|PI|PO|PH|PL|VO|RI|UP)\))?$", re.I)
# Baostock's sh.600000 and the SH600000 of Chinese pages; the A005930 of Korea.
_PLACE_FIRST = re.compile(r"^(?P<place>SH|SZ|A)\.?(?P<bare>\d{6})$", re.I)
_PLACES_FIRST = {"SH": "XSHG", "SZ": "XSHE", "A": "XKRX"}
_BEHIND_A_DOT = (*FILE_SERVICES, "reuters", "terminal", "service")
_BEHIND_A_SPACE = ("terminal", "stooq", "service")


def split_place(name: str) -> tuple[str, str | None]:
    """Split a name into the bare symbol in capitals and its exchange: ("KO", "XNYS") for ``KO US Equity``."""
    text = " ".join(name.split())
    if _CASHTAG.match(text):
        return text[1:].upper(), None
    datastream = _DATASTREAM.match(text)
    if datastream and (datastream["place"] or datastream["figure"]):
        return datastream["bare"].upper(), {"@": "XNAS", "U:": "XNYS"}.get((datastream["place"] or "").upper())
    place_first = _PLACE_FIRST.match(text)
    if place_first:
        return place_first["bare"], _PLACES_FIRST[place_first["place"].upper()]
    terminal = _TERMINAL.match(text)
    if terminal:
        place = (terminal["place"] or "").upper()
        return terminal["bare"].upper(), place_behind_space(place)
    if text.upper().endswith("-US"):  # FactSet
        return text[:-3].upper(), "XNYS"
    if " " in text:
        bare, ending = text.rsplit(" ", 1)
        place = place_behind_space(ending)
        if place is not None and " " not in bare:
            return bare.upper(), place
    if ":" in text:
        place, bare = text.split(":", 1)
        return bare.upper(), exchange_printed(place)
    if "." in text and not text.startswith("^"):
        bare, ending = text.rsplit(".", 1)
        place = place_behind_dot(ending)
        if place is not None and bare:
            return bare.upper(), place
    return text.upper(), None


def place_behind_dot(ending: str) -> str | None:
    """Return the exchange of a suffix after a dot, such as L in ``VOD.L``, or None."""
    return exchange_endings(*_BEHIND_A_DOT).get(ending.upper())


def place_behind_space(ending: str) -> str | None:
    """Return the exchange of a suffix after a space, such as LN in ``VOD LN``, or None."""
    return exchange_endings(*_BEHIND_A_SPACE).get(ending.upper())


def meaning(
    names: Iterable[str], symbol: str, exchange: str | None, aliases: Mapping[str, str] | None = None
) -> list[str]:
    """Return those of ``names`` that mean ``symbol``: equal names, else names equal but for the exchange part.

    ``exchange``: the one that the caller states, which excludes names with another one. ``aliases``: further names in
    capitals to symbols.
    """
    known = aliases or {}
    every = list(names)
    canonical = known.get(symbol.upper(), canonical_symbol(symbol, exchange=exchange)).upper()
    same = [
        name
        for name in every
        if symbol.upper() == name.upper().strip()
        or known.get(name.upper(), canonical_symbol(name, exchange=exchange)).upper() == canonical
    ]
    if same:
        return same
    share = class_of(symbol)
    spelled = [name for name in every if share is not None and class_of(name) == share]
    if len(spelled) == 1:
        return spelled
    bare, place = split_place(symbol)
    place = exchange or place
    alike = []
    for name in every:
        other, where = split_place(name)
        former = former_names().get(other)
        if bare in (other, former.symbol if former else other) and are_one_market(place, where):
            alike.append(name)
    return alike
