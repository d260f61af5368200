"""What a request asks for, and every reason that the contract has to refuse it."""

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cache, cached_property
from typing import Any, cast
from urllib.parse import parse_qsl, unquote

import jsonschema_rs

from heidi_conformance._wire import EXACT, Message, Reply, UnreadableError, read_json
from heidi_conformance.contract._document import Json
from heidi_conformance.contract._fields import fields_of_body
from heidi_conformance.contract._operations import (
    ISSUE,
    MAIN,
    OPERATIONS,
    PATHS,
    RESOURCE_OF,
    Operation,
    route,
)
from heidi_conformance.contract._parameters import unfit, unfit_in_path
from heidi_conformance.contract._schemas import KINDS, branch
from heidi_conformance.contract._values import Flat, flattened, is_ordinary_text
from heidi_conformance.evidence._history import Exchange, strings

ENCODED = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
LARGEST_BODY = 1024 * 1024
# Half of a surrogate pair.
LONE = re.compile("[\ud800-\udfff]")
LONG = 2000
SLASH = "%2F"
WELL_FORMED = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*")
FORMS = {
    "If-None-Match": re.compile(r'(W/)?"[^"]*"'),
    "If-Modified-Since": re.compile("[A-Z].* GMT"),
}


@dataclass(frozen=True)
class Problem:
    """A reason to refuse a request.

    rule: the rule that a server breaks which does not refuse. statuses: how it may refuse.
    kind: what is wrong, in a word of the reports; a JSON type where a value is of that type.
    where: the property or parameter at fault. sure: False if the server may also accept it.
    """

    rule: str
    statuses: frozenset[int]
    kind: str
    where: str = ""
    sure: bool = True


@dataclass(frozen=True)
class Reading:
    """A request, understood.

    path: the path of the document, empty where it has none. sent: the properties that the document
    knows. strange: names of properties that must not be stored. special: the rule
    broken if this valid request is refused. named: the resources in its path, each
    by the name of its schema and its id.
    """

    message: Message
    path: str
    operation: str
    query: tuple[tuple[str, str], ...] = ()
    sent: Mapping[str, Any] = field(default_factory=dict[str, Any])
    strange: Mapping[str, Any] = field(default_factory=dict[str, Any])
    problems: tuple[Problem, ...] = ()
    special: str = ""
    named: tuple[tuple[str, str], ...] = ()

    @cached_property
    def declared(self) -> Operation:
        """The operation; of a method that the path has not, the first one of the path."""
        return OPERATIONS[self.operation]

    @cached_property
    def one(self) -> tuple[str, str]:
        """The resource that it is about, by the name of its schema and its id; empty without."""
        resource = self.declared.resource if self.operation else None
        mine = (item for item in self.named[::-1] if resource and item[0] == resource.name)
        return next(mine, ("", ""))

    @property
    def noun(self) -> str:
        """What it is about, in a sentence."""
        resource = self.declared.resource if self.operation else None
        return (resource or MAIN).noun

    @property
    def action(self) -> str:
        """What the operation does; empty where the document does not say."""
        return OPERATIONS[self.operation].action if self.operation else ""

    @cached_property
    def token(self) -> str | None:
        """The bearer token of the request, None if there is none."""
        values = [text for name, text in self.message.headers if name == "Authorization"]
        scheme, _, token = values[0].partition(" ") if len(values) == 1 else ("", "", "")
        return token if scheme.lower() == "bearer" and token else None

    @property
    def asks_page(self) -> bool:
        """Whether a `page` is asked for that no response need have offered."""
        return self.action == "list" and any(
            name == self.declared.page.token for name, _ in self.query
        )

    @property
    def body(self) -> Any:
        """The body as JSON, None if it is not JSON."""
        try:
            return json.loads(self.message.body)
        except (ValueError, RecursionError):
            return None

    @cached_property
    def malformed(self) -> bool:
        """Whether a server may refuse the request whatever it asks for.

        Its URL is longer, or holds other characters, than every server takes, or a header has
        another form than HTTP gives it.
        """
        text = unquote(self.message.target, errors="replace")
        return (
            WELL_FORMED.fullmatch(self.message.target) is None
            or not text.isprintable()
            or "\ufffd" in text
            or len(self.message.target) > LONG
            or any(
                name in FORMS and not FORMS[name].fullmatch(text)
                for name, text in self.message.headers
            )
        )

    @property
    def method_known(self) -> bool:
        return self.message.method in PATHS.get(self.path, {})

    @cached_property
    def refusals(self) -> frozenset[int]:
        """The statuses with which the request may be refused."""
        return frozenset[int]().union(*(problem.statuses for problem in self.problems))

    @cached_property
    def sure(self) -> Problem | None:
        """The first reason for which the request must be refused."""
        return next((problem for problem in self.problems if problem.sure), None)


