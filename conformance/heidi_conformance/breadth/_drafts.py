"""Generated requests as text: from the process that generates them, and kept for the next run."""

import hashlib
import json
import os
from collections.abc import Iterable
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

from heidi_conformance._settings import SEED, Plan
from heidi_conformance.contract import _document
from heidi_conformance.evidence._history import Request
from heidi_conformance.reports._files import replaced

from ._dictionaries import dictionaries

# What invents: with another version, the same seed may lead to others.
MAKERS = ("heidi-sessions", "schemathesis", "hypothesis")
HERE = Path(__file__).parent


def dumped(drafts: Iterable[Request]) -> str:
    """Return requests as JSON."""
    return json.dumps(
        [
            (item.method, item.target, item.body.decode("latin-1"), item.media_type, item.headers)
            for item in drafts
        ]
    )


def loaded(text: str | bytes) -> list[Request]:
    """Return the requests that `dumped` wrote."""
    return [
        Request(
            method,
            target,
            body=body.encode("latin-1"),
            media_type=media_type,
            headers=tuple((name, value) for name, value in headers),
        )
        for method, target, body, media_type, headers in json.loads(text)
    ]


def kept(plan: Plan) -> Path | None:
    """Return where the requests of a run are kept for the next one; None if they are not.

    Whoever gives another seed wants others.
    """
    if plan.seed != SEED:
        return None
    document = _document.load(plan.level)
    by = [*map(version, MAKERS), *(path.read_text("utf-8") for path in sorted(HERE.glob("*.py")))]
    made = json.dumps([by, document, dictionaries(document), plan.level, plan.max_examples])
    with suppress(RuntimeError):
        mark = hashlib.sha256(made.encode()).hexdigest()
        return cache("heidi-conformance") / f"invented-{mark[:32]}.json"
    return None


def found(path: Path | None) -> list[Request] | None:
    """Return the requests that an earlier run has kept, None if there are none to be read."""
    with suppress(OSError, AttributeError, TypeError, ValueError):
        return None if path is None else loaded(path.read_bytes())
    return None


def keep(path: Path | None, text: bytes) -> None:
    """Keep requests for the next run, where that can be done."""
    if path is None:
        return
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        replaced(path, text.decode())


def cache(program: str) -> Path:
    """Return where programs of this user keep what can be made again.

    Raises RuntimeError if the user has no home.
    """
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", program)
