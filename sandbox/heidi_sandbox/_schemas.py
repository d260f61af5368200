"""The schemas of a document: what they say, and values that they take."""

import random
import re
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from importlib import import_module
from itertools import chain
from typing import Any, Final, NamedTuple, Protocol, TypeAlias, TypeGuard

from jsonschema_rs import Draft202012Validator, ValidationError

from heidi_sandbox._json import Path, dump, path_text

Node: TypeAlias = dict[str, Any]
Pointer: TypeAlias = tuple[str, ...]

_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_BRANCHES: Final = ("oneOf", "anyOf")
_ANY_CHARACTER: Final = range(ord("a"), ord("z") + 1)
_REPEATED: Final = 16  # the most repetitions for an unbounded pattern
# Any: the parser of patterns has no types, and shows what no other module does.
_pattern_parser: Final[Any] = import_module("re._parser")


def is_object(value: Any) -> TypeGuard[Node]:
    return isinstance(value, dict)


def is_list(value: Any) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


class Dice(Protocol):
    """What chooses where a schema leaves a choice."""

    def randint(self, a: int, b: int, /) -> int:
        """Return an integer from `a` to `b`."""
        ...

    def text(self) -> str:
        """Return a string that may say anything."""
        ...


class _Least:
    def randint(self, a: int, b: int, /) -> int:  # noqa: ARG002
        return a

    def text(self) -> str:
        return ""


class Seeded(random.Random):
    """Chooses the same each time for the same seed."""

    def text(self) -> str:
        return f"{self.getrandbits(128):x}"


class _Secure(Seeded, random.SystemRandom):
    pass


LEAST: Final[Dice] = _Least()
SECURE: Final[Dice] = _Secure()


_NONE: Final[frozenset[str]] = frozenset()
_HIDDEN: Final = "x-hidden"  # names that were left out of a schema


class Shape:
    """The properties and items that a schema names; None where it takes any.

    rest: the shape of the properties that it does not name; None where they are dropped. hidden:
    names that are dropped all the same.
    """

    __slots__ = ("hidden", "items", "properties", "rest")

    def __init__(self) -> None:
        self.properties: dict[str, Shape] | None = None
        self.rest: Shape | None = None
        self.hidden: frozenset[str] = _NONE
        self.items: Shape | None = None

    @property
    def is_closed(self) -> bool:
        """Whether only named properties are kept."""
        return self.properties is not None and self.rest is None

    def pick(self, value: Any) -> Any:
        """Return a value without the properties that the schema does not name, or hides."""
        if is_list(value) and self.items is not None:
            return [self.items.pick(one) for one in value]
        if self.properties is None or not is_object(value):
            return value
        picked: Node = {}
        for name, inner in self.properties.items():
            if name in value:
                one = inner.pick(value[name])
                if one or not inner.is_closed or not isinstance(one, dict):
                    picked[name] = one
        if self.rest is not None:
            known = self.properties.keys() | self.hidden
            others = {name: one for name, one in value.items() if name not in known}
            picked |= {name: self.rest.pick(one) for name, one in others.items()}
        return picked


