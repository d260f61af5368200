"""Run the sandbox as a user would, in its own process, on a free port of loopback."""

from __future__ import annotations

import os
import re
import secrets
import subprocess
import tempfile
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import httpx
from heidi_spec_tools.dereference import dereference
from heidi_spec_tools.documents import load
from heidi_spec_tools.nodes import find, pointer_of

from scripts.publication.operations import operations
from scripts.steps.documents import OUTPUT, ROOT

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

MEMORY: Final = "sqlite:///:memory:"
"""In memory, so without waiting for a disk: the store on disk has its own tests."""

PATIENCE: Final = 30.0
"""Seconds that the sandbox may take to start or to stop."""


class ServingError(Exception):
    """The sandbox did not start; the text is one line."""


@dataclass(frozen=True)
class Served:
    """A sandbox that runs.

    Attributes:
        url: below it are the operations.
        key: for tokens.
    """

    url: str
    key: str = field(repr=False)

    def credentials(self) -> dict[str, str]:
        """Return the credentials for the judge: a key, and an expired token."""
        expired = self.token("judged+expired@example.com")
        return {"HEIDI_API_KEY": self.key, "HEIDI_EXPIRED_TOKEN": expired}

    def token(self, email: str) -> str:
        """Get a token for a user, by the operation of the strict document that issues tokens."""
        document: Any = dereference(load(ROOT / OUTPUT / "strict.json"))
        issue = next(each for each in operations(document) if each.action == "issue")
        first, *others = issue.semantics["user"]
        (scheme,) = issue.value["security"][0]
        response = httpx.get(
            self.url + issue.path,
            params={first: email, **dict.fromkeys(others, "1")},
            headers={document["components"]["securitySchemes"][scheme]["name"]: self.key},
        )
        at = pointer_of(f"#{issue.semantics['token']}") or ()
        return str(find(response.raise_for_status().json(), at))


@contextmanager
def serving(
    program: Sequence[str],
    log: Path | None = None,
    environment: Mapping[str, str] = MappingProxyType({}),
) -> Generator[Served]:
    """Start the sandbox that a command names, in memory; stop it at the end of the block.

    Args:
        program: the command. log: a file for its stderr. environment: its variables besides PATH.

    Raises:
        ServingError: it did not start.
    """
    key = secrets.token_hex(16)
    with tempfile.TemporaryDirectory() as folder:
        log = log or Path(folder, "log")
        with (
            log.open("wb") as errors,
            subprocess.Popen(
                [*program, "serve", "--port", "0", "--database-url", MEMORY],
                cwd=folder,
                env={"PATH": os.environ["PATH"], **environment, "HEIDI_SANDBOX_API_KEY": key},
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            ) as process,
        ):
            try:
                with _deadline(process):
                    url = _address(process)
                if not url:
                    said = log.read_text("utf-8").strip().splitlines() or ["it said nothing"]
                    raise ServingError(f"the sandbox did not start: {said[-1]}")
                yield Served(url, key)
            finally:
                process.terminate()
                with _deadline(process):
                    process.wait()


@contextmanager
def _deadline(process: subprocess.Popen[str]) -> Generator[None]:
    """Kill the process if the block takes too long, which ends the waiting."""
    timer = threading.Timer(PATIENCE, process.kill)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _address(process: subprocess.Popen[str]) -> str:
    for line in process.stdout or ():
        if match := re.search(r"http://\S+", line):
            return match[0]
    return ""
