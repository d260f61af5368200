"""Tokens: reused, renewed once, and never for another user or host."""
# ruff: noqa: E501  # tables read better in rows

import asyncio

from heidi_conformance.client._faults import late, page, plain, redirected, respond
from heidi_conformance.client._protocol import Step
from heidi_conformance.client._proxy import Visit
from heidi_conformance.client._scenario import scenario
from heidi_conformance.client._sent import sends
from heidi_conformance.client._trial import Trial
from heidi_conformance.contract._operations import CREATE, ISSUE, LIST, OPERATIONS, READ

AUTHENTICATION = "page:authentication"
# Seconds in which a token is renewed.
LATER = 0.5
REFUSED = OPERATIONS[READ].error_type(401) or "Unauthorized"


@scenario(
    "practice",
    ISSUE,
    "RFC 6749, section 1.4",
    "one token is used for all calls until shortly before it expires",
    waits=1,
)
async def token_reused(trial: Trial) -> None:
    # A client that reads its seconds as milliseconds renews it after one second.
    trial.proxy.life = 1000.0
    made = await trial.make()
    await asyncio.sleep(1.0)
    for step in (
        trial.reading(made),
        trial.updating(made, trial.change()),
        trial.listing(),
        trial.reading(made),
    ):
        trial.due(await trial.do(step), step.operation)
    if len(trial.issues) > 1:
        trial.accuse("", expected=1, got=len(trial.issues))


@scenario(
    "practice",
    ISSUE,
    "RFC 6749, section 1.4",
    "one token request is sent, however many calls need a token at once",
)
async def token_shared(trial: Trial) -> None:
    made, *_ = await trial.prepare(1)
    for result in await trial.do(*[trial.reading(made)] * 8):
        trial.due(result, READ)
    if len(trial.issues) > 1:
        trial.accuse("", expected=1, got=len(trial.issues))


@scenario("documented", ISSUE, AUTHENTICATION, "a token is renewed when it expires", waits=1)
async def token_expired(trial: Trial) -> None:
    made, *_ = await trial.prepare(1)
    trial.proxy.life = 1.0
    trial.due(await trial.do(trial.reading(made)), READ)
    await asyncio.sleep(1.1)
    trial.due(await trial.do(trial.reading(made)), READ)
    if trial.proxy.late:
        trial.accuse("late", got=trial.proxy.late)
    bounded(trial, 4)


@scenario(
    "practice",
    ISSUE,
    "RFC 9110, section 5.6.7",
    "a token that has expired by the client's clock causes no loop of renewals",
)
async def token_skew(trial: Trial) -> None:
    made, *_ = await trial.prepare(1)
    trial.proxy.told = -600.0
    for _ in range(2):
        trial.due(await trial.do(trial.reading(made)), READ)
    bounded(trial, 4)


@scenario(
    "practice",
    READ,
    "RFC 6750, section 3.1",
    "a token that is refused is renewed once, and the call is repeated",
)
async def token_revoked(trial: Trial) -> None:
    made = await trial.make()
    steps = (
        trial.reading(made),
        trial.updating(made, trial.change()),
        trial.creation(),
        trial.listing(7),
    )
    for number, step in enumerate(steps, start=1):
        trial.proxy.revoke()
        await sends(trial, step)
        renewed(trial, number + 1)
    # The new token is kept, and another refusal does not renew it.
    trial.proxy.then(READ, respond(403, kind="PermissionDenied"))
    trial.refused(await trial.do(trial.reading(made)), "refused", operation=READ)
    trial.due(await trial.do(trial.reading(made)), READ)
    renewed(trial, len(steps) + 1)


@scenario("practice", READ, "RFC 6750, section 3.1", "calls at the same time renew a token once")
async def token_revoked_together(trial: Trial) -> None:
    made = await trial.make()
    trial.proxy.revoke()
    # One learns that its token is refused when others have another one.
    trial.proxy.then(READ, *[Visit.forward] * 5, late(LATER, Visit.forward))
    for result in await trial.do(*[trial.reading(made)] * 6):
        trial.due(result, READ)
    renewed(trial)


def renewed(trial: Trial, most: int = 2) -> None:
    if len(trial.issues) > most:
        trial.accuse("renewals", expected=most, got=len(trial.issues))


def bounded(trial: Trial, most: int) -> None:
    if len(trial.issues) > most:
        trial.accuse("loops", expected=most, got=len(trial.issues))


@scenario(
    "practice",
    READ,
    "RFC 6750, section 3.1",
    "a token that is refused again and again ends in an error",
)
async def token_refused(trial: Trial) -> None:
    made = await trial.make()
    trial.proxy.always("", respond(401, None, ("WWW-Authenticate", "Bearer"), kind=REFUSED))
    trial.refused(await trial.do(trial.reading(made)), "refused", operation=READ)
    sent = len(trial.seen(READ))
    if sent > 3:
        trial.accuse("loops", expected=3, got=sent)
    bounded(trial, 4)


