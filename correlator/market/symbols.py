"""Whether two names mean one instrument: ``KO.US`` and ``KO US Equity`` do, ``KO.L`` and ``KO`` in New York do not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from correlator.market.exchange_names import are_one_market, exchange_printed
from correlator.market.former_names import former_names
from correlator.market.instruments import SUFFIXES, canonical_symbol, class_of

_TERMINAL = re.compile(r"^(?P<bare>\S+)(?:\s+(?P<place>[A-Z]{2}))?\s+(?:Equity|Index|Curncy|Comdty|Corp)$", re.I)
_CASHTAG = re.compile(r"^\$[A-Z][A-Z0-9.]*$", re.I)
_DATASTREAM = re.compile(r"^(?:@|U:)(?P<bare>[A-Z0-9.]+)(?:\((?:P|PO|PH|PL|VO|RI|UP)\))?$", re.I)
# Country codes of terminals and endings of Reuters codes and of services, besides the endings of Yahoo and Stooq.
PLACES = {
    **SUFFIXES,
    "US": "XNYS",
    "UN": "XNYS",
    "UW": "XNAS",
    "UQ": "XNAS",
    "N": "XNYS",
    "O": "XNAS",
    "OQ": "XNAS",
    "K": "XNYS",
    "LN": "XLON",
    "LSE": "XLON",
    "GR": "XETR",
    "GY": "XETR",
    "XETRA": "XETR",
    "FP": "XPAR",
    "IN": "XNSE",
    "IS": "XNSE",
    "IB": "XBOM",
    "NSE": "XNSE",
    "BSE": "XBOM",
    "PA": "XPAR",
    "PK": "XKAR",
    "KAR": "XKAR",
    "JT": "XTKS",
    "JP": "XTKS",
    "HK": "XHKG",
    "SJ": "XJSE",
}


def split_place(name: str) -> tuple[str, str | None]:
    """A name in capitals without what says its exchange, and that exchange: ("KO", "XNYS") of ``KO US Equity``."""
    text = " ".join(name.split())
    if _CASHTAG.match(text):
        return text[1:].upper(), None
    datastream = _DATASTREAM.match(text)
    if datastream:
        return datastream["bare"].upper(), "XNAS" if text.startswith("@") else "XNYS"
    terminal = _TERMINAL.match(text)
    if terminal:
        place = (terminal["place"] or "").upper()
        return terminal["bare"].upper(), PLACES.get(place)
    if text.upper().endswith("-US"):  # FactSet
        return text[:-3].upper(), "XNYS"
    if " " in text:
        bare, ending = text.rsplit(" ", 1)
        if ending.upper() in PLACES and " " not in bare:
            return bare.upper(), PLACES[ending.upper()]
    if ":" in text:
        place, bare = text.split(":", 1)
        return bare.upper(), exchange_printed(place)
    if "." in text and not text.startswith("^"):
        bare, ending = text.rsplit(".", 1)
        place = SUFFIXES.get(ending.upper()) or PLACES.get(ending.upper())
        if place is not None and bare:
            return bare.upper(), place
    return text.upper(), None


def meaning(
    names: Iterable[str], asked: str, exchange: str | None, aliases: Mapping[str, str] | None = None
) -> list[str]:
    """Those of ``names`` that mean the symbol ``asked``: the same name, else the same but for what says the exchange.

    ``exchange``: the one that the caller names; a name that says another one is not meant. ``aliases``: further names
    in capitals to symbols.
    """
    known = aliases or {}
    every = list(names)
    canonical = known.get(asked.upper(), canonical_symbol(asked, exchange=exchange)).upper()
    same = [
        name
        for name in every
        if asked.upper() == name.upper().strip()
        or known.get(name.upper(), canonical_symbol(name, exchange=exchange)).upper() == canonical
    ]
    if same:
        return same
    share = class_of(asked)
    spelled = [name for name in every if share is not None and class_of(name) == share]
    if len(spelled) == 1:
        return spelled
    bare, place = split_place(asked)
    place = exchange or place
    alike = []
    for name in every:
        other, where = split_place(name)
        former = former_names().get(other)
        if bare in (other, former.symbol if former else other) and are_one_market(place, where):
            alike.append(name)
    return alike
