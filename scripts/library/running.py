"""Steps that run in order, report, and are skipped while their inputs stay the same."""

from __future__ import annotations

import contextlib
import hashlib
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from heidi_spec_tools.documents import DocumentError, dump_json, load, write
from rich.markup import escape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from rich.console import Console


class StepFailure(Exception):  # noqa: N818  a finding is not an error of the program
    """A step found something (code 1) or could not run (code 2); the text is for people."""

    def __init__(self, code: int, summary: str, details: Iterable[str] = ()) -> None:
        super().__init__("\n".join([summary, *(f"    {line}" for line in details)]))
        self.code = code


class Program:
    """A step in its own process: `start` starts it, and a call waits for it.

    It prints a summary and exits with 0, or prints its findings to stderr and exits with the code
    of a StepFailure.
    """

    def __init__(self, module: str, root: Path) -> None:
        self.command = [sys.executable, "-m", module]
        self.root = root
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> subprocess.Popen[str]:
        """Start it, and return the process."""
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            self.command, cwd=self.root, stdout=pipe, stderr=pipe, text=True
        )
        return self.process

    def stop(self) -> None:
        """End it where it still runs."""
        if self.process:
            self.process.terminate()
            self.process.communicate()
            self.process = None

    def __call__(self) -> str:
        """Return what it says when it ends. Raises StepFailure."""
        process = self.process or self.start()
        said, failure = (text.strip() for text in process.communicate())
        self.process = None
        if process.returncode:
            raise StepFailure(process.returncode, failure)
        return said


@dataclass(frozen=True)
class Step:
    """One step.

    `run` returns a short summary, or raises StepFailure. `inputs` are
    patterns of the files that decide its outcome; a step without any runs each time. `outputs` must
    exist for a step to be skipped. `after` names the step after which a Program starts; it then
    runs in parallel.
    """

    name: str
    run: Callable[[], str] | Program
    inputs: tuple[str, ...] = ()
    outputs: tuple[Path, ...] = ()
    after: str = ""


def digest(patterns: Sequence[str], root: Path) -> str:
    """Return a fingerprint of the files that match, their names included."""
    total = hashlib.sha256()
    for path in sorted({path for pattern in patterns for path in root.glob(pattern)}):
        if path.is_file():
            total.update(f"{path.relative_to(root)}\0".encode())
            total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


class Memory:
    """What each step said when it last succeeded, and on which inputs; kept in a file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.steps: dict[str, Any] = {}
        with contextlib.suppress(DocumentError):
            if isinstance(known := load(path), dict):
                self.steps = known

    def recall(self, step: Step, inputs: str) -> str | None:
        """Return the summary of a step for the same inputs, if its outputs still exist."""
        known = self.steps.get(step.name, {})
        if not step.inputs or known.get("inputs") != inputs:
            return None
        result: str = known["result"]
        return result if all(path.exists() for path in step.outputs) else None

    def keep(self, step: Step, inputs: str, result: str) -> None:
        """Remember a success."""
        self.steps[step.name] = {"inputs": inputs, "result": result}
        self._write()

    def forget(self, step: Step) -> None:
        """Forget a success, because the step is about to run again."""
        if self.steps.pop(step.name, None):
            self._write()

    def _write(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write(self.path, dump_json(self.steps))


def run(steps: Sequence[Step], memory: Memory, console: Console, root: Path) -> None:
    """Run the steps in order, a line each.

    Raises:
        StepFailure: a step found something or could not run; the steps after it did not run, and
            parallel ones were stopped.
    """
    with contextlib.ExitStack() as beside:
        for step in steps:
            started = time.monotonic()
            inputs = digest(step.inputs, root)
            result, note = memory.recall(step, inputs), "(unchanged)"
            if result is None:
                memory.forget(step)
                with console.status(step.name):
                    result = _result(step)
                memory.keep(step, inputs, result)
                note = f"{time.monotonic() - started:.1f} s"
            line = f"[green]✓[/] {step.name:<10} {escape(result)} [dim]{note}[/]"
            console.print(line, highlight=False)
            for later in steps:
                if later.after != step.name or not isinstance(later.run, Program):
                    continue
                if memory.recall(later, digest(later.inputs, root)) is None:
                    beside.callback(later.run.stop)
                    later.run.start()


def _result(step: Step) -> str:
    try:
        return step.run()
    except StepFailure as failure:
        raise StepFailure(failure.code, f"{step.name}: {failure}") from failure
    except (DocumentError, OSError) as error:
        raise StepFailure(2, f"{step.name}: {error}") from error
