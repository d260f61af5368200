"""Prove that the published document works with the generators of partners, and judge clients.

    python -m scripts.portability [--only TARGET] [--check]

Judges the ready drivers of clients, and writes openapi/guides/scorecards.md; then prints a table,
and writes openapi/guides/portability.md when everything in it is proven. `--check` proves nothing;
it compares the second of the pages with what would be written.
Exit codes: 0 fine, 1 the page is not true, 2 it could not run.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any, Final

from scripts.library.serving import Served, ServingError, serving
from scripts.portability.page import page, table
from scripts.portability.proofs import Proof, State, prove
from scripts.portability.scorecards import write_scorecards
from scripts.portability.targets import NEWER, TARGETS
from scripts.portability.tools import FOLDER, PortabilityError
from scripts.steps.documents import OUTPUT as BUNDLES
from scripts.steps.documents import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from scripts.portability.targets import Target

DOCUMENT: Final = ROOT / BUNDLES / "client.json"
DOCUMENTED: Final[dict[str, tuple[str, ...]]] = {
    "client": (),
    "strict": ("Failed to get the schema name",),
}
"""The documents that are complete, and the warnings about each that do no harm."""

SCORECARDS: Final = "scorecards"
PAGE: Final = ROOT / "openapi" / "guides" / "portability.md"


def main(
    arguments: Sequence[str] | None = None,
    targets: Mapping[str, Target] = TARGETS,
    path: Path = PAGE,
    cards: Callable[[], None] | None = None,
) -> int:
    """Run the command line; see the top of this file. cards: writes the scorecards."""
    parser = argparse.ArgumentParser("python -m scripts.portability", description=__doc__)
    more = [SCORECARDS] if cards else []
    names = [*targets, *more]
    parser.add_argument("--only", choices=names, action="append", help="this one; repeatable")
    parser.add_argument("--check", action="store_true", help="only compare the page")
    options = parser.parse_args(arguments)
    try:
        if options.check:
            return check(targets, path)
        chosen = options.only or names
        if cards and SCORECARDS in chosen:
            cards()
        tried = [name for name in chosen if name != SCORECARDS]
        return try_all(tried, targets, path) if tried else 0
    except (PortabilityError, ServingError, OSError) as error:
        print(f"portability: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("portability: interrupted; the page stays as it was", file=sys.stderr)
        return 130


def wanted_page(targets: Mapping[str, Target] = TARGETS) -> str:
    """Write the page as it should be."""
    document: Any = json.loads(DOCUMENT.read_text("utf-8"))
    return page(targets, document["info"]["version"])


def check(targets: Mapping[str, Target], path: Path) -> int:
    """Compare the page with what it should be."""
    if path.exists() and path.read_text("utf-8") == wanted_page(targets):
        return 0
    print(f"{path.name}: is not current; run `make portability`")
    return 1


def try_all(names: Sequence[str], targets: Mapping[str, Target], path: Path) -> int:
    """Prove the targets, print the result of each, and write the page."""
    proofs: list[Proof] = []
    with serving([sys.executable, str(NEWER)]) as served:
        for document, warnings in DOCUMENTED.items():
            tried = {name: targets[name].knowing(*warnings) for name in names}
            found = [_announced(document, name, each, served) for name, each in tried.items()]
            print(f"{document}:\n{table(found, targets)}")
            for line in reasons(found):
                print(line)
            proofs += found
    if any(proof.any(State.FAILED) for proof in proofs):
        return 1
    if set(names) == set(targets) and not any(proof.any(State.UNTRIED) for proof in proofs):
        path.write_text(wanted_page(targets), "utf-8")
    else:
        print(f"{path.name}: left as it is, because not everything was tried")
    return 0


def reasons(proofs: Iterable[Proof]) -> list[str]:
    """Say why something is not proven, a line each."""
    return [
        f"{proof.name}: {outcome.state.value}: {outcome.reason}"
        for proof in proofs
        for outcome in proof.outcomes
        if outcome.reason
    ]


def access_to(served: Served, name: str) -> dict[str, str]:
    """Return the settings of a program: the URL, the key, and the email of a new user."""
    email = f"{name}@clinic.example"
    return {"HEIDI_BASE_URL": served.url, "HEIDI_API_KEY": served.key, "HEIDI_EMAIL": email}


def _announced(document: str, name: str, target: Target, served: Served) -> Proof:
    print(f"portability: {name}, {document} …", file=sys.stderr, flush=True)
    folder = FOLDER / "work" / document / name
    path = ROOT / BUNDLES / f"{document}.json"
    return prove(name, target, path, folder, lambda: access_to(served, f"{document}-{name}"))


if __name__ == "__main__":
    sys.exit(main(cards=write_scorecards))
