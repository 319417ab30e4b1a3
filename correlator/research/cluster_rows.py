"""Write the rows of a study on a cluster to the lake, from the workers that measured them."""

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
    """Write the rows of ``output`` (``ar``, ``car``, ``bhar`` or ``models``) to a Delta table of the lake ``store``.

    Parameters
    ----------
    result
        A study on a cluster.
    output
        An output with rows of single events.
    store
        The lake; all workers must have access to it.
    name
        Name of the study; the table is ``studies/NAME/OUTPUT`` below the lake's address.

    Returns
    -------
    tuple[str, int]
        The address of the table and its number of rows. The rows of a file are in the order of the events; the order
        of files has no meaning. The table's description records how they were made.

    Raises
    ------
    InputError
        For another output, a store that is not a lake, and a name that is taken or invalid.
    StudyError
        If no event was measured.

    Examples
    --------
    >>> write_rows(result, "car", Store("s3://desk/lake"), "accords-2025")  # doctest: +SKIP
    ('s3://desk/lake/studies/accords-2025/car', 20000)
    """
    from correlator.store.written_rows import name_files

    address = rows_address(store, output, name)
    if reason := result.why_nothing():
        raise StudyError(reason, hint="read the output excluded")
    written = list(result.of_each(partial(_write_part, address=address, output=output)))
    files = [file for part_files, _ in written for file in part_files]
    name_files(address, written[0][1], files, {"table": output, **result.made})
    return address, sum(each.rows for each in files)


def rows_address(store: Store, output: str, name: str) -> str:
    """Return the address that ``write_rows`` will write to; raises InputError as it does, before a long study."""
    source = Source.of(store)
    if not is_lake(source.address):
        raise InputError(
            f"workers can only write to a lake, and {store.address} is a file",
            hint="create a lake with `correlator store export`",
        )
    if output not in PER_EVENT:
        raise InputError(
            f"output {output} cannot be written by workers, since it has no rows of single events",
            hint=f"choose {', '.join(PER_EVENT)}",
        )
    from correlator.store.written_rows import refuse_present, table_address

    address = table_address(source.address, name, output)
    refuse_present(address)
    return address


def _write_part(part: Part, address: str, output: str) -> tuple[list[WrittenFile], pl.DataFrame]:
    """Write the rows of a part; return the files and an empty frame with their columns."""
    from correlator.store.written_rows import write_files

    _, frame = rows_of(part, output)
    return write_files(address, frame), frame.clear()
