"""Requests: what the caller gives is what is sent, no more and no less."""
# tables read better in rows

from collections.abc import Mapping
from typing import Any

from heidi_conformance._document import as_array
from heidi_conformance.client._compare import kind, same_json
from heidi_conformance.client._protocol import NOTHING, Step
from heidi_conformance.client._scenario import scenario
from heidi_conformance.client._trial import Trial, UnsupportedError
from heidi_conformance.contract._fields import flattened
from heidi_conformance.contract._operations import CREATE, EVERY, OPERATIONS, UPDATE
from heidi_conformance.contract._values import sendable

DOCUMENT = "the document"


@scenario("documented", UPDATE, DOCUMENT, "every property that the caller gives is sent as it is")
async def body_complete(trial: Trial) -> None:
    made = await trial.make()
    await sends(trial, trial.creation(trial.everything("create")))
    await sends(trial, trial.updating(made, trial.everything("update")))


@scenario("documented", UPDATE, "seed:L99-L103", "what the caller leaves out is not sent")
async def body_left_out(trial: Trial) -> None:
    made = await trial.make()
    full = trial.everything("update")
    for name in [*full][:: max(1, len(full) // 4)]:
        await sends(trial, trial.updating(made, {name: full[name]}))


@scenario("strict", UPDATE, "decision:S11", "empty values are sent: they clear what is there")
async def body_empty_values(trial: Trial) -> None:
    made = await trial.make()
    values: tuple[Any, ...] = ("", 0, False, [])
    empty = {
        name: value
        for name, field in sendable().fields.leaves.items()
        for value in values
        if field.fits(value)
    }
    await sends(trial, trial.updating(made, empty))


@scenario("strict", UPDATE, "decision:S13", "text is sent character for character")
async def body_text(trial: Trial) -> None:
    made = await trial.make()
    values = sendable()
    for text in (
        "Zo\u00eb \U0001f468\u200d\u2695\ufe0f \U00020000 e\u0301 \u202e",
        " a\tb\r\nc ",
        "<b>&amp;</b> %20 \\u0041 \"'",
        "null",
        "007",
    ):
        members: dict[str, Any] = dict.fromkeys(values.texts[:3], text)
        members |= {name: [text, text] for name in values.lists[:1]}
        await sends(trial, trial.updating(made, members))


@scenario("strict", CREATE, "decision:S20", "a creation without properties sends none")
async def create_bare(trial: Trial) -> None:
    operation = OPERATIONS[CREATE]
    step = Step(CREATE, body=operation.least) if operation.least else Step(CREATE)
    trial.due(await trial.do(step), CREATE)
    sent = trial.seen(CREATE)[-1]
    if sent.body and not same_json(sent.content, operation.least or {}):
        trial.accuse("added", CREATE)


@scenario(
    "documented",
    UPDATE,
    DOCUMENT,
    "every operation sends the parameters and the body that the caller gives",
)
async def operations(trial: Trial) -> None:
    made = await trial.make()
    unknown: list[str] = []
    # What deletes comes last.
    for name in sorted(EVERY, key=lambda name: OPERATIONS[name].action == "delete"):
        step = trial.step(name, made, everything=True)
        try:
            await sends(trial, step)
        except UnsupportedError:
            unknown.append(name)
    if unknown:
        raise UnsupportedError(", ".join(unknown))


async def sends(trial: Trial, step: Step) -> None:
    """See that a call is on the wire as the caller made it."""
    before = len(trial.seen(step.operation))
    result = await trial.do(step)
    sent = trial.seen(step.operation)[before:]
    if not sent:
        trial.accuse("unsent", step.operation)
        return
    exchange = sent[0]
    for name, value in step.path.items():
        if exchange.path.get(name) != str(value):
            trial.accuse(
                "changed", step.operation, field=name, expected=kind(value), got="another value"
            )
    for name, value in step.query.items():
        texts = [text for key, text in exchange.query if key == name]
        if texts != spelled(value):
            trial.accuse(
                "changed" if texts else "lost",
                step.operation,
                field=name,
                expected=kind(value),
                got="another value" if texts else "nothing",
            )
    if step.body is not NOTHING:
        compare(trial, step.operation, step.body, exchange.content)
    trial.due(result, step.operation)


def spelled(value: Any) -> list[str]:
    """Return the texts of a query parameter."""
    if (items := as_array(value)) is not None:
        return [text for item in items for text in spelled(item)]
    return [str(value).lower() if isinstance(value, bool) else str(value)]


def compare(trial: Trial, operation: str, given: Any, sent: Any) -> None:
    """See that a body is what the caller gave."""
    if not isinstance(given, Mapping) or not isinstance(sent, Mapping):
        if not same_json(given, sent):
            trial.accuse("changed", operation, expected=kind(given), got=kind(sent))
        return
    want, has = flattened(given), flattened(sent)
    for name in want.keys() | has.keys():
        if name not in has:
            trial.accuse("lost", operation, field=name, expected=kind(want[name]), got="nothing")
        elif name not in want:
            trial.accuse("added", operation, field=name, expected="nothing", got=kind(has[name]))
        elif not same_json(want[name], has[name]):
            trial.accuse(
                "changed", operation, field=name, expected=kind(want[name]), got="another value"
            )


SCENARIOS = (body_complete, body_left_out, body_empty_values, body_text, create_bare, operations)