def understand(exchange: Exchange) -> Reading:
    """Read a request as the contract does.

    A server may take away an encoded slash at the end of a path, so what it does not refuse is read
    without it.
    """
    message, response = exchange.message, exchange.response
    path = message.path
    if path.endswith(SLASH) and isinstance(response, Reply) and response.status < 400:
        query = message.target.removeprefix(path)
        message = replace(message, target=path.removesuffix(SLASH) + query)
    where = route(message.target)
    operation = where.methods.get(message.method)
    named = tuple(
        (RESOURCE_OF[name].name, text) for name, text in where.values.items() if name in RESOURCE_OF
    )
    if operation is None:
        first = next((item.id for item in where.methods.values()), "")
        return Reading(message, where.path, first, named=named)
    pairs = tuple(parse_qsl(message.target.partition("?")[2], keep_blank_values=True))
    reading = Reading(message, where.path, operation.id, pairs, named=named)
    if operation.id == ISSUE:
        return reading
    problems = [*unfit_parameters(operation, pairs, message)]
    for parameter in unfit_in_path(operation, where.values):
        # Many servers take it for a path that they do not have, or for an id that nothing has.
        statuses = frozenset({400, 404, 422})
        problems.append(Problem("parameters", statuses, "value", parameter.name, sure=False))
    if operation.action == "list":
        problems += unfit_query(operation, pairs)
    reading = replace(reading, problems=tuple(problems))
    return with_body(reading, operation) if operation.body else reading


def unfit_parameters(
    operation: Operation, pairs: tuple[tuple[str, str], ...], message: Message
) -> Iterator[Problem]:
    for parameter, sure in unfit(operation, pairs, message.headers):
        name = parameter.name
        given = any(parameter.is_named(key) for key, _ in (*pairs, *message.headers))
        statuses = frozenset({422} if parameter.where == "query" else {400, 422})
        yield Problem("parameters", statuses, "value" if given else "missing", name, sure=sure)


def with_body(reading: Reading, declared: Operation) -> Reading:
    """Read a request that has a body."""
    message, operation = reading.message, declared.id
    if not message.body and declared.body is not None and declared.body.optional:
        # With a media type, it may be no body or an empty text, which is not JSON.
        typed = any(name.lower() == "content-type" for name, _ in message.headers)
        empty = Problem("json-syntax", frozenset({400, 422}), "empty", sure=False)
        return replace(reading, problems=(*reading.problems, empty)) if typed else reading
    problems = [*unfit_envelope(message)]
    value: Any = None
    if not any(problem.rule == "json-syntax" for problem in problems):
        try:
            value = read_json(message.body)
        except UnreadableError as error:
            problems += [unreadable(error.code, message.body)]
        else:
            problems += unfit_value(operation, value)
    properties = cast("dict[str, Any]", value) if isinstance(value, dict) else {}
    sent, strange = sorted_out(body_schema(operation), properties)
    usual = "update-answer" if declared.action == "update" else "works"
    rule = special(message, operation, properties, sent, strange) or usual
    problems = [*reading.problems, *problems]
    return replace(reading, sent=sent, strange=strange, problems=tuple(problems), special=rule)


def sorted_out(schema: Json, properties: Json, at: str = "") -> tuple[Flat, Flat]:
    """Return the documented and the undocumented properties of an object, as `outer.inner`."""
    known = branch(schema).get("properties")
    sent: Flat = {}
    strange: Flat = {}
    for name, value in properties.items():
        place = f"{at}.{name}" if at else name
        if known is not None and name not in known:
            strange |= flattened({place: value})
        elif known is not None and value == {} and "properties" not in branch(known[name]):
            sent[place] = {}
        elif known is not None and isinstance(value, dict):
            inner = sorted_out(known[name], cast("Json", value), place)
            sent, strange = sent | inner[0], strange | inner[1]
        elif value != {}:
            sent |= flattened({place: value})
    return sent, strange


