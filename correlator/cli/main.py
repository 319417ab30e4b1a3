"""Entry point: runs the app and turns errors into one line on stderr and an exit code."""

from __future__ import annotations

import sys

from correlator.cli.exit_codes import ExitCode, exit_code_of
from correlator.errors import CorrelatorError


def run() -> None:
    """Run ``correlator`` with the process's arguments and leave with its exit code."""
    from correlator.cli.app import app
    from correlator.cli.output import complain

    try:
        app()
    except CorrelatorError as error:
        complain(str(error))
        sys.exit(exit_code_of(error))
    except KeyboardInterrupt:
        complain("interrupted")
        sys.exit(ExitCode.INTERRUPTED)


if __name__ == "__main__":
    run()
