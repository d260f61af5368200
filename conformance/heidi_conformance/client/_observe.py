"""Judge a client without a driver, by its requests while a person or a test suite uses it."""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from heidi_conformance._verdict import CannotJudgeError, Grade, Verdict
from heidi_conformance.contract._document import as_object, pointed
from heidi_conformance.contract._fields import FIELDS, fields_of_body
from heidi_conformance.contract._operations import EVERY, ISSUE, LIST, OPERATIONS
from heidi_conformance.contract._schemas import Field
from heidi_conformance.contract._values import flattened
from heidi_conformance.oracle import Violation

from ._process import started
from ._proxy import Exchange, Proxy
from ._report import Record, verdict
from ._scenario import Scenario
from ._trial import User
from ._upstream import server
from ._watch import requests

# Shorter texts stand in URLs by chance.
SHORTEST = 5
# A client of several processes may have a token in each.
SHARE, FEW = 2, 4
OBSERVED = Scenario("", "practice", "", "", "what a client does by itself")


@dataclass(frozen=True)
class Observation:
    """What is watched.

    command: uses the client, and ends by itself; without one, a person does, until Ctrl-C.
    seconds: ends it earlier. port: where to listen, any where 0.
    """

    command: tuple[str, ...] = ()
    level: Grade = "practice"
    upstream: str = ""
    key: str = field(default="", repr=False)
    port: int = 0
    seconds: float | None = None


def observe(plan: Observation, tell: Callable[[Mapping[str, str]], None]) -> Verdict:
    """Judge what a client requests; tell: called with its settings once it can begin.

    Raises CannotJudgeError if it requests nothing.
    """
    return asyncio.run(watched(plan, tell))


async def watched(plan: Observation, tell: Callable[[Mapping[str, str]], None]) -> Verdict:
    """Serve until the use of the client has ended, and return the verdict."""
    began = time.monotonic()
    async with server(plan.upstream, plan.key) as upstream:
        user = User.new()
        proxy = Proxy(upstream, user.key, lambda: None, plan.port)
        await proxy.open()
        try:
            variables = user.variables(proxy.url)
            tell(variables)
            code = await used(plan, variables)
        finally:
            await proxy.close()
    exchanges = proxy.exchanges
    if not exchanges:
        raise CannotJudgeError("nothing was requested; set HEIDI_BASE_URL where the client runs")
    patients = private(exchanges)
    hidden = (user.key, *user.names.values(), *proxy.tokens, *patients)
    record = Record(OBSERVED, exchanges=exchanges, hidden=hidden)
    record.violations += requests(exchanges, proxy, user, patients)
    record.violations += habits(exchanges)
    seen = {item.name for item in exchanges if item.ok}
    gaps = [f"{name} was not seen to succeed" for name in EVERY if name not in seen]
    if code:
        gaps.append(f"the command exited with {code}")
    return verdict([record], plan.level, "the observed client", began, gaps)


async def used(plan: Observation, variables: Mapping[str, str]) -> int:
    """Wait until the command ends, or somebody ends the observation; return its exit code."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    waits = [asyncio.create_task(stop.wait())]
    process = await started(plan.command, variables) if plan.command else None
    if process is not None:
        waits.append(asyncio.create_task(process.wait()))  # type: ignore[arg-type]
    try:
        await asyncio.wait(waits, timeout=plan.seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
        if process is not None and process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    return process.returncode or 0 if process is not None else 0


def habits(exchanges: Sequence[Exchange]) -> Iterator[Violation]:
    """Yield the violations of several requests together."""
    issues = sum(item.name == ISSUE and item.ok for item in exchanges)
    calls = sum(item.name != ISSUE for item in exchanges)
    if issues > FEW and issues * SHARE > calls:
        yield Violation("token-reused", ISSUE, expected=1, got=issues)
    page = OPERATIONS[LIST].page
    shown: set[str] = set()
    for item in exchanges:
        if item.name == LIST:
            token = item.parameter(page.token)
            if token is not None and token not in shown:
                yield Violation("page-token-string/token", LIST, page.token)
            shown.add(str(pointed(item.reply.content, page.next)))


def private(exchanges: Sequence[Exchange]) -> set[str]:
    """Return the texts of requests and responses that tell something about a patient."""
    told: set[str] = set()
    for item in exchanges:
        operation = item.operation
        if operation is None or operation.action == "issue":
            continue
        sent = flattened(item.content)
        told |= texts(sent, fields_of_body(operation.id))
        fields = FIELDS.get(str(operation.semantics.get("resource")))
        shown = [operation.shown(item.reply.content), *operation.listed(item.reply.content)]
        for resource in shown if fields is not None else ():
            if as_object(resource) is not None and fields is not None:
                told |= texts(flattened(resource), fields.shows)
    return told


def texts(values: Mapping[str, object], fields: Mapping[str, Field]) -> set[str]:
    """Return the values that are free text and not harmless."""
    return {
        value
        for name, value in values.items()
        if isinstance(value, str)
        and len(value) >= SHORTEST
        and (own := fields.get(name)) is not None
        and own.semantics.get("private") is not False
        and not own.restricted
    }
