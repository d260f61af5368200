"""Safety: what nobody may read, and what nobody may wait for."""
# tables read better in rows

import asyncio

from heidi_conformance.client._faults import GONE, reshaped, respond, stalled
from heidi_conformance.client._proxy import Reply, Visit, error
from heidi_conformance.client._scenario import scenario
from heidi_conformance.client._trial import Trial
from heidi_conformance.contract._operations import CREATE, READ, UPDATE

from ._errors import INVALID


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
    "a certificate that nobody knows is refused",
    tls=True,
)
async def certificate(trial: Trial) -> None:
    for step in (trial.listing(), trial.creation()):
        trial.refused(await trial.do(step), "unavailable", operation=step.operation)
    if trial.proxy.exchanges:
        trial.accuse("accepted", got=len(trial.proxy.exchanges))


@scenario("practice", READ, "CWE-400", "a server that stops in the middle is given up")
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


async def silent(_: Visit) -> Reply:
    """Respond nothing for longer than anybody waits."""
    await asyncio.sleep(600)
    return GONE


SCENARIOS = (quoted_error, certificate, stall)
