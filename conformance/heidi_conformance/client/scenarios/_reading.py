"""Responses: the caller gets what they show, and unreadable ones are reported as such."""
# ruff: noqa: E501  # tables read better in rows

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from heidi_conformance.client._faults import (
    as_gzip,
    broken_off,
    changed,
    half,
    in_pieces,
    page,
    plain,
    reshaped,
    respond,
    typed,
)  # fmt: skip
from heidi_conformance.client._proxy import JSON_TYPE, Act, Reply, Visit, error, put
from heidi_conformance.client._scenario import scenario
from heidi_conformance.client._trial import Trial
from heidi_conformance.contract._document import as_array, as_object, property_of
from heidi_conformance.contract._fields import MAIN_FIELDS
from heidi_conformance.contract._operations import CREATE, LIST, MAIN, OPERATIONS, READ, UPDATE
from heidi_conformance.contract._schemas import Field, values_of
from heidi_conformance.contract._values import outers

MUST_IGNORE = "RFC 8259; JSON:API and AIP-180: clients ignore what they do not know"
SHOWS = MAIN_FIELDS.shows
LEAVES = {name: field for name, field in SHOWS.items() if not field.inner and name != MAIN.id}
INSTANTS = (MAIN.created, MAIN.updated)
NUMBERS = (0.1, 2**53, 1e-7, 123456.789, 0)
LOCAL = ("2024-03-10T02:30:00.123456", "2024-12-11T23:59:59", "1999-12-31T00:00:00.5")
DIGITS = "001000000000000000000000000000000000007"
CHARACTERS = " a/B c?d#e%2F+\u00e9;=& "
MEGABYTE = 2**20
TURNS = 12
LATER = {"added_later": {"value": [1, None]}, "addedLater": "text"}


def shown_with(values: dict[str, Any]) -> Act:
    """Show a resource with other values, in any response."""

    def change(content: Any) -> Any:
        for operation in OPERATIONS.values():
            told = operation.shown(content) if operation.resource is MAIN else None
            if told is not None:
                return put(content, str(operation.semantics["result"]), with_values(told))
        items = OPERATIONS[LIST].listed(content)
        return (
            put(content, OPERATIONS[LIST].page.items, [*map(with_values, items)])
            if items
            else content
        )

    def with_values(resource: Any) -> Any:
        for name, value in values.items():
            resource = put(resource, "/" + name.replace(".", "/"), value)
        return resource

    return changed(change)


async def reads(trial: Trial, *acts: Act, listed: bool = True) -> None:
    """See that a read and a list show what the responses show, though those are unusual."""
    made, *_ = await trial.prepare(1)
    for act in acts:
        trial.proxy.always(READ, act)
        trial.proxy.always(LIST, act)
        result = await trial.do(trial.reading(made))
        trial.faithful(trial.due(result, READ), READ)
        if listed:
            trial.faithful_list(trial.due(await trial.do(trial.listing()), LIST))


@scenario(
    "practice", READ, MUST_IGNORE, "properties that the document does not name are ignored or kept"
)
async def unknown_properties(trial: Trial) -> None:
    trial.proxy.always("", changed(grown))
    made = await trial.make()
    trial.faithful(trial.due(await trial.do(trial.updating(made, trial.change())), UPDATE), UPDATE)
    await reads(trial, changed(grown))


def grown(content: Any) -> Any:
    """Add properties to every object."""
    if (items := as_array(content)) is not None:
        return [*map(grown, items)]
    if (inner := as_object(content)) is None:
        return content
    return {**{name: grown(item) for name, item in inner.items()}, **LATER}


@scenario("documented", READ, "the document", "properties that are not required may be missing")
async def missing_properties(trial: Trial) -> None:
    optional = {
        name
        for name, field in SHOWS.items()
        if not field.required
        and not any(outer in SHOWS and not SHOWS[outer].required for outer in outers(name))
    }
    await reads(trial, changed(lambda content: without(content, optional)))


def without(content: Any, names: Iterable[str]) -> Any:
    """Leave properties out of every object that has the id of the resource."""
    if (items := as_array(content)) is not None:
        return [without(item, names) for item in items]
    if (inner := as_object(content)) is None:
        return content
    told = {name: without(item, names) for name, item in inner.items()}
    for name in names if MAIN.id in told else ():
        *outer, last = name.split(".")
        place: Any = told
        for step in outer:
            place = property_of(place, step)
        (as_object(place) or {}).pop(last, None)
    return told


@scenario("documented", READ, "the document", "null is read where the document allows it")
async def null_properties(trial: Trial) -> None:
    names = [name for name, field in LEAVES.items() if field.fits(None)]
    await reads(trial, shown_with(dict.fromkeys(names)))


