"""Generate docs from the code: docs/commands.md from the command line, docs/tables.md from tables.py and views.py, the
tables in docs/methods.md from the registry of statistics, and that in docs/safety.md from the record of fuzzing.

Run ``python tools/make_docs.py`` after changing one of them; a test fails if a page is outdated.
"""

from __future__ import annotations

import sys
from dataclasses import fields
from pathlib import Path

import fuzz_record
import typer
from typer.core import TyperGroup

from correlator.cli.app import app
from correlator.eventstudy.request.spec import StudySpec, flag_of, option_of, written_default
from correlator.eventstudy.significance.registry import STATISTICS
from correlator.tables import TABLES
from correlator.views import VIEWS

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
sys.path.append(str(ROOT / "tests" / "fuzz"))
from targets import TARGETS  # noqa: E402 (a folder of tests, which is no package)


def commands_page() -> str:
    """Return the page of all commands with their arguments and options."""
    root = typer.main.get_command(app)
    parts = [
        "# Commands\n\nThe options of `correlator` may be given before any verb, or after it with precedence; "
        "`--store` only after a verb that uses a store. `sql --memory` and `plot --sessions` are options of their own. "
        "Repeatable options may be given several times. See [exit codes](exit-codes.md) for what a command returns.\n",
        *_sections(root, "correlator"),
    ]
    return "\n".join(parts)


def tables_page() -> str:
    """Return the page of all tables and columns of the store."""
    parts = ["# Tables\n\nThe tables that `correlator sql` can query. Timestamps are UTC; NULL means unknown.\n"]
    for table in TABLES:
        parts.append(f"## {table.name}\n\n{table.meaning} Key: {', '.join(f'`{name}`' for name in table.key)}.\n")
        parts.append("| column | type | meaning | unit |\n| --- | --- | --- | --- |")
        parts += [f"| `{c.name}` | {c.type} | {c.meaning} | {c.unit} |" for c in table.columns]
        parts.append("")
    parts.append("## Views\n\nCommon queries, in addition to the tables.\n\n| name | contents |\n| --- | --- |")
    for view in VIEWS:
        call = f"{view.name}({', '.join(view.parameters)})" if view.parameters else view.name
        parts.append(f"| `{call}` | {view.meaning} |")
    parts.append("")
    return "\n".join(parts)


def methods_page() -> str:
    """Return the page of methods with its tables of statistics regenerated."""
    page = (DOCS / "methods.md").read_text(encoding="utf-8")
    equations = ["| statistic | equation | distribution | source |\n| --- | --- | --- | --- |"]
    choice = [
        "| statistic | independent events needed | robust to event-induced variance "
        "| robust to fat tails and skew | minimum events, dates | use |\n| --- | --- | --- | --- | --- | --- |"
    ]
    for test in STATISTICS:
        where = "" if test.output == "significance" else f" (output `{test.output}`)"
        equations.append(f"| `{test.name}`{where} | {test.equation} | {test.law.text} | {test.source} |")
        fewest = f"{test.fewest}, {test.fewest_dates}"
        robustness = f"{test.robustness.independent} | {test.robustness.variance} | {test.robustness.tails}"
        choice.append(f"| `{test.name}` | {robustness} | {fewest} | {test.use} |")
    return _between(_between(page, "statistics", equations), "choice", choice)


def safety_page() -> str:
    """Return the page of safety with the record of fuzzing."""
    return _between((DOCS / "safety.md").read_text(encoding="utf-8"), "fuzz", fuzz_record.table(TARGETS))


def _between(page: str, name: str, lines: list[str]) -> str:
    """Return ``page`` with ``lines`` between the marks of ``name``."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    before, rest = page.split(begin)
    return f"{before}{begin}\n\n" + "\n".join(lines) + f"\n\n{end}{rest.split(end)[1]}"


def _sections(command: typer.core.TyperCommand | TyperGroup, path: str) -> list[str]:
    parts = [f"## {path}\n", _help(command.help), ""]
    rows = [_row(parameter) for parameter in command.params if not parameter.hidden]
    if rows:
        parts += ["| argument or option | default | meaning |\n| --- | --- | --- |", *rows, ""]
    if isinstance(command, TyperGroup):
        for name in sorted(command.commands):
            if not command.commands[name].hidden:
                parts += _sections(command.commands[name], f"{path} {name}")
    return parts


def _help(text: str | None) -> str:
    """Return the help text with its example as a code block."""
    words = " ".join((text or "").replace("\f", " ").split())
    body, example, command = words.partition("Example: ")
    return f"{body.strip()}\n\n```text\n{command}\n```" if example else body


def _row(parameter: typer.core.TyperOption | typer.core.TyperArgument) -> str:
    names = ", ".join(f"`{name}`" for name in [*parameter.opts, *parameter.secondary_opts])
    if parameter.param_type_name == "argument":
        names = f"`{(parameter.name or '').upper()}`"
    default = parameter.default
    shown = "" if default in (None, False, ()) or callable(default) else f"`{getattr(default, 'value', default)}`"
    meaning = (getattr(parameter, "help", None) or "").replace("|", "\\|").replace("\n", " ")
    return f"| {names} | {shown} | {meaning} |"


def options_part() -> str:
    """Return the table of study options: names in Python, reports and on the command line, default and meaning."""
    rows = ["| Python and report | command line | of | default | meaning |", "| --- | --- | --- | --- | --- |"]
    for option in fields(StudySpec):
        described, default = option_of(option), written_default(option)
        shown = ", ".join(default) if isinstance(default, list) else default
        of = {"": "both", "store": "the store", "frames": "frames and files"}[described.of]
        cell = "" if shown in (None, "") else f"`{shown}`"
        rows.append(f"| `{option.name}` | `{flag_of(option)}` | {of} | {cell} | {described.words_for(files=True)} |")
    return "\n".join(rows)


def study_page() -> str:
    """Return the page of studies with its table of options regenerated."""
    page = (DOCS / "study.md").read_text(encoding="utf-8")
    before, begin, rest = page.partition("<!-- options: begin -->")
    _, end, after = rest.partition("<!-- options: end -->")
    return f"{before}{begin}\n\n{options_part()}\n\n{end}{after}"


def main() -> None:
    """Write the pages."""
    (DOCS / "study.md").write_text(study_page(), encoding="utf-8")
    (DOCS / "commands.md").write_text(commands_page(), encoding="utf-8")
    (DOCS / "tables.md").write_text(tables_page(), encoding="utf-8")
    (DOCS / "methods.md").write_text(methods_page(), encoding="utf-8")
    (DOCS / "safety.md").write_text(safety_page(), encoding="utf-8")


if __name__ == "__main__":
    main()
