"""Print the catalogue as a table, or serve one fault of it.

    python -m tests.conformance.faults [--serve ID]

`--serve` serves the server of a fault, or the reference where ID is empty, on a free port of
loopback. It writes a line of JSON, its URL and the tokens of its users, and then, for each line
that it reads, how many requests it has had. It ends with its standard input.
"""

import argparse
import json
import sys
from collections.abc import Sequence

from tests.conformance.reference import Api, Request, Response, serving
from tests.conformance.standing import tokens

from . import CATALOGUE

SERVERS: dict[str, type[Api]] = {"": Api, **{planted.id: planted.server for planted in CATALOGUE}}


def show() -> None:
    """Print the catalogue as a table."""
    sys.stdout.write("| id | breaks | level | what it does |\n|---|---|---|---|\n")
    for planted in CATALOGUE:
        cells = (planted.id, " ".join(planted.rows), planted.level, planted.sentence)
        sys.stdout.write(f"| {' | '.join(cells)} |\n")


def serve(server: type[Api]) -> None:
    """Serve until standard input ends."""
    api = server()
    given = tokens(api)
    requests = 0

    def counted(request: Request) -> Response:
        nonlocal requests
        requests += 1
        return api.handle(request)

    with serving(counted) as url:
        tell({"url": url, "tokens": given})
        for _ in sys.stdin:
            tell({"requests": requests})


def tell(news: object) -> None:
    sys.stdout.write(json.dumps(news) + "\n")
    sys.stdout.flush()


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; see the top of this file."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance.faults")
    parser.add_argument("--serve", choices=SERVERS, metavar="ID", help="a fault, or nothing")
    given = parser.parse_args(arguments)
    if given.serve is None:
        show()
    else:
        serve(SERVERS[given.serve])


if __name__ == "__main__":
    main()
