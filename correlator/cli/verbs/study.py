"""``correlator study``: event-window returns from stored events and bars, or from files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from correlator.cli.options.common import ClusterOption, StoreOption, open_store
from correlator.cli.options.study import donors_file, part_options, takes_study
from correlator.cli.tables.formats import OutputFormat
from correlator.cli.tables.options import MADE_KEY, TableOptions, prints_table
from correlator.cli.terminal.output import complain, narrate, progress
from correlator.cli.terminal.stdin import stdin_kept
from correlator.errors import InputError, StudyError, counted
from correlator.eventstudy.request.spec import FRAMES, RETURNS_KINDS, STORE, study_spec
from correlator.eventstudy.results.outputs import OUTPUTS

if TYPE_CHECKING:
    import polars as pl

    from correlator.eventstudy.panel.frames import Panel
    from correlator.eventstudy.parts.spread import SpreadResult
    from correlator.eventstudy.request.spec import StudySpec
    from correlator.eventstudy.results.result import StudyResult


StudyOutput = StrEnum("StudyOutput", {name.upper().replace("-", "_"): name for name in OUTPUTS})  # type: ignore[misc]
"""Which table of a study to print: the outputs of the registry."""

_OUTPUT_HELP = (
    "Table to print (default: summary on a terminal, else ar). "
    + "; ".join(f"{each.name}: {each.words}" for each in OUTPUTS.values())
    + "."
)


@prints_table
@takes_study(frames=True)
def study(
    *,
    chosen: dict[str, Any],
    prices: Annotated[
        list[str] | None,
        typer.Option(
            "--prices",
            help="Price file to study instead of the store: wide, or bars; for one file per share, SYMBOL=FILE. "
            "Repeatable.",
        ),
    ] = None,
    volumes: Annotated[
        list[str] | None,
        typer.Option("--volumes", help="Volume file, like --prices: study abnormal log volume instead of returns."),
    ] = None,
    factors: Annotated[
        Path | None,
        typer.Option("--factors", help="Wide file of factor returns as fractions, or a file of Kenneth French."),
    ] = None,
    factors_unit: Annotated[
        str | None,
        typer.Option(
            "--factors-unit",
            help="Unit of the figures of --factors, percent or fraction (default: what a file of Kenneth French "
            "shows, else fraction).",
        ),
    ] = None,
    risk_free: Annotated[
        str | None,
        typer.Option(
            "--risk-free",
            help="Risk-free return, to study excess returns: a column of --factors, or a file of dates and one column.",
        ),
    ] = None,
    risk_free_unit: Annotated[
        str | None,
        typer.Option(
            "--risk-free-unit",
            help="Unit of --risk-free: percent or fraction (per bar), annual-percent or annual-fraction (default: that "
            "of the factors, else fraction).",
        ),
    ] = None,
    returns_kind: Annotated[
        str | None,
        typer.Option("--returns-kind", help="Kind of returns in a file of returns: log (default) or simple."),
    ] = None,
    placebo: Annotated[
        int | None,
        typer.Option(
            "--placebo",
            min=1,
            help="Add a p-value from this many placebo studies to the summary.",
            show_default=False,
        ),
    ] = None,
    output: Annotated[StudyOutput | None, typer.Option("--output", help=_OUTPUT_HELP, show_default=False)] = None,
    cluster: ClusterOption = None,
    into: Annotated[
        str | None,
        typer.Option(
            "--into",
            metavar="NAME",
            help="With --cluster and a lake: let the workers write the rows of ar, car, bhar or models to the lake's "
            "table studies/NAME/OUTPUT instead of printing them.",
            show_default=False,
        ),
    ] = None,
    store: StoreOption = None,
    printer: TableOptions,
) -> None:
    """Measure abnormal returns around events, with standard errors and tests.

    Example: correlator study --symbol AIRLINK --benchmark KSE100 --window -5:5 --windows -1:1 --output car
    """
    prices, volumes, chosen["events"], factors = _with_stdin(prices, volumes, chosen["events"], factors)
    output = output or StudyOutput("summary" if printer.for_a_person or placebo is not None else "ar")
    if placebo is not None and output.value != "summary":
        raise InputError(
            f"--placebo needs --output summary, got {output.value}", hint="leave --output out, or use the verb placebo"
        )
    if into is not None and (cluster is None or placebo is not None or printer.to is not None):
        raise InputError(
            "--into needs --cluster and cannot be combined with --to or --placebo",
            hint="give --cluster, and leave --to and --placebo out",
        )
    files = {"prices": prices, "volumes": volumes, "returns": _returns_file(chosen["returns"])}
    data = _read_beside({"factors": factors, "risk_free": risk_free}, factors_unit, risk_free_unit)
    if any(files.values()):
        if cluster is not None:
            raise InputError(
                "a study of files cannot run on a cluster", hint="load the files into a lake, or leave --cluster out"
            )
        from correlator.eventstudy.measure import study_events
        from correlator.eventstudy.parts.stream import STREAMED_OUTPUTS
        from correlator.eventstudy.parts.study_files import read_events_file
        from correlator.eventstudy.results.made import benchmark_note

        panel, spec = _files(files, chosen, returns_kind, data)
        events = Path(chosen["events"])
        streams = output in STREAMED_OUTPUTS and not spec.needs_all_events
        if printer.to is not None and streams and printer.destination is OutputFormat.PARQUET:
            _stream(panel, spec, events, output, printer=printer)
            narrate(f"benchmark: {benchmark_note(panel, spec)}")
            return
        result = study_events(panel, read_events_file(events), spec)
    else:
        from correlator.research.study import Data, run_study

        spec = study_spec(**part_options(chosen, STORE))
        if cluster is not None:
            from correlator.cluster import cluster_at
            from correlator.research.cluster_rows import rows_address, write_rows
            from correlator.research.cluster_study import run_cluster_study

            if into is not None:
                rows_address(open_store(store), output.value, into)
            with cluster_at(cluster) as opened:
                spread = run_cluster_study(open_store(store), spec, opened, Data(**data))
                if into is None:
                    _print(spread, output, placebo, printer)
                else:
                    address, rows = write_rows(spread, output.value, open_store(store), into)
                    _report_counts(spread.made["events_measured"], spread.made["events_excluded"], rows, 0)
                    narrate(f"wrote {rows} rows to {address}")
            return
        result = run_study(open_store(store), spec, Data(**data))
    _print(result, output, placebo, printer)


def _print(result: StudyResult | SpreadResult, output: StudyOutput, placebo: int | None, printer: TableOptions) -> None:
    """Report what was measured, and print the output."""
    if output.value != "excluded" and (reason := result.why_nothing()):
        raise StudyError(reason, hint="--output excluded lists them")
    if result.spec.by and OUTPUTS[output.value].streams:
        complain(f"--by applies to averages and statistics only: --output {output.value} is not split", level="warning")
    frame = result.frame(output.value) if placebo is None else result.summary(placebo=placebo)
    _report_counts(len(result.estimates), result.excluded.height, frame.height, _incomplete_windows(frame, output))
    narrate(f"benchmark: {result.benchmark_note}")
    if output is StudyOutput("diagnostics"):
        flagged = frame.filter(frame["flags"] != "").height
        narrate(f"{flagged} of {frame.height} events have an entry in column flags")
    printer.print(
        _shown(frame, output),
        output.value,
        unit=_unit(result.spec.returns),
        made={"table": output.value, **result.made},
        groups=result.spec.by,
    )


def _with_stdin(
    prices: list[str] | None, volumes: list[str] | None, events: str | None, factors: Path | None
) -> tuple[list[str] | None, list[str] | None, str | None, Path | None]:
    """Return the named files, with ``-`` replaced by a file that has the content of stdin."""
    typed = [*(prices or ()), *(volumes or ()), *((events,) if events else ()), *((str(factors),) if factors else ())]
    paths = dict(zip(typed, stdin_kept(typed), strict=True))
    return (
        prices and [paths[each] for each in prices],
        volumes and [paths[each] for each in volumes],
        events and paths[events],
        factors and Path(paths[str(factors)]),
    )


def _returns_file(returns: str) -> list[str] | None:
    """Return the file that ``--returns`` names; None if it gives a kind of return."""
    return None if returns in RETURNS_KINDS else [returns]


def _files(
    files: dict[str, list[str] | None], chosen: dict[str, Any], returns_kind: str | None, data: dict[str, Any]
) -> tuple[Panel, StudySpec]:
    """Return the panel and the spec of a study of files."""
    from correlator.eventstudy.matrix import Frames, matrix_panel
    from correlator.eventstudy.parts.study_files import listed_in_file
    from correlator.research.study_tables import study_tables, tables_named

    if chosen["events"] is None:
        raise InputError("events are missing", hint="give a CSV with columns symbol and date", argument="events")
    options = part_options({**chosen, "events": None}, FRAMES)
    if returns_kind is not None and options["returns"] == RETURNS_KINDS[0]:
        del options["returns"]  # only the default; --returns-kind decides
    named: dict[str, Any] = {name: tables_named(texts, name) for name, texts in files.items() if texts}
    extra = {"benchmark": options.get("benchmark"), "donors": donors_file(options["donors"])}
    tables, notes = study_tables({**named, **extra}, exchange=options.get("exchange"))
    for note in notes:
        narrate(note)
    listed = listed_in_file(Path(chosen["events"]))
    given = {**options, **tables, **data, "returns_kind": returns_kind}
    frames = Frames(**{each.name: given.pop(each.name) for each in fields(Frames) if each.name in given})
    return matrix_panel(frames, listed, **given)


def _stream(panel: Panel, spec: StudySpec, events: Path, output: StudyOutput, *, printer: TableOptions) -> None:
    """Measure the events of a file and write the output, in chunks, so that memory does not grow with their number."""
    from correlator.eventstudy.parts.stream import chunk_for, needs_returns, study_chunks, write_frames
    from correlator.eventstudy.parts.study_files import events_of_file
    from correlator.eventstudy.placing.placement import day_labels
    from correlator.eventstudy.results.made import how_made

    counts = [0, 0, 0, 0]
    rows = len(day_labels(spec.window, panel.local_labels)) if output.value == "ar" else len(spec.windows)
    chunk = chunk_for(rows)

    def frames() -> Iterator[pl.DataFrame]:
        keep_returns = needs_returns([output.value])
        parts = events_of_file(events, chunk=chunk)
        for result in study_chunks(panel, parts, spec, chunk=chunk, keep_returns=keep_returns):
            frame = result.frame(output.value)
            added = (
                len(result.estimates),
                result.excluded.height,
                frame.height,
                _incomplete_windows(frame, output),
            )
            counts[:] = [total + count for total, count in zip(counts, added, strict=True)]
            advance(added[0] + added[1])
            yield printer.select(_shown(frame, output))

    with progress("events") as advance:
        made = {"table": output.value, **how_made(panel, spec)}
        write_frames(frames(), cast(Path, printer.to), {MADE_KEY: json.dumps(made, ensure_ascii=False)})
    _report_counts(*counts)


def _shown(frame: pl.DataFrame, output: StudyOutput) -> pl.DataFrame:
    """Return the columns that the command line prints, with ``exchange`` after ``symbol`` if there is one."""
    columns = OUTPUTS[output.value].columns or frame.columns
    if "exchange" in frame.columns and "exchange" not in columns:
        at = columns.index("symbol") + 1
        columns = (*columns[:at], "exchange", *columns[at:])
    return frame.select(columns)


def _unit(returns_kind: str) -> str:
    """Return the unit of a hundredth of a return: % for simple returns, lp (log points) for log returns."""
    return "%" if returns_kind == "simple" else "lp"


def _incomplete_windows(frame: pl.DataFrame, output: StudyOutput) -> int:
    """Return the number of windows with missing bars."""
    return frame.filter(frame["flags"] != "").height if output.value == "car" else 0


def _report_counts(measured: int, excluded: int, windows: int, incomplete: int) -> None:
    if incomplete:
        complain(
            f"{incomplete} of {counted(windows, 'window')} with missing bars; --output ar shows which", level="warning"
        )
    narrate(f"{counted(measured, 'event')} measured, {excluded} left out (--output excluded)")


def _read_beside(sources: dict[str, Any], factors_unit: str | None, risk_free_unit: str | None) -> dict[str, Any]:
    """Return factors, as fractions, and the risk-free return with its unit."""
    data = {**sources, "risk_free_unit": risk_free_unit}
    if factors_unit is None and all(source is None for source in sources.values()):
        return data
    from correlator.research.study_tables import study_tables

    tables, notes = study_tables(sources, factors_unit=factors_unit, risk_free_unit=risk_free_unit)
    for note in notes:
        narrate(note)
    return {**data, **tables}
