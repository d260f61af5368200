"""What the templates say about the client's methods: a class for each attribute of the client."""

from __future__ import annotations

import keyword
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from heidi_spec_tools.nodes import pointer_of
from openapi_python_client.parser.properties import EnumProperty, ModelProperty
from openapi_python_client.parser.properties.const import ConstProperty
from openapi_python_client.parser.properties.date import DateProperty
from openapi_python_client.parser.properties.datetime import DateTimeProperty
from openapi_python_client.parser.properties.list_property import ListProperty
from openapi_python_client.parser.properties.union import UnionProperty
from openapi_python_client.parser.properties.uuid import UuidProperty
from openapi_python_client.strings import ClassName

from scripts.generator.docstrings import bounds, deprecation, paragraphs, prose, section
from scripts.generator.facts import Facts, Spec, facts_of, part
from scripts.generator.failures import ROOTS, ErrorClass, error_classes, raised_by, tree
from scripts.generator.properties import (
    UnsupportedError,
    attributes_of,
    identifiers,
    kind_of,
    others_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from openapi_python_client.parser import GeneratorData
    from openapi_python_client.parser.openapi import Endpoint
    from openapi_python_client.parser.properties.protocol import PropertyProtocol

    from scripts.generator.operations import Argument
    from scripts.generator.operations import Operation as Described
    from scripts.generator.properties import Attribute
    from scripts.generator.vocabulary import Operation, Paging

CLIENT_ATTRIBUTES: Final = frozenset({"close", "with_options"})
RESOURCE_ATTRIBUTES: Final = frozenset({"with_raw_response"})
WALK_ARGUMENTS: Final = ("max_items", "progress", "prefetch")
PAGE_WORDS: Final = ("count", "total", "next", "more")
_ANNOTATIONS: Final = frozenset(
    "Any Literal Mapping Sequence UUID Unset bool date datetime float int str typing".split()
)
_WALK_TEXTS: Final = {
    "max_items": "stop after so many {noun}, 0 or more; None for all.",
    "progress": (
        "called after each page with two numbers of {noun}: those that this walk gives so far, at"
        " most max_items, and all there are by the server's count, or None where it gives none."
    ),
    "prefetch": "ask for the next page while this one is worked on.",
}


@dataclass(frozen=True, kw_only=True)
class Option:
    """A parameter that every method has, whatever its operation."""

    annotation: str
    text: str


OPTIONS: Final = {
    "extra_headers": Option(
        annotation="Mapping[str, str] | Unset",
        text="sent with this call, on top of those of the client; no credentials.",
    ),
    "extra_query": Option(
        annotation="Mapping[str, Any] | Unset",
        text="more parameters for the query, such as one that the document does not name yet.",
    ),
    "extra_body": Option(
        annotation="Mapping[str, Any] | Unset",
        text="more properties for the body, as JSON has them.",
    ),
    "timeout": Option(
        annotation="float | Timeout | Unset",
        text="seconds that connecting, sending and each wait for more of the response may take; or"
        " an httpx.Timeout. Without it, as the client says.",
    ),
    "deadline": Option(
        annotation="float | Unset | None",
        text="seconds that the whole call may take, repetitions included; None for no end. Without"
        " it, as the client says.",
    ),
}


@dataclass(frozen=True, kw_only=True)
class Keyword:
    """A parameter of a method."""

    name: str
    parameter: str
    """What `build` calls it."""

    annotation: str
    required: bool
    text: str
    shape: str


@dataclass(frozen=True, kw_only=True)
class Listed:
    """What a list has beyond a method."""

    item: str
    pager: str
    size: str
    cursor: str
    id: str
    noun: str
    places: dict[str, tuple[str, ...]]


@dataclass(frozen=True, kw_only=True)
class Method:
    """A method of the client."""

    name: str
    constant: str
    module: str
    tag: str
    operation: Operation
    described: Described
    path: list[Keyword]
    body: list[Keyword]
    parameters: list[Keyword]
    body_model: str
    returns: str
    demanded: tuple[str, ...]
    kind: str
    place: str
    unwrap: bool
    listed: Listed | None
    raises: dict[str, str]
    returned: str

    def keywords(self, *, raw: bool) -> list[Keyword]:
        """The parameters behind those of the path; the token of a page is for raw lists."""
        hidden = self.listed.cursor if self.listed and not raw else None
        found = [each for each in (*self.body, *self.parameters) if each.name != hidden]
        return sorted(found, key=lambda each: not each.required)

    @property
    def options(self) -> dict[str, Option]:
        """The parameters that are the same for every operation; one of them is for bodies."""
        return {
            name: option
            for name, option in OPTIONS.items()
            if name != "extra_body" or self.body_model
        }

    def result(self, *, raw: bool, aio: bool) -> str:
        """The annotation of what is returned."""
        if raw:
            return f"RawResponse[{self.returns}]"
        if self.listed:
            return ("Async" if aio else "") + self.listed.pager
        return self.returns

    def text(self, *, raw: bool, aio: bool) -> str:
        """The docstring."""
        described, lazy = self.described, self.listed is not None and not raw
        keywords = self.keywords(raw=raw)
        arguments = {each.name: each.text for each in (*self.path, *keywords)}
        if lazy and self.listed:
            walk = WALK_ARGUMENTS if aio else WALK_ARGUMENTS[:2]
            arguments |= {name: _WALK_TEXTS[name].format(noun=self.listed.noun) for name in walk}
        arguments |= {name: option.text for name, option in self.options.items()}
        repeats = (
            "Where the server may have acted on it, it is not sent again, unless `retry_writes`"
            " says so."
        )
        return paragraphs(
            described.summary,
            "Nothing is sent until it is iterated, page by page." if lazy else "",
            described.description,
            "" if self.operation.method == "GET" else repeats,
            section("Args", arguments),
            section("Returns", self._returned(raw=raw, aio=aio)),
            *self._raised(lazy=lazy),
            f"Spec: {described.id} ({described.provenance}).",
        )

    def _returned(self, *, raw: bool, aio: bool) -> dict[str, str]:
        result = self.result(raw=raw, aio=aio)
        if raw:
            return {result: "the response, with its status and headers."}
        if self.listed:
            each = "async for" if aio else "for"
            return {result: f"iterate over it with `{each}`; each time it asks again."}
        return {result: self.returned or "what the response holds."}

    def _raised(self, *, lazy: bool) -> Iterator[str]:
        checks = {
            "TypeError": "an argument has the wrong type, or is None; the message names it.",
            "ValueError": "an argument has a value that the document does not allow.",
        }
        failures = {**self.raises, "HeidiError": "any other failure; see its subclasses."}
        if not lazy:
            yield section("Raises", {**checks, **failures})
            return
        yield section("Raises", checks)
        walk = {"PaginationError": "the pages repeat, or items would be missing."}
        yield section(
            "Iterating raises", {**self.raises, **walk, "HeidiError": "see its subclasses."}
        )


@dataclass(frozen=True, kw_only=True)
class Resource:
    """An attribute of the client, with the methods that it has."""

    attribute: str
    name: str
    text: str
    methods: list[Method] = field(default_factory=list[Method])


@dataclass(frozen=True, kw_only=True)
class Fields:
    """An object of a request, as a TypedDict."""

    name: str
    model: str
    text: str
    keys: dict[str, str]
    """The annotation of each property."""

    plain: bool
    """Whether each key can be written as an attribute of a class."""


@dataclass(frozen=True, kw_only=True)
class PageNames:
    """What the attributes of a page are called: as the first list of the document calls them."""

    count: str
    total: str
    next: str
    more: str
    counted: bool
    """Whether every list says how many there are on all pages."""


@dataclass(frozen=True, kw_only=True)
class ErrorShape:
    """Where an error response has its parts, as attributes of models."""

    model: str
    detail: str
    detail_at: tuple[str, ...]
    type_at: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Issuing:
    """How tokens are issued."""

    tag: str
    module: str
    user: tuple[str, ...]
    header: str
    token: tuple[str, ...]
    expires: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Facade:
    """All that the templates of the client ask for."""

    resources: list[Resource]
    fields: list[Fields]
    page_names: PageNames
    errors: list[ErrorClass]
    error: ErrorShape | None
    issuing: Issuing | None
    models: list[str]
    """All models and enums."""

    shown: list[str]
    """The models that users meet."""

    limits: dict[str, dict[str, str]]
    """What values each property may have, by the name of its model."""

    facts: Facts

    @property
    def methods(self) -> list[Method]:
        """Those of all resources."""
        return [method for resource in self.resources for method in resource.methods]

    @property
    def pagers(self) -> list[Method]:
        """One list for each class of pager."""
        return list({each.listed.pager: each for each in self.methods if each.listed}.values())

    @property
    def public(self) -> dict[str, list[str]]:
        """The names that users import, by the module that has them."""
        pagers = [each.listed.pager for each in self.pagers if each.listed]
        return {
            "document": ["Region"],
            "errors": [*ROOTS, *(each.name for each in self.errors)],
            "facade": ["RawResponse"],
            "fields": [each.name for each in self.fields],
            "models": self.shown,
            "page": ["Page"],
            "resources": [*pagers, *(f"Async{name}" for name in pagers)],
            "types": ["UNSET", "Unset"],
        }

    @property
    def error_tree(self) -> list[str]:
        """The drawing of the error classes below that of a status."""
        return tree(self.errors)


def facade_of(
    data: GeneratorData,
    described: Mapping[str, Described],
    client: dict[str, Any],
    strict: dict[str, Any],
) -> Facade:
    """Describe the client.

    Args:
        described: by the name of the endpoint.

    Raises:
        UnsupportedError: an operation has what the templates do not cover.
    """
    return _Reader(data, described, client, strict).facade()


class _Reader:
    def __init__(
        self,
        data: GeneratorData,
        described: Mapping[str, Described],
        client: dict[str, Any],
        strict: dict[str, Any],
    ) -> None:
        self.data = data
        self.described = described
        self.spec = Spec(client)
        self.facts = facts_of(client, strict)
        self.defs = Spec({"$defs": self.facts.schemas})
        self.own = facts_of(client, client)
        self.errors = error_classes(self.own, self.facts)
        self.endpoints = {
            str(endpoint.name): (str(tag), endpoint)
            for tag, collection in data.endpoint_collections_by_tag.items()
            for endpoint in collection.endpoints
        }
        self.by_id = {described[name].id: name for name in described}
        self.models = {str(each.class_info.name): each for each in data.models}
        self.hidden: set[str] = set()
        self.fields: list[Fields] = []
        self.nested: dict[str, ModelProperty] = {}
        self.limits = self._limits()

    def facade(self) -> Facade:
        self.fields = self._fields()
        resources = list(self._resources())
        error = self._error()
        issuing = self._issuing()
        pages = [each.operation.page for each in _methods(resources) if each.operation.page]
        shown = [str(each.class_info.name) for each in (*self.data.models, *self.data.enums)]
        return Facade(
            resources=resources,
            fields=self.fields,
            page_names=_page_names(pages),
            errors=self.errors,
            error=error,
            issuing=issuing,
            models=sorted(shown),
            shown=sorted(name for name in shown if name not in self.hidden),
            limits=self.limits,
            facts=self.facts,
        )

    # Resources

    def _resources(self) -> Iterator[Resource]:
        found: dict[str, Resource] = {}
        for operation in self.facts.operations:
            if operation.client_method is None:
                continue
            attribute, _, name = operation.client_method.partition(".")
            place = f"{operation.method} {operation.route}"
            if attribute in CLIENT_ATTRIBUTES or name in RESOURCE_ATTRIBUTES:
                raise UnsupportedError(
                    f"{place}: {operation.client_method} is a name that the client needs; write"
                    " another in x-semantics.method"
                )
            if attribute not in found:
                class_name = ClassName(attribute, "Resource")
                found[attribute] = Resource(
                    attribute=attribute,
                    name=f"{class_name}Resource" if class_name in self.models else class_name,
                    text=self._resource_text(operation),
                )
            found[attribute].methods.append(self._method(operation, attribute, name))
        yield from found.values()

    def _resource_text(self, operation: Operation) -> str:
        for tag in self.spec.root.get("tags", ()):
            if tag["name"] == operation.tag and tag.get("description"):
                return prose(tag["description"])
        return f"The operations of {operation.tag}."

    def _method(self, operation: Operation, attribute: str, name: str) -> Method:
        key = self.by_id[operation.id]
        tag, endpoint = self.endpoints[key]
        described = self.described[key]
        place = f"{operation.method} {operation.route}"
        body = self._object_in(endpoint.bodies[0].prop) if endpoint.bodies else None
        properties = list(self._properties(body)) if body else []
        if body and others_of(body) and not properties:
            raise UnsupportedError(f"{place}: the request body is a map; put it into a property")
        if body:
            self.hidden.add(str(body.class_info.name))
        taken = {each.name for each in properties} | {"self", *OPTIONS}
        path, parameters = self._parameters(endpoint, described, operation, taken)
        model = self.models.get(described.response)
        pointer = operation.result if operation.result is not None else operation.id_at
        if operation.page is not None:
            pointer = operation.page.items
        attributes, prop = self._walk(model, pointer, place) if model else ((), None)
        unwrap = bool(attributes) and operation.id_at is None
        if model and unwrap:
            self.hidden.add(described.response)
        listed = self._listed(operation, attribute, prop, parameters, model)
        returns = described.response or "None"
        if listed:
            returns = f"Page[{listed.item}]"
        elif unwrap and isinstance(prop, ModelProperty):
            returns = str(prop.class_info.name)
        if described.empty and described.response:
            returns += " | None"
        return Method(
            name=name,
            constant=f"_{attribute}_{name}".upper(),
            module=endpoint.name,
            tag=tag,
            operation=operation,
            described=described,
            path=path,
            body=properties,
            parameters=parameters,
            body_model=str(body.class_info.name) if body else "",
            returns=returns,
            demanded=attributes,
            kind=_python_kind(prop),
            place="$" + (pointer or "").replace("/", "."),
            unwrap=unwrap and not listed,
            listed=listed,
            raises=self._raises(operation),
            returned=self._returned(operation),
        )

    def _properties(self, body: ModelProperty) -> Iterator[Keyword]:
        props = _props(body)
        for each in attributes_of(body):
            prop = props[each.key]
            yield Keyword(
                name=each.name,
                parameter=each.key,
                annotation=self._wanted(prop) + ("" if each.required else " | Unset"),
                required=each.required,
                text=self._described(body, each),
                shape="",
            )

    def _parameters(
        self, endpoint: Endpoint, described: Described, operation: Operation, taken: set[str]
    ) -> tuple[list[Keyword], list[Keyword]]:
        arguments = [
            *zip(described.path, endpoint.path_parameters, strict=True),
            *zip(described.query, endpoint.query_parameters, strict=True),
            *zip(described.headers, endpoint.header_parameters, strict=True),
        ]
        if operation.page is not None:
            taken = {*taken, *WALK_ARGUMENTS}
        names = identifiers([argument.name for argument, _ in arguments], taken)
        schemas = {each.name: each.schema for each in operation.parameters}
        found = [
            self._keyword(argument, prop, names[argument.name], schemas.get(argument.parameter))
            for argument, prop in arguments
        ]
        return found[: len(described.path)], found[len(described.path) :]

    def _keyword(
        self, argument: Argument, prop: PropertyProtocol, name: str, schema: Any
    ) -> Keyword:
        return Keyword(
            name=name,
            parameter=argument.name,
            annotation=self._wanted(prop) + ("" if argument.required else " | Unset"),
            required=argument.required,
            text=_paragraph(argument.description, self._bounds(schema)),
            shape=kind_of(prop).shape,
        )

    def _listed(
        self,
        operation: Operation,
        attribute: str,
        prop: PropertyProtocol | None,
        parameters: Sequence[Keyword],
        model: ModelProperty | None,
    ) -> Listed | None:
        page = operation.page
        if page is None:
            return None
        item = self._object_in(prop.inner_property) if isinstance(prop, ListProperty) else None
        resource = next(
            (one for one in self.facts.resources if one.name == operation.resource), None
        )
        place = f"{operation.method} {operation.route}"
        if model is None or item is None or resource is None:
            raise UnsupportedError(
                f"{place}: page.items must be an array of a resource; correct it"
            )
        names = self._names(operation)
        by_document = {names[each.parameter]: each.name for each in parameters}
        ids = {each.key: each.name for each in attributes_of(item)}
        lists = [one for one in self.facts.operations if one.page and one.resource == resource.name]
        stem = resource.name if len(lists) == 1 else ClassName(operation.id, "List")
        pager = f"{stem}List"
        while pager in self.models and pager not in self.hidden:
            pager = f"{stem}Pager"
            stem += "_"
        return Listed(
            item=str(item.class_info.name),
            pager=pager,
            size=by_document[page.size],
            cursor=by_document[page.token],
            id=ids[resource.id],
            noun=attribute.replace("_", " "),
            places={
                word: self._walk(model, pointer, place)[0]
                for word in PAGE_WORDS
                if (pointer := getattr(page, word)) is not None
            },
        )

    def _names(self, operation: Operation) -> dict[str, str]:
        """Map the names that `build` has for parameters to those of the document."""
        described = self.described[self.by_id[operation.id]]
        return {each.name: each.parameter for each in (*described.query, *described.headers)}

    def _walk(
        self, model: ModelProperty, pointer: str | None, place: str
    ) -> tuple[tuple[str, ...], PropertyProtocol | None]:
        """Follow a pointer through models: the attributes that lead there, and what is there."""
        attributes: list[str] = []
        prop: PropertyProtocol = model
        for token in pointer_of(f"#{pointer or ''}") or ():
            inner = self._object_in(prop)
            names = {each.key: each.name for each in attributes_of(inner)} if inner else {}
            if inner is None or token not in names:
                raise UnsupportedError(f"{place}: x-semantics: {pointer} leads nowhere; correct it")
            attributes.append(names[str(token)])
            prop = _props(inner)[str(token)]
        return tuple(attributes), self._object_in(prop) or prop

    def _object_in(self, prop: PropertyProtocol | None) -> ModelProperty | None:
        """Return the model of an object, also of a nullable one, with its properties read."""
        if isinstance(prop, UnionProperty):
            found = [each for each in prop.inner_properties if isinstance(each, ModelProperty)]
            return self._object_in(found[0]) if found else None
        return self.models[str(prop.class_info.name)] if isinstance(prop, ModelProperty) else None

    def _raises(self, operation: Operation) -> dict[str, str]:
        """Document the errors that the client document shows, and an invalid request."""
        own = next(each for each in self.own.operations if each.id == operation.id)
        shown = {each.status for each in own.failures if each.status} | {422}
        types = {each.type for each in self.errors if each.type}
        found: dict[str, str] = {}
        for failure in operation.failures:
            if failure.status in shown or failure.type in types:
                text = failure.description or failure.message or str(failure.status)
                found.setdefault(raised_by(failure.status, failure.type, self.errors), text)
        return found

    def _returned(self, operation: Operation) -> str:
        node = self.spec.operation(operation.route, operation.method.lower())
        for status, response in part(node, "responses").items():
            if status.startswith("2"):
                return prose(self.spec.follow(response).get("description"))
        return ""

    # What the strict document allows

    def _limits(self) -> dict[str, dict[str, str]]:
        """Say what values each property may have, by the name of its model."""
        found: dict[str, dict[str, str]] = {}
        for name, schema in self.facts.schemas.items():
            self._limit(self.models.get(ClassName(name, "Schema")), schema, found)
        for operation in self.facts.operations:
            for body in self.endpoints[self.by_id[operation.id]][1].bodies:
                self._limit(body.prop, operation.body, found)
        return found

    def _limit(
        self, prop: PropertyProtocol | None, node: Any, found: dict[str, dict[str, str]]
    ) -> None:
        schema = self.defs.follow(node)
        if isinstance(prop, ListProperty):
            self._limit(prop.inner_property, schema.get("items"), found)
        model = self._object_in(prop)
        if model is None or str(model.class_info.name) in found:
            return
        nodes = self.defs.properties(schema)
        found[str(model.class_info.name)] = {
            name: self._bounds(nodes[name]) for name in _props(model) if name in nodes
        }
        for name, inner in _props(model).items():
            self._limit(inner, nodes.get(name), found)
        self._limit(others_of(model), schema.get("additionalProperties"), found)

    def _bounds(self, node: Any) -> str:
        schema = self.defs.follow(node)
        found = bounds(schema, self.defs.follow)
        limits = f"In the strict document: {found}." if found else ""
        return " ".join(filter(None, (deprecation(schema), limits)))

    def _described(self, model: ModelProperty, attribute: Attribute) -> str:
        """Describe a property in one paragraph."""
        limits = self.limits.get(str(model.class_info.name), {}).get(attribute.key, "")
        return _paragraph(attribute.text, limits)

    # Annotations

    def _wanted(self, prop: PropertyProtocol) -> str:
        """Write what an argument may be."""
        match prop:
            case ConstProperty():
                wanted = f"Literal[{prop.value.raw_value!r}]"
            case EnumProperty():
                values = ", ".join(repr(value) for value in prop.values.values())
                wanted = f"{prop.class_info.name} | Literal[{values}]"
            case DateProperty():
                wanted = "date | str"
            case DateTimeProperty():
                wanted = "datetime | str"
            case ListProperty():
                wanted = f"Sequence[{self._wanted(prop.inner_property)}]"
            case UuidProperty():
                wanted = "UUID | str"
            case ModelProperty():
                wanted = " | ".join(self._wanted_objects(self.models[str(prop.class_info.name)]))
            case UnionProperty():
                inner = [self._wanted(each) for each in prop.inner_properties]
                wanted = " | ".join(dict.fromkeys(" | ".join(inner).split(" | ")))
            case _:
                wanted = kind_of(prop).annotation
        return wanted

    def _wanted_objects(self, model: ModelProperty) -> Iterator[str]:
        """Write what an object may be: a model, a dict of its properties, a map."""
        name = str(model.class_info.name)
        fields = {each.model: each.name for each in self.fields}
        yield name
        others = others_of(model)
        if name in fields:
            yield fields[name]
            if others:
                yield "Mapping[str, Any]"
        else:
            yield f"Mapping[str, {self._wanted(others) if others else 'Any'}]"

    # Objects of requests

    def _fields(self) -> list[Fields]:
        for _, endpoint in self.endpoints.values():
            for body in endpoint.bodies:
                self._collect_from(self._object_in(body.prop))
            for prop in endpoint.query_parameters:
                self._collect(prop)
        names = _field_names(self.nested)
        self.fields = [
            Fields(name=names[name], model=name, text="", keys={}, plain=True)
            for name, model in self.nested.items()
            if attributes_of(model)
        ]
        return [self._typed_dict(self.nested[each.model], each.name) for each in self.fields]

    def _collect(self, prop: PropertyProtocol) -> None:
        if isinstance(prop, ListProperty):
            self._collect(prop.inner_property)
        model = self._object_in(prop)
        if model is not None and str(model.class_info.name) not in self.nested:
            self.nested[str(model.class_info.name)] = model
            self._collect_from(model)

    def _collect_from(self, model: ModelProperty | None) -> None:
        for inner in _props(model).values() if model else ():
            self._collect(inner)
        if model and (others := others_of(model)):
            self._collect(others)

    def _typed_dict(self, model: ModelProperty, name: str) -> Fields:
        props = _props(model)
        keys: dict[str, str] = {}
        texts: dict[str, str] = {}
        for each in attributes_of(model):
            wanted = self._wanted(props[each.key])
            keys[each.key] = f"typing.Required[{wanted}]" if each.required else f"{wanted} | Unset"
            texts[each.key] = self._described(model, each)
        owner = str(model.class_info.name)
        status = part(model.data.model_extra or {}, "x-provenance").get("status", "unknown")
        description = (prose(model.description) or owner).rstrip(".")
        summary = f"{description}. As a dict, in place of {owner}."
        spec = f"Spec: {owner} ({status})."
        return Fields(
            name=name,
            model=owner,
            text=paragraphs(summary, section("Attributes", texts), spec),
            keys=keys,
            plain=not any(
                not key.isidentifier() or keyword.iskeyword(key) or key in self._reserved()
                for key in keys
            ),
        )

    def _reserved(self) -> set[str]:
        return {*_ANNOTATIONS, *self.models, *(each.name for each in self.fields)}

    # Errors and tokens

    def _error(self) -> ErrorShape | None:
        if self.facts.error_type is None:
            return None
        for name, node in self.spec.schemas.items():
            if "error" in part(node, "x-semantics"):
                return self._error_shape(name, self.facts.error_type)
        return None

    def _error_shape(self, name: str, pointer: str) -> ErrorShape | None:
        model = self.models.get(ClassName(name, "Schema"))
        if model is None:
            return None
        detail_at, _, _ = pointer.rpartition("/")
        place = f"the schema {name}"
        attributes, detail = self._walk(model, detail_at, place)
        if detail_at:
            self.hidden.add(str(model.class_info.name))
        return ErrorShape(
            model=str(model.class_info.name),
            detail=_python_kind(detail),
            detail_at=attributes,
            type_at=self._walk(model, pointer, place)[0][len(attributes) :],
        )

    def _issuing(self) -> Issuing | None:
        for operation in self.facts.operations:
            if operation.issue is not None:
                key = self.by_id[operation.id]
                described = self.described[key]
                if len(operation.issue.user) != 2:
                    raise UnsupportedError(
                        f"{operation.method} {operation.route}: the client names a user by two"
                        " parameters; name two in x-semantics.user"
                    )
                model = self.models[described.response]
                self.hidden.add(described.response)
                names = {each.parameter: each.name for each in described.query}
                return Issuing(
                    tag=self.endpoints[key][0],
                    module=key,
                    user=tuple(names[each] for each in operation.issue.user),
                    header=operation.issue.header,
                    token=self._walk(model, operation.issue.token, described.route)[0],
                    expires=self._walk(model, operation.issue.expires, described.route)[0],
                )
        return None


def _methods(resources: Sequence[Resource]) -> Iterator[Method]:
    for resource in resources:
        yield from resource.methods


def _page_names(pages: Sequence[Paging]) -> PageNames:
    first = pages[0] if pages else None
    names = {
        word: (getattr(first, word, None) or f"/{word}").rpartition("/")[2] for word in PAGE_WORDS
    }
    found = identifiers([names[word] for word in PAGE_WORDS], {"items", "of"})
    return PageNames(
        **{word: found[name] for word, name in names.items()},
        counted=all(page.total is not None for page in pages),
    )


def _field_names(models: Mapping[str, ModelProperty]) -> dict[str, str]:
    """Name the TypedDict of each model: that of PatientUpdate is PatientFields."""
    found: dict[str, str] = {}
    for name in sorted(models, key=lambda each: (not each.endswith("Update"), each)):
        short = f"{name.removesuffix('Update').removesuffix('Create') or name}Fields"
        found[name] = f"{name}Fields" if short in found.values() or short in models else short
    return found


def _props(model: ModelProperty) -> dict[str, PropertyProtocol]:
    found = (*(model.required_properties or ()), *(model.optional_properties or ()))
    return {prop.name.get_untrusted_value(): prop for prop in found}


def _python_kind(prop: PropertyProtocol | None) -> str:
    if prop is None:
        return "object"
    if isinstance(prop, ModelProperty):
        return str(prop.class_info.name)
    if isinstance(prop, ListProperty):
        return "list"
    annotation = kind_of(prop).annotation
    return annotation if annotation in {"str", "int"} else "object"


def _paragraph(*texts: str) -> str:
    return " ".join(" ".join(texts).split()) or "see the document."
