"""Measure client, sandbox and judge, and check each figure against its limit.

    python -m scripts.bench [--only FIGURE] [--smoke]

Every ratio is of medians from interleaved rounds of one run: CPU time, but for memory and sizes.
Exit codes: 0 fine, or not measured because a peer is missing; 1 a figure misses its limit; 2 our
own part failed.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from typing import TYPE_CHECKING, Final

from . import client, decoding, judging, sandbox
from .environments import Installed
from .measure import NotMeasuredError
from .table import Row, table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import TypeAlias

    from .environments import Environments

    Figure: TypeAlias = "Callable[..., Iterator[Row]]"

FIGURES: Final[Mapping[str, Figure]] = {
    "decode": decoding.rows,
    "get": client.added,
    "import": client.imported,
    "installed": client.installed,
    "async": client.concurrent,
    "memory": client.walked,
    "serve": sandbox.served,
    "list": sandbox.listed,
    "workers": sandbox.shared,
    "soak": sandbox.soaked,
    "judge": judging.rows,
}


def main(
    arguments: Sequence[str] | None = None,
    environments: Environments | None = None,
    figures: Mapping[str, Figure] = FIGURES,
) -> int:
    """Run the command line; see the top of this file."""
    parser = argparse.ArgumentParser(
        "python -m scripts.bench", description="Measure client, sandbox and judge."
    )
    parser.add_argument("--only", choices=figures, action="append", help="this figure; repeatable")
    parser.add_argument("--smoke", action="store_true", help="run all, as small as it gets")
    options = parser.parse_args(arguments)
    rows = list[Row]()
    for name in options.only or figures:
        print(f"bench: {name} …", file=sys.stderr, flush=True)
        try:
            rows += figures[name](environments or Installed(), smoke=options.smoke)
        except NotMeasuredError as error:
            print(f"bench: {name}: {error}", file=sys.stderr)
            return 2
    print(f"{platform.python_implementation()} {platform.python_version()}", end=", ")
    print(f"{os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}\n")
    print(table(rows))
    print(
        "\nratio: of ours to the peer's where it has a ceiling, the other way round above a floor"
    )
    missed = any(row.met is False for row in rows)
    return int(missed and not options.smoke)


if __name__ == "__main__":
    sys.exit(main())
