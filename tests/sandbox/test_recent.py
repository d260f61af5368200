"""What is remembered of the database is never older than the database."""

import asyncio

import pytest
from heidi_sandbox import Store
from heidi_sandbox._recent import Recent

from tests.sandbox.stores import OpenStore

READS = 300


class Database:
    """One document, and how often it was read."""

    def __init__(self, document: bytes | None) -> None:
        self.document = document
        self.reads = 0

    def read(self) -> bytes | None:
        self.reads += 1
        return self.document


def change(recent: Recent, database: Database, document: bytes) -> None:
    with recent.changing():
        recent.forget("ann", "1")
        database.document = document


def test_a_document_is_read_once() -> None:
    recent, database = Recent(), Database(b"old")
    seen = [recent.get("ann", "1", database.read) for _ in range(3)]
    assert ([b"old"] * 3, 1) == (seen, database.reads)


def test_a_document_of_one_user_is_not_that_of_another() -> None:
    recent = Recent()
    recent.get("ann", "1", lambda: b"ann's")
    assert recent.get("bob", "1", lambda: None) is None


def test_a_missing_document_is_not_remembered() -> None:
    recent, database = Recent(), Database(None)
    assert recent.get("ann", "1", database.read) is None
    database.document = b"new"
    assert recent.get("ann", "1", database.read) == b"new"


def test_a_change_is_seen_at_once() -> None:
    recent, database = Recent(), Database(b"old")
    recent.get("ann", "1", database.read)
    change(recent, database, b"new")
    assert recent.get("ann", "1", database.read) == b"new"


def test_what_was_read_before_a_change_that_overtook_it_is_not_remembered() -> None:
    recent, database = Recent(), Database(b"old")

    def read_slowly() -> bytes | None:
        document = database.read()
        change(recent, database, b"new")
        return document

    assert recent.get("ann", "1", read_slowly) == b"old"
    assert recent.get("ann", "1", database.read) == b"new"


def test_what_is_read_while_a_change_is_under_way_is_not_remembered() -> None:
    recent, database = Recent(), Database(b"old")
    with recent.changing():
        recent.forget("ann", "1")
        assert recent.get("ann", "1", database.read) == b"old"
        database.document = b"new"
    assert recent.get("ann", "1", database.read) == b"new"


def test_a_change_that_fails_ends_like_any_other() -> None:
    recent, database = Recent(), Database(b"old")
    with pytest.raises(ValueError, match="no"), recent.changing():
        raise ValueError("no")
    seen = [recent.get("ann", "1", database.read) for _ in range(2)]
    assert ([b"old"] * 2, 1) == (seen, database.reads)


def test_forgetting_all_forgets_each() -> None:
    recent, database = Recent(), Database(b"old")
    recent.get("ann", "1", database.read)
    with recent.changing():
        recent.forget_all()
        database.document = None
    assert recent.get("ann", "1", database.read) is None


def test_few_and_small_documents_are_remembered() -> None:
    recent = Recent()
    for number in range(5000):
        recent.get("ann", str(number), lambda: b"small")
    large = Database(b"x" * 100_000)
    for _ in range(2):
        recent.get("ann", "large", large.read)
    assert large.reads == 2
    assert len(recent._documents) <= 2048


def test_no_reader_sees_a_session_grow_younger(store: OpenStore) -> None:
    """A list and a session that are read in turn, while the session is updated without a pause."""

    async def use(store: Store) -> list[int]:
        await store.create("ann", "1", lambda _: b"0")
        seen: list[int] = []

        async def update() -> None:
            while len(seen) < READS:
                done = await store.update("ann", "1", lambda old: b"%d" % (int(old) + 1))
                seen.append(int(done or -1))
                seen.append(int(await store.get("ann", "1") or -1))

        async def watch() -> None:
            last = 0
            while len(seen) < READS:
                for _ in range(3):
                    document = await store.get("ann", "1")
                    assert document is not None
                    page = await store.page("ann", None, 1)
                    assert last <= int(document) <= int(page.documents[0])
                    last = int(page.documents[0])
                await asyncio.sleep(0)

        await asyncio.gather(update(), watch(), watch())
        return seen

    seen = store.run(use)
    assert sorted(seen) == seen
