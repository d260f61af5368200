"""Lists: every resource once, whatever the token of the next page looks like."""
# ruff: noqa: E501  # tables read better in rows

from collections.abc import Sequence
from typing import Any

from heidi_conformance.client._faults import changed, page, respond
from heidi_conformance.client._protocol import Step
from heidi_conformance.client._proxy import Reply, Visit, put
from heidi_conformance.client._scenario import scenario
from heidi_conformance.client._trial import Trial
from heidi_conformance.contract._document import pointed
from heidi_conformance.contract._operations import LIST, OPERATIONS

PAGE = OPERATIONS[LIST].page
OPAQUE = "https://google.aip.dev/158"
NEXT = "decision:S16"


@scenario("documented", LIST, "the document", "a list is read to its last page")
async def pages_all(trial: Trial) -> None:
    ids = await trial.prepare(7)
    for _ in range(2):
        result = await trial.do(trial.listing(3))
        trial.all_listed(result, ids)
        trial.faithful_list(result)
    # Walks that go on at the same time have nothing in common.
    for result in await trial.do(*[trial.listing(2)] * 3):
        trial.all_listed(result, ids)


@scenario("documented", LIST, "the document", "a list of no resources is empty")
async def pages_none(trial: Trial) -> None:
    shown = trial.listed(await trial.do(trial.listing(3)))
    if shown:
        trial.accuse("value", expected=0, got=len(shown))


@scenario(
    "documented",
    LIST,
    "the document",
    "the number of resources on a page is sent as the caller gives it",
)
async def pages_size(trial: Trial) -> None:
    await trial.prepare(3)
    trial.due(await trial.do(trial.listing(2)))
    trial.due(await trial.do(Step(LIST)))
    sent = next((item.parameter(PAGE.size) for item in trial.seen(LIST)), None)
    if sent != "2":
        trial.accuse("", field=PAGE.size, expected=2, got="another value" if sent else "nothing")


@scenario("strict", LIST, NEXT, "a token with any characters is sent back as it is")
async def page_token_string(trial: Trial) -> None:
    await walk(trial, [*TOKENS, f"{trial.proxy.elsewhere}/{OPERATIONS[LIST].path}"])


TOKENS = (
    "a+b/c==&d=%25 \u00e9?#'\"", "007", "12345678901234567891", " padded ", "Upper and lower", "%41%2B", '"quoted"',
    "true", "null", "YWJjZA==", "9007199254740993.0", "\u4e2d\U0001f600", "x" * 600,
)  # fmt: skip


@scenario("strict", LIST, NEXT, "a token that is a number is sent back as it is")
async def page_token_integer(trial: Trial) -> None:
    await walk(trial, (7, 0, 1000, -1))


@scenario("practice", LIST, "RFC 8259, section 6", "a token beyond 2^53 is sent back exactly")
async def page_token_large(trial: Trial) -> None:
    await walk(trial, [2**53 + 1, 2**63 + 1, 10**38 + 7])


async def walk(trial: Trial, tokens: Sequence[Any]) -> None:
    """Walk over pages that have some tokens, and see that they come back."""
    ids = await trial.prepare(len(tokens) + 1)
    waiting = [*tokens]

    async def act(visit: Visit) -> Reply:
        reply = await visit.forward()
        real = pointed(reply.content, PAGE.next)
        if real is None or not waiting:
            return reply
        shown = waiting.pop(0)
        visit.proxy.aliases[str(shown)] = str(real)
        return reply.with_content(put(reply.content, PAGE.next, shown))

    trial.proxy.always(LIST, act)
    result = await trial.do(trial.listing(1))
    for exchange, shown in zip(trial.seen(LIST)[1:], tokens, strict=False):
        if exchange.parameter(PAGE.token) != str(shown):
            trial.accuse("token", field=PAGE.token)
            return
    trial.all_listed(result, ids)


