# Copied by scripts/steps/client.py; changes made here are lost.
# Edit overrides/runtime/, then run `make generate`.
"""The parts of the client's methods: how each makes its request, and reads its response.

Nothing here sends. A `Sender` does, which `heidi_sessions` provides.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, aclosing
from datetime import timedelta
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any, Generic, NoReturn, Protocol, TypeAlias, TypeVar, cast

from attrs import evolve, frozen

from .arguments import convert, convert_properties
from .decoding import ANYTHING, Model
from .page import Cursor, Page, outlook
from .types import UNSET, MismatchError, Operation, Request, Timeout, Unset, query

if TYPE_CHECKING:
    from asyncio import Task

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

Progress: TypeAlias = Callable[[int, int | None], object]

Arguments: TypeAlias = tuple[list[Any], dict[str, Any], dict[str, Any] | None]
"""Those in the path, those in query and headers by their keywords, and the body."""


class Uncopied:
    """Holds connections and secrets, which belong to one object in one process."""

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a client and its parts cannot be pickled or copied: make a client in each process,"
            " and use with_options for other options"
        )


class Decode(Protocol[T_co]):
    """Reads a JSON document; raises MismatchError where it is not what the document says."""

    def __call__(self, data: object, *, strict: bool = False) -> T_co: ...


# Neither compared nor shown, because these hold patient data.


class Options:
    """The options of one call, beside the arguments of its operation."""

    __slots__ = ("body", "query", "settings")

    def __init__(
        self, settings: Mapping[str, object], extra_query: object, extra_body: object
    ) -> None:
        """Take the settings of the client that differ, and what is sent beside the arguments."""
        self.settings = settings
        self.query = extra_query
        self.body = extra_body

    def add_to(self, request: Request) -> None:
        """Put what is sent beside the arguments into a request.

        Raises:
            TypeError, ValueError: see `convert`.
        """
        if self.query is not UNSET:
            request.params = {**request.params, **query(_given("extra_query", self.query))}
        if self.body is not UNSET:
            request.json = {**(request.json or {}), **_given("extra_body", self.body)}


def _given(name: str, value: object) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise TypeError(f"{name} must be a dict")
    given: dict[str, Any] = convert(name, ANYTHING, cast("object", value))
    return given


def options(
    extra_headers: object = UNSET,
    extra_query: object = UNSET,
    extra_body: object = UNSET,
    timeout: Timeout | float | Unset = UNSET,
    deadline: float | Unset | None = UNSET,
) -> Options | None:
    """Collect the options of one call; None if there are none."""
    if extra_headers is extra_query is extra_body is timeout is deadline is UNSET:
        return None
    settings = {"extra_headers": extra_headers, "timeout": timeout, "deadline": deadline}
    return Options(settings, extra_query, extra_body)


class Call(Generic[T]):
    """A request that is ready to be sent, and how to read its response."""

    __slots__ = ("content", "decode", "request", "settings", "token")

    def __init__(
        self,
        request: Request,
        content: bytes | None,
        decode: Decode[T],
        token: str | None,
        settings: Mapping[str, object] | None,
    ) -> None:
        """Take all parts; `token` is the query parameter that asks for a page, if there is one."""
        self.request = request
        self.content = content
        self.decode = decode
        self.token = token
        self.settings = settings


@frozen(eq=False, repr=False, kw_only=True)
class Method(Generic[T]):
    """How a method makes its request and reads its response."""

    operation: Operation

    demanded: tuple[str, ...] = ()
    """The attributes that lead to what the response must have."""

    kind: type = object
    """Its type."""

    place: str = "$"
    """Where it is in the response, in JSON path notation."""

    unwrap: bool = False
    """Whether it is the result."""

    token: str | None = None

    def prepare(
        self, options: Options | None, path: Sequence[object] = (), /, **keywords: object
    ) -> Call[T] | Exception:
        """Make a call, or return the error in its arguments.

        The error is returned, and without a traceback: its frames hold the arguments.
        """
        try:
            return self.call(self.arguments(path, keywords), options)
        except (TypeError, ValueError) as error:
            error.__context__ = None
            return error.with_traceback(None)

    def arguments(self, path: Sequence[object], keywords: Mapping[str, object]) -> Arguments:
        """Check all arguments, and turn them into JSON values.

        Raises:
            TypeError, ValueError: see `convert`.
        """
        operation = self.operation
        segments = [
            convert(name, parameter.shape, value)
            for (name, parameter), value in zip(operation.path.items(), path, strict=True)
        ]
        given = {
            name: convert(name, parameter.shape, value)
            for name, parameter in chain(operation.query.items(), operation.headers.items())
            if (value := keywords.get(name, UNSET)) is not UNSET
        }
        body = None if operation.body is None else convert_properties("", operation.body, keywords)
        return segments, given, body

    def call(self, arguments: Arguments, options: Options | None) -> Call[T]:
        """Make a call of checked arguments."""
        request = self.operation.build(*arguments)
        if options is not None:
            options.add_to(request)
        body = request.json
        content = None if body is None else json.dumps(body, separators=(",", ":")).encode()
        return Call(
            request, content, self.read, self.token, None if options is None else options.settings
        )

    def read(self, data: object, *, strict: bool = False) -> T:
        """Read a response; lenient or not, it has what the method is for."""
        response: Any = self.operation.decode(data, strict=strict)
        value: Any = follow(response, self.demanded)
        if response is not None:
            self._demand(value)
        return cast("T", value if self.unwrap else response)

    def _demand(self, value: object) -> None:
        if not isinstance(value, self.kind):
            raise MismatchError(self.place, _EXPECTED.get(self.kind, "an object"), "something else")


_EXPECTED: Mapping[type, str] = {str: "a string", int: "an integer", list: "an array"}


def follow(value: Any, attributes: Sequence[str]) -> Any:
    """Return what attributes lead to, None if a response lacks it."""
    for name in attributes:
        lost = isinstance(value, Model) and value.lacks(name)
        value = None if lost else getattr(value, name, None)
    return None if value is UNSET else value


# Lists


@frozen(eq=False, repr=False, kw_only=True)
class Listing(Method[Page[T]], Generic[T]):
    """How a method lists a resource. What is demanded of a response is the items."""

    size: str
    """The keyword for the most items on a page."""

    cursor: str
    """The same for the token of the next page."""

    id: str
    """The attribute of an item that names it."""

    noun: str
    """What an item is called in a message, in the plural."""

    next: tuple[str, ...]
    more: tuple[str, ...] = ()
    count: tuple[str, ...] = ()
    total: tuple[str, ...] = ()

    def arguments(self, path: Sequence[object], keywords: Mapping[str, object]) -> Arguments:
        """Check all arguments; a page that can hold nothing is refused."""
        segments, given, body = super().arguments(path, keywords)
        if given.get(self.size, 1) < 1:
            raise ValueError(
                f"{self.size} must be 1 or more; leave it out to let the server decide"
            )
        return segments, given, body

    def ask(
        self, options: Options | None, path: Sequence[object] = (), /, **keywords: object
    ) -> Query[T] | Exception:
        """Make what all pages of a walk are asked for by, or the error of the arguments."""
        try:
            return Query(self, self.arguments(path, keywords), options)
        except (TypeError, ValueError) as error:
            error.__context__ = None
            return error.with_traceback(None)

    def read(self, data: object, *, strict: bool = False) -> Page[T]:
        """Read a page by where its parts stand."""
        page = self.operation.decode(data, strict=strict)
        items: Any = follow(page, self.demanded)
        self._demand(items)
        total: Any = follow(page, self.total) if self.total else None
        following = follow(page, self.next)
        return Page(
            items,
            follow(page, self.count) if self.count else len(items),
            total,
            following,
            follow(page, self.more) if self.more else following is not None,
        )


class Query(Generic[T]):
    """The arguments of a list, checked."""

    def __init__(
        self,
        listing: Listing[T],
        arguments: Arguments,
        options: Options | None,
    ) -> None:
        self.listing = listing
        self.arguments = arguments
        self.options = options

    @property
    def size(self) -> int | None:
        """The largest number of items on a page; None if the server decides."""
        size: int | None = self._given(self.listing.size)
        return size

    @property
    def start(self) -> Cursor | None:
        """What leads to the page that a walk starts at; None for the first."""
        start: Cursor | None = self._given(self.listing.cursor)
        return start

    def sized(self, size: int) -> Query[T]:
        """Ask for pages of another size."""
        return Query(self.listing, self._with(self.listing.size, size), self.options)

    def call(self, cursor: Cursor | None = None) -> Call[Page[T]]:
        """Ask for a page: the first, or the one that a cursor leads to."""
        arguments = self.arguments if cursor is None else self._with(self.listing.cursor, cursor)
        return self.listing.call(arguments, self.options)

    def _given(self, keyword: str) -> Any:
        _, given, _ = self.arguments
        return given.get(keyword)

    def _with(self, keyword: str, value: object) -> Arguments:
        segments, given, body = self.arguments
        return segments, {**given, keyword: value}, body


# What sends


class Received(Protocol):
    """What came over the wire."""

    status_code: int
    headers: Mapping[str, str]
    content: bytes
    request_id: str | None
    seconds: float


class RawResponse(Generic[T]):
    """A response as it came, from a method of `with_raw_response`; `parse()` reads the body.

    Attributes:
        status_code: the HTTP status.
        headers: their names fit in any case.
        content: the body, decompressed. May hold patient data.
        request_id: how the server names this request in its own logs, if it says so.
        retries_taken: how many times the request was repeated before this response.
    """

    __slots__ = (
        *("_call", "_read", "_seconds"),
        *("content", "headers", "request_id", "retries_taken", "status_code"),
    )

    def __init__(
        self,
        retries_taken: int,
        received: Received,
        call: Call[T],
        read: Callable[[Decode[Any]], Any],
    ) -> None:
        self.status_code = received.status_code
        self.headers = received.headers
        self.content = received.content
        self.request_id = received.request_id
        self.retries_taken = retries_taken
        self._seconds = received.seconds
        self._call = call
        self._read = read

    @property
    def elapsed(self) -> timedelta:
        """From when the request was sent, the last time, until the body was read."""
        return timedelta(seconds=self._seconds)

    def json(self) -> Any:
        """Read the body as JSON, and nothing else of it. May hold patient data.

        Raises:
            APIResponseValidationError: it is not JSON.
        """
        return self._read(_as_it_is)

    def parse(self) -> T:
        """Read the body again at each call.

        Returns:
            What the method itself returns, or for a list its page.

        Raises:
            APIResponseValidationError: the body is not what the document says: not JSON, or
                without what was asked for; with `strict_responses`, different from the document
                at all.
        """
        value: T = self._read(self._call.decode)
        if self.request_id is not None and hasattr(value, "_request_id"):
            object.__setattr__(value, "_request_id", self.request_id)
        return value

    def __repr__(self) -> str:
        return f"<RawResponse {self.status_code} to {self._call.request.operation.id}>"


def _as_it_is(data: object, *, strict: bool = False) -> object:  # noqa: ARG001  # a `Decode`
    return data


class Walk(Protocol[T]):
    """One walk over all pages of a list: what to ask next, and when to stop."""

    def next_call(self) -> Call[Page[T]] | None: ...

    def explain_refusal(self) -> AbstractContextManager[None]: ...

    def take(self, page: Page[T]) -> list[T]: ...


class Walking(Protocol):
    """Begins walks over pages."""

    def walk(
        self, query: Query[T], max_items: int | None, progress: Progress | None
    ) -> Walk[T]: ...


class Sender(Walking, Protocol):
    """Sends calls."""

    def send(self, call: Call[T]) -> RawResponse[T]: ...


class AsyncSender(Walking, Protocol):
    """Sends calls."""

    async def send(self, call: Call[T]) -> RawResponse[T]: ...


def checked(made: T | Exception) -> T:
    """Return the request of valid arguments, or raise the error in them."""
    if isinstance(made, Exception):
        raise made
    return made


class Resource(Uncopied):
    """Has methods that block."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    def _send(self, call: Call[T] | Exception) -> RawResponse[T]:
        return self._sender.send(checked(call))


