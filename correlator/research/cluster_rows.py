"""Rows of a study on a cluster, written into the lake by the workers that measured them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import polars as pl

from correlator.errors import InputError, StudyError
from correlator.eventstudy.parts.parts import Part, rows_of
from correlator.eventstudy.parts.spread import PER_EVENT, SpreadResult
from correlator.research.cluster_source import Source
from correlator.store.address import is_lake
from correlator.store.db import Store

if TYPE_CHECKING:
    from correlator.store.written_rows import WrittenFile


def write_rows(result: SpreadResult, output: str, store: Store, name: str) -> tuple[str, int]:
    """Write the rows of ``output`` (``ar``, ``car``, ``bhar`` or ``models``) as a Delta table of the lake ``store``.

    Parameters
    ----------
    result
        A study on a cluster.
    output
        What to write: an output with rows of single events.
    store
        The lake; it must be where all workers reach it.
    name
        Of the study: the table is ``studies/NAME/OUTPUT`` below the lake's address.

    Returns
    -------
    tuple[str, int]
        The address of the table and how many rows it has. Rows of one file are in the order of the events; the order
        of files means nothing. The table's description says how they were made.

    Raises
    ------
    InputError
        For another output, a store that is not a lake, a name that is taken or cannot be a folder's.
    StudyError
        Where no event was measured.

    Examples
    --------
    >>> write_rows(result, "car", Store("s3://desk/lake"), "accords-2025")  # doctest: +SKIP
    ('s3://desk/lake/studies/accords-2025/car', 20000)
    """
    from correlator.store.written_rows import name_files

    address = rows_address(store, output, name)
    if nothing := result.why_nothing():
        raise StudyError(nothing, hint="read the output excluded")
    written = list(result.of_each(partial(_written, address=address, output=output)))
    files = [each for own, _ in written for each in own]
    name_files(address, written[0][1], files, {"table": output, **result.made})
    return address, sum(each.rows for each in files)


def rows_address(store: Store, output: str, name: str) -> str:
    """Where ``write_rows`` will write; raises InputError as it does, so that it can be asked before a long study."""
    source = Source.of(store)
    if not is_lake(source.address):
        raise InputError(
            f"{store.address} is a file: workers write rows into a lake", hint="make one with `correlator store export`"
        )
    if output not in PER_EVENT:
        raise InputError(
            f"{output} is not of single events, so workers do not write it", hint=f"{', '.join(PER_EVENT)} are"
        )
    from correlator.store.written_rows import refuse_present, table_address

    address = table_address(source.address, name, output)
    refuse_present(address)
    return address


def _written(part: Part, address: str, output: str) -> tuple[list[WrittenFile], pl.DataFrame]:
    """Write the part's rows; what was written, and a frame of its columns."""
    from correlator.store.written_rows import write_files

    _, frame = rows_of(part, output)
    return write_files(address, frame), frame.clear()
