"""Derive all committed output in one process: documents, client, tables of the guides.

    python -m scripts.derive [--check]

Exit codes: those of the first that fails.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from scripts.publication import tables
from scripts.steps import client, documents

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PARTS: Final[tuple[Callable[[Sequence[str]], int], ...]] = (
    documents.main,
    client.main,
    tables.main,
)


def main(argv: Sequence[str]) -> int:
    """Run the command lines of all, until one fails."""
    return next((code for part in PARTS if (code := part(argv))), 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
