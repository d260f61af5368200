"""What to do, from the arguments; how it ended, as an exit code: 0 fine, 1 failed, 2 cannot run.

Credentials and patient data are no arguments: every user of a machine can read those of a running
program. Credentials come from the environment, and changes to a session from a file.
"""

from __future__ import annotations

import argparse
import os
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from heidi_sessions import ConfigurationError, Heidi, HeidiError, __version__

from . import _commands
from ._view import in_one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

CANNOT_RUN: Final = 2
INTERRUPTED: Final = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: without the name of the program; those of this process where left out.

    Returns:
        The exit code.
    """
    options = _parser().parse_args(arguments)
    try:
        import_module("rich")  # the extra [cli]: asked for before anything is changed

        with Heidi(base_url=options.base_url, region=options.region) as client:
            options.run(client, options)
        sys.stdout.flush()
    except (ConfigurationError, _commands.InputError) as error:
        return _complain(error, CANNOT_RUN)
    except HeidiError as error:
        return _complain(in_one_line(error, show_phi=options.show_phi), 1)
    except ImportError:
        return _complain("needs the extra: pip install 'heidi-sessions[cli]'", CANNOT_RUN)
    except OSError as error:
        return _stop_writing(error)
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0


def _stop_writing(error: OSError) -> int:
    # Python would write the rest of the output at its end, and fail again.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if isinstance(error, BrokenPipeError):  # whoever read the output has seen enough
        return 1
    return _complain(f"stdout: cannot be written: {error.strerror}", CANNOT_RUN)


def _complain(problem: object, code: int) -> int:
    print(f"heidi-sessions: {problem}", file=sys.stderr)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="heidi-sessions",
        description="Read and write the sessions of a Heidi user.",
        epilog="Credentials come from the environment: HEIDI_TOKEN, or HEIDI_API_KEY with "
        "HEIDI_EMAIL and HEIDI_THIRD_PARTY_INTERNAL_ID.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    parser.add_argument("--base-url", help="the server (HEIDI_BASE_URL)")
    parser.add_argument("--region", help="instead of --base-url: au, us, ca, eu or uk")
    commands = parser.add_subparsers(required=True, metavar="command")

    listing = _add(commands, "list", _commands.list_sessions, "show sessions, the newest first")
    listing.add_argument("--max-items", type=_count, default=20, help="at most so many (20)")
    getting = _add(commands, "get", _commands.get_session, "show one session")
    getting.add_argument("session_id")
    creating = _add(commands, "create", _commands.create_session, "create a session")
    creating.add_argument("--ehr-appointment-id", help="the appointment in your own system")
    creating.add_argument("--patient-profile-id", help="the Heidi patient")
    updating = _add(commands, "update", _commands.update_session, "change a session")
    updating.add_argument("session_id")
    updating.add_argument(
        "--input",
        type=Path,
        default=Path("-"),
        help="a file with the changes, a JSON object of members of SessionUpdate; - reads stdin",
    )
    exporting = _add(commands, "export", _commands.export_sessions, "write all sessions to a file")
    exporting.add_argument("output", type=Path, help="the file to write; - writes stdout")
    exporting.add_argument(
        "--format",
        choices=("jsonl", "csv"),
        default="jsonl",
        help="jsonl (the default) is exact; in csv, a text that a spreadsheet would take for a "
        "formula (it starts with =, +, -, @, a tab or a line break) gets a ' in front",
    )
    exporting.add_argument("--page-size", type=_count, default=100, help="sessions a request (100)")
    for command in (listing, getting, creating, updating, exporting):
        command.add_argument(
            "--show-phi",
            action="store_true",
            help="also show what may identify a patient, messages of the server included",
        )
    return parser


def _add(
    commands: Any, name: str, run: Callable[[Heidi, argparse.Namespace], None], help_: str
) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(name, help=help_, description=help_)
    command.set_defaults(run=run)
    return command


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError("give a whole number above 0")
    return int(text)