class Schemas:
    """The schemas of one document, as one side sees them.

    Args:
        root: the document.
        hidden: `readOnly` leaves out what no request may set, `writeOnly` what no response shows.
    """

    def __init__(self, root: Node, hidden: str) -> None:
        self._hidden = hidden
        self._shapes: dict[int, tuple[Node, Shape]] = {}
        self.root: Node = root
        self.root = self._visible(root)

    def _visible(
        self, node: Any, hidden: frozenset[str] = _NONE, within: frozenset[str] = _NONE
    ) -> Any:
        """Return a node without hidden properties.

        hidden: names that an enclosing schema hides, whose `allOf` holds this one. within:
        references that were replaced on the way here.
        """
        if is_list(node):
            return [self._visible(one, hidden, within) for one in node]
        if not is_object(node):
            return node
        reference = node.get("$ref")
        if hidden and reference and reference not in within:
            # It may require what is hidden in this place alone.
            node, within = self.follow(node), within | {reference}
        hidden = hidden.union(self._hidden_names(node))
        copy: Node = {_HIDDEN: sorted(hidden)} if hidden else {}
        for name, one in node.items():
            if name == "properties" and is_object(one):
                visible = self._visible(one, within=within)
                copy[name] = {key: each for key, each in visible.items() if key not in hidden}
            elif name == "required" and is_list(one):
                copy[name] = [key for key in one if key not in hidden]
            elif name == "allOf" and is_list(one):
                copy[name] = self._visible(one, hidden, within)
            else:
                copy[name] = self._visible(one, within=within)
        return copy

    def _hidden_names(self, schema: Node) -> Iterator[str]:
        """Yield the names of hidden properties, those in every part of `allOf` included."""
        node = self.follow(schema)
        properties, parts = node.get("properties"), node.get("allOf")
        for name, one in properties.items() if is_object(properties) else ():
            if is_object(one) and self.flat(one).get(self._hidden) is True:
                yield name
        for part in parts if is_list(parts) else ():
            yield from self._hidden_names(part)

    def follow(self, node: Node) -> Node:
        """Return what a reference leads to, with what is written beside it."""
        return follow(self.root, node)

    def flat(self, schema: Node) -> Node:
        """Return a schema with what it refers to and every part of its `allOf` in one object."""
        node = dict(self.follow(schema))
        for part in node.pop("allOf", ()):
            one = self.flat(part)
            properties = {**one.get("properties", {}), **node.get("properties", {})}
            required = [*one.get("required", ()), *node.get("required", ())]
            node = {**one, **node}
            if properties:
                node["properties"] = properties
            if required:
                node["required"] = required
        return node

    def _alternatives(self, schema: Node) -> Iterator[Node]:
        """Yield the alternatives of a schema, flat and at every depth, and last the schema."""
        node = self.flat(schema)
        for word in _BRANCHES:
            for branch in node.get(word, ()):
                yield from self._alternatives(branch)
        yield node

    def properties(self, schema: Node) -> dict[str, Node]:
        """Return the properties that a schema names, those of its alternatives included."""
        named = [node.get("properties", {}) for node in self._alternatives(schema)]
        return dict(chain.from_iterable(one.items() for one in named))

    def types(self, schema: Node) -> set[str]:
        """Return the types that a schema names, those of its alternatives included."""
        named = [node.get("type", []) for node in self._alternatives(schema)]
        return {*chain.from_iterable([one] if isinstance(one, str) else one for one in named)}

    def at(self, schema: Node, pointer: Pointer) -> Node:
        """Return the schema at a pointer, or an empty one if there is none."""
        for name in pointer:
            schema = self.properties(schema).get(name, {})
        return schema

    def shape(self, schema: Node) -> Shape:
        """Return what a schema names, at every depth."""
        # A schema may hold itself, so its shape is remembered before it is known.
        seen, known = self._shapes.get(id(schema), (None, Shape()))
        if seen is None:
            self._shapes[id(schema)] = (schema, known)
            node = self.flat(schema)
            rest = node.get("additionalProperties", False)
            known.hidden = frozenset(node.get(_HIDDEN, ()))
            if is_object(rest) or any("properties" in one for one in self._alternatives(schema)):
                named = self.properties(schema)
                known.properties = {name: self.shape(one) for name, one in named.items()}
            if rest is not False:
                known.rest = self.shape(rest) if is_object(rest) else Shape()
            if "items" in node:
                known.items = self.shape(node["items"])
        return known

    def validator(self, schema: Node) -> "Validator":
        """Return a validator of a schema."""
        return Validator(self, schema)

    def named(self, schema: Node, path: Path) -> Path:
        """Return a path with `*` for each key that the schema takes without naming it."""
        shown: list[str | int] = []
        for part in path:
            node = self.flat(schema)
            properties = self.properties(node)
            is_named = isinstance(part, int) or part in {*properties, *node.get("required", ())}
            shown.append(part if is_named else "*")
            rest = node.get("items" if isinstance(part, int) else "additionalProperties")
            inner = properties.get(str(part), rest)
            schema = inner if is_object(inner) else {}
        return tuple(shown)

    def smallest(self, schema: Node, dice: Dice = LEAST) -> Any:
        """Return a value of a schema: one that it shows, else the smallest, or as the dice fall."""
        node = self.flat(schema)
        shown = [node["const"]] if "const" in node else node.get("enum")
        # An example of a pattern says more than a match.
        if shown is None and (dice is LEAST or "pattern" in node):
            shown = [*node.get("examples", ()), *(node[word] for word in _SHOWN if word in node)]
        if shown:
            return shown[dice.randint(0, len(shown) - 1)]
        types = self.types(node)
        if "null" in types and dice.randint(0, _NULL_OF) == 0:
            return None
        for word in _BRANCHES:
            if word in node:
                branches = [one for one in node[word] if self.types(one) != {"null"}]
                return self.smallest(branches[dice.randint(0, len(branches) - 1)], dice)
        made = next((make for name, make in _MADE.items() if name in types), None)
        if made is not None:
            return made(node, dice)
        if "array" in types or "items" in node:
            least = node.get("minItems", 0)
            count = dice.randint(least, max(least, min(2, node.get("maxItems", 2))))
            return [self.smallest(node.get("items", {}), dice) for _ in range(count)]
        return self.complete(node, {}, dice) if "object" in types or "properties" in node else None

    def complete(self, schema: Node, value: Any, dice: Dice = LEAST) -> Any:
        """Return a value with each required property that it lacks, at every depth."""
        node = self.flat(schema)
        if is_list(value):
            items = node.get("items", {})
            return [self.complete(items, one, dice) for one in value]
        if not is_object(value):
            return value
        completed: Node = dict(value)
        required = node.get("required", ())
        for name, one in self.properties(node).items():
            if name in completed:
                completed[name] = self.complete(one, completed[name], dice)
            elif name in required or (dice is not LEAST and dice.randint(0, 1)):
                completed[name] = self.smallest(one, dice)
        return completed


