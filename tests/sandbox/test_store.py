"""Every store against a plain dict, and its further promises."""

import asyncio
import sqlite3
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import ClassVar

import pytest
from heidi_sandbox import (
    CannotServeError,
    DuplicateIdError,
    Page,
    Size,
    Store,
    _sqlite,
    open_store,
)
from heidi_sandbox._store import Collection, Share
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from tests.sandbox.stores import OpenStore, with_store

USERS = st.sampled_from(["ann", "Ann", "bob", ""])
IDS = st.sampled_from(["1", "01", "2", "3", "4", "\0", "é"])
DOCUMENTS = st.binary(max_size=20)


class BrokenError(Exception):
    """The error that changes raise in these tests."""


def fail(_: object) -> bytes:
    raise BrokenError


async def page_of_one(user: str, store: Store) -> Page:
    return await store.page(user, None, 1)


class StoreMachine(RuleBasedStateMachine):
    """Do the same to a store and to a dict."""

    opened: ClassVar[OpenStore]

    def __init__(self) -> None:
        super().__init__()
        self.run = self.opened.run
        self.sessions: dict[str, list[tuple[str, bytes] | None]] = {}
        self.settings: dict[str, bytes] = {}

    @initialize()
    def begin(self) -> None:
        self.run(lambda store: store.clear(settings=True))

    def known(self, session_id: str) -> bool:
        every = (one for some in self.sessions.values() for one in some)
        return any(one is not None and session_id == one[0] for one in every)

    def kept(self, user: str) -> dict[str, bytes]:
        """Return the documents of a user; one that was deleted leaves its number behind."""
        return dict(one for one in self.sessions.get(user, []) if one is not None)

    @rule(name=USERS, value=DOCUMENTS)
    def setting(self, name: str, value: bytes) -> None:
        expected = self.settings.setdefault(name, value)
        assert expected == self.run(lambda store: store.setting(name, value))

    @rule(user=USERS, session_id=IDS, document=DOCUMENTS)
    def create(self, user: str, session_id: str, document: bytes) -> None:
        if self.known(session_id):
            with pytest.raises(DuplicateIdError):
                self.run(lambda store: store.create(user, session_id, lambda _: document))
            return
        mine = self.sessions.setdefault(user, [])
        self.run(
            lambda store: store.create(
                user, session_id, lambda number: b"%d %b" % (number, document)
            )
        )
        mine.append((session_id, b"%d %b" % (len(mine) + 1, document)))

    @rule(user=USERS, session_id=st.text())
    def fail_to_create(self, user: str, session_id: str) -> None:
        with pytest.raises(BrokenError):
            self.run(lambda store: store.create(user, session_id, fail))

    @rule(user=USERS, ids=st.lists(IDS, min_size=1, max_size=3))
    def extend(self, user: str, ids: list[str]) -> None:
        mine = self.sessions.get(user, [])
        made = {len(mine) + n: (one, b"%d" % n) for n, one in enumerate(ids, start=1)}
        if len(set(ids)) < len(ids) or any(map(self.known, ids)):
            with pytest.raises(DuplicateIdError):
                self.run(lambda store: store.extend(Share(user, [made.__getitem__] * len(ids))))
            return
        self.run(lambda store: store.extend(Share(user, [made.__getitem__] * len(ids))))
        self.sessions[user] = [*mine, *made.values()]

    @rule(user=USERS, session_id=IDS, document=DOCUMENTS)
    def update(self, user: str, session_id: str, document: bytes) -> None:
        mine = self.sessions.get(user, [])
        updated = self.run(lambda store: store.update(user, session_id, lambda old: old + document))
        expected = None
        for index, one in enumerate(mine):
            if one is not None and one[0] == session_id:
                expected = one[1] + document
                mine[index] = (session_id, expected)
        assert expected == updated

    @rule(user=USERS, session_id=IDS)
    def delete(self, user: str, session_id: str) -> None:
        mine = self.sessions.get(user, [])
        found = [one for one in mine if one is not None and one[0] == session_id]
        deleted = self.run(lambda store: store.delete(user, session_id))
        assert (found[0][1] if found else None) == deleted
        if found:
            mine[mine.index(found[0])] = None

    @rule(user=USERS, session_id=IDS)
    def fail_to_update(self, user: str, session_id: str) -> None:
        if self.kept(user).get(session_id) is not None:
            with pytest.raises(BrokenError):
                self.run(lambda store: store.update(user, session_id, fail))

    @rule(user=USERS, session_id=IDS)
    def get(self, user: str, session_id: str) -> None:
        expected = self.kept(user).get(session_id)
        assert expected == self.run(lambda store: store.get(user, session_id))

    @rule(user=USERS, size=st.integers(1, 4), below=st.none() | st.integers(0, 6))
    def page(self, user: str, size: int, below: int | None) -> None:
        mine = [
            (number, one[1])
            for number, one in enumerate(self.sessions.get(user, []), start=1)
            if one is not None
        ]
        matching = [one for one in mine[::-1] if below is None or one[0] < below]
        shown = matching[:size]
        following = shown[-1][0] if len(matching) > size else None
        expected = Page([document for _, document in shown], len(mine), following)
        assert expected == self.run(lambda store: store.page(user, below, size))

    @rule()
    def clear(self) -> None:
        self.run(lambda store: store.clear(settings=False))
        self.sessions = {}

    @invariant()
    def the_totals_are_the_numbers_of_sessions(self) -> None:
        totals = {user: len(self.kept(user)) for user in self.sessions}
        for user, total in totals.items():
            assert total == self.run(partial(page_of_one, user)).total
        assert Size(len(totals), sum(totals.values())) == self.run(lambda store: store.size())


