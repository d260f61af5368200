from __future__ import annotations

import asyncio
import gc
import itertools
import logging
import tracemalloc
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from heidi_sessions import AsyncHeidi, BadRequestError, Heidi, Page, PaginationError
from heidi_sessions._seen import Seen

from .harness import BASE_URL, Driver, Script, failure, page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def ids(sessions: list[Any]) -> list[str]:
    return [session.session_id for session in sessions]


def queries(script: Script) -> list[dict[str, str]]:
    return [dict(request.url.params) for request in script.requests]


def walk(driver: Driver, **options: Any) -> list[str]:
    return ids(driver.collect(lambda c: c.sessions.list(**options)))


def test_nothing_is_sent_before_the_first_iteration(driver: Callable[..., Driver]) -> None:
    script = Script(page(["1"], 1, None))
    drive = driver(script)
    drive.client().sessions.list(page_size=50)
    assert [] == script.requests


def test_every_page_is_read_and_the_cursor_is_sent_back_unchanged(
    driver: Callable[..., Driver],
) -> None:
    cursor = "a+b/c==&page_size=1"
    script = Script(page(["1", "2"], 5, cursor), page(["3", "4"], 5, 7), page(["5"], 5, None))
    assert ["1", "2", "3", "4", "5"] == walk(driver(script), page_size=2)
    assert [
        {"page_size": "2"},
        {"page_size": "2", "page": cursor},
        {"page_size": "2", "page": "7"},
    ] == queries(script)


def test_a_walk_starts_at_the_page_that_an_earlier_one_got_to(
    driver: Callable[..., Driver], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "heidi_sessions")
    script = Script(page(["3", "4"], 5, 7), page(["5"], 5, None))
    assert ["3", "4", "5"] == walk(driver(script), page="b", page_size=2)
    assert [{"page_size": "2", "page": "b"}, {"page_size": "2", "page": "7"}] == queries(script)
    assert [] == caplog.messages  # the two before it are not missing


def test_a_walk_that_starts_late_ends_where_the_server_says_that_no_page_follows(
    driver: Callable[..., Driver],
) -> None:
    script = Script(page(["3", "4"], 5, 7), page(["5"], 5, "past the end", more=False))
    assert ["3", "4", "5"] == walk(driver(script), page="b")
    assert [{"page": "b"}, {"page": "7"}] == queries(script)


@pytest.mark.parametrize(
    "step",
    [
        pytest.param(page(["3", "4"], 5, "b"), id="the next page is the first one"),
        pytest.param(page(["3", "4"], 5, None, more=True), id="the next page has no name"),
    ],
)
def test_a_walk_that_starts_late_loses_no_items_and_ends(
    driver: Callable[..., Driver], step: httpx.Response
) -> None:
    script = Script(step)
    with pytest.raises(PaginationError):
        walk(driver(script), page="b")
    assert [{"page": "b"}] == queries(script)


def test_an_empty_list_is_one_request(driver: Callable[..., Driver]) -> None:
    script = Script(page([], 0, None))
    assert [] == walk(driver(script))
    assert [{}] == queries(script)


def test_pages_are_read_as_they_are_needed(driver: Callable[..., Driver]) -> None:
    script = Script(page(["1", "2"], 4, "x"), page(["3", "4"], 4, None))

    async def first_async(client: Any) -> str:
        async for session in client.sessions.list():
            return str(session.session_id)
        return ""

    def first(client: Any) -> Any:
        if isinstance(client, Heidi):
            return next(iter(client.sessions.list())).session_id
        return first_async(client)

    assert "1" == driver(script).run(first)
    assert 1 == len(script.requests)


@pytest.mark.parametrize(
    ("max_items", "expected", "requests"),
    [(0, 0, 0), (1, 1, 1), (2, 2, 1), (3, 3, 2), (4, 4, 2), (9, 4, 2), (None, 4, 2)],
)
def test_max_items_limits_the_sessions_and_the_requests(
    driver: Callable[..., Driver], max_items: int | None, expected: int, requests: int
) -> None:
    script = Script(page(["1", "2"], 4, "x"), page(["3", "4"], 4, None))
    assert expected == len(walk(driver(script), max_items=max_items))
    assert requests == len(script.requests)


def test_a_negative_max_items_is_refused_at_once(driver: Callable[..., Driver]) -> None:
    with pytest.raises(ValueError, match="max_items"):
        driver(Script(page([], 0, None))).client().sessions.list(max_items=-1)


