"""Studies of more events than fit into memory: in chunks, written to Parquet."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl

from correlator.base.files import flush_file, flush_folder, replacing
from correlator.errors import InputError
from correlator.eventstudy.measure import study_events
from correlator.eventstudy.panel.frames import Panel
from correlator.eventstudy.placing.events import EventsRead
from correlator.eventstudy.request.spec import StudySpec
from correlator.eventstudy.results.outputs import OUTPUTS
from correlator.eventstudy.results.result import StudyResult
from correlator.eventstudy.results.result_frames import group_keys, with_error

CHUNK_EVENTS = 250_000
_FEWEST_EVENTS, _CHUNK_ROWS = 100_000, 2_000_000
STREAMED_OUTPUTS = tuple(output.name for output in OUTPUTS.values() if output.streams)


@dataclass(frozen=True)
class StreamSummary:
    """A summary of a streamed study.

    ``folder``: has one folder of Parquet parts per output; ``events``: number measured; ``excluded``: number not
    measured; ``aar`` and ``caar``: averages over all events, as in ``StudyResult``.
    """

    folder: Path
    events: int
    excluded: int
    aar: pl.DataFrame
    caar: pl.DataFrame


def study_chunks(
    panel: Panel,
    events: pl.DataFrame | Iterable[pl.DataFrame],
    spec: StudySpec,
    *,
    chunk: int = CHUNK_EVENTS,
    keep_returns: bool = False,
) -> Iterator[StudyResult]:
    """Yield a study of each chunk of ``events`` (one or more frames, as from ``read_events``), in order.

    Events that repeat an event of an earlier chunk are excluded, as in a study of all events at once. Raises InputError
    for a spec whose estimates depend on other events.
    """
    if spec.needs_all_events:
        raise InputError(
            "purge and donors need all events at once, so the study cannot be streamed",
            hint="study all events in one run",
            argument="purge" if spec.purge else "model",
        )
    by_column = replace(panel, returns=np.asfortranarray(panel.returns))
    seen = EventsRead()
    for part in _chunks(events, chunk):
        yield study_events(by_column, part, spec, seen=seen, keep_residuals=False, keep_returns=keep_returns)


def study_stream(
    panel: Panel,
    events: pl.DataFrame | Iterable[pl.DataFrame],
    spec: StudySpec,
    folder: Path | str,
    *,
    outputs: Sequence[str] = ("car", "models", "excluded"),
    chunk: int = CHUNK_EVENTS,
) -> StreamSummary:
    """Measure ``events`` as ``study_chunks`` does and write each of ``outputs`` to a folder of Parquet parts.

    Only one chunk is in memory at a time. ``folder`` is created only when everything is written. Raises InputError if
    it already exists, or if an output cannot be streamed.
    """
    target = Path(folder)
    if target.exists():
        raise InputError(f"{target} already exists", hint="give a new folder, or remove it")
    if unknown := set(outputs) - set(STREAMED_OUTPUTS):
        raise InputError(f"{', '.join(sorted(unknown))} cannot be streamed", hint=f"{', '.join(STREAMED_OUTPUTS)} can")
    partial = target.with_name(f".{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    for name in outputs:
        (partial / name).mkdir(parents=True)
    measured, left_out = 0, 0
    averages: dict[str, list[pl.DataFrame]] = {"aar": [], "caar": []}
    averaged = pl.DataFrame()
    results = study_chunks(panel, events, spec, chunk=chunk, keep_returns=needs_returns(outputs))
    for number, result in enumerate(results):
        measured, left_out = measured + len(result.estimates), left_out + result.excluded.height
        for name in outputs:
            part = partial / name / f"part-{number:05}.parquet"
            result.frame(name).write_parquet(part)
            flush_file(part)
        result, averaged = _of_new_observations(result, averaged)
        if len(result.estimates) or not spec.by:  # without events there are no groups
            for name, frames in averages.items():
                frames.append(result.frame(name))
    partial.rename(target)
    flush_folder(target.parent)
    return StreamSummary(
        target,
        measured,
        left_out,
        aar=pooled(averages["aar"], [*spec.by, "day"], "aar", running=tuple(spec.by)),
        caar=pooled(averages["caar"], [*spec.by, "window"], "caar"),
    )


def _of_new_observations(result: StudyResult, averaged: pl.DataFrame) -> tuple[StudyResult, pl.DataFrame]:
    """Drop the events of ``result`` whose group, symbol and day 0 are in ``averaged``, and add the others' to it.

    Events with the same group, symbol and day 0 are one observation, also across chunks.
    """
    estimates = result.estimates
    rows = pl.DataFrame({"symbol_index": estimates.symbol_index, "day_zero": estimates.day_zero})
    if result.spec.by:
        groups = group_keys(estimates, result.panel, result.events, result.spec.by).drop("position")
        rows = pl.concat([groups, rows], how="horizontal")
    rows = rows.with_row_index("position")
    keys = rows.columns[1:]
    new = rows if averaged.is_empty() else rows.join(averaged, on=keys, how="anti", nulls_equal=True)
    kept = result if len(new) == len(rows) else replace(result, estimates=estimates.take(new["position"].to_numpy()))
    return kept, pl.concat([averaged, new.select(keys).unique()]) if len(averaged) else new.select(keys).unique()


def write_frames(frames: Iterable[pl.DataFrame], path: Path, metadata: dict[str, str] | None = None) -> None:
    """Write one or more frames with the same schema to one Parquet file, which is created only when complete.

    ``metadata``: key-value metadata of the file.
    """
    from pyarrow.parquet import ParquetWriter

    rest = iter(frames)
    first = next(rest).to_arrow()
    first = first.replace_schema_metadata(metadata)
    with replacing(path) as partial, ParquetWriter(partial, first.schema, compression="zstd") as writer:
        writer.write_table(first)
        for frame in rest:
            writer.write_table(frame.to_arrow().replace_schema_metadata(metadata))


def chunk_for(rows_an_event: int) -> int:
    """Return the number of events per chunk for an output with ``rows_an_event`` rows per event.

    Its frame takes at most half a gigabyte, but there are enough events to make compiling worthwhile.
    """
    return max(_FEWEST_EVENTS, min(CHUNK_EVENTS, _CHUNK_ROWS // max(rows_an_event, 1)))


def needs_returns(outputs: Sequence[str]) -> bool:
    """Whether an output shows returns, so that estimates must keep them."""
    return any(OUTPUTS[name].needs_returns for name in outputs)


def pooled(
    frames: list[pl.DataFrame], keys: list[str], name: str, *, running: tuple[str, ...] | None = None
) -> pl.DataFrame:
    """Combine averages of parts: n, mean, sd (Chan, Golub & LeVeque 1983), share of positive values.

    With ``running``, the column ``caar`` is the cumulative sum of the means within each group of these columns.
    """
    if not frames:
        return pl.DataFrame()
    n, mean, steps = pl.col("n"), pl.col(name), pl.col("step")
    overall = mean.dot(n) / n.sum()
    squares = (pl.col("sd").fill_null(0.0).pow(2) * (n - 1)).sum() + (n * (mean - overall).pow(2)).sum()
    combined = (
        pl.concat([_with_steps(frame, running) for frame in frames])
        .filter(n > 0)
        .group_by(keys, maintain_order=True)
        .agg(
            n.sum(),
            overall.alias(name),
            pl.when(n.sum() > 1).then((squares / (n.sum() - 1)).sqrt()).alias("sd"),
            (pl.col("positive").dot(n) / n.sum()).alias("positive"),
            *([] if running is None else [(steps.dot(n) / n.sum()).alias("step")]),
        )
    )
    if running is not None:
        path = steps.cum_sum()
        combined = combined.with_columns((path.over(running) if running else path).alias("caar")).drop("step")
    return with_error(combined, name)


def _with_steps(frame: pl.DataFrame, running: tuple[str, ...] | None) -> pl.DataFrame:
    """Add the column ``step``: the change of ``caar`` of the group on each day."""
    if running is None:
        return frame
    path = pl.col("caar").forward_fill().fill_null(0.0)
    step = path - path.shift(1, fill_value=0.0)
    return frame.with_columns((step.over(running) if running else step).alias("step"))


def _chunks(events: pl.DataFrame | Iterable[pl.DataFrame], size: int) -> Iterator[pl.DataFrame]:
    for frame in [events] if isinstance(events, pl.DataFrame) else events:
        yield from frame.iter_slices(size) if len(frame) else [frame]
