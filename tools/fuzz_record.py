"""The record of fuzzing, so that half an hour per run adds up over many runs.

``tests/fuzz/record.csv`` has a row per target, commit and outcome: slices that ended well at one commit are added up, a
crash stands by itself. ``tests/fuzz/branches.csv`` has the branches that a target's inputs take.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields, replace
from pathlib import Path
from typing import TypeVar

FOLDER = Path(__file__).parents[1] / "tests" / "fuzz"
RECORD, BRANCHES = FOLDER / "record.csv", FOLDER / "branches.csv"


@dataclass(frozen=True)
class Outcome:
    """What came of fuzzing a target at a commit: inputs, processor seconds spent on them, peak memory, edges of the
    instrumented code (0 without atheris) and the first line of a crash ("" for none).
    """

    target: str
    commit: str
    inputs: int
    seconds: int
    memory_mb: int
    edges: int
    crash: str

    def row(self) -> str:
        """The outcome as a row of a Markdown table."""
        edges = f"{self.edges:,}" if self.edges else "-"
        numbers = (f"{self.inputs:,}", edges, f"{self.memory_mb:,}", f"{self.seconds:,}")
        return f"| {' | '.join((self.target, *numbers, self.crash or '0'))} |"


@dataclass(frozen=True)
class Branches:
    """Of the branches in the functions that a target enters, how many its inputs take."""

    target: str
    commit: str
    inputs: int
    taken: int
    branches: int


Row = TypeVar("Row", Outcome, Branches)


def outcomes() -> list[Outcome]:
    """The record, oldest first."""
    return _read(Outcome, RECORD)


def add(outcome: Outcome) -> None:
    """Record an outcome."""
    rows = outcomes()
    same = [
        n
        for n, row in enumerate(rows)
        if (row.target, row.commit, row.crash) == (outcome.target, outcome.commit, "") and not outcome.crash
    ]
    if same:
        rows[same[-1]] = _sum(rows[same[-1]], outcome)
    else:
        rows.append(outcome)
    _write(RECORD, rows)


def since_crash(rows: Sequence[Outcome], target: str) -> Outcome | None:
    """The outcomes of a target since its last crash, as one: what was tried before that says nothing of today's code.

    None where nothing is on record since then; ``commit`` is the newest.
    """
    total: Outcome | None = None
    for row in rows:
        if row.target == target:
            total = None if row.crash else row if total is None else _sum(total, row)
    return total


def next_targets(rows: Sequence[Outcome], targets: Iterable[str], seconds: int, commit: str) -> list[str]:
    """Targets with less than ``seconds`` since their last crash, the least first, without those that crash as the code
    stands.
    """
    done = {name: since_crash(rows, name) for name in targets}
    crashed = {row.target for row in rows if row.crash and row.commit == commit}
    spent = {name: total.seconds if total else 0 for name, total in done.items() if name not in crashed}
    return sorted((name for name in spent if spent[name] < seconds), key=lambda name: spent[name])


def put_branches(measured: Branches) -> None:
    """Record the branches of a target in place of its former ones."""
    others = [row for row in _read(Branches, BRANCHES) if row.target != measured.target]
    _write(BRANCHES, sorted([*others, measured], key=lambda row: row.target))


def table(targets: Iterable[str]) -> list[str]:
    """The record as a Markdown table."""
    rows, branches = outcomes(), {row.target: row for row in _read(Branches, BRANCHES)}
    lines = [
        "| target | processor minutes | inputs | memory, MiB | branches taken | newest commit | crashes fixed |",
        "| --- | ---: | ---: | ---: | ---: | --- | ---: |",
    ]
    for name in targets:
        total, known = since_crash(rows, name), branches.get(name)
        crashes = sum(row.target == name and bool(row.crash) for row in rows)
        share = f"{known.taken:,} of {known.branches:,} ({known.taken / known.branches:.0%})" if known else "-"
        numbers = ("0", "0", "-") if total is None else _numbers(total)
        lines.append(f"| {' | '.join((name, *numbers, share, total.commit if total else '-', str(crashes)))} |")
    return lines


def _numbers(total: Outcome) -> tuple[str, str, str]:
    return f"{total.seconds / 60:.1f}", f"{total.inputs:,}", f"{total.memory_mb:,}"


def _sum(first: Outcome, second: Outcome) -> Outcome:
    return replace(
        second,
        inputs=first.inputs + second.inputs,
        seconds=first.seconds + second.seconds,
        memory_mb=max(first.memory_mb, second.memory_mb),
        edges=max(first.edges, second.edges),
    )


def _read(kind: type[Row], path: Path) -> list[Row]:
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    numbers = {each.name for each in fields(kind) if each.type == "int"}
    return [kind(**{name: int(text) if name in numbers else text for name, text in row.items()}) for row in rows]


def _write(path: Path, rows: Sequence[Row]) -> None:
    part = path.with_suffix(".part")
    with part.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([each.name for each in fields(rows[0])])
        writer.writerows(astuple(row) for row in rows)
    part.replace(path)