def test_a_list_can_be_walked_again(driver: Callable[..., Driver]) -> None:
    drive = driver(Script(page(["1"], 1, None)))
    client = drive.client()
    sessions = client.sessions.list(max_items=1)
    if isinstance(client, Heidi):
        assert ["1"] == ids(list(sessions)) == ids(list(sessions))
    else:

        async def twice() -> list[list[str]]:
            return [ids([session async for session in sessions]) for _ in range(2)]

        assert [["1"], ["1"]] == drive.wait(twice)


def test_pages_have_only_new_items_and_their_counts(
    driver: Callable[..., Driver],
) -> None:
    steps = (page(["1", "2"], 4, "b"), page(["2", "3"], 4, "c"), page(["4"], 4, None))
    pages = driver(Script(*steps)).collect(lambda c: c.sessions.list(max_items=3).pages())
    assert [["1", "2"], ["3"]] == [[each.session_id for each in one.items] for one in pages]
    assert [(2, 4, "b"), (2, 4, "c")] == [(p.count, p.total_count, p.next_page) for p in pages]


def test_the_next_page_is_read_by_its_token(driver: Callable[..., Driver]) -> None:
    script = Script(page(["1"], 2, "b"), page(["2"], 2, None))
    drive = driver(script)
    sessions = drive.client().sessions.list(page_size=1)
    first = drive.wait(sessions.first_page)
    second = drive.wait(lambda: sessions.next_page(first))
    assert "2" == second.items[0].session_id
    assert [("page_size", "1"), ("page", "b")] == script.requests[1].url.params.multi_items()
    assert None is drive.wait(lambda: sessions.next_page(second))
    assert 2 == len(script.requests)


@pytest.mark.parametrize(("client", "name"), [(Heidi, ""), (AsyncHeidi, "Async")])
def test_the_repr_of_a_list_says_how_to_use_it(client: Callable[..., Any], name: str) -> None:
    sessions = client(token="t").sessions.list()
    assert f"<{name}SessionList: iterate over it to read sessions>" == repr(sessions)


def test_the_first_page_has_items_and_counts(driver: Callable[..., Driver]) -> None:
    script = Script(page(["1", "2"], 5, "x"))
    first = driver(script).run(lambda c: c.sessions.list(page_size=2).first_page())
    assert isinstance(first, Page)
    assert ["1", "2"] == ids(list(first.items))
    assert (2, 5, "x", True) == (
        first.count,
        first.total_count,
        first.next_page,
        first.has_next_page,
    )
    assert [{"page_size": "2"}] == queries(script)


def test_a_session_that_comes_twice_is_given_once(driver: Callable[..., Driver]) -> None:
    script = Script(page(["1", "2"], 3, "x"), page(["2", "3", "3"], 3, None))
    assert ["1", "2", "3"] == walk(driver(script))


@pytest.mark.parametrize("cursors", [("x", "x"), ("x", "y", "x"), (2, "2"), (1, 1)])
def test_a_repeated_cursor_is_an_error(
    driver: Callable[..., Driver], cursors: tuple[str | int, ...]
) -> None:
    numbers = itertools.count()
    script = Script(*(page([str(next(numbers))], 99, cursor) for cursor in cursors))
    for step in script.steps:
        step.headers["x-request-id"] = "r-1"  # type: ignore[union-attr]  # a response
    with pytest.raises(PaginationError, match="read before") as caught:
        walk(driver(script))
    error = caught.value
    assert (len(cursors), 99) == (error.seen, error.total_count)
    assert len(cursors) == len(script.requests)
    assert ("listLinkedUserSessions", "GET /sessions/linked-user") == (error.operation, error.route)
    assert (BASE_URL, "r-1") == (error.server, error.request_id)
    assert str(error).startswith("GET heidi.test/api/sessions/linked-user: ")


def test_pages_that_never_have_new_items_end_in_an_error(
    driver: Callable[..., Driver],
) -> None:
    numbers = itertools.count()
    script = Script(lambda _: page(["1"], 99, f"cursor {next(numbers)}"))
    with pytest.raises(PaginationError, match="nothing new"):
        walk(driver(script))
    assert len(script.requests) < 20


def test_a_page_that_was_shifted_by_new_sessions_does_not_end_the_walk(
    driver: Callable[..., Driver],
) -> None:
    script = Script(page(["1", "2"], 4, "a"), page(["1", "2"], 5, "b"), page(["3", "4"], 5, None))
    assert ["1", "2", "3", "4"] == walk(driver(script))


def test_a_missing_cursor_leads_to_one_request_with_a_larger_page(
    driver: Callable[..., Driver],
) -> None:
    script = Script(page(["1", "2"], 4, None, more=True), page(["1", "2", "3", "4"], 4, None))
    assert ["1", "2", "3", "4"] == walk(driver(script), page_size=2)
    assert [{"page_size": "2"}, {"page_size": "4"}] == queries(script)


