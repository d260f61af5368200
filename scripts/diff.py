"""Say what a change of an OpenAPI 3.1 document breaks, and which version it asks for.

    python scripts/diff.py OLD NEW [--format text|json|markdown] [--fail-on LEVEL]
    python scripts/diff.py --gate
    python scripts/diff.py --freeze

With --gate, the derived documents are compared with those of the last release, which stand in
openapi/releases/; `info.version` must have moved as far as the changes ask. With --freeze, they
become the release that the next gate compares with.
Exit codes: 0 fine, 1 --fail-on or the gate found something, 2 a document cannot be compared.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.console import Console

from scripts.differences import Comparison, Level, Source, compare
from scripts.differences.show import as_json, as_markdown, show
from scripts.documents import DocumentError
from scripts.releases import check, freeze

if TYPE_CHECKING:
    from collections.abc import Sequence

FAIL_ON: Final = {
    "breaking": Level.UNCERTAIN,
    "minor": Level.MINOR,
    "patch": Level.PATCH,
}
"""The level from which each choice of --fail-on fails; what is uncertain counts as breaking."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = _parser()
    arguments = parser.parse_args(argv)
    own = arguments.gate or arguments.freeze
    if bool(own) == bool(arguments.documents) or len(arguments.documents) not in {0, 2}:
        parser.error("name an old and a new document, or write --gate or --freeze alone")
    try:
        if arguments.gate:
            return _gate()
        if arguments.freeze:
            print("\n".join(f"{path}: frozen" for path in freeze()))
            return 0
        old, new = map(Source.read, arguments.documents)
        comparison = compare(old, new)
    except DocumentError as error:
        print(error, file=sys.stderr)
        return 2
    _print(comparison, arguments.format, f"{_version(old)} to {_version(new)}")
    level = FAIL_ON.get(arguments.fail_on)
    return 1 if level and comparison.reaches(level) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="diff.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("documents", nargs="*", type=Path, metavar="OLD NEW")
    parser.add_argument("--format", choices=("text", "json", "markdown"), default="text")
    parser.add_argument("--fail-on", choices=FAIL_ON, help="exit 1 from this level on")
    own = parser.add_mutually_exclusive_group()
    own.add_argument("--gate", action="store_true", help="compare with the last release")
    own.add_argument("--freeze", action="store_true", help="make the current state a release")
    return parser


def _gate() -> int:
    verdict = check()
    print(verdict, file=sys.stderr if verdict.faults else sys.stdout)
    return 1 if verdict.faults else 0


def _print(comparison: Comparison, form: str, title: str) -> None:
    if form == "text":
        show(comparison, Console(highlight=False))
    else:
        text = as_json(comparison) if form == "json" else as_markdown(comparison, title)
        sys.stdout.write(text)


def _version(source: Source) -> str:
    info = source.root.get("info")
    return str(info.get("version")) if isinstance(info, dict) else "an unknown version"


if __name__ == "__main__":
    sys.exit(main())
