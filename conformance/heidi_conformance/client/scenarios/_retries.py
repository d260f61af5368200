"""Retries: when they may be made, when they may not, and that they end."""
# ruff: noqa: E501  # tables read better in rows

import math
import time
from email.utils import formatdate
from itertools import pairwise

from heidi_conformance.client._faults import (
    HTML,
    HTML_TYPE,
    broken_off,
    done_but,
    dropped,
    lost,
    reshaped,
    respond,
)
from heidi_conformance.client._proxy import Act, Exchange, Reply, Visit
from heidi_conformance.client._scenario import scenario
from heidi_conformance.client._sent import as_made
from heidi_conformance.client._trial import StopError, Trial
from heidi_conformance.contract._operations import CREATE, EVERY, OPERATIONS, READ, UPDATE

RETRY_AFTER = "RFC 9110, section 10.2.3"
IDEMPOTENT = "RFC 9110, section 9.2.2"
LIMITED = OPERATIONS[READ].error_type(429) or "TooManyRequests"
# Seconds by which a clock may differ.
TOLERANCE = 0.1
MOST = 8
GATEWAY = (500, 502, 503, 504)
# Seconds: no pause at all.
HASTE = 0.05
ABSURD = ("-1", "soon", "1e400", "31536000", *("9" * number for number in (18, 19, 20)))


@scenario(
    "strict",
    READ,
    "decision:S21",
    "a request with status 429 is not repeated before the seconds of `Retry-After` are over",
    waits=1,
)
async def retry_after_seconds(trial: Trial) -> None:
    await waits(trial, 429)


@scenario(
    "practice",
    READ,
    RETRY_AFTER,
    "a request with status 503 is not repeated before the seconds of `Retry-After` are over",
    waits=1,
)
async def retry_after_503(trial: Trial) -> None:
    await waits(trial, 503)


async def waits(trial: Trial, status: int) -> None:
    made, *_ = await trial.prepare(1)
    trial.proxy.then(READ, respond(status, None, ("Retry-After", "1"), kind=LIMITED))
    await survives(trial, made)
    first, *others = trial.seen(READ)
    if others and (gap := others[0].at - first.ended) < 1 - TOLERANCE:
        trial.accuse("early", expected=1, got=round(gap, 2))
    before = len(trial.seen(READ))
    trial.proxy.then(READ, dropped, dropped)
    await survives(trial, made)
    # A second is not too long for whoever repeats anything. Many libraries send a read once more
    # over a new connection, whatever the client does.
    if not others and len(trial.seen(READ)) - before > 2:
        trial.accuse("gives-up", expected=1)


@scenario("practice", READ, RETRY_AFTER, "`Retry-After` may be a date", waits=1)
async def retry_after_date(trial: Trial) -> None:
    made, *_ = await trial.prepare(1)
    wanted = 0.0

    async def act(visit: Visit) -> Reply:
        nonlocal wanted
        wanted = math.ceil(time.time()) + 1.0
        return await respond(
            503, None, ("Retry-After", formatdate(wanted, usegmt=True)), kind=LIMITED
        )(visit)

    trial.proxy.then(READ, act)
    await survives(trial, made)
    first, *others = trial.seen(READ)
    wait = wanted - (time.time() - (time.monotonic() - first.ended))
    if others and (gap := others[0].at - first.ended) < wait - TOLERANCE:
        trial.accuse("early", expected=round(wait, 2), got=round(gap, 2))


@scenario(
    "practice",
    READ,
    RETRY_AFTER,
    "an absurd `Retry-After` is not waited for, and nothing is repeated at once",
    waits=1,
)
async def retry_after_absurd(trial: Trial) -> None:
    made, *_ = await trial.prepare(1)
    gaps: list[float] = []
    for text in ABSURD:
        before = len(trial.seen(READ))
        trial.proxy.then(READ, respond(429, None, ("Retry-After", text), kind=LIMITED))
        await survives(trial, made)
        sent = trial.seen(READ)[before:]
        gaps.append(sent[1].at - sent[0].ended if len(sent) > 1 else math.inf)
    # A random wait may be short once, and not each time.
    if max(gaps[-3:]) < TOLERANCE / 2:
        trial.accuse("hurries")


@scenario(
    "practice",
    READ,
    IDEMPOTENT,
    "a read whose connection breaks is repeated, or reported",
    waits=1,
)
async def get_dropped(trial: Trial) -> None:
    made, *_ = await trial.prepare(1)
    trial.proxy.then(READ, dropped)
    await survives(trial, made)
    trial.proxy.always(READ, dropped)
    gaps: list[float] = []
    for _ in range(2):
        before = len(trial.seen(READ))
        trial.refused(await trial.do(trial.reading(made)), "unavailable")
        sent = trial.seen(READ)[before:]
        bounded(trial, sent)
        gaps += [two.at - one.ended for one, two in pairwise(sent)]
    # Many libraries open a new connection at once; what comes then, the client does. Random
    # delays are not always as short.
    if len(gaps) > 2 and max(gaps) < HASTE:
        trial.accuse("hammers", READ, got=len(gaps))


@scenario("practice", CREATE, IDEMPOTENT, "a creation whose response is lost is not sent again")
async def create_lost(trial: Trial) -> None:
    for act in (lost, reshaped(broken_off)):
        before = len(trial.seen(CREATE))
        trial.proxy.then(CREATE, act)
        trial.refused(await trial.do(trial.creation()), "unavailable", "protocol")
        once(trial, CREATE, before)


