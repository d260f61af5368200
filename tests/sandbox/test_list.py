"""S7 and S16: pages."""

import itertools
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from heidi_sandbox import Sandbox, Store, serving
from heidi_sandbox._document import load_document
from heidi_sandbox._resources import Resource
from heidi_sandbox._store import Share
from heidi_sandbox._tokens import Tokens

from tests.sandbox.api import (
    TRUST,
    Api,
    error_of,
    exchange,
    message_of,
    new_user,
    status_and_body,
)
from tests.sandbox.process import started
from tests.sandbox.stores import with_store

INVALID = (422, "InvalidRequestError")


def ids_of(page: dict[str, list[dict[str, str]]]) -> list[str]:
    return [session["session_id"] for session in page["sessions"]]


NO_PAGE_SIZE = (
    "0 101 -1 ten 1.0 1.5 1e1 0x10 010 +5 %2B5 %205 5%20 5_0 %D9%A5 %EF%BC%95 %00 5%00 5%0A "
    "true null 99999999999999999999 %FF -0 NaN"
)


@pytest.mark.parametrize("text", ["", " ", "1" * 5000, *NO_PAGE_SIZE.split()])
def test_s7_a_page_size_that_is_not_an_integer_from_1_to_100_is_422(api: Api, text: str) -> None:
    response = api.get(f"/sessions/linked-user?page_size={text}")
    assert INVALID == error_of(response)
    assert message_of(response).startswith("page_size must be ")


@pytest.mark.parametrize(
    "query", ["page_size=5&page_size=5", "page_size=5&page%5Fsize=6", "page_size"]
)
def test_s7_a_repeated_or_empty_page_size_is_refused(api: Api, query: str) -> None:
    assert INVALID == error_of(api.get(f"/sessions/linked-user?{query}"))


@pytest.mark.parametrize(
    "query", ["", "x=1", "pagesize=5", "PAGE_SIZE=5", "&", "=", "%FF=%FF", "%zz"]
)
def test_s7_the_default_is_10_and_other_parameters_are_ignored(api: Api, query: str) -> None:
    for _ in range(11):
        api.create()
    response = api.get(f"/sessions/linked-user?{query}")
    assert 10 == response.json()["count"]


@pytest.mark.parametrize("size", [1, 2, 99, 100])
def test_s7_the_bounds_are_allowed(api: Api, size: int) -> None:
    api.create()
    api.create()
    assert min(size, 2) == api.page(page_size=size)["count"]


def test_s7_a_page_that_was_never_issued_is_422(api: Api, other: Api) -> None:
    for user in (api, other):
        for _ in range(3):
            user.create()
    cursor = api.page(page_size=1)["next_page"]
    foreign = other.page(page_size=1)["next_page"]
    changed = [
        cursor[:index] + ("A" if character != "A" else "B") + cursor[index + 1 :]
        for index, character in enumerate(cursor)
    ]
    changed += [cursor + added for added in ("A", "=", " ", "\n")]
    changed += [cursor[:-1], cursor.swapcase(), foreign]
    for page in ("", "0", "1", "2", "-1", "x", "null", "é", "\0", *changed):
        response = api.get("/sessions/linked-user", params={"page": page})
        assert INVALID == error_of(response), page
        assert message_of(response).startswith("page must be ")


def test_a_cursor_is_bound_to_its_user(api: Api, other: Api) -> None:
    for user in (api, other):
        for _ in range(3):
            user.create()
    cursors = [user.page(page_size=1)["next_page"] for user in (api, other)]
    assert cursors[0] != cursors[1]
    assert INVALID == error_of(other.get("/sessions/linked-user", params={"page": cursors[0]}))


def test_s16_a_user_without_sessions_has_one_empty_page(api: Api) -> None:
    assert {
        "sessions": [],
        "count": 0,
        "total_count": 0,
        "next_page": None,
        "has_next_page": False,
    } == api.page()


