"""Invent requests, and print them: python -m heidi_conformance.breadth LEVEL SEED EXAMPLES."""

import os
import sys
import threading
from typing import Any

from ._drafts import dumped, keep, kept


def end_with_parent() -> None:
    """End when who started this has ended: its end of the pipe is closed then."""
    sys.stdin.read()
    os._exit(1)


def main(level: Any, seed: str, examples: str) -> None:
    """Print what Schemathesis invents, or what it invented in an earlier run."""
    threading.Thread(target=end_with_parent, daemon=True).start()
    path = kept(level, int(seed), int(examples))
    if path is not None and path.is_file():
        text = path.read_text("utf-8")
    else:
        from ._invented import drafted  # noqa: PLC0415  # to import and to invent takes seconds

        text = dumped(drafted(level, int(seed), int(examples)))
        if path is not None:
            keep(path, text)
    print(text)
    sys.stdout.flush()
    # Without waiting for the thread, which reads.
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
