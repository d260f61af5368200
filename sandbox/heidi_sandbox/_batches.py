"""Group writes of the same row, or to the same disk, in one transaction."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, Generic, TypeVar

from heidi_sandbox._errors import StoreUnavailableError

K = TypeVar("K")
W = TypeVar("W")
R = TypeVar("R")

_LARGEST: Final = 64


class Batches(Generic[K, W, R]):
    """Let the writes of one row share a commit, rather than hold a connection each to wait for it.

    A write continues when its caller gives up: a commit is never interrupted.

    Args:
        commit: does some writes of one row in order, all or none, and returns a result for each; an
            exception as a result belongs to whoever waits for that write.
    """

    def __init__(self, commit: Callable[[K, Sequence[W]], Awaitable[Sequence[R]]]) -> None:
        self._commit = commit
        self._waiting: dict[K, list[tuple[W, asyncio.Future[R]]]] = {}
        self._running: set[asyncio.Task[None]] = set()

    async def add(self, row: K, write: W) -> R:
        """Do a write, and return its result when it is committed."""
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        waiting = self._waiting.get(row)
        if waiting is None:
            self._waiting[row] = [(write, future)]
            task = asyncio.create_task(self._run(row))
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        else:
            waiting.append((write, future))
        return await future

    async def finish(self) -> None:
        """Wait for what was begun."""
        while self._running:
            await asyncio.wait(self._running)

    async def _run(self, row: K) -> None:
        while waiting := self._waiting[row]:
            self._waiting[row] = waiting[_LARGEST:]
            await self._settle(row, waiting[:_LARGEST])
        del self._waiting[row]

    async def _settle(self, row: K, batch: list[tuple[W, asyncio.Future[R]]]) -> None:
        try:
            results: Sequence[Any] = await self._commit(row, [write for write, _ in batch])
        except StoreUnavailableError as error:
            results = [type(error)(error.reason) for _ in batch]
        except Exception as error:  # noqa: BLE001  # it belongs to whoever waits for this write
            if len(batch) > 1:  # nothing was written: one failure must not affect the others
                for one in batch:
                    await self._settle(row, [one])
                return
            results = [error]
        for (_, future), result in zip(batch, results, strict=True):
            _resolve(future, result)


def _resolve(future: asyncio.Future[Any], result: Any) -> None:
    if future.done():  # the caller has given up
        return
    if isinstance(result, Exception):
        future.set_exception(result)
    else:
        future.set_result(result)
