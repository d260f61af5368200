"""Requests: exactly what the caller gives is sent."""
# tables read better in rows

from typing import Any

from heidi_conformance.client._protocol import Step
from heidi_conformance.client._scenario import scenario
from heidi_conformance.client._sent import sends
from heidi_conformance.client._trial import Trial, UnsupportedError
from heidi_conformance.contract._fields import MAIN_FIELDS
from heidi_conformance.contract._operations import CREATE, EVERY, LIST, OPERATIONS, READ, UPDATE
from heidi_conformance.oracle._memory import same

TURNS = 8
LONG = "0123456789abcd\u00e9" * 5000
DOCUMENT = "the document"


@scenario("documented", UPDATE, DOCUMENT, "every property that the caller gives is sent as it is")
async def body_complete(trial: Trial) -> None:
    made = await trial.make()
    for turn in range(TURNS):
        await sends(trial, trial.updating(made, trial.everything("update", turn)))
        if turn < len(MAIN_FIELDS.creates):
            # The one that is updated is not always the one that was made last.
            await sends(trial, trial.creation(trial.everything("create", turn)))
    trial.due(await trial.do(trial.reading(made)), READ)
    trial.due(await trial.do(trial.listing()), LIST)


@scenario("documented", UPDATE, "seed:L99-L103", "what the caller leaves out is not sent")
async def body_left_out(trial: Trial) -> None:
    made = await trial.make()
    full = trial.everything("update")
    for name, value in full.items():
        await sends(trial, trial.updating(made, {name: value}))
    # What was sent once may have been changed by another in the meantime.
    for _ in range(2):
        await sends(trial, trial.updating(made, trial.change()))


@scenario("strict", UPDATE, "decision:S11", "empty values are sent: they clear what is there")
async def body_empty_values(trial: Trial) -> None:
    made = await trial.make()
    values: tuple[Any, ...] = ("", 0, False, [])
    empty = {
        name: value
        for name, field in MAIN_FIELDS.leaves.items()
        for value in values
        if field.fits(value)
    }
    await sends(trial, trial.updating(made, empty))


@scenario("strict", UPDATE, "decision:S13", "strings are sent character for character")
async def body_text(trial: Trial) -> None:
    made = await trial.make()
    values = MAIN_FIELDS
    for text in (
        "Zo\u00eb \U0001f468\u200d\u2695\ufe0f \U00020000 e\u0301 \u202e",
        " a\tb\r\nc ",
        "<b>&amp;</b> %20 \\u0041 \"'",
        "null",
        "007",
        "",
        LONG,
    ):
        members: dict[str, Any] = dict.fromkeys(values.texts, text)
        members |= {name: [text, text] for name in values.lists[:1]}
        await sends(trial, trial.updating(made, members))


@scenario("strict", CREATE, "decision:S20", "a creation without properties sends none")
async def create_bare(trial: Trial) -> None:
    operation = OPERATIONS[CREATE]
    step = Step(CREATE, body=operation.least) if operation.least else Step(CREATE)
    ids = [trial.id_of(trial.due(await trial.do(step), CREATE)) for _ in range(2)]
    ids += [trial.id_of(trial.due(item, CREATE)) for item in await trial.do(*[step] * 2)]
    if len(set(ids)) < len(ids):
        trial.accuse("merged", CREATE, expected=len(ids), got=len(set(ids)))
    for sent in trial.seen(CREATE):
        if sent.body and not same(sent.content, operation.least or {}):
            trial.accuse("added", CREATE)


@scenario(
    "documented",
    UPDATE,
    DOCUMENT,
    "every operation sends the parameters and the body that the caller gives",
)
async def operations(trial: Trial) -> None:
    made = await trial.make()
    await trial.surround(made)
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


SCENARIOS = (body_complete, body_left_out, body_empty_values, body_text, create_bare, operations)