def test_a_missing_cursor_after_all_items_is_the_end(
    driver: Callable[..., Driver],
) -> None:
    script = Script(page(["1", "2"], 2, None, more=True))
    assert ["1", "2"] == walk(driver(script))
    assert 1 == len(script.requests)


@pytest.mark.parametrize(
    "second",
    [
        page(["1", "2"], 4, None, more=True),
        page(["1", "2", "3"], 4, None, more=True),
        failure(400),
        failure(422),
    ],
)
def test_missing_sessions_are_an_error_after_all_others_were_given(
    driver: Callable[..., Driver], second: httpx.Response
) -> None:
    script = Script(page(["1", "2"], 4, None, more=True), second)
    drive = driver(script)
    given: list[str] = []

    async def collect_async(client: Any) -> None:
        async for session in client.sessions.list():
            given.append(session.session_id)  # noqa: PERF401  # an error comes in between

    def collect(client: Any) -> Any:
        if not isinstance(client, Heidi):
            return collect_async(client)
        for session in client.sessions.list():
            given.append(session.session_id)  # noqa: PERF401  # an error comes in between
        return None

    with pytest.raises(PaginationError, match="more") as caught:
        drive.run(collect)
    assert ["1", "2", "3"][: len(given)] == given
    assert (len(given), 4) == (caught.value.seen, caught.value.total_count)
    assert 2 == len(script.requests)


def test_a_page_that_is_large_enough_is_not_requested_again() -> None:
    script = Script(page(["1", "2"], 4, None, more=True))
    with pytest.raises(PaginationError):
        walk(Driver("sync", script), page_size=4)
    assert 1 == len(script.requests)


def test_a_refused_page_keeps_its_own_error(
    driver: Callable[..., Driver],
) -> None:
    with pytest.raises(BadRequestError):
        walk(driver(Script(page(["1"], 2, "x"), failure(400))))


def test_a_cursor_on_a_last_page_is_followed_while_sessions_are_missing(
    driver: Callable[..., Driver],
) -> None:
    missing = Script(page(["1"], 2, "x", more=False), page(["2"], 2, "y", more=False))
    assert ["1", "2"] == walk(driver(missing))
    assert 2 == len(missing.requests)


def test_a_walk_with_fewer_items_than_the_servers_count_is_logged(
    driver: Callable[..., Driver], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "heidi_sessions")
    assert ["1"] == walk(driver(Script(page(["1"], 3, None))))
    assert ["the last page came after 1 of 3 sessions"] == caplog.messages


def test_a_page_without_counts_is_walked_by_its_cursors(driver: Callable[..., Driver]) -> None:
    def bare(ids: list[str], cursor: str | None, *, more: bool) -> httpx.Response:
        sessions = [{"session_id": i} for i in ids]
        return httpx.Response(
            200, json={"sessions": sessions, "next_page": cursor, "has_next_page": more}
        )

    script = Script(bare(["1"], "x", more=True), bare(["2"], None, more=False))
    assert ["1", "2"] == walk(driver(script))


def test_progress_is_reported_after_each_page(driver: Callable[..., Driver]) -> None:
    script = Script(page(["1", "2"], 3, "x"), page(["2", "3"], 3, None))
    told: list[tuple[int, int | None]] = []
    walk(driver(script), progress=lambda seen, total: told.append((seen, total)))
    assert [(2, 3), (3, 3)] == told


def test_progress_has_no_total_if_the_server_gives_none(driver: Callable[..., Driver]) -> None:
    told: list[tuple[int, int | None]] = []
    script = Script(httpx.Response(200, json={"sessions": []}))
    walk(driver(script), progress=lambda seen, total: told.append((seen, total)))
    assert [(0, None)] == told


def test_progress_counts_returned_items_up_to_max_items(
    driver: Callable[..., Driver],
) -> None:
    script = Script(page(["1", "2"], 5, "x"), page(["3", "4"], 5, "y"))
    told: list[tuple[int, int | None]] = []
    walk(driver(script), max_items=3, progress=lambda seen, total: told.append((seen, total)))
    assert [(2, 5), (3, 5)] == told


@pytest.mark.parametrize("size", [0, -1, None, True, "10", 1.5])
def test_an_invalid_page_size_is_refused_before_anything_is_sent(
    driver: Callable[..., Driver], size: Any
) -> None:
    script = Script(page([], 0, None))
    for ask in (
        lambda c: c.sessions.list(page_size=size),
        lambda c: c.sessions.with_raw_response.list(page_size=size),
    ):
        with pytest.raises((TypeError, ValueError), match=r"^page_size must be (1|an integer)"):
            driver(script).run(ask)
    assert [] == script.requests


