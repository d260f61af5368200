"""Turns a call into a method: with the call's arguments and documentation, and its own result."""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from ._uncopied import Uncopied

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from ._answers import RawResponse
    from ._calls import Call
    from ._engine import AsyncEngine, Engine

P = ParamSpec("P")
T = TypeVar("T")
Q = ParamSpec("Q")
R = TypeVar("R")


class Resource(Uncopied):
    """Has methods that block."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine


class AsyncResource(Uncopied):
    """Has methods that are awaited."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine


# The methods made here are methods of the class, which neither ruff nor pyright can see.


def _engine_of(resource: Resource) -> Engine:
    return resource._engine  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


def _async_engine_of(resource: AsyncResource) -> AsyncEngine:
    return resource._engine  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


def plain(build: Callable[P, Call[T]]) -> Callable[Concatenate[Resource, P], T]:
    """Make a method that returns what the answer holds."""

    def method(self: Resource, /, *args: P.args, **kwargs: P.kwargs) -> T:
        call = _prepare(build, *args, **kwargs)
        del args, kwargs  # a traceback that shows locals must not show the patient
        return _engine_of(self).send(_checked(call)).parse()

    return _document(method, build, "{}")


def raw(build: Callable[P, Call[T]]) -> Callable[Concatenate[Resource, P], RawResponse[T]]:
    """Make a method that returns the answer itself."""

    def method(self: Resource, /, *args: P.args, **kwargs: P.kwargs) -> RawResponse[T]:
        call = _prepare(build, *args, **kwargs)
        del args, kwargs
        return _engine_of(self).send(_checked(call))

    return _document(method, build, "RawResponse[{}]")


def plain_async(
    build: Callable[P, Call[T]],
) -> Callable[Concatenate[AsyncResource, P], Coroutine[Any, Any, T]]:
    """Make a coroutine method that returns what the answer holds."""

    async def method(self: AsyncResource, /, *args: P.args, **kwargs: P.kwargs) -> T:
        call = _prepare(build, *args, **kwargs)
        del args, kwargs
        return (await _async_engine_of(self).send(_checked(call))).parse()

    return _document(method, build, "{}")


def raw_async(
    build: Callable[P, Call[T]],
) -> Callable[Concatenate[AsyncResource, P], Coroutine[Any, Any, RawResponse[T]]]:
    """Make a coroutine method that returns the answer itself."""

    async def method(self: AsyncResource, /, *args: P.args, **kwargs: P.kwargs) -> RawResponse[T]:
        call = _prepare(build, *args, **kwargs)
        del args, kwargs
        return await _async_engine_of(self).send(_checked(call))

    return _document(method, build, "RawResponse[{}]")


def _prepare(build: Callable[P, Call[T]], *args: P.args, **kwargs: P.kwargs) -> Call[T] | Exception:
    try:
        return build(*args, **kwargs)
    except (TypeError, ValueError) as error:
        # The frames that it passed hold the arguments.
        error.__context__ = None
        return error.with_traceback(None)


def _checked(call: Call[T] | Exception) -> Call[T]:
    if isinstance(call, Exception):
        raise call
    return call


def _document(method: Callable[Q, R], build: Callable[..., object], returns: str) -> Callable[Q, R]:
    functools.update_wrapper(method, build)
    signature = inspect.signature(build)
    held = str(signature.return_annotation).removeprefix("Call[").removesuffix("]")
    this = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
    shown = signature.replace(
        parameters=[this, *signature.parameters.values()], return_annotation=returns.format(held)
    )
    setattr(method, "__signature__", shown)  # noqa: B010  # type checkers do not know it
    return method