@scenario(
    "practice",
    CREATE,
    IDEMPOTENT,
    "a creation that ends in an error of a gateway is not sent again",
)
async def create_gateway(trial: Trial) -> None:
    for status in GATEWAY:
        before = len(trial.seen(CREATE))
        trial.proxy.then(CREATE, done_but(status, HTML, HTML_TYPE))
        trial.refused(await trial.do(trial.creation()), "unavailable")
        once(trial, CREATE, before)


WRITES = tuple(name for name in EVERY if OPERATIONS[name].writes and name != CREATE)


@scenario(
    "practice",
    WRITES[0] if WRITES else CREATE,
    IDEMPOTENT,
    "a change whose response is lost is not sent again",
)
async def update_lost(trial: Trial) -> None:
    made = await trial.make()
    for name in WRITES:
        for act in (lost, *(done_but(status, HTML, HTML_TYPE) for status in GATEWAY)):
            before = len(trial.seen(name))
            trial.proxy.then(name, act)
            trial.refused(await trial.do(trial.step(name, made)), "unavailable", operation=name)
            once(trial, name, before)


@scenario(
    "strict",
    CREATE,
    "decision:S21",
    "a creation that was limited makes one resource in the end, or none",
    waits=1,
)
async def create_limited(trial: Trial) -> None:
    step = trial.creation()
    trial.proxy.then(CREATE, limited())
    result = await trial.do(step)
    if not result.ok:
        trial.refused(result, "unavailable")
    made = sum(item.done for item in trial.seen(CREATE))
    if made != result.ok:
        trial.accuse("doubled", expected=int(result.ok), got=made)
    for exchange in trial.seen(CREATE):
        as_made(trial, step, exchange)


@scenario(
    "strict", UPDATE, "decision:S21", "a request that is repeated is the same request", waits=1
)
async def same_again(trial: Trial) -> None:
    made, *_ = await trial.prepare(1)
    for step in (trial.updating(made, trial.change()), trial.listing(7)):
        trial.proxy.then(step.operation, limited())
        result = await trial.do(step)
        if not result.ok:
            trial.refused(result, "unavailable", operation=step.operation)
        for exchange in trial.seen(step.operation):
            as_made(trial, step, exchange)


def limited() -> Act:
    return respond(429, None, ("Retry-After", "1"), kind=LIMITED)


@scenario(
    "practice",
    READ,
    "AWS Architecture Blog, Exponential Backoff And Jitter",
    "clients that fail at the same moment do not retry at the same moment",
    waits=3,
)
async def backoff_jitter(trial: Trial) -> None:
    delays: list[float] = []
    start = time.monotonic()
    ids = await trial.prepare(8)
    for made in ids:
        if len(delays) >= 5 and time.monotonic() - start > trial.patience:
            break
        before = len(trial.seen(READ))
        trial.proxy.then(READ, respond(503, kind="Unavailable"))
        await survives(trial, made)
        sent = trial.seen(READ)[before:]
        if len(sent) > 1:
            delays.append(sent[1].at - sent[0].ended)
    # A machine that is busy makes some delays longer; of random ones, five are never as close.
    usual = sorted(delays)[:5]
    if len(usual) == 5 and usual[0] > 0.05 and usual[-1] - usual[0] < max(0.02, usual[0] / 50):
        trial.accuse("", got=round(usual[0], 2))


@scenario(
    "practice",
    READ,
    "RFC 9110, section 15.6.4",
    "a server that stays unavailable ends in an error",
    waits=3,
)
async def gives_up(trial: Trial) -> None:
    made = await trial.make()
    trial.due(await trial.do(trial.reading(made)), READ)
    for act in (respond(503, kind="Unavailable"), respond(429, kind=LIMITED)):
        for step in (trial.reading(made), trial.creation()):
            name = step.operation
            before = len(trial.seen(name))
            trial.proxy.always(name, act)
            trial.refused(await trial.do(step), "unavailable", operation=name)
            sent = trial.seen(name)[before:]
            bounded(trial, sent, name)


@scenario(
    "practice",
    READ,
    "RFC 9110, section 9.2.2",
    "a server that cannot be reached ends in an error",
    waits=1,
)
async def unreachable(trial: Trial) -> None:
    made = await trial.make()
    await trial.proxy.vanish()
    for step in (trial.reading(made), trial.creation()):
        trial.refused(await trial.do(step), "unavailable", operation=step.operation)


async def survives(trial: Trial, made: str) -> None:
    """See that a read ends in what the response shows, or says that the server is unavailable.

    Raises StopError if nothing was sent.
    """
    before = len(trial.seen(READ))
    result = await trial.do(trial.reading(made))
    if len(trial.seen(READ)) == before:
        trial.accuse("unsent", READ)
        raise StopError
    if result.ok:
        trial.faithful(result, READ)
    else:
        trial.refused(result, "unavailable", operation=READ)


def bounded(trial: Trial, sent: list[Exchange], operation: str = READ) -> None:
    if len(sent) > MOST:
        trial.accuse("loops", operation, expected=MOST, got=len(sent))


def once(trial: Trial, operation: str, before: int = 0) -> None:
    sent = len(trial.seen(operation)) - before
    if sent > 1:
        trial.accuse("doubled", operation, expected=1, got=sent)


SCENARIOS = (
    retry_after_seconds, retry_after_503, retry_after_date, retry_after_absurd, get_dropped, create_lost, create_gateway,
    update_lost, create_limited, same_again, backoff_jitter, gives_up, unreachable,
)  # fmt: skip
