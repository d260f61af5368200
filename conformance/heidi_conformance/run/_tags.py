"""A mark on every session that a run created: the API cannot delete them, but others can find them.

It is set last, because not every creation can carry it, and updates overwrite it.
"""

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from heidi_conformance._wire import Message, OutOfPatienceError, Reply, Silence, Wire, wait_of
from heidi_conformance.contract._fields import MAIN_FIELDS
from heidi_conformance.evidence._history import Bindings, update

from ._probe import PATIENCE, TAG, Limits

GONE = (404, 410)


@dataclass
class Tagged:
    """The result of marking the resources of a run. statuses: of those without the mark."""

    marked: int = 0
    gone: int = 0
    statuses: Counter[str] = field(default_factory=Counter[str])

    def notes(self) -> Iterator[str]:
        """Yield what went wrong."""
        if self.gone:
            yield f"{self.gone} of the resources that the run created no longer exist"
        for status, number in self.statuses.items():
            yield f"{number} of the resources that the run created could not be marked ({status})"


def tag(wire: Wire, tokens: Mapping[str, str], limits: Limits) -> Tagged:
    """Mark what a run created."""
    send = MAIN_FIELDS
    tagged = Tagged()
    change = send.update({send.mark: TAG}) if send.mark else None
    for resource_id, user in limits.sessions_of.items() if change else ():
        # The other token of that user may have expired, if a new token ends the old one.
        token = tokens.get("first" if user == "same" else user)
        if token is None:
            tagged.statuses["their user has no token"] += 1
            continue
        bound = Bindings({"first": token}, {"s1": resource_id})
        try:
            response = patiently(wire, bound.message(update("s1", change)), limits)
        except OutOfPatienceError:
            left = len(limits.sessions_of) - tagged.marked - tagged.gone
            tagged.statuses["there was no time"] = left - tagged.statuses.total()
            break
        if isinstance(response, Reply) and response.ok:
            tagged.marked += 1
        elif isinstance(response, Reply) and response.status in GONE:
            tagged.gone += 1
        else:
            status = f"status {response.status}" if isinstance(response, Reply) else "no response"
            tagged.statuses[status] += 1
    return tagged


def patiently(wire: Wire, message: Message, limits: Limits) -> Reply | Silence:
    """Send a request, and again where the server asks to wait."""
    attempts = itertools.count(1)
    while True:
        limits.requests += 1
        response = wire.send(message)
        if not isinstance(response, Reply) or response.status != 429:
            return response
        if next(attempts) > PATIENCE:
            return response
        wire.wait(wait_of(response))