class Problem(NamedTuple):
    """What is wrong with a value. It quotes neither the value nor a key that no schema names.

    path: where, from the value.
    text: what is wrong there, as it follows the name of the place.
    """

    path: Path
    text: str

    def at(self, place: str) -> str:
        """Return it as a sentence; the place is what the whole value is called."""
        return f"{path_text(self.path) or place} {self.text}"


class Validator:
    """Validates values against a schema, and says what is wrong with an invalid one."""

    def __init__(self, schemas: Schemas, schema: Node) -> None:
        self._schemas = schemas
        self._schema = schema
        self._validator = Draft202012Validator(
            {**schema, "components": schemas.root.get("components", {})},
            validate_formats=True,
            formats={"date": _is_date},
            offline=True,
        )
        self.is_valid = self._validator.is_valid

    def named(self, path: Path) -> Path:
        """Return a path without the keys that the schema does not name."""
        return self._schemas.named(self._schema, path)

    def problem(self, value: Any) -> Problem | None:
        """Return the first thing that is wrong, None if nothing is."""
        try:
            # Collecting half a million violations would take seconds.
            self._validator.validate(value)
        except ValidationError as error:
            path, text = _explained(error)
            return Problem(self.named(path), text)
        except ValueError:
            return Problem((), "must not be nested so deeply")
        return None

    def wrong_properties(self, value: Node) -> set[str]:
        """Return the names of the properties with which something is wrong."""
        paths = [error.instance_path for error in self._validator.iter_errors(value)]
        return {str(path[0]) for path in paths if path}


def split(pointer: str) -> Pointer:
    """Return the names of a JSON Pointer."""
    names = pointer.removeprefix("#").split("/")[1:]
    return tuple(name.replace("~1", "/").replace("~0", "~") for name in names)


def value_at(value: Any, pointer: Pointer) -> Any:
    """Return the value at a pointer, None if there is none."""
    for name in pointer:
        value = value.get(name) if is_object(value) else None
    return value


def put(value: Any, pointer: Pointer, inner: Any) -> Any:
    """Return a copy of a value with something else at a pointer."""
    if not pointer:
        return inner
    name, *rest = pointer
    outer: Node = value if is_object(value) else {}
    return {**outer, name: put(outer.get(name), tuple(rest), inner)}


