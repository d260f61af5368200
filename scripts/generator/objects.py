"""The objects of the document: what each may hold, and how the arguments of methods give it."""

from __future__ import annotations

import keyword
from dataclasses import dataclass
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
from scripts.generator.facts import Facts, Spec, part
from scripts.generator.properties import (
    UnsupportedError,
    attributes_of,
    kind_of,
    others_of,
    properties_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from openapi_python_client.parser import GeneratorData
    from openapi_python_client.parser.openapi import Endpoint
    from openapi_python_client.parser.properties.protocol import PropertyProtocol

    from scripts.generator.properties import Attribute

_ANNOTATIONS: Final = frozenset(
    "Any Literal Mapping Sequence UUID Unset bool date datetime float int str typing".split()
)


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


class Objects:
    """The models of the document.

    Attributes:
        models: by their names.
        limits: what values each property may have, by the name of its model.
        fields: the objects of requests that are not the body itself, as TypedDicts.
    """

    def __init__(
        self, data: GeneratorData, facts: Facts, endpoints: Mapping[str, Endpoint]
    ) -> None:
        """Read all models.

        Args:
            endpoints: by the operationId.
        """
        self.defs = Spec({"$defs": facts.schemas})
        self.models = {str(each.class_info.name): each for each in data.models}
        self.limits = self._limits(facts, endpoints)
        nested = self._nested(endpoints.values())
        self._field_names = _field_names(nested)
        self.fields = [self._typed_dict(model) for model in nested.values()]

    def walk(
        self, model: ModelProperty, pointer: str | None, place: str
    ) -> tuple[tuple[str, ...], PropertyProtocol | None]:
        """Follow a pointer through models: the attributes that lead there, and what is there."""
        attributes: list[str] = []
        prop: PropertyProtocol = model
        for token in pointer_of(f"#{pointer or ''}") or ():
            inner = self.object_in(prop)
            names = {each.key: each.name for each in attributes_of(inner)} if inner else {}
            if inner is None or token not in names:
                raise UnsupportedError(
                    f"{place}: x-semantics: {pointer} does not exist; correct it"
                )
            attributes.append(names[str(token)])
            prop = properties_of(inner)[str(token)]
        return tuple(attributes), self.object_in(prop) or prop

    def object_in(self, prop: PropertyProtocol | None) -> ModelProperty | None:
        """Return the model of an object, also of a nullable one, with its properties read."""
        if isinstance(prop, UnionProperty):
            found = [each for each in prop.inner_properties if isinstance(each, ModelProperty)]
            return self.object_in(found[0]) if found else None
        return self.models[str(prop.class_info.name)] if isinstance(prop, ModelProperty) else None

    # What the strict document allows

    def _limits(self, facts: Facts, endpoints: Mapping[str, Endpoint]) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = {}
        for name, schema in facts.schemas.items():
            self._limit(self.models.get(ClassName(name, "Schema")), schema, found)
        for operation in facts.operations:
            for body in endpoints[operation.id].bodies:
                self._limit(body.prop, operation.body, found)
        return found

    def _limit(
        self, prop: PropertyProtocol | None, node: Any, found: dict[str, dict[str, str]]
    ) -> None:
        schema = self.defs.follow(node)
        if isinstance(prop, ListProperty):
            self._limit(prop.inner_property, schema.get("items"), found)
        model = self.object_in(prop)
        if model is None or str(model.class_info.name) in found:
            return
        nodes = self.defs.properties(schema)
        found[str(model.class_info.name)] = {
            name: self.bounds(nodes[name]) for name in properties_of(model) if name in nodes
        }
        for name, inner in properties_of(model).items():
            self._limit(inner, nodes.get(name), found)
        self._limit(others_of(model), schema.get("additionalProperties"), found)

    def bounds(self, node: Any) -> str:
        """Say what values a schema of the strict document allows."""
        schema = self.defs.follow(node)
        found = bounds(schema, self.defs.follow)
        limits = f"In the strict document: {found}." if found else ""
        return " ".join(filter(None, (deprecation(schema), limits)))

    def described(self, model: ModelProperty, attribute: Attribute) -> str:
        """Describe a property in one paragraph."""
        limits = self.limits.get(str(model.class_info.name), {}).get(attribute.key, "")
        return paragraph(attribute.text, limits)

    # Annotations

    def wanted(self, prop: PropertyProtocol) -> str:
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
                wanted = f"Sequence[{self.wanted(prop.inner_property)}]"
            case UuidProperty():
                wanted = "UUID | str"
            case ModelProperty():
                wanted = " | ".join(self._wanted_objects(self.models[str(prop.class_info.name)]))
            case UnionProperty():
                inner = [self.wanted(each) for each in prop.inner_properties]
                wanted = " | ".join(dict.fromkeys(" | ".join(inner).split(" | ")))
            case _:
                wanted = kind_of(prop).annotation
        return wanted

    def _wanted_objects(self, model: ModelProperty) -> Iterator[str]:
        """Write what an object may be: a model, a dict of its properties, a map."""
        name = str(model.class_info.name)
        yield name
        others = others_of(model)
        if name in self._field_names:
            yield self._field_names[name]
            if others:
                yield "Mapping[str, Any]"
        else:
            yield f"Mapping[str, {self.wanted(others) if others else 'Any'}]"

    # Objects of requests

    def _nested(self, endpoints: Iterable[Endpoint]) -> dict[str, ModelProperty]:
        """Collect the objects in bodies and in queries that have properties with names."""
        found: dict[str, ModelProperty] = {}
        for endpoint in endpoints:
            for body in endpoint.bodies:
                if model := self.object_in(body.prop):
                    self._collect_from(model, found)
            for prop in endpoint.query_parameters:
                self._collect(prop, found)
        return {name: model for name, model in found.items() if properties_of(model)}

    def _collect(self, prop: PropertyProtocol, found: dict[str, ModelProperty]) -> None:
        if isinstance(prop, ListProperty):
            self._collect(prop.inner_property, found)
        model = self.object_in(prop)
        if model is not None and str(model.class_info.name) not in found:
            found[str(model.class_info.name)] = model
            self._collect_from(model, found)

    def _collect_from(self, model: ModelProperty, found: dict[str, ModelProperty]) -> None:
        for inner in properties_of(model).values():
            self._collect(inner, found)
        if others := others_of(model):
            self._collect(others, found)

    def _typed_dict(self, model: ModelProperty) -> Fields:
        props = properties_of(model)
        keys: dict[str, str] = {}
        texts: dict[str, str] = {}
        for each in attributes_of(model):
            wanted = self.wanted(props[each.key])
            keys[each.key] = f"typing.Required[{wanted}]" if each.required else f"{wanted} | Unset"
            texts[each.key] = self.described(model, each)
        owner = str(model.class_info.name)
        status = part(model.data.model_extra or {}, "x-provenance").get("status", "unknown")
        description = (prose(model.description) or owner).rstrip(".")
        summary = f"{description}. As a dict, in place of {owner}."
        spec = f"Spec: {owner} ({status})."
        return Fields(
            name=self._field_names[owner],
            model=owner,
            text=paragraphs(summary, section("Attributes", texts), spec),
            keys=keys,
            plain=not any(
                not key.isidentifier() or keyword.iskeyword(key) or key in self._reserved()
                for key in keys
            ),
        )

    def _reserved(self) -> set[str]:
        return {*_ANNOTATIONS, *self.models, *self._field_names.values()}


def _field_names(models: Mapping[str, ModelProperty]) -> dict[str, str]:
    """Name the TypedDict of each model: that of PatientUpdate is PatientFields."""
    found: dict[str, str] = {}
    for name in sorted(models, key=lambda each: (not each.endswith("Update"), each)):
        short = f"{name.removesuffix('Update').removesuffix('Create') or name}Fields"
        found[name] = f"{name}Fields" if short in found.values() or short in models else short
    return found


def paragraph(*texts: str) -> str:
    """Join sentences; a docstring needs at least one."""
    return " ".join(" ".join(texts).split()) or "see the document."
