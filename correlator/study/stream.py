"""Studies of more events than memory holds: chunk after chunk, straight into Parquet."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl

from correlator.errors import InputError
from correlator.study.run_matrix import study_panel
from correlator.study.setup.frames import Panel
from correlator.study.setup.plan import Plan

CHUNK_EVENTS = 250_000
STREAMED_OUTPUTS = ("ar", "car", "bhar", "models", "excluded")


@dataclass(frozen=True)
class StreamSummary:
    """What a streamed study wrote: ``folder`` with one folder of Parquet parts per output, ``events`` measured,
    ``excluded`` not measured, and the averages ``aar`` and ``caar`` over all of them as ``StudyResult`` has them.
    """

    folder: Path
    events: int
    excluded: int
    aar: pl.DataFrame
    caar: pl.DataFrame


def study_stream(
    panel: Panel,
    events: pl.DataFrame | Iterable[pl.DataFrame],
    plan: Plan,
    folder: Path | str,
    *,
    outputs: Sequence[str] = ("car", "models", "excluded"),
    chunk: int = CHUNK_EVENTS,
) -> StreamSummary:
    """Measure ``events`` (``event_id``, ``symbol``, ``date``, more; a frame or frames) and write ``outputs``.

    Memory holds one chunk at a time. The folder appears when everything is written, or not at all; raises InputError
    where it exists already or an output cannot be streamed.
    """
    target = Path(folder)
    if target.exists():
        raise InputError(f"{target} exists already", hint="name a new folder, or remove it")
    if unknown := set(outputs) - set(STREAMED_OUTPUTS):
        raise InputError(f"{', '.join(sorted(unknown))} cannot be streamed", hint=f"{', '.join(STREAMED_OUTPUTS)} can")
    partial = target.with_name(f".{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    for name in outputs:
        (partial / name).mkdir(parents=True)
    with_returns = not {"ar", "bhar"}.isdisjoint(outputs)
    measured, left_out = 0, 0
    averages: dict[str, list[pl.DataFrame]] = {"aar": [], "caar": []}
    by_column = replace(panel, returns=np.asfortranarray(panel.returns))
    for number, part in enumerate(_chunks(events, chunk)):
        result = study_panel(by_column, part, plan, keep_residuals=False, keep_returns=with_returns)
        measured, left_out = measured + len(result.estimates), left_out + result.excluded.height
        for name in outputs:
            result.frame(name).write_parquet(partial / name / f"part-{number:05}.parquet")
        for name, frames in averages.items():
            frames.append(result.frame(name))
    partial.rename(target)
    return StreamSummary(
        target,
        measured,
        left_out,
        aar=pooled(averages["aar"], [*plan.by, "day"], "aar", running=tuple(plan.by)),
        caar=pooled(averages["caar"], [*plan.by, "window"], "caar"),
    )


def pooled(
    frames: list[pl.DataFrame], keys: list[str], name: str, *, running: tuple[str, ...] | None = None
) -> pl.DataFrame:
    """Averages of parts as averages of the whole: n, mean, sd (Chan, Golub & LeVeque 1983), share of positive ones.

    With ``running`` the column ``caar`` sums the means so far inside each group that it names.
    """
    if not frames:
        return pl.DataFrame()
    n, mean = pl.col("n"), pl.col(name)
    whole = mean.dot(n) / n.sum()
    squares = (pl.col("sd").fill_null(0.0).pow(2) * (n - 1)).sum() + (n * (mean - whole).pow(2)).sum()
    combined = (
        pl.concat(frames)
        .filter(n > 0)
        .group_by(keys, maintain_order=True)
        .agg(
            n.sum(),
            whole.alias(name),
            pl.when(n.sum() > 1).then((squares / (n.sum() - 1)).sqrt()).alias("sd"),
            (pl.col("positive").dot(n) / n.sum()).alias("positive"),
        )
    )
    if running is None:
        return combined
    so_far = mean.cum_sum()
    return combined.with_columns((so_far.over(running) if running else so_far).alias("caar"))


def _chunks(events: pl.DataFrame | Iterable[pl.DataFrame], size: int) -> Iterator[pl.DataFrame]:
    for frame in [events] if isinstance(events, pl.DataFrame) else events:
        yield from frame.iter_slices(size)
