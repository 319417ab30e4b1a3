"""The specification of a report: a TOML file with symbols, a selection of events, a study and its outputs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import Field, asdict, dataclass, field
from pathlib import Path
from typing import Any

from correlator.base.files import is_file, read_toml
from correlator.base.inert import file_name
from correlator.errors import CorrelatorError, InputError, NotFoundError, likeliest
from correlator.events.selection.select import check_selection
from correlator.eventstudy.estimation.models import model_named
from correlator.eventstudy.regression.formula import parse_formula
from correlator.eventstudy.request.spec import STORE, StudySpec, options_of, study_spec
from correlator.plot.figures import PLACEBO, PRICES, RESULT, figures_of

TABLES = (
    *("new", "summary", "events", "ar", "car", "bhar", "aar", "caar", "significance", "models", "excluded", "quotes"),
    *("unexplained", "placebo", "confounds", "regressions"),
)
FIGURES = figures_of(RESULT, PLACEBO, PRICES)
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,62}[A-Za-z0-9_-])?")
_RESERVED = ("latest", "runs")


def study_keys() -> dict[str, Field[Any]]:
    """Return the keys of the table ``[study]``: the options of a study of the store, except those set by the report."""
    return {name: option for name, option in options_of(STORE).items() if name not in ("as_of", "interval")}


@dataclass(frozen=True)
class OutputSpec:
    """The outputs: ``tables`` as CSV and, with ``tear_sheet``, an HTML page with ``figures``.

    ``draws`` and ``seed``: number and random seed of the placebo studies for the table ``placebo`` and the figures
    ``fan`` and ``null``; ``regressions``: formulas such as ``car ~ goldstein`` for the table of that name; ``bom``:
    whether CSV files begin with a byte order mark, by which spreadsheets recognise UTF-8; ``mail``: whether to write
    ``mail.eml``, the whole report as one mail.
    """

    tables: tuple[str, ...] = ("new", "summary", "events", "ar", "car", "caar", "models", "excluded")
    figures: tuple[str, ...] = ("car", "heatmap", "distribution", "events", "price")
    tear_sheet: bool = True
    draws: int = 2_000
    seed: int = 0
    regressions: tuple[str, ...] = ()
    bom: bool = False
    mail: bool = False


@dataclass(frozen=True)
class ReportSpec:
    """A report: ``name`` of its folder, ``title``, ``keep`` (number of newest sessions to keep, 0 for all), its parts.

    ``studies``: further studies by name, ``[[studies]]`` in the file, each with its own files and section of the page.
    ``stale_after``: number of closed sessions that the prices of a symbol may lack before the report is refused.
    """

    name: str
    title: str = ""
    keep: int = 0
    stale_after: int = 0
    study: StudySpec = field(default_factory=study_spec)
    outputs: OutputSpec = field(default_factory=OutputSpec)
    studies: tuple[tuple[str, StudySpec], ...] = ()

    @property
    def heading(self) -> str:
        return self.title or self.name

    def as_dict(self) -> dict[str, Any]:
        """Return the report as plain values, for the manifest."""
        study = self.study.as_dict()
        others = {
            name: {key: value for key, value in each.as_dict().items() if key in study_keys()}
            for name, each in self.studies
        }
        return {**asdict(self), "study": {name: study[name] for name in study_keys()}, "studies": others}


def read_spec(path: str | Path) -> ReportSpec:
    """Return the report described by a TOML file; raise NotFoundError or InputError naming the file and the key."""
    file = Path(path)
    if not is_file(file):
        raise NotFoundError(f"{file} does not exist", hint="give the TOML file of a report")
    return parse_spec(read_toml(file), where=str(file), default_name=file.stem)


def parse_spec(values: Mapping[str, Any], *, where: str = "report", default_name: str | None = None) -> ReportSpec:
    """Return the report described by ``values`` (tables of a TOML file); raise InputError naming the key."""
    rest = dict(values)
    study = _study(_table(rest, "study", where), f"{where}: study")
    studies = _studies(rest.pop("studies", []), where)
    outputs = _part(OutputSpec, _table(rest, "outputs", where), f"{where}: outputs")
    spec: ReportSpec = _part(
        ReportSpec, {"name": default_name, **rest}, where, study=study, outputs=outputs, studies=studies
    )
    _check(spec, where)
    return spec


def _table(values: dict[str, Any], name: str, where: str) -> dict[str, Any]:
    part = values.pop(name, {})
    if not isinstance(part, dict):
        raise InputError(f"{where}: {name} must be a table", hint=f"write [{name}] with its keys below")
    return part


def _studies(values: Any, where: str) -> tuple[tuple[str, StudySpec], ...]:
    """Return further studies from tables with a name and the keys of a study."""
    if not isinstance(values, list) or not all(isinstance(each, dict) for each in values):
        raise InputError(f"{where}: studies must be tables", hint="write [[studies]] before each")
    studies: dict[str, StudySpec] = {}
    for number, each in enumerate(values, start=1):
        rest = dict(each)
        name = rest.pop("name", None)
        if not isinstance(name, str) or not _is_name(name) or name in studies:
            raise InputError(
                f"{where}: study {number} needs a unique name of letters, digits, - and _", hint='add name = "..."'
            )
        studies[name] = _study(rest, f"{where}: study {name}")
    return tuple(studies.items())


def _study(values: Mapping[str, Any], where: str) -> StudySpec:
    keys = study_keys()
    for key in values:
        if key not in keys:
            raise _unknown(key, keys, where)
    try:
        spec = study_spec(**values)
        model_named(spec.model)
        if spec.events:
            check_selection(spec.events)
    except CorrelatorError as error:
        raise InputError(f"{where}: {error.message}", hint=error.hint) from error
    return spec


def _part(kind: type[Any], values: Mapping[str, Any], where: str, **ready: Any) -> Any:
    """Return a dataclass built from TOML values, with keys and types checked and lists as tuples."""
    kinds = {name: str(of.type) for name, of in kind.__dataclass_fields__.items() if name not in ready}
    chosen = {}
    for key, value in values.items():
        if key not in kinds:
            raise _unknown(key, kinds, where)
        chosen[key] = _value(value, kinds[key], f"{where}: {key}")
    return kind(**chosen, **ready)


def _unknown(key: str, keys: Iterable[str], where: str) -> InputError:
    """Return the error for an unknown key; the hint is where it belongs, else the most similar of ``keys``."""
    places = {"[outputs]": OutputSpec.__dataclass_fields__, "[study]": study_keys()}
    place = next((f"write it under {name}" for name, known in places.items() if key in known), None)
    return InputError(f"{where}: key {key!r} is not known", hint=place or likeliest(key, keys, "keys are"))


def _value(value: Any, kind: str, where: str) -> Any:
    if kind.startswith("tuple"):
        items = [value] if isinstance(value, str) else value
        if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
            raise InputError(f"{where} must be a list of strings", hint='write it as ["A", "B"]')
        return tuple(items)
    expected: type[Any] = {"str": str, "int": int, "bool": bool}[kind.split(" | ")[0]]
    if not isinstance(value, expected) or (expected is int and isinstance(value, bool)):
        words = {str: "a string", int: "an integer", bool: "true or false"}[expected]
        raise InputError(f"{where} must be {words}, got {value!r}")
    return value


def _is_name(text: str) -> bool:
    """Whether ``text`` is a valid folder name on every operating system."""
    return _NAME.fullmatch(text) is not None and file_name(text) == text


def _check(spec: ReportSpec, where: str) -> None:
    """Raise InputError for anything that is wrong regardless of the store."""
    if not _is_name(spec.name) or spec.name.lower() in _RESERVED:
        raise InputError(f"{where}: name {spec.name!r} is not a valid folder name", hint="use letters, digits, - and _")
    if not spec.title.isprintable():
        raise InputError(
            f"{where}: title {spec.title!r} contains non-printable characters", hint="write one line of plain text"
        )
    if spec.outputs.draws < 1:
        raise InputError(f"{where}: outputs: draws must be at least 1, got {spec.outputs.draws}")
    for formula in spec.outputs.regressions:
        try:
            parse_formula(formula)
        except CorrelatorError as error:
            raise InputError(f"{where}: outputs: regressions: {error.message}", hint=error.hint) from error
    if spec.outputs.regressions and "regressions" not in spec.outputs.tables:
        raise InputError(
            f"{where}: outputs: regressions are given, but tables lacks 'regressions'",
            hint='add "regressions" to tables',
        )
    if "regressions" in spec.outputs.tables and not spec.outputs.regressions:
        raise InputError(
            f"{where}: outputs: the table regressions needs formulas",
            hint='for example regressions = ["car ~ goldstein"]',
        )
    if spec.keep < 0 or spec.stale_after < 0:
        raise InputError(f"{where}: keep and stale_after must not be negative")
    for label, given, known in (
        ("outputs: tables", spec.outputs.tables, TABLES),
        ("outputs: figures", spec.outputs.figures, FIGURES),
    ):
        for name in given:
            if name not in known:
                raise InputError(f"{where}: {label}: {name!r} is not known", hint=f"choose from {', '.join(known)}")