class AsyncResource(Uncopied):
    """Has methods that are awaited."""

    def __init__(self, sender: AsyncSender) -> None:
        self._sender = sender

    async def _send(self, call: Call[T] | Exception) -> RawResponse[T]:
        return await self._sender.send(checked(call))


class _Pages(Uncopied, Generic[T]):
    def __init__(
        self,
        sender: Walking,
        query: Query[T] | Exception,
        max_items: int | None,
        progress: Progress | None,
    ) -> None:
        self._query = checked(query)
        self._walk: Callable[[], Walk[T]] = partial(sender.walk, self._query, max_items, progress)
        self._walk()  # refuses a bad max_items here, not at the first step

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: iterate over it to read {self._query.listing.noun}>"

    def _after(self, page: Page[T]) -> Call[Page[T]] | None:
        ahead = outlook(page)
        return self._query.call(ahead.next) if ahead.more and ahead.next is not None else None


class Pager(_Pages[T]):
    """A list that is read page by page, as it is iterated."""

    def __init__(
        self,
        sender: Sender,
        query: Query[T] | Exception,
        max_items: int | None,
        progress: Progress | None,
    ) -> None:
        super().__init__(sender, query, max_items, progress)
        self._sender = sender

    def __iter__(self) -> Iterator[T]:
        """Yield every item once; ask for a page when the one before is used up.

        Raises:
            PaginationError: the pages repeat, or items would be missing.
            HeidiError: see its other subclasses.
        """
        for page in self.pages():
            yield from page.items

    def pages(self) -> Iterator[Page[T]]:
        """Yield every page with the items that no page before it had, at most max_items in all.

        Raises:
            PaginationError: the pages repeat, or items would be missing.
            HeidiError: see its other subclasses.
        """
        walk = self._walk()
        while (call := walk.next_call()) is not None:
            with walk.explain_refusal():
                page = self._sender.send(call).parse()
            yield evolve(page, items=walk.take(page))

    def next_page(self, page: Page[T]) -> Page[T] | None:
        """Read the page after a page of this list, which may come from an earlier program.

        Returns:
            Its items, whatever max_items is, and its counts; None if the server names none.

        Raises:
            APIResponseValidationError: the response is not what the document says.
            HeidiError: see its other subclasses.
        """
        call = self._after(page)
        return None if call is None else self._sender.send(call).parse()

    def first_page(self) -> Page[T]:
        """Read the first page, or the one that `page` names, and no other.

        Returns:
            Its items, whatever max_items is, and its counts.

        Raises:
            APIResponseValidationError: the response is not what the document says.
            HeidiError: see its other subclasses.
        """
        return self._sender.send(self._query.call()).parse()


