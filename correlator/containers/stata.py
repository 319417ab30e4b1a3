"""Read Stata data files of release 10 and later."""

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
    """Return the table of a Stata file: numbers and dates unchanged, labelled numbers as their labels.

    Raise InputError for a damaged file.
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
            except ValueError:  # pandas makes no categories of two numbers with one label
                frame = pd.read_stata(io.BytesIO(data), convert_categoricals=False)
        except _DAMAGED as why:
            hint = "save it again, or as CSV (export delimited)"
            raise InputError(f"{source} is not a readable Stata file", hint=hint) from why
    return raw_of_frame(to_polars(frame, source), source)