def follow(root: Node, node: Node) -> Node:
    """Return what a reference leads to, with what is written beside it."""
    while "$ref" in node:
        target: Any = root
        for name in split(node["$ref"]):
            target = target[name]
        node = {**target, **{word: one for word, one in node.items() if word != "$ref"}}
    return node


def _is_date(text: str) -> bool:
    """Tell whether a string is a day of the calendar; the built-in check takes the year 0000."""
    if _DATE.fullmatch(text) is None:
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _explained(error: ValidationError) -> tuple[Path, str]:
    """Return the place where a value violates its schema, and what is required there."""
    path, kind = tuple(error.instance_path), error.kind
    if kind.name in _BRANCHES:
        return _explained_branches(path, [errors[0] for errors in kind.value if errors])
    if kind.name == "required":
        return (*path, kind.value), "is missing"
    if kind.name == "propertyNames":
        return path, f"has a key that {_explained(kind.value)[1]}"
    # `false` in place of a schema is named by the keyword that it belongs to.
    name = str(error.schema_path[-1]) if kind.name == "falseSchema" else kind.name
    words = _WORDS.get(name)
    return path, f"does not fit `{name}`" if words is None else f"must {words(kind.value)}"


def _explained_branches(path: Path, errors: Sequence[ValidationError]) -> tuple[Path, str]:
    if not errors:
        return path, "must be of one form, and not of several"
    deepest = max(errors, key=lambda error: len(error.instance_path))
    if len(deepest.instance_path) > len(path):
        return _explained(deepest)
    texts = [_explained(error)[1].removeprefix("must ") for error in errors]
    if all(text.startswith("be ") for text in texts):
        texts[1:] = [text.removeprefix("be ") for text in texts[1:]]
    return path, f"must {' or '.join(texts)}"


def _counted(words: str, one: str, many: str) -> Callable[[Any], str]:
    return lambda count: f"have {words} {count} {one if count == 1 else many}"


def _format(name: str) -> str:
    article = "an" if name[0] in "aei" else "a"
    example = f" such as {_FORMATS[name](LEAST)}" if name in _FORMATS else ""
    return f"be {article} {name}{example}"


