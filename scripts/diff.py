"""Compare the derived documents with the last release, or make them the next one.

    python scripts/diff.py --gate
    python scripts/diff.py --freeze

With --gate, `info.version` must have moved as far as the changes since the last release ask; the
releases stand in openapi/releases/. With --freeze, the derived documents become the release that
the next gate compares with. `heidi-spec diff OLD NEW` compares any two documents.
Exit codes: 0 fine, 1 the gate found something, 2 a document cannot be compared.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from heidi_spec_tools.documents import DocumentError

from scripts.releases import check, freeze

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="diff.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    task = parser.add_mutually_exclusive_group(required=True)
    task.add_argument("--gate", action="store_true", help="compare with the last release")
    task.add_argument("--freeze", action="store_true", help="make the current state a release")
    arguments = parser.parse_args(argv)
    try:
        if arguments.freeze:
            print("\n".join(f"{path}: frozen" for path in freeze()))
            return 0
        verdict = check()
    except DocumentError as error:
        print(error, file=sys.stderr)
        return 2
    print(verdict, file=sys.stderr if verdict.faults else sys.stdout)
    return 1 if verdict.faults else 0


if __name__ == "__main__":
    sys.exit(main())
