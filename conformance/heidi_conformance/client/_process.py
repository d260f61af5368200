"""The process of a driver: bounded in time and output, and ended with all that it started."""

import asyncio
import contextlib
import os
import re
import signal
import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from heidi_conformance._verdict import CannotJudgeError

from ._protocol import GarbageError, Result, line, read_line

# Bytes. A list of large resources is one line.
LONGEST_LINE = 32 * 2**20
MOST_STDERR = 8 * 2**20
# Seconds for a driver to exit after its input has ended.
EXIT = 5.0
# Requests of one step. No correct client comes near.
MOST_REQUESTS = 100
TICK, LOOK = 0.01, 0.2
# The id of the step that renews a driver.
RENEWAL = 2**31 - 1
PROC = Path("/proc")


class DriverError(Exception):
    """A driver that does not follow the protocol.

    kind: `hangs`, `loops`, `ends`, `garbage` or `floods`. The text continues "the driver …".
    """

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind


class Driver:
    """One driver, for one scenario at a time.

    marker: unique in its environment. grace: seconds that it may take to start. again:
    whether it can serve another scenario. renewed: whether it served one before. requests: of its
    client, in this step.
    """

    def __init__(
        self, process: asyncio.subprocess.Process, marker: str, grace: float = 0.0
    ) -> None:
        self.process = process
        self.markers = {marker.encode()}
        self.grace = grace
        self.client = ""
        self.again = False
        self.renewed = False
        self.stderr = bytearray()
        self.requests = 0
        self._limit: asyncio.Timeout | None = None
        self._lines = 0
        if not (process.stdin and process.stdout and process.stderr):
            raise ValueError("a driver needs pipes")
        self._stdin, self._stdout, self._stderr = process.stdin, process.stdout, process.stderr
        self.arguments: set[bytes] = set()
        self._tasks = [
            asyncio.create_task(self._keep_stderr()),
            asyncio.create_task(self._keep_arguments()),
        ]

    @classmethod
    async def start(
        cls,
        command: Sequence[str],
        variables: Mapping[str, str],
        marker: str,
        grace: float = 0.0,
    ) -> "Driver":
        """Start a driver. Raises CannotJudgeError."""
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), asyncio.subprocess.PIPE)
        process = await started(command, variables, **pipes, limit=LONGEST_LINE)
        return cls(process, marker, grace)

    async def ask(
        self, members: Mapping[str, Any], ids: Collection[int], seconds: float
    ) -> dict[int, Result]:
        """Send a line and return the results of its steps by id. Raises DriverError."""
        told: dict[int, Result] = {}
        seconds += self.grace
        self.grace = 0.0
        self.requests = 0
        try:
            async with asyncio.timeout(seconds) as limit:
                self._limit = limit
                with contextlib.suppress(ConnectionError):
                    self._stdin.write(line(members))
                    await self._stdin.drain()
                while len(told) < len(ids):
                    result = await self._next()
                    if result.id not in ids or result.id in told:
                        raise DriverError("garbage", "wrote a result that belongs to no step")
                    told[result.id] = result
                    # A driver may do steps one after the other.
                    limit.reschedule(asyncio.get_running_loop().time() + seconds)
        except TimeoutError:
            if self.requests > MOST_REQUESTS:
                text = f"sent more than {MOST_REQUESTS} requests in one step"
                raise DriverError("loops", text) from None
            raise DriverError(
                "hangs", f"did not write the result of a step within {seconds:.3g} s"
            ) from None
        finally:
            self._limit = None
        return told

    async def renew(self, variables: Mapping[str, str], marker: str, seconds: float) -> None:
        """Let it make another client, for another scenario. Raises DriverError."""
        self.markers.add(marker.encode())
        self.renewed = True
        await self.ask({"id": RENEWAL, "settings": variables}, (RENEWAL,), seconds)
        self.check_stderr()
        self.stderr.clear()
        self.arguments.clear()

    async def pause(self) -> None:
        """Let what it wrote to its standard error arrive."""
        await asyncio.sleep(TICK)

    async def finish(self) -> None:
        """End its input and wait for its exit. Raises DriverError."""
        self._stdin.close()
        try:
            async with asyncio.timeout(EXIT):
                # Its child processes may hold its output open.
                exit_ = asyncio.create_task(self.exited())
                rest = asyncio.create_task(self._line())
                await asyncio.wait({exit_, rest}, return_when=asyncio.FIRST_COMPLETED)
                if rest.done() and rest.result():
                    raise DriverError("garbage", "wrote a result that belongs to no step")
                code = await exit_
                rest.cancel()
        except TimeoutError:
            raise DriverError(
                "hangs", f"did not exit within {EXIT:g} s of the end of its input"
            ) from None
        if code:
            raise DriverError("ends", f"exited with {code} at the end of its input, not with 0")

    async def stop(self) -> None:
        """Kill it and everything that it started, and wait for it."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        # Processes that left the group; one may start another in the meantime.
        killed = {self.process.pid}
        while left := {*self.descendants()} - killed:
            for number in left:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(number, signal.SIGKILL)
            killed |= left
        await self.exited()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.process._transport.close()  # type: ignore[attr-defined]  # noqa: SLF001  # pipes that a descendant held

    async def exited(self) -> int:
        """Wait for its exit, though others may hold its output open, and return the code."""
        while (code := self.process.returncode) is None:
            await asyncio.sleep(TICK)
        return code

    def descendants(self) -> Iterator[int]:
        """Yield the processes with its environment: those it started, whatever their group."""
        return (number for number, key in processes() if key in self.markers)

    def look(self) -> None:
        """Keep the arguments of all its processes, as everybody on the machine can see them."""
        for number in self.descendants():
            with contextlib.suppress(OSError):
                self.arguments.add((PROC / str(number) / "cmdline").read_bytes())

    def request(self) -> None:
        """Count a request of its client, and end a step that has too many."""
        self.look()
        self.requests += 1
        if self.requests == MOST_REQUESTS + 1 and self._limit and not self._limit.expired():
            self._limit.reschedule(asyncio.get_running_loop().time())

    async def _keep_arguments(self) -> None:
        while self.process.returncode is None:
            self.look()
            await asyncio.sleep(LOOK)

    async def _next(self) -> Result:
        """Return the next result. Raises DriverError."""
        while True:
            text = await self._line()
            if not text:
                raise DriverError("ends", await self._ending())
            self._lines += 1
            try:
                told = read_line(text)
            except GarbageError as error:
                raise DriverError("garbage", f"wrote {error} to its standard output") from None
            if isinstance(told, Result):
                return told
            if self._lines > 1:
                raise DriverError("garbage", "wrote its greeting after its first line")
            self.client, self.again = told.client[:80], told.again

    async def _line(self) -> bytes:
        try:
            return await self._stdout.readline()
        except ValueError:
            most = LONGEST_LINE // 2**20
            raise DriverError("floods", f"wrote a line of more than {most} MiB") from None

    async def _ending(self) -> str:
        """Say how it ended."""
        with contextlib.suppress(TimeoutError):
            code = await asyncio.wait_for(self.exited(), 1)
            how = f"exited with {code}" if code >= 0 else f"was killed by signal {-code}"
            return f"{how} before it wrote the result of a step"
        return "closed its standard output before it wrote the result of a step"

    async def _keep_stderr(self) -> None:
        while chunk := await self._stderr.read(2**16):
            if len(self.stderr) < MOST_STDERR:
                self.stderr += chunk

    def check_stderr(self) -> None:
        """Raise DriverError if it wrote too much."""
        if len(self.stderr) >= MOST_STDERR:
            most = MOST_STDERR // 2**20
            raise DriverError("floods", f"wrote more than {most} MiB to its standard error")


async def started(
    command: Sequence[str], variables: Mapping[str, str], **more: Any
) -> asyncio.subprocess.Process:
    """Start a process in a group of its own. Raises CannotJudgeError."""
    try:
        return await asyncio.create_subprocess_exec(
            *command, env={**os.environ, **variables}, start_new_session=True, **more
        )
    except OSError as error:
        raise CannotJudgeError(
            f"the command {command[0]!r} cannot be started ({error.strerror})"
        ) from None


Blame = Callable[[DriverError], None]


class Drivers:
    """The drivers of one run. grace: seconds that one may take to start, beyond its patience."""

    def __init__(self, command: Sequence[str], patience: float) -> None:
        self.command, self.patience = command, patience
        self.grace = 0.0
        self._idle: list[tuple[Driver, Blame]] = []

    async def take(self, variables: Mapping[str, str], marker: str, *, fresh: bool) -> Driver:
        """Return a driver with other settings, or a new one. Raises CannotJudgeError."""
        while self._idle and not fresh:
            driver, blame = self._idle.pop()
            try:
                await driver.renew(variables, marker, self.patience)
            except BaseException as error:
                await driver.stop()
                if not isinstance(error, DriverError):
                    raise
                blame(error)
            else:
                return driver
        return await Driver.start(self.command, variables, marker, self.grace)

    def keep(self, driver: Driver, blame: Blame) -> None:
        """Keep a driver for another scenario; blame: takes what goes wrong at the end of this."""
        self._idle.append((driver, blame))

    async def close(self) -> None:
        """End all that are kept."""
        while self._idle:
            driver, blame = self._idle.pop()
            try:
                await driver.finish()
            except DriverError as error:
                blame(error)
            finally:
                await driver.stop()


# The keys that processes have in their environment, by process id; empty for any but a driver.
KNOWN: dict[str, bytes] = {}
KEY = re.compile(rb"(?:^|\0)HEIDI_API_KEY=([^\0]*)")


def processes() -> Iterator[tuple[int, bytes]]:
    """Yield the processes of this machine that have a key in their environment, with the key."""
    # This runs many times a second, and path objects would cost ten times as much.
    names = [name for name in os.listdir(PROC) if name.isdecimal()] if can_list_processes() else ()  # noqa: PTH208
    for name in KNOWN.keys() - names:
        del KNOWN[name]
    for name in names:
        if name not in KNOWN:
            KNOWN[name] = key_of(name)
        if key := KNOWN[name]:
            yield int(name), key


def key_of(name: str) -> bytes:
    try:
        found = KEY.search((PROC / name / "environ").read_bytes())
    except OSError:
        return b""
    return found[1] if found else b""


@cache
def can_list_processes() -> bool:
    """Whether this system shows the arguments and the environment of processes."""
    return sys.platform == "linux" and (PROC / "self/environ").exists()
