"""Every kind of store, for tests that hold for all of them."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Generator
from typing import Any, NamedTuple, TypeVar

from heidi_sandbox import Store, open_store

T = TypeVar("T")


class OpenStore(NamedTuple):
    """A store with the event loop that it is used in."""

    url: str
    store: Store
    runner: asyncio.Runner

    def run(self, use: Callable[[Store], Coroutine[Any, Any, T]]) -> T:
        return self.runner.run(use(self.store))


@contextlib.contextmanager
def opened(url: str) -> Generator[OpenStore]:
    """Open a store until the end of the block."""
    with asyncio.Runner() as runner:
        store = runner.run(open_store(url))
        try:
            yield OpenStore(url, store, runner)
        finally:
            runner.run(store.close())


def with_store(url: str, use: Callable[[Store], Coroutine[Any, Any, T]]) -> T:
    """Open a store, use it, and close it."""
    with opened(url) as one:
        return one.run(use)
