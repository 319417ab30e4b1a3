"""Entry point: run the app and turn errors into one line on stderr and an exit code."""

from __future__ import annotations

import gc
import sys

_OBJECTS_BETWEEN_COLLECTIONS = 50_000
"""Threshold of the garbage collector. Imported objects live until exit; with Python's default of 700 they are scanned
again and again, 5 % of the run time of a short verb.
"""


def run() -> None:
    """Run ``correlator`` with the arguments of the process and exit with its exit code."""
    from correlator.cli.boundary import install_excepthook, replace_unencodable_characters, reserve_closed_streams

    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    reserve_closed_streams()
    install_excepthook()
    replace_unencodable_characters()
    sys.exit(_exit_code())


def _exit_code() -> int:
    """Run the app, print what went wrong if anything did, and return the exit code."""
    import typer

    from correlator.cli.app import app
    from correlator.cli.boundary import close_stdout, error_line, foreign_errors, silence_stdout
    from correlator.cli.exit_codes import ExitCode, exit_code_of
    from correlator.cli.options.common import Settings, json_logs_typed, use_settings
    from correlator.cli.terminal.output import complain
    from correlator.cli.wording import at_prompt
    from correlator.errors import CorrelatorError

    try:
        use_settings(Settings(json_logs=json_logs_typed()))  # a misspelt verb fails before options are parsed
        code = app(standalone_mode=False) or ExitCode.OK
        if code == ExitCode.INTERRUPTED:  # typer swallows KeyboardInterrupt and returns this code
            raise KeyboardInterrupt
        close_stdout()
    except CorrelatorError as error:
        complain(at_prompt(error))
        return exit_code_of(error)
    except (KeyboardInterrupt, typer.Abort):
        complain("interrupted")
        return ExitCode.INTERRUPTED
    except _usage_error() as error:
        return _report_usage_error(error)
    except foreign_errors() as error:
        line, code = error_line(error)
        if line is None:
            silence_stdout()
        else:
            complain(line)
    return code


def _usage_error() -> type[Exception]:
    """Return ``ClickException``, the base class of usage errors.

    Found by name, because typer does not export it, and some versions bundle click and others depend on it.
    """
    import typer

    return next(kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException")


def _report_usage_error(error: Exception) -> int:
    """Print a usage error as one line, or the help of a group that was given no verb; return the exit code."""
    from correlator.cli.exit_codes import ExitCode
    from correlator.cli.terminal.output import complain
    from correlator.cli.usage_errors import usage_message

    if type(error).__name__ == "NoArgsIsHelpError":
        error.show()  # type: ignore[attr-defined]
        return ExitCode.USAGE
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "correlator"
    complain(f"{usage_message(error)} (see `{path} --help`)")
    return ExitCode.USAGE


if __name__ == "__main__":
    run()
