"""The store against a plain dict, and what it promises beyond that."""

import asyncio
import sqlite3
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import pytest
from heidi_sandbox import CannotServeError, Page, Store, _sqlite, open_store
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

T = TypeVar("T")
USERS = st.sampled_from(["ann", "Ann", "bob", ""])
IDS = st.sampled_from(["1", "01", "2", "3", "4", "\0", "é"])
DOCUMENTS = st.binary(max_size=20)


class BrokenError(Exception):
    """What a change raises in these tests."""


def fail(_: object) -> bytes:
    raise BrokenError


class StoreMachine(RuleBasedStateMachine):
    """Do the same to a store in memory and to a dict."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.sessions: dict[str, list[tuple[str, bytes]]] = {}

    def run(self, what: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(what)

    @initialize()
    def open(self) -> None:
        self.store: Store = self.run(open_store("sqlite:///:memory:"))

    def teardown(self) -> None:
        self.run(self.store.close())
        self.runner.close()

    def known(self, session_id: str) -> bool:
        return any(session_id == one for some in self.sessions.values() for one, _ in some)

    @rule(user=USERS, session_id=IDS, document=DOCUMENTS)
    def create(self, user: str, session_id: str, document: bytes) -> None:
        if self.known(session_id):
            with pytest.raises(sqlite3.IntegrityError):
                self.run(self.store.create(user, session_id, lambda _: document))
            return
        mine = self.sessions.setdefault(user, [])
        self.run(self.store.create(user, session_id, lambda number: b"%d %b" % (number, document)))
        mine.append((session_id, b"%d %b" % (len(mine) + 1, document)))

    @rule(user=USERS, session_id=st.text())
    def fail_to_create(self, user: str, session_id: str) -> None:
        with pytest.raises(BrokenError):
            self.run(self.store.create(user, session_id, fail))

    @rule(user=USERS, session_id=IDS, document=DOCUMENTS)
    def update(self, user: str, session_id: str, document: bytes) -> None:
        mine = self.sessions.get(user, [])
        updated = self.run(self.store.update(user, session_id, lambda old: old + document))
        expected = None
        for index, (one, old) in enumerate(mine):
            if one == session_id:
                expected = old + document
                mine[index] = (one, expected)
        assert expected == updated

    @rule(user=USERS, session_id=IDS)
    def fail_to_update(self, user: str, session_id: str) -> None:
        if dict(self.sessions.get(user, [])).get(session_id) is not None:
            with pytest.raises(BrokenError):
                self.run(self.store.update(user, session_id, fail))

    @rule(user=USERS, session_id=IDS)
    def get(self, user: str, session_id: str) -> None:
        expected = dict(self.sessions.get(user, [])).get(session_id)
        assert expected == self.run(self.store.get(user, session_id))

    @rule(user=USERS, size=st.integers(1, 4), below=st.none() | st.integers(0, 6))
    def page(self, user: str, size: int, below: int | None) -> None:
        mine = list(enumerate(self.sessions.get(user, []), start=1))
        matching = [(n, one[1]) for n, one in mine[::-1] if below is None or n < below]
        shown = matching[:size]
        following = shown[-1][0] if len(matching) > size else None
        expected = Page([document for _, document in shown], len(mine), following)
        assert expected == self.run(self.store.page(user, below, size))

    @invariant()
    def the_total_is_the_number_of_sessions(self) -> None:
        for user, sessions in self.sessions.items():
            assert len(sessions) == self.run(self.store.page(user, None, 1)).total


StoreMachine.TestCase.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
TestStore = StoreMachine.TestCase


def with_store(url: str, use: Callable[[Store], Coroutine[Any, Any, T]]) -> T:
    async def run() -> T:
        store = await open_store(url)
        try:
            return await use(store)
        finally:
            await store.close()

    return asyncio.run(run())


@pytest.fixture(params=["file", "memory"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/x.db" if request.param == "file" else "sqlite:///:memory:"


def test_a_write_that_fails_takes_no_other_of_its_batch_along(url: str) -> None:
    async def use(store: Store) -> tuple[list[object], Page]:
        outcomes = await asyncio.gather(
            *(
                store.create("ann", str(n), fail if n % 3 == 0 else lambda number: b"%d" % number)
                for n in range(30)
            ),
            return_exceptions=True,
        )
        return list(outcomes), await store.page("ann", None, 100)

    outcomes, page = with_store(url, use)
    assert [n % 3 == 0 for n in range(30)] == [isinstance(one, BrokenError) for one in outcomes]
    assert 20 == page.total
    assert [b"%d" % number for number in range(20, 0, -1)] == page.documents


def test_concurrent_updates_follow_one_another(url: str) -> None:
    async def use(store: Store) -> bytes | None:
        await store.create("ann", "1", lambda _: b"")
        await asyncio.gather(
            *(store.update("ann", "1", lambda old: old + b"x") for _ in range(300))
        )
        return await store.get("ann", "1")

    assert b"x" * 300 == with_store(url, use)


def test_a_setting_is_kept_from_the_first_time_on(url: str) -> None:
    async def use(store: Store) -> list[bytes]:
        return [await store.setting("a", b"1"), await store.setting("a", b"2")]

    assert [b"1", b"1"] == with_store(url, use)


def test_closing_finishes_what_was_begun(tmp_path: Path) -> None:
    async def use() -> None:
        store = await open_store(f"sqlite:///{tmp_path}/x.db")
        writes = [
            asyncio.ensure_future(store.create("ann", str(n), lambda _: b"x")) for n in range(100)
        ]
        await asyncio.sleep(0)
        await store.close()
        await asyncio.gather(*writes)

    asyncio.run(use())
    assert (
        100
        == with_store(f"sqlite:///{tmp_path}/x.db", lambda store: store.page("ann", None, 1)).total
    )


def test_one_process_does_not_open_a_file_twice(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/x.db"

    async def use(store: Store) -> None:
        await store.create("ann", "1", lambda _: b"x")
        with pytest.raises(CannotServeError, match="another heidi-sandbox"):
            await open_store(url)
        assert b"x" == await store.get("ann", "1")

    with_store(url, use)
    with_store(url, lambda store: store.get("ann", "1"))


def test_every_write_is_synchronous_and_the_log_is_a_wal(tmp_path: Path) -> None:
    async def use(store: Store) -> list[object]:
        writer: sqlite3.Connection = vars(store)["_writer"]
        pragmas = ("journal_mode", "synchronous")
        return [writer.execute(f"PRAGMA {name}").fetchone()[0] for name in pragmas]

    assert ["wal", 2] == with_store(f"sqlite:///{tmp_path}/x.db", use)


def test_a_page_is_found_by_its_number_and_never_sorted(tmp_path: Path) -> None:
    with_store(f"sqlite:///{tmp_path}/x.db", lambda store: store.create("ann", "1", lambda _: b""))
    db = sqlite3.connect(tmp_path / "x.db")
    query = f"EXPLAIN QUERY PLAN {vars(_sqlite)['_PAGE']}"
    plan = [row[3] for row in db.execute(query, (9, "ann", 9))]
    db.close()
    assert any("user_id=? AND number<?" in step for step in plan)
    assert not any("SCAN" in step or "TEMP B-TREE" in step for step in plan)
