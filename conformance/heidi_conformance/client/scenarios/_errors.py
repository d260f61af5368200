"""Errors: known by their type, and reported as what they are."""
# tables read better in rows

from heidi_conformance.client._faults import respond
from heidi_conformance.client._scenario import scenario
from heidi_conformance.client._trial import Trial
from heidi_conformance.contract._operations import (
    CREATE,
    LIST,
    MAIN,
    OPERATIONS,
    READ,
    UNLINKED,
    UPDATE,
)

NOT_FOUND = OPERATIONS[READ].error_type(404)
INVALID = OPERATIONS[UPDATE].error_type(422) or "ValidationError"
# Statuses that a server may use, since the page names none.
STATUSES = (400, 403, 404, 410, 422)


@scenario(
    "documented", READ, "seed:L90-L97", "a resource that does not exist is reported as not found"
)
async def not_found(trial: Trial) -> None:
    for step in (trial.reading(MAIN.unknown), trial.updating(MAIN.unknown, trial.change())):
        trial.refused(await trial.do(step), "not_found", operation=step.operation)
        if len(trial.seen(step.operation)) > 1:
            trial.accuse(
                "repeated", step.operation, expected=1, got=len(trial.seen(step.operation))
            )
    if trial.seen(CREATE):
        trial.accuse("created", CREATE, got=len(trial.seen(CREATE)))


@scenario(
    "documented",
    READ,
    "seed:L90-L97",
    "the type says that a resource does not exist, whatever the status",
)
async def not_found_status(trial: Trial) -> None:
    for status in STATUSES:
        if NOT_FOUND:
            trial.proxy.always(READ, respond(status, kind=NOT_FOUND))
            trial.refused(await trial.do(trial.reading(MAIN.unknown)), "not_found", operation=READ)


@scenario(
    "documented",
    LIST,
    "seed:L225-L232",
    "a user who is not linked is reported as such",
    linked=False,
)
async def not_linked(trial: Trial) -> None:
    if UNLINKED:
        trial.proxy.always(LIST, respond(UNLINKED.status, kind=UNLINKED.type))
        trial.refused(await trial.do(trial.listing()), "not_linked")


@scenario(
    "documented",
    LIST,
    "seed:L225-L232",
    "the type says that a user is not linked, whatever the status",
)
async def not_linked_status(trial: Trial) -> None:
    for status in STATUSES:
        if UNLINKED:
            trial.proxy.always(LIST, respond(status, kind=UNLINKED.type))
            trial.refused(await trial.do(trial.listing()), "not_linked")


@scenario(
    "practice",
    LIST,
    "RFC 9110, section 15.5.4",
    "another error is not reported as a user who is not linked, or a resource that is not there",
)
async def forbidden(trial: Trial) -> None:
    trial.proxy.always("", respond(403, kind="PermissionDenied"))
    for step in (trial.listing(), trial.reading(MAIN.unknown)):
        trial.refused(await trial.do(step), "refused", operation=step.operation)
    trial.proxy.always("", respond(400, kind="TemplateNotFoundError"))
    trial.refused(await trial.do(trial.reading(MAIN.unknown)), "refused", operation=READ)


@scenario(
    "practice",
    UPDATE,
    "RFC 9110, section 15.5.21",
    "an invalid request is refused, and not sent again",
)
async def invalid(trial: Trial) -> None:
    made = await trial.make()
    for status in (400, 422):
        before = len(trial.seen(UPDATE))
        trial.proxy.then(UPDATE, respond(status, kind=INVALID))
        trial.refused(await trial.do(trial.updating(made, trial.change())), "refused")
        sent = len(trial.seen(UPDATE)) - before
        if sent > 1:
            trial.accuse("repeated", expected=1, got=sent)


SCENARIOS = (not_found, not_found_status, not_linked, not_linked_status, forbidden, invalid)