def unfit_envelope(message: Message) -> Iterator[Problem]:
    media_types = [text for name, text in message.headers if name.lower() == "content-type"]
    media_type = media_types[0].partition(";")[0].strip().lower() if media_types else ""
    if len(message.body) > LARGEST_BODY:
        yield Problem("body-size", frozenset({413}), "too-large")
    if media_type != "application/json":
        kind = "media-type" if media_type else "no-media-type"
        yield Problem("media-type", frozenset({415}), kind)
    elif charset_of(media_types[0]) not in ("utf-8", "utf8"):
        # JSON has one encoding, so that a server may pass over the name of another.
        yield Problem("media-type", frozenset({400, 415}), "charset", sure=False)
    if not message.body:
        yield Problem("json-syntax", frozenset({400, 415, 422}), "empty")


def charset_of(media_type: str) -> str:
    parameters = (part.partition("=") for part in media_type.split(";")[1:])
    named = (text for name, _, text in parameters if name.strip().lower() == "charset")
    return next(named, "utf-8").strip(' "').lower()


# Statuses with which a body that cannot be read may be refused, and whether it must be.
UNREADABLE = {
    "duplicate-key": (frozenset({400, 422}), False),
    "too-deep": (frozenset({400, 413, 422}), False),
    "encoding": (frozenset({400, 422}), True),
    # RFC 8259 lets a reader ignore a byte order mark, and some readers take UTF-16 as well.
    "byte-order-mark": (frozenset({400, 422}), False),
}


def unreadable(code: str, raw: bytes) -> Problem:
    kind = "byte-order-mark" if raw.startswith(ENCODED) else code
    statuses, sure = UNREADABLE.get(kind, (frozenset({400}), True))
    return Problem("json-syntax", statuses, kind, sure=sure)


def unfit_value(operation: str, value: Any) -> Iterator[Problem]:
    """Yield what the document has against a JSON value as a body."""
    shape = frozenset({422})
    if lone_surrogate(value):
        # In the name of a property that no document knows, it may be ignored with the property.
        sure = any(map(lone_surrogate, strings(value)))
        yield Problem("strings", frozenset({400, 422}), "surrogate", sure=sure)
        return
    numbers = dict(numbers_in(value))
    fields = fields_of_body(operation)
    schema = body_schema(operation)
    for where, number in numbers.items():
        if inexact(number):
            infinite = not math.isfinite(as_float(number))
            statuses = frozenset({400, 422}) if infinite else shape
            place = place_in(schema, where.split("."))
            yield Problem("numbers", statuses, "inexact", place, sure=False)
            continue
        kinds = fields[where].kinds if where in fields else ()
        if "integer" in kinds and "number" not in kinds and not isinstance(number, int):
            yield Problem("no-coercion", shape, "fraction", where, sure=False)
    for error in validator(operation).iter_errors(value):
        missing = getattr(error.kind, "property", None) if keyword_of(error) == "required" else None
        steps = [*error.instance_path, *([missing] if missing else [])]
        names = [step for step in steps if isinstance(step, str)]
        where = ".".join(names)
        problem = problem_of(error, place_in(schema, names))
        # A reader may take a number for zero if no double is that small.
        tiny = numbers.get(where, 0) != 0 and as_float(numbers[where]) == 0
        yield replace(problem, sure=False) if tiny else problem
    for where, item in flattened(value).items():
        if where in fields and fields[where].is_date and str(item).startswith("0000-"):
            # No calendar of a library has the year 0, and RFC 3339 has it.
            yield Problem("values", shape, "year-0", where, sure=False)


def place_in(schema: Json, names: Sequence[str]) -> str:
    """Spell the property that names lead to as `outer.inner`; without the key of a map."""
    for at, name in enumerate(names):
        schema = branch(schema)
        while "items" in schema:
            schema = branch(schema["items"])
        known = schema.get("properties", {})
        if name not in known and "additionalProperties" in schema:
            return ".".join(names[:at])
        schema = known.get(name, {})
    return ".".join(names)


