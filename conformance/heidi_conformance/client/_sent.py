"""Check that a request has what the caller passed, no more and no less."""

from collections.abc import Mapping
from typing import Any

from heidi_conformance.contract._document import as_array
from heidi_conformance.contract._operations import OPERATIONS
from heidi_conformance.contract._schemas import branch
from heidi_conformance.contract._values import flattened
from heidi_conformance.oracle._differences import kind
from heidi_conformance.oracle._memory import same

from ._compare import INSTANTS, at_once
from ._protocol import NOTHING, Result, Step
from ._proxy import Exchange
from ._trial import Trial


async def sends(trial: Trial, step: Step) -> Result:
    """See that a call succeeds, and is on the wire as the caller made it."""
    before = len(trial.seen(step.operation))
    result = await trial.do(step)
    sent = trial.seen(step.operation)[before:]
    if not sent:
        trial.accuse("unsent", step.operation)
    for exchange in sent:
        as_made(trial, step, exchange)
    return trial.due(result, step.operation)


def as_made(trial: Trial, step: Step, exchange: Exchange) -> None:
    """See that a request has the parameters and the body of a call."""
    for name, value in step.path.items():
        if exchange.path.get(name) != str(value):
            trial.accuse(
                "changed", step.operation, field=name, expected=kind(value), got="another value"
            )
    forms = {item.name: item.schema for item in OPERATIONS[step.operation].parameters}
    for name, value in step.query.items():
        texts = [text for key, text in exchange.query if key == name]
        given = spelled(value)
        # An instant may be written in several ways.
        instant = branch(forms[name]).get("format") in INSTANTS
        same = len(texts) == len(given) and all(map(at_once, given, texts)) if instant else False
        if texts != given and not same:
            got = "another value" if texts else "nothing"
            variant = "changed" if texts else "lost"
            trial.accuse(variant, step.operation, field=name, expected=kind(value), got=got)
    if step.body is not NOTHING:
        compare(trial, step.operation, step.body, exchange.content)


def spelled(value: Any) -> list[str]:
    """Return the texts of a query parameter."""
    if (items := as_array(value)) is not None:
        return [text for item in items for text in spelled(item)]
    return [str(value).lower() if isinstance(value, bool) else str(value)]


def compare(trial: Trial, operation: str, given: Any, sent: Any) -> None:
    """See that a body is what the caller gave."""
    if not isinstance(given, Mapping) or not isinstance(sent, Mapping):
        if not same(given, sent):
            trial.accuse("changed", operation, expected=kind(given), got=kind(sent))
        return
    want, has = flattened(given), flattened(sent)
    for name in want.keys() | has.keys():
        if name not in has:
            trial.accuse("lost", operation, field=name, expected=kind(want[name]), got="nothing")
        elif name not in want:
            trial.accuse("added", operation, field=name, expected="nothing", got=kind(has[name]))
        elif not same(want[name], has[name]):
            trial.accuse(
                "changed", operation, field=name, expected=kind(want[name]), got="another value"
            )