@pytest.mark.hypothesis
def test_a_store_does_what_a_dict_does(store: OpenStore) -> None:
    class Machine(StoreMachine):
        opened = store

    examples = 10 if settings.get_current_profile_name() == "same" else 100
    run_state_machine_as_test(
        Machine, settings=settings(max_examples=examples, stateful_step_count=25)
    )


def test_a_number_is_given_once_and_the_total_follows_deletions(store: OpenStore) -> None:
    async def use(store: Store) -> tuple[list[bytes | None], Page, Size]:
        for number in range(3):
            await store.create("ann/Part", str(number), lambda number: b"%d" % number)
        await store.create("ann", "other", lambda number: b"first %d" % number)
        gone = [await store.delete(*one) for one in (("ann", "2"), ("ann/Part", "2"))]
        await store.create("ann/Part", "3", lambda number: b"%d" % number)
        return gone, await store.page("ann/Part", None, 9), await store.size()

    gone, page, size = store.run(use)
    assert [None, b"3"] == gone
    assert Page([b"4", b"2", b"1"], 3, None) == page
    assert Size(1, 4) == size


def test_all_sessions_of_a_batch_are_added_or_none(store: OpenStore) -> None:
    def made(id_: str) -> Share:
        return Share(f"user{id_}", [lambda _: (id_, b"x")])

    async def use(store: Store) -> tuple[Size, Size]:
        await store.extend(made("1"), made("2"))
        before = await store.size()
        with pytest.raises(DuplicateIdError):
            await store.extend(made("3"), made("2"))
        return before, await store.size()

    assert (Size(2, 2), Size(2, 2)) == store.run(use)


def test_collections_that_have_documents_are_listed_with_their_owner(store: OpenStore) -> None:
    async def use(store: Store) -> Sequence[Collection]:
        await store.create("ann", "1", lambda _: b"")
        await store.create("bob", "2", lambda _: b"", b"Bob")
        await store.create("bob", "3", lambda _: b"")
        await store.create("eve", "4", lambda _: b"", b"Eve")
        await store.create("ann", "5", lambda _: b"", b"Ann")
        await store.delete("eve", "4")
        return await store.collections()

    assert [Collection("ann", b"Ann", 2), Collection("bob", b"Bob", 2)] == store.run(use)


