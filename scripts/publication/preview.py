"""Publish, and serve the publication on this machine until it is stopped.

    python -m scripts.publication.preview [--port 8081]

Exit codes: 0 it was stopped, 2 it cannot be published, or the port is not free, 130 interrupted
before it served.
"""

from __future__ import annotations

import argparse
import functools
import sys
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Final

from heidi_spec_tools.documents import DocumentError

from scripts.publication.site import MISSING
from scripts.steps.documents import ROOT
from scripts.steps.site import publish

if TYPE_CHECKING:
    from collections.abc import Sequence

HOST: Final = "127.0.0.1"
PORT: Final = 8081


class Handler(SimpleHTTPRequestHandler):
    """Serves the publication, and its page for unknown paths."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  as it is inherited
        """Log nothing: the browser shows everything."""

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Show the page for unknown paths."""
        if code != HTTPStatus.NOT_FOUND:
            super().send_error(code, message, explain)
            return
        content = Path(self.directory, MISSING).read_bytes()
        self.send_response(code)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


def main(argv: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="scripts.publication.preview", description=__doc__)
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
        server = ThreadingHTTPServer(
            (HOST, port), functools.partial(Handler, directory=str(folder))
        )
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
