"""Programs that measure: started, run in turn, and limited in time."""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import tempfile
import threading
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Mapping

ROOT: Final = Path(__file__).parents[2]
PROGRAMS: Final = Path(__file__).parent / "programs"
SAMPLE: Final = ROOT / "openapi/examples/getSession.200.txt"
LIMIT: Final = 1800.0
"""Seconds that a program may live."""

# Nothing else: it may hold a proxy, or options of our client.
_ENVIRONMENT: Final = ("PATH", "HOME", "TMPDIR")


class NotMeasuredError(Exception):
    """A figure cannot be had; the text is a reason, in one line."""


class Program:
    """A program of this folder that runs, and measures one round when it is asked to.

    Attributes:
        greeting: its line when it was ready.
    """

    def __init__(self, interpreter: Path, name: str, *arguments: object) -> None:
        """Start it, and wait until it is ready.

        Raises:
            NotMeasuredError: it ended before.
        """
        self._name = name
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115  # `close` closes it
        self._process = subprocess.Popen(
            _command(interpreter, name, arguments),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env=environment(),
        )
        self._limit = threading.Timer(LIMIT, self._process.kill)
        self._limit.start()
        try:
            self.greeting = self._read()
        except NotMeasuredError:
            self.close()
            raise

    def round(self, order: str = "") -> dict[str, Any]:
        """Measure once.

        Args:
            order: a line that says what to measure, for a program that needs to know.

        Raises:
            NotMeasuredError: the program ended.
        """
        assert self._process.stdin is not None  # noqa: S101  # it is a pipe
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(f"{order}\n")
            self._process.stdin.flush()
        result: dict[str, Any] = self._read()
        return result

    def close(self) -> None:
        """End it."""
        with self._process, self._errors, contextlib.suppress(BrokenPipeError):
            self._process.communicate()
        self._limit.cancel()

    def _read(self) -> Any:
        assert self._process.stdout is not None  # noqa: S101  # it is a pipe
        line = self._process.stdout.readline()
        if line:
            return json.loads(line)
        code = self._process.wait()
        self._errors.seek(0)
        raise NotMeasuredError(_reason(self._name, code, self._errors.read()))


@contextlib.contextmanager
def running(interpreter: Path, name: str, *arguments: object) -> Generator[Program]:
    """Start a program, and end it afterwards."""
    program = Program(interpreter, name, *arguments)
    with contextlib.closing(program):
        yield program


def ask(python: Path, name: str, *arguments: object) -> Any:
    """Run a program that measures once and ends.

    Raises:
        NotMeasuredError: it failed, or took too long.
    """
    command = _command(python, name, arguments)
    try:
        done = subprocess.run(
            command, capture_output=True, check=True, text=True, env=environment(), timeout=LIMIT
        )
    except subprocess.CalledProcessError as error:
        raise NotMeasuredError(_reason(name, error.returncode, error.stderr)) from error
    except subprocess.TimeoutExpired as error:
        raise NotMeasuredError(f"{name}: took longer than {LIMIT:.0f} s") from error
    return json.loads(done.stdout)


def interleave(cases: Iterable[Callable[[], Mapping[str, float]]], rounds: int) -> dict[str, float]:
    """Measure each case once a round, A B A B; give the median of each number by its name."""
    values = defaultdict[str, list[float]](list)
    cases = list(cases)
    for _ in range(rounds):
        for case in cases:
            for name, value in case().items():
                values[name].append(value)
    return {name: statistics.median(each) for name, each in values.items()}


def last_line(text: str) -> str:
    """Return the most useful line of a failed program's output, shortened."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:120] if lines else ""


def _command(interpreter: Path, name: str, arguments: tuple[object, ...]) -> list[str]:
    isolated = ["-I"] if name.endswith(".py") else []
    return [str(interpreter), *isolated, str(PROGRAMS / name), *map(str, arguments)]


def environment() -> dict[str, str]:
    """Return the variables that a program gets."""
    return {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}


def _reason(name: str, code: int, errors: str) -> str:
    return f"{name}: {last_line(errors) or f'ended with code {code}'}"