@scenario(
    "documented", READ, "the document", "strings without a closed list of values take new ones"
)
async def open_values(trial: Trial) -> None:
    new = {name: f"NEW_VALUE {trial.marker}" for name, field in LEAVES.items() if is_open(field)}
    # Of a code, one that the document does not show.
    for name, field in LEAVES.items():
        others = [text for text in values_of(field).valid if text not in field.examples]
        if field.is_code and others and not field.is_date and name not in INSTANTS:
            new[name] = others[-1]
    known = {name: text for name, text in new.items() if LEAVES[name].required}
    await reads(trial, shown_with(known))


def is_open(field: Field) -> bool:
    return "string" in field.kinds and not field.restricted and field.fits("NEW_VALUE one")


@scenario("documented", READ, "the document", "an id of 39 digits stays a string, and exact")
async def id_digits(trial: Trial) -> None:
    await by_id(trial, DIGITS)


@scenario("practice", READ, "RFC 3986, section 2.1", "an id is encoded where it is in a path")
async def id_characters(trial: Trial) -> None:
    await by_id(trial, CHARACTERS)


async def by_id(trial: Trial, shown: str) -> None:
    """See that an id is sent back as it was shown."""
    made, *_ = await trial.prepare(1)
    trial.proxy.aliases[shown] = made
    for step in (trial.reading(shown), trial.updating(shown, trial.change())):
        result = await trial.do(step)
        sent = [item for item in trial.seen() if item.name == step.operation]
        if not any(shown in item.path.values() for item in sent):
            trial.accuse("sent", step.operation, field=MAIN.id)
            return
        trial.faithful(trial.due(result, step.operation), step.operation)
    trial.faithful_list(trial.due(await trial.do(trial.listing()), LIST))


@scenario("documented", READ, "the document", "every property is shown as it is")
async def values_exact(trial: Trial) -> None:
    values = {
        name: values_of(field).valid
        for name, field in LEAVES.items()
        if field.required and name not in INSTANTS
    }
    most = max(map(len, values.values()))
    acts = [
        shown_with({name: known[turn % len(known)] for name, known in values.items() if known})
        for turn in range(min(most, TURNS))
    ]
    await reads(trial, *acts, listed=False)


@scenario("practice", READ, "RFC 8259, section 6", "numbers stay exact")
async def numbers_exact(trial: Trial) -> None:
    names = [name for name, field in LEAVES.items() if field.kinds & {"number", "integer"}]
    acts = [
        shown_with({name: value for name in names if LEAVES[name].fits(value)}) for value in NUMBERS
    ]
    await reads(trial, *acts, listed=False)


@scenario(
    "documented",
    READ,
    "the document",
    "an instant without an offset keeps its local time",
    variables={"TZ": "America/New_York"},
)
async def timestamps(trial: Trial) -> None:
    names = [name for name, field in LEAVES.items() if name in INSTANTS and field.fits(LOCAL[0])]
    await reads(trial, *(shown_with(dict.fromkeys(names, text)) for text in LOCAL), listed=False)


@scenario("strict", READ, "decision:S13", "strings come back character for character")
async def strings_exact(trial: Trial) -> None:
    names = [name for name, field in LEAVES.items() if is_open(field) and field.required]
    await reads(trial, *(shown_with(dict.fromkeys(names, text)) for text in TEXTS), listed=False)


TEXTS = (
    "Zo\u00eb M\u00fcller \U0001f468\u200d\u2695\ufe0f \U00020000", "combining e\u0301, composed \u00e9, \ufb01 \u212b", "\u202eright to left\u200f \u05d0\u0628",
    " leading and trailing ", "tab\tline\nreturn\r\nend", "<b>&amp;</b> %20 \\u0041 \\n \"quoted\" 'single'", "", "nul\0inside", "null", "0012", "1e5", "2024-01-01", "\u2028\u2029\ufeff",
)  # fmt: skip


@scenario(
    "practice",
    READ,
    "RFC 9110, section 8.4.1",
    "a compressed response is read, where the client asks for one",
)
async def gzip(trial: Trial) -> None:
    await reads(trial, reshaped(as_gzip))


@scenario("practice", READ, "RFC 9112, section 7.1", "a response in small chunks is read whole")
async def chunked(trial: Trial) -> None:
    trial.proxy.always("", reshaped(in_pieces))
    made = await trial.make()
    trial.faithful(trial.due(await trial.do(trial.updating(made, trial.change())), UPDATE), UPDATE)
    await reads(trial, reshaped(in_pieces))


@scenario(
    "practice",
    READ,
    "RFC 9110, section 15.6.3",
    "the HTML page of a gateway is reported as an unavailable server",
    waits=1,
)
async def html_502(trial: Trial) -> None:
    await fails(trial, "unavailable", page(502))


@scenario(
    "practice",
    READ,
    "RFC 9110, section 15",
    "an unknown status of class 5xx is reported as an unavailable server",
    waits=1,
)
async def status_520(trial: Trial) -> None:
    await fails(trial, "unavailable", plain(520, b""), respond(599, kind="Unknown"))