class AsyncPager(_Pages[T]):
    """A list that is read page by page, as it is iterated with `async for`."""

    def __init__(
        self,
        sender: AsyncSender,
        query: Query[T] | Exception,
        max_items: int | None,
        progress: Progress | None,
        *,
        prefetch: bool,
    ) -> None:
        super().__init__(sender, query, max_items, progress)
        self._sender = sender
        self._prefetch = prefetch

    async def __aiter__(self) -> AsyncIterator[T]:
        """Yield every item once; ask for a page when the one before is used up.

        Raises:
            PaginationError: the pages repeat, or items would be missing.
            HeidiError: see its other subclasses.
        """
        async with aclosing(self.pages()) as pages:
            async for page in pages:
                for item in page.items:
                    yield item

    async def pages(self) -> AsyncGenerator[Page[T]]:
        """Yield every page with the items that no page before it had, at most max_items in all.

        Raises:
            PaginationError: the pages repeat, or items would be missing.
            HeidiError: see its other subclasses.
        """
        walk = self._walk()
        ahead: Task[Page[T] | None] | None = None
        try:
            while (page := await (ahead or self._next(walk))) is not None:
                items = walk.take(page)
                ahead = self._start(walk) if self._prefetch else None
                yield evolve(page, items=items)
        finally:
            if ahead is not None and not ahead.cancel():
                ahead.exception()  # nothing waits for it any more

    async def next_page(self, page: Page[T]) -> Page[T] | None:
        """Read the page after a page of this list, which may come from an earlier program.

        Returns:
            Its items, whatever max_items is, and its counts; None if the server names none.

        Raises:
            APIResponseValidationError: the response is not what the document says.
            HeidiError: see its other subclasses.
        """
        call = self._after(page)
        return None if call is None else (await self._sender.send(call)).parse()

    async def first_page(self) -> Page[T]:
        """Read the first page, or the one that `page` names, and no other.

        Returns:
            Its items, whatever max_items is, and its counts.

        Raises:
            APIResponseValidationError: the response is not what the document says.
            HeidiError: see its other subclasses.
        """
        return (await self._sender.send(self._query.call())).parse()

    def _start(self, walk: Walk[T]) -> Task[Page[T] | None]:
        from asyncio import create_task  # noqa: PLC0415  # not for those who are not async

        return create_task(self._next(walk))

    async def _next(self, walk: Walk[T]) -> Page[T] | None:
        call = walk.next_call()
        if call is None:
            return None
        with walk.explain_refusal():
            return (await self._sender.send(call)).parse()
