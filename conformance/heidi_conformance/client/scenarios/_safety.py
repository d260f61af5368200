"""Safety: quoted patient data, certificates, responses that stall or never end, and mixed calls."""

import asyncio
from dataclasses import replace

from heidi_conformance.client._faults import GONE, late, reshaped, respond, stalled, together
from heidi_conformance.client._proxy import Reply, Visit, error
from heidi_conformance.client._scenario import scenario
from heidi_conformance.client._sent import as_made
from heidi_conformance.client._trial import Trial, named
from heidi_conformance.contract._fields import MAIN_FIELDS
from heidi_conformance.contract._operations import CREATE, ISSUE, MAIN, OPERATIONS, READ, UPDATE

from ._errors import INVALID

# Bytes that come at once: more than anybody keeps.
ENDLESS = 96 * 2**20


@scenario(
    "practice",
    UPDATE,
    "OWASP Logging Cheat Sheet",
    "an error of the server that quotes a patient is not passed on to messages and logs",
)
async def quoted_error(trial: Trial) -> None:
    trial.leaks = "quoted-error"
    made = await trial.make()
    quoted = f"'Zo\u00eb {trial.marker}' is not allowed"
    for status in (422, 500):
        trial.proxy.always("", respond(status, error(INVALID, quoted)))
        for step in (trial.updating(made, trial.change()), trial.creation(), trial.reading(made)):
            await trial.do(step)


@scenario(
    "practice",
    READ,
    "RFC 9110, section 4.3.4",
    "an untrusted certificate is refused",
    tls=True,
)
async def certificate(trial: Trial) -> None:
    for step in (trial.listing(), trial.creation()):
        trial.refused(await trial.do(step), "unavailable", operation=step.operation)
    if trial.proxy.exchanges:
        trial.accuse("accepted", got=len(trial.proxy.exchanges))
    if trial.proxy.plain:
        trial.accuse("plain", got=trial.proxy.plain)


@scenario(
    "practice",
    READ,
    "CWE-400",
    "a server that stops in the middle of a response ends in an error",
    waits=8,
)
async def stall(trial: Trial) -> None:
    made = await trial.make()
    trial.proxy.then(READ, reshaped(stalled), silent)
    for step in (trial.reading(made), trial.reading(made)):
        result = await trial.do(step)
        if result.ok:
            trial.faithful(result, READ)
        else:
            trial.refused(result, "unavailable", "protocol", operation=READ)
    trial.proxy.then(CREATE, silent)
    trial.refused(await trial.do(trial.creation()), "unavailable", operation=CREATE)
    if len(trial.seen(CREATE)) > 2:
        trial.accuse("doubled", CREATE, expected=1, got=len(trial.seen(CREATE)) - 1)
    trial.proxy.revoke()
    trial.proxy.then(ISSUE, silent)
    issues = len(trial.issues)
    result = await trial.do(trial.reading(made))
    # That a token is not renewed is seen elsewhere.
    if not result.ok and len(trial.issues) > issues:
        trial.refused(result, "unavailable", operation=READ)


@scenario("practice", UPDATE, "the document", "calls at the same time do not disturb each other")
async def calls_apart(trial: Trial) -> None:
    ids = await trial.prepare(6)
    values = MAIN_FIELDS
    steps = [
        trial.updating(made, values.change(60 + turn, f"{turn} {trial.marker}"))
        for turn, made in enumerate(ids)
    ]
    # The first gets its response last.
    trial.proxy.then(UPDATE, *(late(0.05 * (len(ids) - turn), Visit.forward) for turn in range(6)))
    results = await trial.do(*steps)
    sent = {item.path[named(UPDATE)]: item for item in trial.seen(UPDATE)}
    for step, made, result in zip(steps, ids, results, strict=True):
        trial.due(result)
        if made not in sent:
            trial.accuse("sent", field=MAIN.id)
            continue
        as_made(trial, step, sent[made])
        trial.same(result.value, sent[made].reply.content, OPERATIONS[UPDATE])
    mixed = [trial.reading(made) for made in (*ids[:3], MAIN.unknown, *ids[3:])]
    # Once the first gets its response last, and once all get theirs at the same moment.
    for acts in (
        [late(0.03 * (7 - turn), Visit.forward) for turn in range(7)],
        [together(len(mixed))] * len(mixed),
    ):
        trial.proxy.then(READ, *acts)
        results = await trial.do(*mixed)
        shown = {item.path[named(READ)]: item for item in trial.seen(READ)}
        for step, result in zip(mixed, results, strict=True):
            made = step.path[named(READ)]
            if made == MAIN.unknown:
                trial.refused(result, "not_found", operation=READ)
            elif made in shown:
                trial.due(result, READ)
                trial.same(result.value, shown[made].reply.content, OPERATIONS[READ])


@scenario("practice", READ, "CWE-770", "an endless response ends in an error", waits=2)
async def endless(trial: Trial) -> None:
    made = await trial.make()

    def change(reply: Reply, _: Visit) -> Reply:
        return replace(reply, more=ENDLESS)

    trial.proxy.always(READ, reshaped(change))
    result = await trial.do(trial.reading(made))
    trial.refused(result, "protocol", "unavailable", operation=READ)


async def silent(_: Visit) -> Reply:
    """Respond nothing for longer than anybody waits."""
    await asyncio.sleep(600)
    return GONE


SCENARIOS = (quoted_error, certificate, stall, endless, calls_apart)