@scenario(
    "documented",
    ISSUE,
    AUTHENTICATION,
    "a key that is refused ends in an error, and nothing is sent without a token",
)
async def key_refused(trial: Trial) -> None:
    trial.proxy.always(ISSUE, respond(401, kind=REFUSED))
    # A client may have asked for a token when it started.
    trial.proxy.revoke()
    trial.refused(await trial.do(trial.listing()), "refused", operation=LIST)
    without_token(trial)
    bounded(trial, 3)


@scenario(
    "practice",
    ISSUE,
    "RFC 9110, section 15.6.4",
    "a failure to issue a token is retried or reported",
    waits=3,
)
async def issue_unavailable(trial: Trial) -> None:
    made, *_ = await trial.prepare(1)
    trial.proxy.then(ISSUE, respond(503, None, ("Retry-After", "1"), kind="Unavailable"))
    result = await trial.do(trial.reading(made))
    if not result.ok:
        trial.refused(result, "unavailable", operation=READ)
    without_token(trial)
    trial.proxy.revoke()
    trial.proxy.always(ISSUE, page(502))
    if not await fails_to_renew(trial, trial.reading(made), "unavailable"):
        return
    bounded(trial, 12)
    trial.proxy.always(ISSUE, Visit.forward)
    trial.due(await trial.do(trial.reading(made)), READ)


@scenario(
    "practice",
    ISSUE,
    "the document",
    "a response without a token ends in an error, and nothing is sent without one",
)
async def issue_unreadable(trial: Trial) -> None:
    for act in (respond(200, {}), respond(200, []), page(200), plain(200, b"")):
        trial.proxy.always(ISSUE, act)
        # A client may have asked for a token when it started.
        trial.proxy.revoke()
        await fails_to_renew(trial, trial.listing(), "protocol", "unavailable")
    without_token(trial)


async def fails_to_renew(trial: Trial, step: Step, *kinds: str) -> bool:
    """See that a call fails for which the client asks for a token; return whether it asks.

    That one does not ask is seen elsewhere.
    """
    issues = len(trial.issues)
    result = await trial.do(step)
    if asked := len(trial.issues) > issues:
        trial.refused(result, *kinds, operation=step.operation)
    return asked


def without_token(trial: Trial) -> None:
    bare = [item for item in trial.seen() if item.token not in trial.proxy.tokens]
    if bare:
        trial.accuse("without-token", bare[0].name, got=len(bare))


@scenario(
    "documented", ISSUE, AUTHENTICATION, "a token is used only for the user that it was issued for"
)
async def users_apart(trial: Trial) -> None:
    one = await trial.make()
    other = await trial.second()
    two = await trial.make(of=other)
    for session, own in ((trial.own, one), (other, two)):
        trial.due(await trial.do(trial.reading(own), of=session), READ)
        shown = trial.listed(await trial.do(trial.listing(), of=session))
        if shown != [own]:
            trial.accuse("mixed", LIST, expected=1, got=len(shown))
    if any(item.token in other.proxy.tokens for item in trial.seen()) or any(
        item.token in trial.proxy.tokens for item in trial.seen(of=other)
    ):
        trial.accuse("token")


@scenario(
    "practice",
    READ,
    "RFC 9110, section 15.4",
    "a redirect to another host takes no key, token or patient there",
)
async def redirect(trial: Trial) -> None:
    made = await trial.make()
    act = redirected(elsewhere)
    for status in (302, 307):
        trial.proxy.always("", redirected(elsewhere, status))
        for step in (trial.reading(made), trial.creation(), trial.updating(made, trial.change())):
            await trial.do(step)
    trial.proxy.revoke()
    trial.proxy.always(ISSUE, act)
    await trial.do(trial.reading(made))
    secret = (trial.own.user.key, trial.own.user.secret, *trial.proxy.tokens)
    for item in trial.proxy.exchanges:
        if item.stranger:
            told = " ".join((item.target, *(text for _, text in item.headers)))
            if any(text in told for text in secret):
                trial.accuse("secret", item.name or READ)
            if trial.marker.encode() in item.body:
                trial.accuse("data", item.name or CREATE)


def elsewhere(visit: Visit) -> str:
    return visit.proxy.elsewhere + visit.exchange.target


SCENARIOS = (
    token_reused, token_shared, token_expired, token_skew, token_revoked, token_revoked_together, token_refused,
    key_refused, issue_unavailable, issue_unreadable, users_apart, redirect,
)  # fmt: skip