@pytest.mark.parametrize("cursor", [None, True, 1.5, ["x"]])
def test_an_invalid_cursor_is_refused_before_anything_is_sent(
    driver: Callable[..., Driver], cursor: Any
) -> None:
    script = Script(page([], 0, None))
    with pytest.raises(TypeError, match=r"^page must be a string or an integer"):
        driver(script).run(lambda c: c.sessions.with_raw_response.list(page=cursor))
    assert [] == script.requests


def test_the_name_of_the_page_parameter_can_be_changed(driver: Callable[..., Driver]) -> None:
    script = Script(page(["1"], 2, "x"), page(["2"], 2, None))
    driver(script).collect(lambda c: c.sessions.list(), page_parameter="cursor")
    assert [{}, {"cursor": "x"}] == queries(script)


def test_the_next_page_is_prefetched_only_on_request() -> None:
    async def requests_while_on_the_first_page(*, prefetch: bool) -> int:
        script = Script(page(["1", "2"], 4, "x"), page(["3", "4"], 4, None))
        transport = httpx.MockTransport(script)
        async with AsyncHeidi(
            token="t", base_url=BASE_URL, http_client=httpx.AsyncClient(transport=transport)
        ) as client:
            seen: list[str] = []
            count = 0
            async for session in client.sessions.list(prefetch=prefetch):
                seen.append(session.session_id)
                await asyncio.sleep(0.01)
                if session.session_id == "1":
                    count = len(script.requests)
            assert ["1", "2", "3", "4"] == seen
            return count

    assert 1 == asyncio.run(requests_while_on_the_first_page(prefetch=False))
    assert 2 == asyncio.run(requests_while_on_the_first_page(prefetch=True))


@pytest.mark.parametrize("second", [page(["2"], 2, None), failure(500), failure(404)])
def test_leaving_a_prefetching_walk_leaves_nothing_behind(second: httpx.Response) -> None:
    async def leave_early() -> None:
        script = Script(page(["1"], 2, "x"), second)
        client = AsyncHeidi(
            token="t",
            base_url=BASE_URL,
            max_retries=0,
            http_client=httpx.AsyncClient(transport=httpx.MockTransport(script)),
        )
        walk = aiter(client.sessions.list(prefetch=True))
        await anext(walk)
        await asyncio.sleep(0.01)
        await walk.aclose()  # type: ignore[attr-defined]  # an async generator
        await asyncio.sleep(0)
        assert 1 == len(asyncio.all_tasks())

    problems: list[dict[str, Any]] = []

    async def watched() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, c: problems.append(c))
        await leave_early()
        gc.collect()

    asyncio.run(watched())
    assert [] == problems


def test_a_prefetching_walk_gives_every_session_before_an_error() -> None:
    async def given_before_the_error() -> list[str]:
        script = Script(page(["1", "2"], 4, None, more=True), failure(422))
        transport = httpx.MockTransport(script)
        given: list[str] = []
        async with AsyncHeidi(
            token="t", base_url=BASE_URL, http_client=httpx.AsyncClient(transport=transport)
        ) as client:
            walk = aiter(client.sessions.list(prefetch=True))
            given.extend([(await anext(walk)).session_id, (await anext(walk)).session_id])
            with pytest.raises(PaginationError):
                await anext(walk)
        return given

    assert ["1", "2"] == asyncio.run(given_before_the_error())


@pytest.mark.slow
def test_the_memory_of_a_walk_does_not_grow_with_its_pages() -> None:
    def peak(pages: int) -> int:
        def serve() -> Iterator[httpx.Response]:
            for number in range(pages):
                names = [f"{number:019}{index:020}" for index in range(50)]
                cursor = None if number == pages - 1 else f"c{number}"
                yield page(names, pages * 50, cursor)

        served = serve()
        client = Heidi(
            token="t",
            base_url=BASE_URL,
            http_client=httpx.Client(transport=httpx.MockTransport(lambda _: next(served))),
        )
        gc.collect()
        tracemalloc.start()
        assert pages * 50 == sum(1 for _ in client.sessions.list())
        highest = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return highest

    peak(2)
    assert peak(60) < 1.2 * peak(10) + 60 * 50 * 64


def test_the_set_of_seen_items_stays_exact_when_it_grows() -> None:
    seen = Seen()
    first = [seen.add(str(number)) for number in range(20_000)]
    again = [seen.add(str(number)) for number in range(20_000)]
    assert all(first)
    assert not any(again)
    assert 20_000 == len(seen)
