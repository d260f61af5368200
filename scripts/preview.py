"""Publish, and serve the publication on this machine until it is stopped.

    python scripts/preview.py [--port 8081]

Exit codes: 0 it was stopped, 2 it cannot be published, or the port is not free, 130 interrupted
before it served.
"""

from __future__ import annotations

import argparse
import functools
import sys
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Final

from heidi_spec_tools.documents import DocumentError

from scripts.bundle import ROOT
from scripts.publish import publish

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

HOST: Final = "127.0.0.1"
PORT: Final = 8081


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  as it is inherited
        """Say nothing: what matters stands in the browser."""


def main(argv: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="preview.py", description=__doc__)
    parser.add_argument("--port", type=int, default=PORT, help="0 for any; by default 8081")
    port = parser.parse_args(argv).port
    try:
        folder, _ = publish(root)
    except (DocumentError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("preview: interrupted; what was published before stays", file=sys.stderr)
        return 130
    try:
        server = ThreadingHTTPServer((HOST, port), functools.partial(_Quiet, directory=str(folder)))
    except (OSError, OverflowError) as error:
        print(f"preview: port {port}: {error}; name another with --port", file=sys.stderr)
        return 2
    with server:
        print(f"{folder.relative_to(root)} on http://{HOST}:{server.server_port}/", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