@scenario(
    "practice", UPDATE, "FastAPI, Handling Errors", "an error of another shape is still an error"
)
async def detail_list(trial: Trial) -> None:
    made = await trial.make()
    usual = error("value_error", "a value is not valid")
    acts = (
        *(respond(422, {name: [told]}) for name, told in usual.items()),
        *(respond(400, {name: "text"}) for name in usual),
        respond(400, {}),
        plain(400, b""),
        respond(409, []),
        plain(418, b"I'm a teapot", ("Content-Type", "text/plain")),
    )
    for act in acts:
        trial.proxy.then(UPDATE, act)
        trial.refused(await trial.do(trial.updating(made, trial.change())), "refused")


@scenario(
    "practice", READ, "the document", "a success without a body is not returned as a resource"
)
async def empty_response(trial: Trial) -> None:
    await unreadable(trial, plain(200, b"", JSON_TYPE))
    trial.proxy.always(LIST, plain(200, b"", JSON_TYPE))
    trial.refused(await trial.do(trial.listing()), "protocol", operation=LIST)


@scenario("practice", READ, "the document", "a string of a megabyte is read whole")
async def large_response(trial: Trial) -> None:
    name = next(name for name, field in LEAVES.items() if is_open(field) and field.required)
    text = "0123456789abcde\u00e9" * (MEGABYTE // 16)
    await reads(trial, shown_with({name: text}))


@scenario(
    "practice",
    READ,
    "RFC 9110, section 8.3",
    "a charset beside the media type does no harm; another media type is read or reported",
)
async def wrong_media_type(trial: Trial) -> None:
    for media_type in ("application/json; charset=utf-8", "Application/JSON"):
        await reads(trial, reshaped(typed(media_type)))
    made, *_ = await trial.prepare(1)
    # What is not ASCII tells one encoding from another.
    trial.due(await trial.do(trial.updating(made, trial.change())), UPDATE)
    for media_type in ("text/plain", ""):
        trial.proxy.always(READ, reshaped(typed(media_type)))
        result = await trial.do(trial.reading(made))
        if result.ok:
            trial.faithful(result, READ)
        else:
            trial.refused(result, "protocol", operation=READ)


@scenario(
    "practice",
    READ,
    "the document",
    "the HTML page of a proxy with status 200 is not returned as a resource",
)
async def html_success(trial: Trial) -> None:
    await unreadable(trial, page(200))


@scenario("practice", READ, "RFC 9112, section 8", "half a response is not returned as a resource")
async def half_response(trial: Trial) -> None:
    made, *_ = await trial.prepare(1)
    trial.due(await trial.do(trial.updating(made, trial.change())), UPDATE)
    for shape in (half, broken_off):
        trial.proxy.always(READ, reshaped(shape))
        trial.refused(
            await trial.do(trial.reading(made)), "protocol", "unavailable", operation=READ
        )


@scenario("practice", READ, "the document", "JSON of another shape is not returned as a resource")
async def wrong_shape(trial: Trial) -> None:
    result = str(OPERATIONS[READ].semantics.get("result", ""))
    shapes: tuple[Any, ...] = (
        {},
        [],
        "text",
        None,
        *((put({}, result, None), put({}, result, "text")) if result else ()),
    )
    await unreadable(trial, *(respond(200, content) for content in shapes))
    trial.proxy.always(READ, reshaped(as_redirect))
    made, *_ = await trial.prepare(1)
    result = await trial.do(trial.reading(made))
    trial.refused(result, "protocol", "refused", "unavailable", operation=READ)
    trial.proxy.always(LIST, respond(200, {}))
    trial.refused(await trial.do(trial.listing()), "protocol", operation=LIST)


def as_redirect(reply: Reply, _: Visit) -> Reply:
    """Show a resource with a status other than success."""
    return replace(reply, status=300)


async def unreadable(trial: Trial, *acts: Act) -> None:
    """See that a response is reported as unreadable, by a read and a creation, and no creation is repeated."""
    made, *_ = await trial.prepare(1)
    for act in acts:
        trial.proxy.always(READ, act)
        trial.refused(await trial.do(trial.reading(made)), "protocol", operation=READ)
    before = len(trial.seen(CREATE))
    trial.proxy.always(CREATE, acts[0])
    trial.refused(await trial.do(trial.creation()), "protocol", operation=CREATE)
    sent = len(trial.seen(CREATE)) - before
    if sent > 1:
        trial.accuse("doubled", CREATE, expected=1, got=sent)


async def fails(trial: Trial, kind: str, *acts: Act) -> None:
    """See that a read fails in one way."""
    made, *_ = await trial.prepare(1)
    for act in acts:
        trial.proxy.always(READ, act)
        trial.refused(await trial.do(trial.reading(made)), kind, operation=READ)


SCENARIOS = (
    unknown_properties, missing_properties, null_properties, open_values, id_digits, id_characters, values_exact, numbers_exact, timestamps,
    strings_exact, gzip, chunked, html_502, status_520, detail_list, empty_response, large_response, wrong_media_type,
    html_success, half_response, wrong_shape,
)  # fmt: skip
