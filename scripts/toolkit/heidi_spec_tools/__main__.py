"""The command line: `heidi-spec apply`, `heidi-spec dereference` and `heidi-spec diff`."""

from __future__ import annotations

import argparse
import os
import sys
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.console import Console

from heidi_spec_tools.dereference import dereference
from heidi_spec_tools.differences import Level, Source, compare
from heidi_spec_tools.differences.show import as_json, as_markdown, show
from heidi_spec_tools.documents import DocumentError, dump_json, dump_yaml, load, write
from heidi_spec_tools.overlay import apply_files, spec_and_overlays

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from heidi_spec_tools.documents import Json

_DUMPERS: Final = {".json": dump_json, ".yaml": dump_yaml, ".yml": dump_yaml}
_FAIL_ON: Final = {
    "breaking": Level.UNCERTAIN,
    "minor": Level.MINOR,
    "patch": Level.PATCH,
}
"""The level from which each choice of --fail-on fails; what is uncertain counts as breaking."""

_CODES: Final = "Exit codes: 0 fine, 2 bad input: one line says what, and OUT is not touched."


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    arguments = _parser().parse_args(argv)
    run: Callable[[argparse.Namespace], int] = arguments.run
    try:
        code = run(arguments)
        sys.stdout.flush()
    except DocumentError as error:
        print(error, file=sys.stderr)
        return 2
    except BrokenPipeError:  # whoever read the output has seen enough
        # Python would write the rest of the output at its end, and fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return 130
    return code


def _apply(arguments: argparse.Namespace) -> int:
    publish = _publisher(arguments.output)
    spec, overlays = spec_and_overlays(arguments.files)
    publish(apply_files(spec, overlays, strict_targets=arguments.strict_targets))
    return 0


def _dereference(arguments: argparse.Namespace) -> int:
    publish = _publisher(arguments.output)
    document = load(arguments.spec)
    try:
        publish(dereference(document))
    except DocumentError as error:
        raise DocumentError(f"{arguments.spec}: {error}") from error
    return 0


def _diff(arguments: argparse.Namespace) -> int:
    old, new = Source.read(arguments.old), Source.read(arguments.new)
    comparison = compare(old, new)
    match arguments.format:
        case "json":
            sys.stdout.write(as_json(comparison))
        case "markdown":
            title = f"{_version(old)} to {_version(new)}"
            sys.stdout.write(as_markdown(comparison, title))
        case _:
            show(comparison, Console(highlight=False))
    level = _FAIL_ON.get(arguments.fail_on)
    return 1 if level and comparison.reaches(level) else 0


def _publisher(output: str) -> Callable[[Json], object]:
    if output == "-":
        return lambda document: sys.stdout.buffer.write(dump_yaml(document).encode())
    path = Path(output)
    dump = _DUMPERS.get(path.suffix.lower())
    if dump is None:
        raise DocumentError(f"{path}: unknown format; end the name in {', '.join(_DUMPERS)}")
    return lambda document: write(path, dump(document))


def _version(source: Source) -> str:
    info = source.root.get("info")
    return str(info.get("version")) if isinstance(info, dict) else "an unknown version"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="heidi-spec",
        description="Apply overlays to OpenAPI documents, replace their references, compare them. "
        "Documents are YAML or JSON; nothing is fetched.",
        epilog="heidi-spec COMMAND --help says more about a command.",
    )
    parser.add_argument(
        "--version", action="version", version=f"%(prog)s {version('heidi-sessions')}"
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    words = "apply OpenAPI Overlay documents (1.0 and 1.1), in order, to a document"
    apply = commands.add_parser(
        "apply",
        help=words,
        description=f"{words.capitalize()}.",
        usage="%(prog)s [-h] [SPEC] OVERLAY... -o OUT [--strict-targets]",
        epilog="Without SPEC, when the first file is itself an overlay, the file that its "
        "`extends` names is used, relative to the overlay; no network. With SPEC, `extends` "
        f"is not followed. {_CODES}",
    )
    apply.add_argument("files", nargs="+", type=Path, help="SPEC, then overlays")
    _add_output(apply)
    apply.add_argument(
        "--strict-targets",
        action="store_true",
        help="refuse an action that selects nothing or has nothing to do",
    )
    apply.set_defaults(run=_apply)

    words = "replace every reference in a document by what it refers to"
    inline = commands.add_parser(
        "dereference", help=words, description=f"{words.capitalize()}.", epilog=_CODES
    )
    inline.add_argument("spec", metavar="SPEC", type=Path, help="an OpenAPI document")
    _add_output(inline)
    inline.set_defaults(run=_dereference)

    words = "say what a change of an OpenAPI 3.1 document breaks, and which version it asks for"
    diff = commands.add_parser(
        "diff",
        help=words,
        description=f"{words.capitalize()}.",
        epilog="Exit codes: 0 fine, 1 something reaches --fail-on, 2 a document cannot be "
        "compared: one line says why.",
    )
    diff.add_argument("old", metavar="OLD", type=Path, help="the document as it was")
    diff.add_argument("new", metavar="NEW", type=Path, help="the document as it is")
    diff.add_argument("--format", choices=("text", "json", "markdown"), default="text")
    diff.add_argument("--fail-on", choices=_FAIL_ON, help="exit 1 from this level on")
    diff.set_defaults(run=_diff)
    return parser


def _add_output(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-o",
        "--output",
        metavar="OUT",
        required=True,
        help=".yaml, .yml, .json, or - for YAML on stdout",
    )


if __name__ == "__main__":
    sys.exit(main())