@scenario(
    "documented",
    LIST,
    "the document",
    "a page that promises another one and names none ends the list",
)
async def pages_contradiction(trial: Trial) -> None:
    ids = await trial.prepare(3)
    change = changed(lambda content: put(put(content, PAGE.next, None), PAGE.more, True))
    trial.proxy.always(LIST, change)
    result = await trial.do(trial.listing(10))
    if result.ok:
        trial.all_listed(result, ids)
    else:
        trial.refused(result, "protocol")
    ends(trial, 2)


@scenario("practice", LIST, OPAQUE, "a page token that repeats ends in an error")
async def pages_repeated(trial: Trial) -> None:
    await trial.prepare(3)
    first: list[Reply] = []

    async def act(visit: Visit) -> Reply:
        if not first:
            content = put((await visit.forward()).content, PAGE.next, "again")
            first.append((await visit.forward()).with_content(put(content, PAGE.more, True)))
        return first[0]

    trial.proxy.always(LIST, act)
    trial.refused(await trial.do(trial.listing(2)), "protocol")
    ends(trial, 5)

    async def in_turn(visit: Visit) -> Reply:
        name = "one" if visit.exchange.parameter(PAGE.token) == "other" else "other"
        return first[0].with_content(put(first[0].content, PAGE.next, name))

    trial.proxy.always(LIST, in_turn)
    trial.refused(await trial.do(trial.listing(2)), "protocol")
    ends(trial, 12)


@scenario("practice", LIST, OPAQUE, "an empty page that names a next one does not end the list")
async def pages_empty(trial: Trial) -> None:
    ids = await trial.prepare(5)

    async def empty(visit: Visit) -> Reply:
        token = visit.exchange.parameter(PAGE.token) or ""
        reply = await visit.forward()
        visit.proxy.aliases[f"empty-{token}"] = visit.proxy.aliases.get(token, token)
        content = reply.content
        changes: tuple[tuple[str, Any], ...] = (
            (PAGE.items, []),
            (PAGE.count, 0),
            (PAGE.more, True),
            (PAGE.next, f"empty-{token}"),
        )
        for pointer, value in changes:
            content = put(content, pointer, value) if pointer else content
        return reply.with_content(content)

    trial.proxy.then(LIST, Visit.forward, empty)
    trial.all_listed(await trial.do(trial.listing(2)), ids)
    # A server may put fewer on a page than it is asked for.
    trial.proxy.aliases["37"] = "2"
    trial.all_listed(await trial.do(trial.listing(37)), ids)


@scenario(
    "strict",
    LIST,
    NEXT,
    "sessions that are created during a walk neither hide nor repeat earlier ones",
)
async def pages_growing(trial: Trial) -> None:
    ids = await trial.prepare(5)

    async def grow(visit: Visit) -> Reply:
        reply = await visit.forward()
        await trial.prepare(1)
        return reply

    trial.proxy.then(LIST, grow, grow)
    trial.all_listed(await trial.do(trial.listing(2)), ids)


@scenario(
    "practice", LIST, "the document", "a list that fails on a later page ends in an error", waits=1
)
async def pages_failing(trial: Trial) -> None:
    await trial.prepare(5)
    trial.proxy.then(LIST, Visit.forward)
    trial.proxy.always(LIST, respond(500, kind="ServerError"))
    trial.refused(await trial.do(trial.listing(2)), "unavailable")
    ends(trial, 12)
    trial.proxy.then(LIST, Visit.forward)
    trial.proxy.always(LIST, page(200))
    trial.refused(await trial.do(trial.listing(2)), "protocol")


def ends(trial: Trial, most: int) -> None:
    if len(trial.seen(LIST)) > most:
        trial.accuse("loops", expected=most, got=len(trial.seen(LIST)))


SCENARIOS = (
    pages_all, pages_none, pages_size, page_token_string, page_token_integer, page_token_large, pages_contradiction,
    pages_repeated, pages_empty, pages_growing, pages_failing,
)  # fmt: skip
