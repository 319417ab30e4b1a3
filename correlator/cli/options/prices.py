"""What a verb that reads price files asks for about them, in one place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from correlator.cli.options.group import takes_group
from correlator.errors import InputError

if TYPE_CHECKING:
    from correlator.market.reading.files import PriceKeywords

ColumnsOption = Annotated[
    list[str] | None,
    typer.Option("--column", help="Name of a column in the file, as ours=theirs; may be given again."),
]


@dataclass(frozen=True)
class PriceFileOptions:
    """What the user says of price files; every field is an option, and has the meaning of ``read_prices``'s keyword."""

    symbol: Annotated[
        str | None,
        typer.Option("--symbol", help="Symbol, if the file does not name it; if it holds several, the one to take."),
    ] = None
    exchange: Annotated[str | None, typer.Option("--exchange", help="Market identifier code such as XKAR.")] = None
    column: ColumnsOption = None
    date_order: Annotated[
        str | None, typer.Option("--date-order", help="dmy, mdy or ymd, for dates that could be read both ways.")
    ] = None
    layout: Annotated[
        str | None,
        typer.Option("--layout", help="Layout of the file (a name, or your own .toml), if it is not recognised."),
    ] = None
    decimal: Annotated[
        str | None, typer.Option("--decimal", help="'.' or ',', for figures that could be read both ways.")
    ] = None
    zone: Annotated[
        str | None, typer.Option("--zone", help="IANA zone of times without one; default the exchange's.")
    ] = None
    series: Annotated[
        str | None, typer.Option("--series", help="Series of the share to take, such as EQ, if there are several.")
    ] = None
    currency: Annotated[
        str | None, typer.Option("--currency", help="Currency of the file's prices: GBP, or GBp for pence.")
    ] = None

    spacing: Annotated[
        str | None,
        typer.Option("--spacing", help="Distance between bars, if there are too few to show it: 1d, 1w, 1mo, 3mo, 1y."),
    ] = None
    stamped: Annotated[
        str | None,
        typer.Option("--stamped", help="Whether times within a day are the start or the end of bars."),
    ] = None

    def of_files(self) -> dict[str, object]:
        """What was given, by option, that only a file can answer: the exchange is known of other sources, too."""
        return {f"--{name.replace('_', '-')}": value for name, value in vars(self).items() if name != "exchange"}

    def keywords(self) -> PriceKeywords:
        """The keywords of ``read_prices``."""
        return {
            "symbol": self.symbol,
            "exchange": self.exchange,
            "columns": mapping_of(self.column),
            "date_order": self.date_order,
            "layout": self.layout,
            "decimal": self.decimal,
            "zone": self.zone,
            "series": self.series,
            "currency": self.currency,
            "spacing": self.spacing,
            "stamped": self.stamped,
        }


def reads_prices(verb: Callable[..., None]) -> Callable[..., None]:
    """``verb`` with the options of ``PriceFileOptions`` in the place of its parameter ``reading``."""
    return takes_group(verb, PriceFileOptions, "reading")


def mapping_of(pairs: list[str] | None) -> dict[str, str] | None:
    """``["close=Last"]`` as a mapping. Raises InputError for a pair without a sign, and for a name given twice."""
    if not pairs:
        return None
    mapping: dict[str, str] = {}
    for pair in pairs:
        ours, sign, theirs = pair.partition("=")
        if not sign or not ours or not theirs:
            raise InputError(f"--column {pair} is not a mapping", hint="write ours=theirs, for example close=Last")
        if mapping.setdefault(ours, theirs) != theirs:
            raise InputError(f"--column names {ours} twice: {mapping[ours]} and {theirs}", hint="give one of them")
    return mapping