def test_a_page_of_large_documents_is_complete_though_it_is_read_in_parts(store: OpenStore) -> None:
    async def use(store: Store) -> tuple[Page, Page]:
        for number in range(6):
            await store.create("ann", str(number), lambda number: b"%d" % number * 3_000_000)
        first = await store.page("ann", None, 4)
        return first, await store.page("ann", first.next, 4)

    pages = store.run(use)
    assert [[b"6", b"5", b"4", b"3"], [b"2", b"1"]] == [
        [document[:1] for document in page.documents] for page in pages
    ]
    assert [(6, 3), (6, None)] == [(page.total, page.next) for page in pages]


def test_a_failed_write_does_not_fail_others_of_its_batch(store: OpenStore) -> None:
    async def use(store: Store) -> tuple[list[object], Page]:
        outcomes = await asyncio.gather(
            *(
                store.create("ann", str(n), fail if n % 3 == 0 else lambda number: b"%d" % number)
                for n in range(30)
            ),
            return_exceptions=True,
        )
        return list(outcomes), await store.page("ann", None, 100)

    outcomes, page = store.run(use)
    assert [n % 3 == 0 for n in range(30)] == [isinstance(one, BrokenError) for one in outcomes]
    assert 20 == page.total
    assert [b"%d" % number for number in range(20, 0, -1)] == page.documents


def test_a_failed_update_does_not_fail_others_of_its_session(store: OpenStore) -> None:
    async def use(store: Store) -> tuple[list[object], bytes | None]:
        await store.create("ann", "1", lambda _: b"")
        outcomes = await asyncio.gather(
            *(
                store.update("ann", "1", fail if n % 3 == 0 else lambda old: old + b"x")
                for n in range(9)
            ),
            return_exceptions=True,
        )
        return list(outcomes), await store.get("ann", "1")

    outcomes, document = store.run(use)
    assert [n % 3 == 0 for n in range(9)] == [isinstance(one, BrokenError) for one in outcomes]
    assert b"x" * 6 == document


def test_concurrent_updates_are_serialized(store: OpenStore) -> None:
    async def use(store: Store) -> bytes | None:
        await store.create("ann", "1", lambda _: b"")
        await asyncio.gather(
            *(store.update("ann", "1", lambda old: old + b"x") for _ in range(300))
        )
        return await store.get("ann", "1")

    assert b"x" * 300 == store.run(use)


def test_a_write_continues_when_its_caller_gives_up(store: OpenStore) -> None:
    async def use(store: Store) -> bytes | None:
        await store.create("ann", "1", lambda _: b"")
        updates = [
            asyncio.ensure_future(store.update("ann", "1", lambda old: old + b"x"))
            for _ in range(10)
        ]
        await asyncio.sleep(0)
        for one in updates[::2]:
            one.cancel()
        await asyncio.gather(*updates, return_exceptions=True)
        return await store.get("ann", "1")

    assert b"x" * 10 == store.run(use)


def test_a_setting_keeps_its_first_value(store: OpenStore) -> None:
    async def use(store: Store) -> list[bytes]:
        return [await store.setting("a", b"1"), await store.setting("a", b"2")]

    assert [b"1", b"1"] == store.run(use)


def test_a_document_may_be_any_bytes_of_any_size(store: OpenStore) -> None:
    document = bytes(range(256)) * 8192

    async def use(store: Store) -> tuple[bytes | None, Page]:
        await store.create("ann", "1", lambda _: b"")
        await store.update("ann", "1", lambda _: document)
        return await store.get("ann", "1"), await store.page("ann", None, 1)

    kept, page = store.run(use)
    assert document == kept
    assert [document] == page.documents


def test_a_store_that_responds_returns_a_ping(store: OpenStore) -> None:
    store.run(lambda store: store.ping())


def test_closing_finishes_running_writes(kept_url: str) -> None:
    async def use() -> None:
        store = await open_store(kept_url)
        writes = [
            asyncio.ensure_future(store.create(f"user{n % 9}", str(n), lambda _: b"x"))
            for n in range(100)
        ]
        await asyncio.sleep(0)
        await store.close()
        await asyncio.gather(*writes)

    asyncio.run(use())
    assert Size(9, 100) == with_store(kept_url, lambda store: store.size())


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
