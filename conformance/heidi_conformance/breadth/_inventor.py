"""Run Schemathesis in its own process beside the rules, because generation takes seconds."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Self

from heidi_conformance._settings import Plan
from heidi_conformance._wire import Wire
from heidi_conformance.contract._document import FOLDER
from heidi_conformance.contract._operations import Operation
from heidi_conformance.evidence._history import Request, UnboundError, listing, paged
from heidi_conformance.run._probe import Probe
from heidi_conformance.run._resources import made

from ._dictionaries import near
from ._drafts import found, keep, kept, loaded

# Seconds between two looks at whether it is done.
PACE = 0.02
# How often an id in a path is almost that of a resource, or no id at all.
ASTRAY = 0.2
MODULE = "heidi_conformance.breadth"


class NothingInventedError(Exception):
    """Schemathesis failed; the text says how, and what to do."""


class Inventor:
    """Invents requests while the rules run, unless an earlier run has kept them.

    Its process knows neither the server nor credentials.
    """

    def __init__(self, plan: Plan) -> None:
        self.command = (MODULE, plan.level, str(plan.seed), str(plan.max_examples))
        self.kept = kept(plan)
        self.drafts = found(self.kept)
        self.opened = ExitStack()
        if self.drafts is None:
            self.output = self.opened.enter_context(tempfile.TemporaryFile())  # noqa: SIM115  # false
            self.process = self.opened.enter_context(self.started())

    @contextmanager
    def started(self) -> Generator[subprocess.Popen[bytes]]:
        """Start the process; end it, done or not."""
        known = {name: text for name, text in os.environ.items() if not name.startswith("HEIDI_")}
        process = subprocess.Popen(  # noqa: S603  # this program
            [sys.executable, "-m", *self.command],
            env={**known, "HEIDI_DOCUMENTS": FOLDER, "PYTHONPATH": os.pathsep.join(sys.path)},
            stdin=subprocess.PIPE,
            stdout=self.output,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield process
        finally:
            process.kill()
            process.communicate()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.opened.close()

    def send(self, probe: Probe) -> None:
        """Send what was invented. Raises OutOfPatienceError, NothingInventedError."""
        send(probe, self.invented(probe.wire) if self.drafts is None else self.drafts)

    def invented(self, wire: Wire) -> list[Request]:
        """Return what the process invents. Raises OutOfPatienceError, NothingInventedError."""
        while self.process.poll() is None:
            wire.wait(PACE)
        if self.process.returncode:
            raise NothingInventedError(
                f"Schemathesis failed (exit code {self.process.returncode}); see what "
                f"`python -m {' '.join(self.command)}` says, or leave it out with --rules-only"
            )
        self.output.seek(0)
        text = self.output.read()
        keep(self.kept, text)
        return loaded(text)


def send(probe: Probe, drafts: list[Request]) -> None:
    """Send generated requests, those of all operations mixed. Raises OutOfPatienceError."""
    probe.random.shuffle(drafts)
    probe.send(listing(paged(1)))
    known: dict[tuple[str, ...], dict[str, str] | None] = {}
    for draft in drafts:
        operation = draft.operation
        if operation is None:
            continue
        if operation.ids not in known:
            known[operation.ids] = named(probe, operation)
        names = known[operation.ids]
        if names is not None:
            binds = probe.name() if operation.action == "create" else ""
            probe.try_send(replace(draft, target=aimed(probe, draft.target, names), binds=binds))


def named(probe: Probe, operation: Operation) -> dict[str, str] | None:
    """Make what the path of an operation names; None if that fails."""
    try:
        return made(probe, operation)
    except UnboundError:
        return None


def aimed(probe: Probe, target: str, names: dict[str, str]) -> str:
    """Replace parameters by names of resources, or by near misses."""
    for parameter, name in names.items():
        astray = probe.random.random() < ASTRAY
        text = probe.random.choice(near(name)) if astray else f"{{{name}}}"
        target = target.replace(f"{{{parameter}}}", text)
    return target
