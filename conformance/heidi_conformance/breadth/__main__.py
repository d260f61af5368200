"""Invent requests, and print them: python -m heidi_conformance.breadth LEVEL SEED EXAMPLES."""

import os
import sys
import threading
from typing import Any

from ._drafts import dumped
from ._invented import drafted


def end_with_parent() -> None:
    """End with the parent process, which closes its end of the pipe."""
    sys.stdin.read()
    os._exit(1)


def main(level: Any, seed: str, examples: str) -> None:
    """Print what Schemathesis invents."""
    threading.Thread(target=end_with_parent, daemon=True).start()
    print(dumped(drafted(level, int(seed), int(examples))))
    sys.stdout.flush()
    # Without waiting for the thread, which reads.
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
