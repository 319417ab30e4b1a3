"""The options of verbs that read price files."""

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
    typer.Option("--column", help="Map a column of the file, as OURS=THEIRS, such as close=Last; repeatable."),
]


@dataclass(frozen=True)
class PriceFileOptions:
    """Options that describe price files; each field is an option with the meaning of that ``read_prices`` keyword."""

    symbol: Annotated[
        str | None,
        typer.Option(
            "--symbol", help="Symbol of the bars, if the file does not name it; the symbol to read, if it has several."
        ),
    ] = None
    exchange: Annotated[str | None, typer.Option("--exchange", help="Market identifier code (MIC), such as XKAR.")] = (
        None
    )
    column: ColumnsOption = None
    date_order: Annotated[
        str | None,
        typer.Option("--date-order", help="Order of day, month and year in ambiguous dates: dmy, mdy or ymd."),
    ] = None
    layout: Annotated[
        str | None,
        typer.Option("--layout", help="Layout of the file if it is not recognised: a name, or your own .toml."),
    ] = None
    decimal: Annotated[str | None, typer.Option("--decimal", help="Decimal sign in ambiguous numbers: '.' or ','.")] = (
        None
    )
    zone: Annotated[
        str | None,
        typer.Option("--zone", help="IANA time zone of timestamps without one. Default: that of the exchange."),
    ] = None
    series: Annotated[
        str | None, typer.Option("--series", help="Series of the share to read, such as EQ, if the file has several.")
    ] = None
    currency: Annotated[
        str | None, typer.Option("--currency", help="Currency of the prices: GBP, or GBp for pence.")
    ] = None

    spacing: Annotated[
        str | None,
        typer.Option("--spacing", help="Bar interval, if there are too few bars to infer it: 1d, 1w, 1mo, 3mo, 1y."),
    ] = None
    stamped: Annotated[
        str | None,
        typer.Option("--stamped", help="What the timestamp of an intraday bar marks: its start or its end."),
    ] = None

    def of_files(self) -> dict[str, object]:
        """Return the options that apply to files only: all but ``--exchange``, which other sources take as well."""
        return {f"--{name.replace('_', '-')}": value for name, value in vars(self).items() if name != "exchange"}

    def keywords(self) -> PriceKeywords:
        """Return the keywords for ``read_prices``."""
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
    """Return ``verb`` with its parameter ``reading`` replaced by the options of ``PriceFileOptions``."""
    return takes_group(verb, PriceFileOptions, "reading")


def mapping_of(pairs: list[str] | None) -> dict[str, str] | None:
    """Return ``["close=Last"]`` as a mapping.

    Raises InputError for a pair without ``=``, and for a name that is mapped twice.
    """
    if not pairs:
        return None
    mapping: dict[str, str] = {}
    for pair in pairs:
        ours, sign, theirs = pair.partition("=")
        if not sign or not ours or not theirs:
            raise InputError(f"--column {pair} is not a mapping", hint="write OURS=THEIRS, for example close=Last")
        if mapping.setdefault(ours, theirs) != theirs:
            raise InputError(f"--column maps {ours} twice, to {mapping[ours]} and {theirs}", hint="give one of them")
    return mapping
