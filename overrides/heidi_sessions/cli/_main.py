"""What to do, from the arguments; how it ended, as an exit code: 0 fine, 1 failed, 2 cannot run.

Credentials and patient data are never arguments: every user can read those of a running
program. Credentials come from the environment, and request bodies from a file or stdin.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Final

from heidi_sessions import (
    APIConnectionError,
    APIResponseValidationError,
    APIStatusError,
    ConfigurationError,
    Heidi,
    HeidiError,
    __version__,
)

from . import _commands
from ._parser import Completion, Parser
from ._view import in_one_line

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence

CANNOT_RUN: Final = 2
INTERRUPTED: Final = 130

_FLAGS: Final = {"base_url": "--base-url", "region": "--region"}
"""What the client calls an option, and its name here."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: without the name of the program; those of this process where left out.

    Returns:
        The exit code.
    """
    try:
        return _run(_options(arguments))
    except OSError as error:
        return _stop_writing(error)
    except KeyboardInterrupt:
        return INTERRUPTED


def _options(arguments: Sequence[str] | None) -> Namespace:
    try:
        return _parser().parse_args(arguments)
    finally:
        sys.stdout.flush()  # what --help and the like print before they end the program


def _run(options: Namespace) -> int:
    try:
        import_module("rich")  # the extra [cli]: asked for before anything is changed

        with Heidi(base_url=options.base_url, region=options.region) as client:
            options.run(client, options)
        sys.stdout.flush()
    except ConfigurationError as error:
        problem = error.problem
        if error.option is not None:
            problem = f"{_FLAGS.get(error.option, error.option)} {problem}"
        return _complain(problem, CANNOT_RUN)
    except HeidiError as error:
        line = in_one_line(error, show_phi=options.show_phi)
        return _complain(f"{line}{_left_open(error)}", 1)
    except (_commands.InputError, ImportError) as error:
        missing = "needs the extra heidi-sessions[cli]"
        return _complain(missing if isinstance(error, ImportError) else error, CANNOT_RUN)
    return 0


def _left_open(error: HeidiError) -> str:
    """Say so where a failed command may have changed something."""
    kinds = (APIConnectionError, APIResponseValidationError, APIStatusError)
    if not isinstance(error, kinds) or not error.may_have_arrived or error.route.startswith("GET "):
        return ""
    return "; the server may have done it all the same: look before you repeat it"


def _stop_writing(error: OSError) -> int:
    # Python would write the rest of the output at its end, and fail again.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if isinstance(error, BrokenPipeError):  # whoever read the output has seen enough
        return 1
    return _complain(f"stdout: cannot be written: {error.strerror}", CANNOT_RUN)


def _complain(problem: object, code: int) -> int:
    print(f"heidi-sessions: {problem}", file=sys.stderr)
    return code


def _parser() -> Parser:
    parser = Parser(
        prog="heidi-sessions",
        description="Call the Heidi Sessions API.",
        epilog="Credentials come from the environment: HEIDI_TOKEN, or HEIDI_API_KEY with "
        "HEIDI_EMAIL and HEIDI_THIRD_PARTY_INTERNAL_ID.",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    parser.add_argument(
        "--print-completion",
        action=Completion,
        choices=("bash", "zsh", "fish", "powershell"),
        help="print what completes the words of this command in a shell",
    )
    parser.set_defaults(base_url=None, region=None)
    _commands.add_server(parser)
    _commands.add_commands(parser)
    return parser
