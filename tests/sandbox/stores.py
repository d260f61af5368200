"""Every kind of store, for tests that hold for all of them."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from heidi_sandbox import Store, open_store

T = TypeVar("T")


class OpenStore:
    """A store with the event loop that it is used in."""

    def __init__(self, url: str, runner: asyncio.Runner) -> None:
        self.url = url
        self.runner = runner
        self.store = runner.run(open_store(url))

    def run(self, use: Callable[[Store], Coroutine[Any, Any, T]]) -> T:
        return self.runner.run(use(self.store))

    def close(self) -> None:
        self.runner.run(self.store.close())


def with_store(url: str, use: Callable[[Store], Coroutine[Any, Any, T]]) -> T:
    """Open a store, use it, and close it."""

    async def run() -> T:
        store = await open_store(url)
        try:
            return await use(store)
        finally:
            await store.close()

    return asyncio.run(run())
