"""Scripts about what holds for any operation, put to those that the other scripts do not know."""
# ruff: noqa: E501  # tables read better in rows

from collections.abc import Iterator, Mapping
from typing import Any, cast
from urllib.parse import quote

from heidi_conformance._history import (
    Request,
    UnboundError,
    as_json,
    listing,
    paged,
    read,
    request_of,
    spelled,
    update,
)
from heidi_conformance._probe import Probe
from heidi_conformance.contract._fields import FIELDS, Field, fields_of_body
from heidi_conformance.contract._operations import (
    DELETES,
    MAIN,
    OPERATIONS,
    OTHERS,
    PARAMETERS,
    Operation,
    Parameter,
    Resource,
    is_text,
    of,
    route,
    sample_of,
)
from heidi_conformance.contract._parameters import fits
from heidi_conformance.contract._values import NAMED, Sendable, values_of
from heidi_conformance.oracle import MARK

from ._changes import change
from ._script import Script
from ._tenants import WRONG_SIZES
from ._transport import BROKEN, METHODS, NEAR_TOKENS, OTHER_TYPES, ROOTS, WRONG_TOKENS

Names = dict[str, str]
# Of the values that a creation takes, each of which makes a resource.
SOME = 3


def asked(probe: Probe, names: tuple[str, ...] = OTHERS) -> Iterator[Operation]:
    """Yield the operations of which the level of a run says something."""
    for name in names:
        operation = OPERATIONS[name]
        if operation.documented or probe.setting.level == "strict":
            yield operation


def made(probe: Probe, operation: Operation, user: str = "first") -> Names:
    """Make what the path of an operation names; return the names by parameter.

    Raises UnboundError where that fails.
    """
    names: Names = {}
    for parameter in operation.parameters:
        resource = operation.owned.get(parameter.name)
        if resource is not None:
            names[parameter.name] = new(probe, resource, user, names)
        elif parameter.where == "path":
            names[parameter.name] = quote(str(parameter.sample), safe="")
    return names


def new(probe: Probe, resource: Resource, user: str, above: Names) -> str:
    """Make a resource in those above it, and return its name."""
    if resource is MAIN:
        name = probe.new(user=user)
        probe.send(read(name, user=user))
        return name
    creation = of(resource.name, "create")
    if creation is None:
        raise UnboundError
    name = probe.name()
    probe.send(call(creation, made_beside(probe, creation, user, above), user, binds=name))
    if name not in probe.bindings.values:
        raise UnboundError
    return name


def made_beside(probe: Probe, creation: Operation, user: str, above: Names) -> Names:
    known = {name: above[name] for name in creation.ids if name in above}
    return known if len(known) == len(creation.ids) else made(probe, creation, user)


def call(
    operation: Operation, names: Mapping[str, str], user: str = "first", **settings: Any
) -> Request:
    """Return a request as the document shows it."""
    if operation.body is not None:
        settings.setdefault("body", as_json(sample(operation, user)))
        settings.setdefault("media_type", "application/json")
    return request_of(operation, *(names[name] for name in operation.ids), user=user, **settings)


def sample(operation: Operation, user: str = "first") -> Any:
    """Return a body as the document shows it, with a text in it that one user alone writes."""
    body = operation.body
    if body is None:
        return None
    shown = body.samples[0] if body.samples else sample_of(body.schema)
    if not isinstance(shown, dict) or operation.action != "create" or user == "first":
        return cast("Any", shown)
    texts = [name for name, schema in operation.properties.items() if is_text(schema)]
    return {**cast("dict[str, Any]", shown), **dict.fromkeys(texts[:1], f"{user} {MARK}")}


def looked_at(probe: Probe, operation: Operation, names: Names, user: str = "first") -> None:
    """See what is there after an operation: the session that its path names, and the lists."""
    if MAIN.parameter in names:
        probe.try_send(read(names[MAIN.parameter], user=user))
        if user not in probe.setting.unlinked:
            probe.walk(100, user)
    resource = operation.resource
    for action in ("read", "list"):
        known = of(resource.name, action) if resource else None
        if known is not None and resource is not MAIN and set(known.ids) <= names.keys():
            probe.try_send(call(known, names, user))


def unknown(operation: Operation, names: Names) -> Iterator[Names]:
    """Yield names with one id that nothing has."""
    for parameter, resource in operation.owned.items():
        yield {**names, parameter: resource.unknown}


def each(probe: Probe, names: tuple[str, ...] = OTHERS) -> Iterator[tuple[Operation, Names]]:
    """Yield operations with what their paths name; leave out what cannot be made."""
    for operation in asked(probe, names):
        try:
            yield operation, made(probe, operation)
        except UnboundError:
            continue


