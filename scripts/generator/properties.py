"""The Python code for each kind of property, which the templates use."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from openapi_python_client.parser.properties import AnyProperty, EnumProperty, ModelProperty
from openapi_python_client.parser.properties.boolean import BooleanProperty
from openapi_python_client.parser.properties.const import ConstProperty
from openapi_python_client.parser.properties.date import DateProperty
from openapi_python_client.parser.properties.datetime import DateTimeProperty
from openapi_python_client.parser.properties.float import FloatProperty
from openapi_python_client.parser.properties.int import IntProperty
from openapi_python_client.parser.properties.list_property import ListProperty
from openapi_python_client.parser.properties.none import NoneProperty
from openapi_python_client.parser.properties.string import StringProperty
from openapi_python_client.parser.properties.union import UnionProperty
from openapi_python_client.parser.properties.uuid import UuidProperty
from openapi_python_client.strings import in_double_quote_literal

from scripts.generator.docstrings import paragraphs, prose, section
from scripts.generator.facts import python_name

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from openapi_python_client.parser.properties.protocol import PropertyProtocol
    from openapi_python_client.schema import Reference, Schema


RESERVED_ATTRIBUTES: Final = frozenset(
    {
        *("additional_properties", "additional_values"),
        *("from_dict", "lacks", "members", "mismatch", "to_dict", "to_json"),
        *("extra_headers", "extra_query", "extra_body", "timeout", "deadline"),
    }
)
"""What every model has and every method takes; a property of such a name gets an underscore."""

RESERVED_CLASSES: Final = frozenset(
    {
        *("Any", "ClassVar", "Final", "Literal", "Mapping", "Self", "Sequence"),
        *("Member", "Model", "Operation", "Request", "Timeout", "TypedDict", "UUID", "Unset"),
        *("AsyncHeidi", "Heidi", "Page", "Progress", "RawResponse", "Region"),
        *("ANYTHING", "ARRAY", "BOOLEAN", "DATE", "DATE_TIME", "INTEGER", "NULL", "NUMBER"),
        *("OBJECT", "OPERATION", "OPERATIONS", "TEXT", "UNSET"),
    }
)
"""What generated modules import or define; a schema with such a name gets `Schema` behind it."""


class UnsupportedError(Exception):
    """The document holds something that the templates do not cover; the message is one line."""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """Python code for a kind of property; `{v}` is replaced by the value."""

    annotation: str
    """The type of the attribute."""

    shape: str
    """Its shape in the table of the model; see overrides/runtime/decoding.py."""

    misfits: str = ""
    """Whether a value must be recovered; empty: each that is not converted."""

    converts: str = ""
    """Whether a value is converted."""

    read: str = ""
    """Converts it; `{recover}` is replaced by what recovers a value that does not fit."""

    item: str = ""
    """The type of an item, where an array of such values is checked at once."""

    enum: str = ""
    model: str = ""
    consumes: bool = False


@dataclass(frozen=True, kw_only=True)
class Attribute:
    """A property of an object, as an attribute of its model."""

    key: str
    name: str
    required: bool
    text: str
    """What the document says about it."""

    spec: str
    """Where that comes from."""

    shown: bool
    kind: Kind

    @property
    def annotation(self) -> str:
        """The type of the attribute, with `Unset` for a property that may be left out."""
        return self.kind.annotation + ("" if self.required else " | Unset")

    @property
    def variable(self) -> str:
        """The variable with the received value; no other name of the method ends so."""
        return f"{self.name}_"

    @property
    def reading(self) -> str:
        """Code that converts a received value to that of the attribute."""
        if not self.required and self.kind.shape == "ANYTHING":
            return ""
        sent = self.variable
        recover = f'self._recover("{in_double_quote_literal(self.key)}", {sent})'
        misfits = self.kind.misfits.format(v=sent)
        if not self.required:
            given = f"{sent} is not UNSET"
            misfits = f"({misfits}) and {given}" if misfits else given
        if not self.kind.converts:
            if not misfits:
                return f"{sent} = {recover}"
            return f"if {misfits}:\n    {sent} = {recover}"
        converts = self.kind.converts.format(v=sent)
        read = self.kind.read.format(v=sent, recover=recover)
        otherwise = f"elif {misfits}" if misfits else "else"
        return f"if {converts}:\n    {sent} = {read}\n{otherwise}:\n    {sent} = {recover}"


def kind_of(prop: PropertyProtocol) -> Kind:
    """Return the Python code for a property.

    Raises:
        UnsupportedError: the templates do not cover this kind of property.
    """
    make = _KINDS.get(type(prop))
    if make is None:
        name = type(prop).__name__.removesuffix("Property").lower()
        raise UnsupportedError(f"is a {name}, which is not supported; write another type")
    return make(prop)


def attributes_of(model: ModelProperty) -> list[Attribute]:
    """List the properties of an object in the order of the document.

    Raises:
        UnsupportedError: the templates do not cover a property.
    """
    schemas = model.data.properties or {}
    order = {name.get_untrusted_value(): index for index, name in enumerate(schemas)}
    properties = properties_of(model)
    keys = sorted(properties, key=lambda key: order.get(key, len(order)))
    names = identifiers(keys, RESERVED_ATTRIBUTES)
    return [
        _attribute(prop, names, schemas.get(prop.name), model)
        for prop in (properties[key] for key in keys)
    ]


def properties_of(model: ModelProperty) -> dict[str, PropertyProtocol]:
    """Return the properties of an object by their names in the document."""
    found = (*(model.required_properties or ()), *(model.optional_properties or ()))
    return {prop.name.get_untrusted_value(): prop for prop in found}


def others_of(model: ModelProperty) -> PropertyProtocol | None:
    """Return the additional properties that an object may have, as in a map.

    None if the document does not say, or allows none.
    """
    said = model.data.additionalProperties is not None
    return model.additional_properties if said else None


def values_of(model: ModelProperty) -> Kind | None:
    """Return the Python code for the additional properties of an object.

    Raises:
        UnsupportedError: the templates do not cover their schema.
    """
    others = others_of(model)
    return _within(f"{model.class_info.name}.additionalProperties", others) if others else None


def identifiers(names: Sequence[str], reserved: Collection[str] = ()) -> dict[str, str]:
    """Give each name of the document a different Python identifier in snake case.

    A keyword, a builtin and a reserved name get a trailing underscore, as do later names that
    differ only in case or punctuation. No identifier starts with an underscore.
    """
    plain = {name: unicodedata.normalize("NFKC", python_name(name)) for name in names}
    found = dict[str, str]()
    for name in sorted(names, key=lambda name: name != plain[name]):
        identifier = plain[name]
        while identifier in reserved or identifier in found.values():
            identifier += "_"
        found[name] = identifier
    return found


def provenance_of(node: Schema | Reference | None) -> str:
    """Read the status of a node of the document from its `x-provenance`."""
    extra = (node.model_extra if node else None) or {}
    return str(extra.get("x-provenance", {}).get("status", ""))


def model_text(model: ModelProperty) -> str:
    """Write the docstring of a model."""
    name = str(model.class_info.name)
    status = provenance_of(model.data) or "unknown"
    return paragraphs(prose(model.description) or name, f"Spec: {name} ({status}).")


def reading_text(attributes: list[Attribute]) -> str:
    """Write the docstring of the function that reads a model."""
    summary = "Read an object as `Model.from_dict` does, and faster."
    if not consumes(attributes):
        return summary
    arguments = {
        "data": "an object, as a JSON parser returns it.",
        "consume": "change its arrays in place, which is faster; do not use `data` afterwards.",
    }
    return paragraphs(summary, section("Args", arguments))


def count_of(attributes: list[Attribute]) -> str:
    """Write code for the number of properties of an object without optional ones."""
    required = sum(attribute.required for attribute in attributes)
    optional = [attribute.variable for attribute in attributes if not attribute.required]
    if len(optional) == 1:
        return f"({required} if {optional[0]} is UNSET else {required + 1})"
    return " + ".join([str(required), *(f"({each} is not UNSET)" for each in optional)])


def consumes(attributes: list[Attribute]) -> bool:
    """Whether reading can change the arrays of its argument in place."""
    return has_fast_way(attributes) and any(each.kind.consumes for each in attributes)


def has_fast_way(attributes: list[Attribute]) -> bool:
    """Whether a model gets its own reading code: every one that is not only for requests."""
    return any(attribute.required for attribute in attributes)


def enums_of(attributes: list[Attribute]) -> list[str]:
    """Name the enums that the reading code of a model uses."""
    return sorted({attribute.kind.enum for attribute in attributes if attribute.kind.enum})


def models_of(attributes: list[Attribute]) -> list[str]:
    """Name the models that the reading code of a model uses."""
    return sorted({attribute.kind.model for attribute in attributes if attribute.kind.model})


def reader_of(model: str) -> str:
    """Name the variable that holds the reading code of a model: bound once, not at each call."""
    return f"_{model}_from_dict"


def table_of(enum: str) -> str:
    """Name the table of the members of an enum by value."""
    return f"_{enum}_by_value"


def _attribute(
    prop: PropertyProtocol,
    names: Mapping[str, str],
    schema: Schema | Reference | None,
    model: ModelProperty,
) -> Attribute:
    owner = str(model.class_info.name)
    extra = (schema.model_extra if schema else None) or {}
    key = prop.name.get_untrusted_value()
    status = provenance_of(schema) or provenance_of(model.data) or "unknown"
    return Attribute(
        key=key,
        name=names[key],
        required=prop.required,
        text=prose(extra.get("description") or prop.description),
        spec=f"Spec: {owner}.{key} ({status}).",
        shown=extra.get("x-semantics", {}).get("private") is False,
        kind=_within(f"{owner}.{key}", prop),
    )


def _within(place: str, prop: PropertyProtocol) -> Kind:
    try:
        return kind_of(prop)
    except UnsupportedError as error:
        raise UnsupportedError(f"{place} {error}") from error


def _model(prop: ModelProperty) -> Kind:
    name = str(prop.class_info.name)
    return Kind(
        annotation=name,
        shape=f"_an_object({name})",
        converts="type({v}) is OBJECT",
        read=f"{reader_of(name)}({{v}})",
        item="OBJECT",
        model=name,
    )


def _enum(prop: EnumProperty) -> Kind:
    name, plain = str(prop.class_info.name), prop.value_type.__name__
    return Kind(
        annotation=f"{name} | {plain}",
        shape=f"_one_of({name})",
        converts=f"type({{v}}) is {plain}",
        read=f"{table_of(name)}.get({{v}}) or {{recover}}",
        enum=name,
    )


def _array(prop: ListProperty) -> Kind:
    inner = kind_of(prop.inner_property)
    kind = Kind(annotation=f"list[{inner.annotation}]", shape=f"_array({inner.shape})")
    if isinstance(prop.inner_property, AnyProperty):
        return replace(kind, misfits="type({v}) is not ARRAY")
    if isinstance(prop.inner_property, ModelProperty):
        return replace(
            kind,
            converts="_are({v}, OBJECT)",
            read=f"_read_all({reader_of(inner.annotation)}, {{v}}, consume=consume)",
            model=inner.model,
            consumes=True,
        )
    if inner.item:
        return replace(kind, misfits=f"not _are({{v}}, {inner.item})")
    return kind


def _union(prop: UnionProperty) -> Kind:
    inner = sorted(prop.inner_properties, key=lambda each: isinstance(each, NoneProperty))
    kinds = [kind_of(each) for each in inner]
    kind = Kind(
        annotation=" | ".join(dict.fromkeys(" | ".join(k.annotation for k in kinds).split(" | "))),
        shape=f"_either({', '.join(each.shape for each in kinds)})",
    )
    if all(each.misfits and not each.converts for each in kinds):
        misfits = [
            f"({each.misfits})" if " or " in each.misfits else each.misfits for each in kinds
        ]
        return replace(kind, misfits=" and ".join(misfits))
    if len(kinds) == 2 and isinstance(inner[1], NoneProperty) and kinds[0].converts:
        return replace(
            kinds[0],
            annotation=kind.annotation,
            shape=kind.shape,
            misfits="{v} is not None",
            item="",
        )
    return kind


def _const(prop: ConstProperty) -> Kind:
    value: object = prop.value.raw_value
    kinds: dict[type, type] = {
        str: StringProperty,
        bool: BooleanProperty,
        int: IntProperty,
        float: FloatProperty,
    }
    return _KINDS[kinds.get(type(value), AnyProperty)](prop)


def _scalar(annotation: str, shape: str, **code: Any) -> Callable[[Any], Kind]:
    kind = Kind(annotation=annotation, shape=shape, **code)
    return lambda _: kind


_KINDS: Final[dict[type, Callable[[Any], Kind]]] = {
    AnyProperty: _scalar("Any", "ANYTHING", misfits="{v} is UNSET"),
    BooleanProperty: _scalar("bool", "BOOLEAN", misfits="type({v}) is not bool", item="bool"),
    DateProperty: _scalar(
        "datetime.date",
        "DATE",
        converts="type({v}) is str",
        read="_full_date({v}) or {recover}",
    ),
    DateTimeProperty: _scalar("datetime.datetime", "DATE_TIME"),
    EnumProperty: _enum,
    FloatProperty: _scalar(
        "float", "NUMBER", misfits="type({v}) is not float and type({v}) is not int"
    ),
    IntProperty: _scalar("int", "INTEGER", misfits="type({v}) is not int", item="int"),
    ConstProperty: _const,
    ListProperty: _array,
    ModelProperty: _model,
    NoneProperty: _scalar("None", "NULL", misfits="{v} is not None"),
    UuidProperty: _scalar("str", "TEXT", misfits="type({v}) is not str", item="str"),
    StringProperty: _scalar("str", "TEXT", misfits="type({v}) is not str", item="str"),
    UnionProperty: _union,
}