@pytest.mark.parametrize("size", [1, 2, 3, 6, 7, 8, 100])
def test_s16_a_walk_yields_each_session_once_on_full_pages(api: Api, size: int) -> None:
    created = [api.create() for _ in range(7)]
    pages = list(api.walk(size))
    assert created[::-1] == [one for page in pages for one in ids_of(page)]
    assert [size] * (len(pages) - 1) == [page["count"] for page in pages[:-1]]
    for page in pages:
        assert 7 == page["total_count"]
        assert len(page["sessions"]) == page["count"]
        assert page["has_next_page"] is (page["next_page"] is not None)
    assert -(-7 // size) == len(pages)


def test_s16_the_page_size_may_change_during_a_walk(api: Api) -> None:
    created = [api.create() for _ in range(6)]
    first = api.page(page_size=1)
    second = api.page(page_size=2, page=first["next_page"])
    third = api.page(page_size=100, page=second["next_page"])
    assert created[::-1] == ids_of(first) + ids_of(second) + ids_of(third)
    assert third["has_next_page"] is False


def test_s16_the_same_page_can_be_asked_for_twice(api: Api) -> None:
    for _ in range(4):
        api.create()
    cursor = api.page(page_size=2)["next_page"]
    assert api.page(page_size=2, page=cursor) == api.page(page_size=2, page=cursor)


def test_s16_a_walk_is_correct_while_sessions_are_created_and_updated(sandbox: Sandbox) -> None:
    with new_user(sandbox) as api:
        before = [api.create() for _ in range(30)]
        began, stop = threading.Event(), threading.Event()

        def disturb() -> None:
            with httpx.Client(base_url=api.base_url, headers=api.headers, verify=TRUST) as client:
                for session_id in itertools.cycle(before):
                    if stop.is_set():
                        return
                    client.post("/sessions")
                    client.patch(f"/sessions/{session_id}", json={"duration": 1})
                    began.set()

        thread = threading.Thread(target=disturb)
        thread.start()
        try:
            assert began.wait(10)
            for size in (1, 4, 7):
                pages = list(api.walk(size))
                seen = [one for page in pages for one in ids_of(page)]
                assert len(set(seen)) == len(seen)
                assert before[::-1] == [one for one in seen if one in before]
                assert {size} >= {page["count"] for page in pages[:-1]}
        finally:
            stop.set()
            thread.join()
        assert api.page()["total_count"] > 30


async def filled_with_large_sessions(store: Store, token: str) -> None:
    """Keep 100 sessions of 1 MB for the user of a token."""
    document = load_document()
    resource = Resource(document, next(document.of("create")).semantics["resource"])
    tokens = Tokens(await store.setting("secret", b""), lifetime=60)
    sent = {"clinician_notes": ["x" * 1_000_000]}

    def make(number: int) -> tuple[str, bytes]:
        session = resource.new(str(number), number, datetime.now(UTC), sent)
        return str(number), resource.text(session, sent)

    for _ in range(10):
        await store.extend(Share(tokens.read(token).user, [make] * 10))


@pytest.mark.slow
def test_a_list_of_100_sessions_of_1_mb_does_not_delay_others(
    tmp_path: Path, kept_url: str
) -> None:
    with serving(kept_url) as sandbox:
        token = sandbox.token()
    with_store(kept_url, lambda store: filled_with_large_sessions(store, token))
    with started(tmp_path, "--database-url", kept_url) as process, Api(process.url, token) as api:
        url = httpx.URL(process.url)
        request = (
            f"GET {url.path}/sessions/linked-user?page_size=100 HTTP/1.1\r\nHost: x\r\n"
            f"Authorization: Bearer {token}\r\nConnection: close\r\n\r\n"
        )
        counts: list[int] = []
        for _ in range(3):  # other load on the machine takes turns away, and gives none
            counts.append(0)
            with ThreadPoolExecutor(1) as pool:
                listed = pool.submit(exchange, process.url, request.encode())
                while not listed.done():
                    assert 200 == api.get(url.join("/healthz")).status_code
                    counts[-1] += 1
            status, page = status_and_body(listed.result())
            assert (200, 100) == (status, page["count"])
            assert 100 * 1_000_000 < len(listed.result())
    # A server that reads and checks the whole list at once has one turn before it and one after.
    assert max(counts) > 5