def _number(node: Node, dice: Dice) -> Any:
    step = node.get("multipleOf", 1)
    low = max(node.get("minimum", -_FAR), node.get("exclusiveMinimum", -_FAR - step) + step)
    high = min(node.get("maximum", _FAR), node.get("exclusiveMaximum", _FAR + step) - step)
    if dice is LEAST:
        number = min(max(0, low), high)
        return number if number % step == 0 else (number // step + 1) * step
    low, high = (max(low, 0), min(high, max(low, 0) + _WIDE)) if high >= 0 else (low, high)
    return int(low // step + dice.randint(0, max(0, int((high - low) // step)))) * step


def _boolean(_: Node, dice: Dice) -> bool:
    return bool(dice.randint(0, 1))


def _string(node: Node, dice: Dice) -> str:
    if "pattern" in node:
        return "".join(_matching(_pattern_parser.parse(node["pattern"]), dice))
    make = _FORMATS.get(node.get("format", ""))
    text = dice.text() if make is None else make(dice)
    return text[: node.get("maxLength")].ljust(node.get("minLength", 0), "x")


def _day(dice: Dice) -> str:
    return date.fromordinal(_DAY + dice.randint(0, _DAYS)).isoformat()


_DAY: Final = date(1930, 1, 1).toordinal()
_DAYS: Final = 90 * 365
_FORMATS: Final[Mapping[str, Callable[[Dice], str]]] = {
    "date": _day,
    "date-time": lambda dice: f"{_day(dice)}T00:00:00Z",
    "date-time-local": lambda dice: f"{_day(dice)}T00:00:00",
    "email": lambda dice: f"nobody{dice.randint(0, 999)}@example.com",
    "hostname": lambda _: "example.com",
    "ipv4": lambda dice: f"192.0.2.{dice.randint(0, 255)}",
    "ipv6": lambda dice: f"2001:db8::{dice.randint(0, 9999)}",
    "time": lambda dice: f"00:00:{dice.randint(10, 59)}Z",
    "uri": lambda dice: f"https://example.com/{dice.randint(0, 9999)}",
    "uuid": lambda dice: str(uuid.UUID(int=dice.randint(0, 2**128 - 1), version=4)),
}


def _matching(parsed: Sequence[Any], dice: Dice) -> Iterator[str]:
    """Yield the pieces of a string that a parsed pattern matches."""
    for code, inner in parsed:
        match str(code):
            case "LITERAL":
                yield chr(inner)
            case "NOT_LITERAL" | "ANY":
                yield chr(next(one for one in _ANY_CHARACTER if one != inner))
            case "IN":
                members = _members(inner)
                yield chr(members[dice.randint(0, len(members) - 1)])
            case "MAX_REPEAT" | "MIN_REPEAT":
                least, most, piece = inner
                for _ in range(dice.randint(least, min(most, max(least, _REPEATED)))):
                    yield from _matching(piece, dice)
            case "SUBPATTERN":
                yield from _matching(inner[-1], dice)
            case "BRANCH":
                branches = inner[1]
                yield from _matching(branches[dice.randint(0, len(branches) - 1)], dice)
            case _:  # an anchor has no characters; what else there is, the validator shows
                pass


def _members(inner: Sequence[Any]) -> list[int]:
    if str(inner[0][0]) == "NEGATE":
        excluded = _members(inner[1:])
        return [one for one in _ANY_CHARACTER if one not in excluded] or [ord(" ")]
    found: list[int] = []
    for code, one in inner:
        match str(code):
            case "LITERAL":
                found.append(one)
            case "RANGE":
                found += range(one[0], one[1] + 1)
            case _:
                found += _CATEGORIES.get(str(one), _ANY_CHARACTER)
    return found


_TYPES: Final[Mapping[str, str]] = {
    "array": "an array",
    "boolean": "a boolean",
    "integer": "an integer",
    "number": "a number",
    "object": "an object",
    "string": "a string",
    "null": "null",
}
# What a value must be, by the keyword that it violates, given the value of the keyword.
_WORDS: Final[Mapping[str, Callable[[Any], str]]] = {
    "additionalProperties": lambda _: "have no other keys than the documented ones",
    "const": lambda value: f"be {dump(value).decode()}",
    "contains": lambda _: "contain the documented items",
    "enum": lambda values: f"be one of {', '.join(dump(one).decode() for one in values)}",
    "exclusiveMaximum": lambda limit: f"be less than {limit}",
    "exclusiveMinimum": lambda limit: f"be greater than {limit}",
    "format": _format,
    "items": lambda _: "not be there",
    "maxItems": _counted("at most", "item", "items"),
    "maxLength": _counted("at most", "character", "characters"),
    "maxProperties": _counted("at most", "property", "properties"),
    "maximum": lambda limit: f"be at most {limit}",
    "minItems": _counted("at least", "item", "items"),
    "minLength": _counted("at least", "character", "characters"),
    "minProperties": _counted("at least", "property", "properties"),
    "minimum": lambda limit: f"be at least {limit}",
    "multipleOf": lambda step: f"be a multiple of {step}",
    "not": lambda _: "not be of the form that is ruled out",
    "pattern": lambda pattern: f"match {pattern}",
    "type": lambda types: f"be {' or '.join(_TYPES[one] for one in _TYPES if one in types)}",
    "unevaluatedItems": lambda _: "have no other items than the documented ones",
    "unevaluatedProperties": lambda _: "have no other keys than the documented ones",
    "uniqueItems": lambda _: "have no item twice",
}
_FAR: Final = 2**53
_WIDE: Final = 3600
_NULL_OF: Final = 3  # of so many and one, one is null
_SHOWN: Final = ("example", "default")
_DIGITS: Final = range(ord("0"), ord("9") + 1)
_CATEGORIES: Final[Mapping[str, range]] = {
    "CATEGORY_DIGIT": _DIGITS,
    "CATEGORY_SPACE": range(ord(" "), ord(" ") + 1),
}
_MADE: Final[Mapping[str, Callable[[Node, Dice], Any]]] = {
    "string": _string,
    "boolean": _boolean,
    "integer": _number,
    "number": _number,
}
