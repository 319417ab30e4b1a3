"""Entry point: runs the app and turns errors into one line on stderr and an exit code."""

from __future__ import annotations

import gc
import sys

_OBJECTS_BETWEEN_COLLECTIONS = 50_000
"""What a start makes stays: Python's own 700 look through it again and again, a twentieth of a short verb."""


def run() -> None:
    """Run ``correlator`` with the process's arguments and leave with its exit code."""
    from correlator.cli.boundary import hold_closed_streams, install_last_word, show_what_can_be_shown

    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    hold_closed_streams()
    install_last_word()
    show_what_can_be_shown()
    sys.exit(_outcome())


def _outcome() -> int:
    import typer

    from correlator.cli.app import app
    from correlator.cli.boundary import close_stdout, error_line, foreign_errors, silence_stdout
    from correlator.cli.exit_codes import ExitCode, exit_code_of
    from correlator.cli.options.common import Settings, use_settings
    from correlator.cli.terminal.output import complain
    from correlator.cli.wording import at_prompt
    from correlator.errors import CorrelatorError

    use_settings(Settings(json_logs="--json-logs" in sys.argv))  # a verb that is misspelt is refused before options
    try:
        code = app(standalone_mode=False) or ExitCode.OK
        if code == ExitCode.INTERRUPTED:  # typer keeps what interrupted a verb and gives its number
            raise KeyboardInterrupt
        close_stdout()
    except CorrelatorError as error:
        complain(at_prompt(error))
        return exit_code_of(error)
    except (KeyboardInterrupt, typer.Abort):
        complain("interrupted")
        return ExitCode.INTERRUPTED
    except _typing_error() as error:
        return _mistyped(error)
    except foreign_errors() as error:
        line, code = error_line(error)
        if line is None:
            silence_stdout()
        else:
            complain(line)
    return code


def _typing_error() -> type[Exception]:
    """The root of errors in how a command was typed; typer shows its branches only, and carries click inside or not."""
    import typer

    return next(kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException")


def _mistyped(error: Exception) -> int:
    """Say in one line what was typed wrong; a group without a verb shows its help."""
    from correlator.cli.exit_codes import ExitCode
    from correlator.cli.terminal.output import complain

    if type(error).__name__ == "NoArgsIsHelpError":
        error.show()  # type: ignore[attr-defined]
        return ExitCode.USAGE
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "correlator"
    message = error.format_message().rstrip(".").replace("\n", " ")  # type: ignore[attr-defined]
    message = message.replace("Value error, ", "")  # a word of the library that reads options
    complain(f"{message} (see `{path} --help`)")
    return ExitCode.USAGE


if __name__ == "__main__":
    run()