def other_operations(probe: Probe) -> None:
    """Every operation as the document shows it, for an unknown id, and with every parameter."""
    for operation, names in each(probe):
        for wrong in unknown(operation, names):
            probe.try_send(call(operation, wrong))
        probe.try_send(call(operation, names))
        looked_at(probe, operation, names)
        if operation.id in DELETES:
            probe.try_send(call(operation, names))
    for operation, names in each(probe, PARAMETERS):
        for parameter in operation.free:
            for value in (*parameter.values, parameter.sample):
                probe.try_send(call(operation, names, values={parameter.name: value}))


def without_token(probe: Probe) -> None:
    """No token and wrong ones, on every operation."""
    for operation, names in each(probe, secured()):
        for credentials in ("", "Bearer invented-by-the-judge", *WRONG_TOKENS):
            probe.try_send(call(operation, names, authorization=credentials))
        looked_at(probe, operation, names)


def secured() -> tuple[str, ...]:
    return tuple(name for name in OTHERS if OPERATIONS[name].scheme)


def nearly_a_token(probe: Probe) -> None:
    """Tokens that are almost right, and no token where something else is wrong as well."""
    for operation, names in each(probe, secured()):
        for credentials in NEAR_TOKENS:
            probe.try_send(call(operation, names, authorization=credentials))
        for wrong in unknown(operation, names):
            probe.try_send(call(operation, wrong, authorization=""))
        if operation.body is not None:
            probe.try_send(call(operation, names, authorization="", body=b"{"))
        looked_at(probe, operation, names)


def after_its_end(probe: Probe) -> None:
    """A token whose time is over, on every operation."""
    for operation, names in each(probe, secured()):
        probe.try_send(call(operation, names, authorization="Bearer {expired}"))
        looked_at(probe, operation, names)


def of_other_users(probe: Probe) -> None:
    """What is one user's, as another one sees it."""
    for operation in asked(probe):
        for owner, stranger in (("second", "first"), ("first", "second")):
            try:
                names = made(probe, operation, owner)
            except UnboundError:
                continue
            if MAIN.parameter in names:
                marked = change(text=f"{owner} {MARK}")
                probe.try_send(update(names[MAIN.parameter], marked, user=owner))
            for wrong in unknown(operation, names):
                probe.try_send(call(operation, wrong, stranger))
            probe.try_send(call(operation, names, stranger))
            looked_at(probe, operation, names, owner)
            if operation.id not in DELETES:
                probe.try_send(call(operation, names, owner))


def beside_other_methods(probe: Probe) -> None:
    """Methods that the path of an operation has not."""
    for operation, names in each(probe):
        target = call(operation, names).target.partition("?")[0]
        for method in METHODS:
            if method not in route(target).methods:
                probe.try_send(Request(method, target, media_type=None))
        looked_at(probe, operation, names)


def with_other_bodies(probe: Probe) -> None:
    """Bodies that are no JSON, of another media type, or of a shape that does not fit."""
    for operation, names in each(probe, tuple(name for name in OTHERS if OPERATIONS[name].body)):
        for media_type in OTHER_TYPES:
            probe.try_send(call(operation, names, media_type=media_type))
        for body in (*BROKEN, *ROOTS, b""):
            probe.try_send(call(operation, names, body=body))
        for value in misfits(operation):
            probe.try_send(call(operation, names, body=as_json(value)))
        looked_at(probe, operation, names)


def misfits(operation: Operation) -> Iterator[Any]:
    """Yield bodies with one property that does not fit, or is missing."""
    shown = sample(operation)
    if not isinstance(shown, dict):
        return
    whole = cast("dict[str, Any]", shown)
    for name, field in fields_of_body(operation.id).items():
        if "." not in name:
            yield from ({**whole, name: value} for value in values_of(field).invalid)
        if "." not in name and field.needed:
            yield {key: value for key, value in whole.items() if key != name}


def wrong_texts(parameter: Parameter) -> list[str]:
    """Return texts that are surely no value of a parameter, and that a header can carry."""
    values = values_of(Field(parameter.name, parameter.schema)).invalid
    texts = dict.fromkeys(map(spelled, values))
    printable = (text for text in texts if text.isascii() and text.isprintable())
    return [text for text in printable if fits(parameter, [text]) is False]


