"""A mark on every session that a run created: the API cannot delete them, but others can find them.

A creation says too little to carry it each time, and updates overwrite it, so it is set at the end.
"""

from ._history import Bindings, update
from ._probe import TAG, Limits
from ._wire import OutOfPatienceError, Reply, Wire
from .contract._values import sendable


def tag(wire: Wire, tokens: dict[str, str], limits: Limits) -> int:
    """Mark what a run created; return how many of them bear the mark."""
    send = sendable()
    tagged = 0
    if not send.mark:
        return tagged
    change = send.update({send.mark: TAG})
    for resource_id, user in limits.sessions_of.items():
        # The other token of that user may have ended, where a new one ends the old.
        token = tokens["first" if user == "same" else user]
        limits.requests += 1
        try:
            bound = Bindings({"first": token}, {"s1": resource_id})
            answer = wire.send(bound.message(update("s1", change)))
        except OutOfPatienceError:
            break
        tagged += isinstance(answer, Reply) and answer.ok
    return tagged
