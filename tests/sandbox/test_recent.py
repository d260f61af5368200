"""The cache is never older than the database."""

import asyncio

from heidi_sandbox import Store
from heidi_sandbox._recent import Recent

from tests.sandbox.stores import OpenStore

READS = 300


def kept(*documents: tuple[str, str, bytes]) -> Recent:
    recent = Recent()
    for user, session_id, document in documents:
        recent.keep(user, session_id, document)
    return recent


def test_a_document_is_cached_for_its_user() -> None:
    recent = kept(("ann", "1", b"ann's"))
    seen = [recent.get(user, "1") for user in ("ann", "bob")]
    assert [b"ann's", None] == seen


def test_a_document_is_not_cached_while_it_changes() -> None:
    recent = kept(("ann", "1", b"old"), ("ann", "2", b"other"))
    recent.change("ann", "1", b"new")
    recent.keep("ann", "1", b"old, or new")
    assert [None, b"other"] == [recent.get("ann", name) for name in ("1", "2")]
    recent.settle(committed=True)
    assert [b"new", b"other"] == [recent.get("ann", name) for name in ("1", "2")]


def test_the_result_of_a_failed_change_is_not_cached() -> None:
    recent = kept(("ann", "1", b"old"))
    recent.change("ann", "1", b"new")
    recent.settle(committed=False)
    assert recent.get("ann", "1") is None
    recent.keep("ann", "1", b"old")
    assert b"old" == recent.get("ann", "1")


def test_nothing_is_cached_while_everything_is_about_to_change() -> None:
    recent = kept(("ann", "1", b"old"))
    recent.change("ann", "1", b"new")
    recent.change_all()
    recent.keep("ann", "2", b"old")
    recent.settle(committed=True)
    assert [None, None] == [recent.get("ann", name) for name in ("1", "2")]
    recent.keep("ann", "2", b"later")
    assert b"later" == recent.get("ann", "2")


def test_only_few_and_small_documents_are_cached() -> None:
    recent = kept(*(("ann", str(number), b"small") for number in range(5000)))
    recent.keep("ann", "large", b"x" * 100_000)
    assert recent.get("ann", "large") is None
    assert 0 < len([n for n in range(5000) if recent.get("ann", str(n))]) <= 2048


def test_a_cleared_store_has_an_empty_cache(store: OpenStore) -> None:
    async def use(store: Store) -> list[bytes | None]:
        await store.create("ann", "1", lambda _: b"0")
        seen = [await store.get("ann", "1")]
        await store.clear(settings=False)
        return [*seen, await store.get("ann", "1")]

    assert [b"0", None] == store.run(use)


def test_no_reader_sees_an_older_version_of_a_session_again(store: OpenStore) -> None:
    """Read the list and the session in turn while the session is updated continuously."""

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
