"""Prove that the published document works with the generators of partners.

    python -m scripts.portability [--only TARGET] [--check]

Prints a table, and writes openapi/guides/portability.md when everything in it is proven.
`--check` proves nothing; it compares the page with what would be written.
Exit codes: 0 fine, 1 something is not as the page says, 2 it could not run.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any, Final

from scripts.bundle import OUTPUT as DOCUMENTS
from scripts.bundle import ROOT
from scripts.portability.page import page, table
from scripts.portability.proofs import Content, Proof, State, prove
from scripts.portability.targets import TARGETS
from scripts.portability.tools import FOLDER, PortabilityError
from scripts.serving import Served, ServingError, serving

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

DOCUMENT: Final = ROOT / DOCUMENTS / "base.json"
PAGE: Final = ROOT / "openapi" / "guides" / "portability.md"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; see the top of this file."""
    parser = argparse.ArgumentParser("python -m scripts.portability", description=__doc__)
    parser.add_argument("--only", choices=TARGETS, action="append", help="this one; repeatable")
    parser.add_argument("--check", action="store_true", help="only compare the page")
    options = parser.parse_args(arguments)
    try:
        return check() if options.check else try_all(options.only or list(TARGETS))
    except (PortabilityError, ServingError, OSError) as error:
        print(f"portability: {error}", file=sys.stderr)
        return 2


def wanted_page() -> str:
    """Write the page as it should be."""
    document: Any = json.loads(DOCUMENT.read_text("utf-8"))
    return page(TARGETS, document["info"]["version"], Content.of(document))


def check() -> int:
    """Compare the page with what it should be."""
    if PAGE.exists() and PAGE.read_text("utf-8") == wanted_page():
        return 0
    print(f"{PAGE.relative_to(ROOT)}: is not current; run `make portability`")
    return 1


def try_all(names: Sequence[str]) -> int:
    """Prove the targets, say what became of each, and write the page."""
    with serving([sys.executable, "-m", "heidi_sandbox"]) as served:
        proofs = [_announced(name, served) for name in names]
    print(table(proofs, TARGETS))
    for line in reasons(proofs):
        print(line)
    if any(proof.any(State.FAILED) for proof in proofs):
        return 1
    if set(names) == set(TARGETS) and not any(proof.any(State.UNTRIED) for proof in proofs):
        PAGE.write_text(wanted_page(), "utf-8")
    else:
        print(f"{PAGE.relative_to(ROOT)}: left as it is, because not everything was tried")
    return 0


def reasons(proofs: Iterable[Proof]) -> list[str]:
    """Say why something is not proven, a line each."""
    return [
        f"{proof.name}: {outcome.state.value}: {outcome.reason}"
        for proof in proofs
        for outcome in proof.outcomes
        if outcome.reason
    ]


def _announced(name: str, served: Served) -> Proof:
    print(f"portability: {name} …", file=sys.stderr, flush=True)

    def access() -> Mapping[str, str]:
        token = served.token(f"{name}@clinic.example")
        return {"HEIDI_BASE_URL": served.url, "HEIDI_TOKEN": token}

    return prove(name, TARGETS[name], DOCUMENT, FOLDER / "work" / name, access)


if __name__ == "__main__":
    sys.exit(main())
