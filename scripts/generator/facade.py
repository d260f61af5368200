"""What the templates say about the client's methods: a class for each attribute of the client."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from openapi_python_client.parser.properties import ModelProperty
from openapi_python_client.parser.properties.list_property import ListProperty
from openapi_python_client.strings import ClassName

from scripts.generator.docstrings import prose
from scripts.generator.facts import Facts, Spec, facts_of, part
from scripts.generator.failures import ROOTS, ErrorClass, error_classes, raised_by, tree
from scripts.generator.methods import Keyword, Listed, Method, Resource
from scripts.generator.objects import Fields, Objects, paragraph
from scripts.generator.properties import (
    UnsupportedError,
    attributes_of,
    identifiers,
    kind_of,
    others_of,
    properties_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from openapi_python_client.parser import GeneratorData
    from openapi_python_client.parser.properties.protocol import PropertyProtocol

    from scripts.generator.operations import Argument
    from scripts.generator.operations import Operation as Described
    from scripts.generator.vocabulary import Operation, Paging

CLIENT_ATTRIBUTES: Final = frozenset({"close", "with_options"})
RESOURCE_ATTRIBUTES: Final = frozenset({"with_raw_response"})
PAGE_WORDS: Final = ("count", "total", "next", "more")


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
    """Everything that the templates of the client use."""

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
        """The lines of the tree of errors, for the docstring of the status error."""
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
        UnsupportedError: the templates do not support an operation.
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
        self.own = facts_of(client, client)
        self.errors = error_classes(self.own, self.facts)
        self.endpoints = {
            str(endpoint.name): (str(tag), endpoint)
            for tag, collection in data.endpoint_collections_by_tag.items()
            for endpoint in collection.endpoints
        }
        self.by_id = {described[name].id: name for name in described}
        by_operation = {described[name].id: each for name, (_, each) in self.endpoints.items()}
        self.objects = Objects(data, self.facts, by_operation)
        self.hidden: set[str] = set()

    def facade(self) -> Facade:
        resources = list(self._resources())
        error = self._error()
        issuing = self._issuing()
        pages = [each.page for each in self.facts.operations if each.page]
        shown = [str(each.class_info.name) for each in (*self.data.models, *self.data.enums)]
        return Facade(
            resources=resources,
            fields=self.objects.fields,
            page_names=_page_names(pages),
            errors=self.errors,
            error=error,
            issuing=issuing,
            models=sorted(shown),
            shown=sorted(name for name in shown if name not in self.hidden),
            limits=self.objects.limits,
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
                taken = class_name in self.objects.models
                found[attribute] = Resource(
                    attribute=attribute,
                    name=f"{class_name}Resource" if taken else class_name,
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
        body = self.objects.object_in(endpoint.bodies[0].prop) if endpoint.bodies else None
        properties = list(self._properties(body)) if body else []
        if body and others_of(body) and not properties:
            raise UnsupportedError(f"{place}: the request body is a map; put it into a property")
        if body:
            self.hidden.add(str(body.class_info.name))
        schemas = {each.name: each.schema for each in operation.parameters}
        path, query, headers = (
            [self._keyword(each, schemas.get(each.parameter)) for each in arguments]
            for arguments in described.arguments.values()
        )
        model = self.objects.models.get(described.response)
        pointer = operation.result if operation.result is not None else operation.id_at
        if operation.page is not None:
            pointer = operation.page.items
        attributes, prop = self.objects.walk(model, pointer, place) if model else ((), None)
        unwrap = bool(attributes) and operation.id_at is None
        if model and unwrap:
            self.hidden.add(described.response)
        listed = self._listed(operation, attribute, prop, described, model)
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
            parameters=[*query, *headers],
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
        props = properties_of(body)
        for each in attributes_of(body):
            prop = props[each.key]
            yield Keyword(
                name=each.name,
                annotation=self.objects.wanted(prop) + ("" if each.required else " | Unset"),
                required=each.required,
                text=self.objects.described(body, each),
            )

    def _keyword(self, argument: Argument, schema: Any) -> Keyword:
        return Keyword(
            name=argument.name,
            annotation=self.objects.wanted(argument.prop)
            + ("" if argument.required else " | Unset"),
            required=argument.required,
            text=paragraph(argument.description, self.objects.bounds(schema)),
        )

    def _listed(
        self,
        operation: Operation,
        attribute: str,
        prop: PropertyProtocol | None,
        described: Described,
        model: ModelProperty | None,
    ) -> Listed | None:
        page = operation.page
        if page is None:
            return None
        inner = prop.inner_property if isinstance(prop, ListProperty) else None
        item = self.objects.object_in(inner)
        resource = next(
            (one for one in self.facts.resources if one.name == operation.resource), None
        )
        place = f"{operation.method} {operation.route}"
        if model is None or item is None or resource is None:
            raise UnsupportedError(
                f"{place}: page.items must be an array of a resource; correct it"
            )
        by_document = {each.parameter: each.name for each in described.arguments["query"]}
        ids = {each.key: each.name for each in attributes_of(item)}
        lists = [one for one in self.facts.operations if one.page and one.resource == resource.name]
        stem = resource.name if len(lists) == 1 else ClassName(operation.id, "List")
        pager = f"{stem}List"
        while pager in self.objects.models and pager not in self.hidden:
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
                word: self.objects.walk(model, pointer, place)[0]
                for word in PAGE_WORDS
                if (pointer := getattr(page, word)) is not None
            },
        )

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

    # Errors and tokens

    def _error(self) -> ErrorShape | None:
        if self.facts.error_type is None:
            return None
        for name, node in self.spec.schemas.items():
            if "error" in part(node, "x-semantics"):
                return self._error_shape(name, self.facts.error_type)
        return None

    def _error_shape(self, name: str, pointer: str) -> ErrorShape | None:
        model = self.objects.models.get(ClassName(name, "Schema"))
        if model is None:
            return None
        detail_at, _, _ = pointer.rpartition("/")
        place = f"the schema {name}"
        attributes, detail = self.objects.walk(model, detail_at, place)
        if detail_at:
            self.hidden.add(str(model.class_info.name))
        return ErrorShape(
            model=str(model.class_info.name),
            detail=_python_kind(detail),
            detail_at=attributes,
            type_at=self.objects.walk(model, pointer, place)[0][len(attributes) :],
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
                model = self.objects.models[described.response]
                self.hidden.add(described.response)
                names = {each.parameter: each.name for each in described.arguments["query"]}
                return Issuing(
                    tag=self.endpoints[key][0],
                    module=key,
                    user=tuple(names[each] for each in operation.issue.user),
                    header=operation.issue.header,
                    token=self.objects.walk(model, operation.issue.token, described.route)[0],
                    expires=self.objects.walk(model, operation.issue.expires, described.route)[0],
                )
        return None


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


def _python_kind(prop: PropertyProtocol | None) -> str:
    if prop is None:
        return "object"
    if isinstance(prop, ModelProperty):
        return str(prop.class_info.name)
    if isinstance(prop, ListProperty):
        return "list"
    annotation = kind_of(prop).annotation
    return annotation if annotation in {"str", "int"} else "object"
