"""Data sets of Stata, of release 10 and later."""

from __future__ import annotations

import io
import struct
import warnings
from pathlib import Path

from correlator.base.files import opened
from correlator.base.source_limits import check_size
from correlator.base.tabular import to_polars
from correlator.containers.frame import raw_of_frame
from correlator.containers.hints import Hints
from correlator.containers.raw import RawTable
from correlator.errors import InputError

STATA_MARKS = (b"<stata_dta>", *(bytes((release, order, 1)) for release in (113, 114, 115) for order in (1, 2)))
_DAMAGED = (
    *(ValueError, LookupError, TypeError, OverflowError, MemoryError, OSError, EOFError, struct.error),
    *(StopIteration, AttributeError, AssertionError, NotImplementedError),
)


def read_stata(path: Path, data: bytes | None, source: str, _: Hints) -> RawTable:
    """The table of a data set: numbers and dates as they are, numbers with labels as these.

    Raises InputError for one that is damaged.
    """
    import pandas as pd

    if data is None:
        with opened(path) as file:
            data = file.read()
    check_size(len(data), source)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            try:
                frame = pd.read_stata(io.BytesIO(data))
            except ValueError:  # two numbers with one label are no categories
                frame = pd.read_stata(io.BytesIO(data), convert_categoricals=False)
        except _DAMAGED as why:
            hint = "save it again, or as CSV (export delimited)"
            raise InputError(f"{source} cannot be read as a data set of Stata", hint=hint) from why
    return raw_of_frame(to_polars(frame, source), source)