def other_parameters(probe: Probe) -> None:
    """Parameters that do not fit, twice, or missing although they are required."""
    for operation, names in each(probe, PARAMETERS):
        for parameter in operation.free:
            for text in (*wrong_texts(parameter), *([None] if parameter.required else [])):
                probe.try_send(call(operation, names, values={parameter.name: text}))
    probe.send(listing(paged(1)))


def states(probe: Probe) -> Iterator[tuple[Sendable, Mapping[str, Operation]]]:
    """Yield what can be sent about each further resource that is created and read, and how."""
    for name, fields in FIELDS.items():
        known = {
            item.action: item for item in asked(probe) if item.semantics.get("resource") == name
        }
        if name != MAIN.name and {"create", "read"} <= known.keys():
            yield Sendable(fields), known


def created_resources(probe: Probe) -> None:
    """Every property that a creation takes, each with right values and with wrong ones."""
    for send, known in states(probe):
        names = made_above(probe, known)
        for member, field in send.fields.creates.items():
            values = values_of(field)
            for value in (*values.valid[:SOME], *values.invalid):
                body = as_json(send.creation({member: value}))
                name = probe.name()
                if names is not None:
                    probe.try_send(call(known["create"], names, body=body, binds=name))
                    shown = {**names, known["read"].ids[-1]: name}
                    probe.try_send(call(known["read"], shown))


def updated_resources(probe: Probe) -> None:
    """Every property that an update takes, each with right values and with wrong ones."""
    for send, known in states(probe):
        operation = known.get("update")
        if operation is None:
            continue
        try:
            names, other = (made(probe, operation) for _ in range(2))
        except UnboundError:
            continue
        probe.try_send(call(known["read"], other))
        probe.try_send(call(known["read"], names))
        bodies = [
            send.update({member: value})
            for values in (send.valid, send.invalid)
            for member, items in values.items()
            for value in items
            if value not in NAMED
        ]
        for body in bodies:
            probe.try_send(call(operation, names, body=as_json(body)))
            probe.try_send(call(known["read"], names))
        probe.try_send(call(known["read"], other))
        looked_at(probe, known["read"], names)


def pages_of_resources(probe: Probe) -> None:
    """Walks in pages of several sizes through the lists of further resources, and wrong sizes."""
    for send, known in states(probe):
        operation = known.get("list")
        names = made_above(probe, known)
        if operation is None or names is None or not operation.page.items:
            continue
        for _ in range(4):
            probe.try_send(call(known["create"], names, body=as_json(send.creation({}))))
            probe.try_send(call(operation, names))

        def request(query: str, operation: Operation = operation, names: Names = names) -> Request:
            return call(operation, names, query=query)

        for size in (1, 2, 3, None) if operation.size else (None,):
            probe.walk_of(operation.id, request, size)
        for text in WRONG_SIZES if operation.size else ():
            probe.try_send(request(paged(text, of=operation.id)))


def made_above(probe: Probe, known: Mapping[str, Operation]) -> Names | None:
    """Make what the path of a creation names; None where that fails."""
    try:
        return made(probe, known["create"])
    except UnboundError:
        return None


ALL_SCRIPTS = (
    Script(other_operations, "documented", ("answers", "no-server-error", "works", "json-answers", "answer-schema", "created-exists", "unknown-id", "deleted", "own-list"), others=True),
    Script(without_token, "documented", ("token-needed",), others=True),
    Script(nearly_a_token, "strict", ("token-needed", "token-first", "challenge"), others=True),
    Script(after_its_end, "strict", ("expired-token",), ("expired",), others=True),
    Script(of_other_users, "strict", ("own-sessions", "own-list", "unknown-alike"), ("second",), others=True),
    Script(beside_other_methods, "strict", ("methods", "allow", "error-shape", "declared-status"), others=True),
    Script(with_other_bodies, "strict", ("media-type", "json-syntax", "body-shape", "body-size", "no-coercion", "values", "strings", "error-shape", "message-names", "message-quotes"), others=True),
    Script(created_resources, "strict", ("appointment", "new-session", "created-exists", "values", "no-coercion", "body-shape"), others=True),
    Script(updated_resources, "strict", ("update-answer", "update-keeps", "update-read", "update-listed", "one-session", "values", "rejected-update"), others=True),
    Script(pages_of_resources, "strict", ("counts", "totals", "next-page", "full-pages", "walks", "page-size"), others=True),
    Script(other_parameters, "strict", ("parameters", "message-names", "message-quotes", "error-shape"), others=True),
)  # fmt: skip
# A document without such operations leaves nothing to send.
SCRIPTS = ALL_SCRIPTS if OTHERS else ALL_SCRIPTS[:1] + ALL_SCRIPTS[-1:] if PARAMETERS else ()