def problem_of(error: jsonschema_rs.ValidationError, where: str) -> Problem:
    """Return why a value of a body must be refused; where: the property."""
    keyword, shape = keyword_of(error), frozenset({422})
    if keyword == "required":
        return Problem("body-shape", shape, "missing", where)
    if keyword != "type":
        return Problem("values", shape, "value", where)
    types = {*getattr(error.kind, "types", ())}
    coercible = isinstance(error.instance, str | int | Decimal) and not types & {"object", "array"}
    rule = "no-coercion" if coercible else "body-shape"
    return Problem(rule, shape, json_type(error.instance), where)


def keyword_of(error: jsonschema_rs.ValidationError) -> str:
    """Return the keyword of the schema that a value breaks."""
    return str(error.schema_path[-1]) if error.schema_path else ""


def json_type(value: Any) -> str:
    """Return the JSON type of a value; of every number, `number`."""
    kind = KINDS.get(value.__class__, "number")
    return "number" if kind == "integer" else kind


def unfit_query(operation: Operation, pairs: tuple[tuple[str, str], ...]) -> Iterator[Problem]:
    shape, words = frozenset({422}), operation.page
    bounds = [operation.size[word] for word in ("minimum", "maximum") if word in operation.size]
    sizes = [text for name, text in pairs if name == words.size]
    tokens = [text for name, text in pairs if name == words.token]
    for name, texts in ((words.size, sizes), (words.token, tokens)):
        if len(texts) > 1:
            yield Problem("page-size", shape, "repeated", name, sure=False)
    known = {words.size, words.token}
    for name in dict.fromkeys(name for name, _ in pairs):
        if name not in known and not any(item.is_named(name) for item in operation.free):
            yield Problem("page-size", shape, "unknown-parameter", name, sure=False)
    # Without both bounds, a server may take any number.
    for text in sizes[-1:] if len(bounds) == 2 else ():
        least, most = bounds
        if re.fullmatch(r"0|[1-9][0-9]{0,17}", text) and least <= int(text) <= most:
            continue
        # Leading zeros are read as the number by most, and refused by some.
        padded = re.fullmatch(r"0+[1-9][0-9]{0,17}", text) and least <= int(text) <= most
        yield Problem("page-size", shape, "value", words.size, sure=not padded)


def special(
    message: Message,
    operation: str,
    properties: Mapping[str, Any],
    sent: Mapping[str, Any],
    strange: Mapping[str, Any],
) -> str:
    """Return the rule that requires an unusual valid request to be accepted."""
    media_types = [text for name, text in message.headers if name.lower() == "content-type"]
    if media_types != ["application/json"]:
        return "media-type"
    if len(message.body) > LARGEST_BODY // 2:
        return "body-size"
    if strange:
        return "unknown-members"
    fields = fields_of_body(operation)
    if not sent:
        return "" if properties.keys() <= fields.keys() else "unknown-members"
    restricted = {name for name in sent if name in fields and fields[name].restricted}
    if not all(is_ordinary_text(value) for name, value in sent.items() if name not in restricted):
        return "strings"
    return "values" if restricted else ""


def lone_surrogate(value: Any) -> bool:
    if isinstance(value, str):
        return not value.isascii() and LONE.search(value) is not None
    if isinstance(value, dict):
        pairs = cast("dict[str, Any]", value).items()
        return any(lone_surrogate(name) or lone_surrogate(item) for name, item in pairs)
    return isinstance(value, list) and any(map(lone_surrogate, cast("list[object]", value)))


def numbers_in(value: Any, where: str = "") -> Iterator[tuple[str, int | float | Decimal]]:
    if isinstance(value, bool):
        return
    if isinstance(value, int | float | Decimal):
        yield where, value
    elif isinstance(value, dict):
        for name, item in cast("dict[str, Any]", value).items():
            yield from numbers_in(item, f"{where}.{name}".lstrip("."))
    elif isinstance(value, list):
        for item in cast("list[object]", value):
            yield from numbers_in(item, where)


def as_float(number: float | Decimal) -> float:
    try:
        return float(number)
    except OverflowError:
        return math.inf


def inexact(number: float | Decimal) -> bool:
    """Whether a number is beyond what a server must keep exact."""
    if not -EXACT <= number <= EXACT:
        return True
    near = as_float(number)
    return Decimal(number) not in (Decimal(near), Decimal(repr(near)))


def body_schema(operation: str) -> Json:
    """Return the schema of a body; empty where the operation takes none."""
    body = OPERATIONS[operation].body
    return {} if body is None else body.schema


@cache
def validator(operation: str) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(body_schema(operation), validate_formats=True)
