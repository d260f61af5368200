"""What Python makes of each kind of property that the generator knows: the templates ask here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from openapi_python_client.parser.properties import AnyProperty, EnumProperty, ModelProperty
from openapi_python_client.parser.properties.boolean import BooleanProperty
from openapi_python_client.parser.properties.date import DateProperty
from openapi_python_client.parser.properties.datetime import DateTimeProperty
from openapi_python_client.parser.properties.float import FloatProperty
from openapi_python_client.parser.properties.int import IntProperty
from openapi_python_client.parser.properties.list_property import ListProperty
from openapi_python_client.parser.properties.none import NoneProperty
from openapi_python_client.parser.properties.string import StringProperty
from openapi_python_client.parser.properties.union import UnionProperty
from openapi_python_client.strings import in_double_quote_literal, snake_case

from scripts.docstrings import prose, section

if TYPE_CHECKING:
    from collections.abc import Callable

    from openapi_python_client.parser.properties.protocol import PropertyProtocol
    from openapi_python_client.schema import Reference, Schema


class UnsupportedError(Exception):
    """The document holds something that the templates do not cover; the text is one line."""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """Python code for a kind of property; `{v}` stands for the value."""

    annotation: str
    """The type of the attribute."""

    shape: str
    """The shape that the forgiving way reads by; see decoding.py.jinja."""

    misfits: str = ""
    """Whether a value is to be recovered; empty where any is that is not converted."""

    converts: str = ""
    """Whether a value is to be converted."""

    read: str = ""
    """Converts it; `{recover}` is for what turns out not to fit."""

    item: str = ""
    """The type of an item, where an array of such values can be checked at once."""

    enum: str = ""
    model: str = ""
    consumes: bool = False


@dataclass(frozen=True, kw_only=True)
class Attribute:
    """A member of an object, as an attribute of its model."""

    member: str
    name: str
    required: bool
    description: str
    shown: bool
    kind: Kind

    @property
    def annotation(self) -> str:
        """The type of the attribute, with what stands for a member that is left out."""
        return self.kind.annotation + ("" if self.required else " | Unset")

    @property
    def variable(self) -> str:
        """The variable that holds what was sent."""
        return f"{self.name}_" if self.name in _VARIABLES else self.name

    @property
    def reading(self) -> str:
        """Code that turns what was sent into what the attribute holds."""
        sent = self.variable
        recover = f'self._recover("{in_double_quote_literal(self.member)}", {sent})'
        misfits = self.kind.misfits.format(v=sent)
        if not self.required:
            misfits = f"{sent} is not UNSET" + (f" and ({misfits})" if misfits else "")
        if not self.kind.converts:
            if not misfits:
                return f"{sent} = {recover}"
            return f"if {misfits}:\n    {sent} = {recover}"
        converts = self.kind.converts.format(v=sent)
        read = self.kind.read.format(v=sent, recover=recover)
        otherwise = f"elif {misfits}" if misfits else "else"
        return f"if {converts}:\n    {sent} = {read}\n{otherwise}:\n    {sent} = {recover}"


_VARIABLES: Final = frozenset({"cls", "consume", "data"})


def kind_of(prop: PropertyProtocol) -> Kind:
    """Tell what Python makes of a property.

    Raises:
        UnsupportedError: the templates do not cover this kind of property.
    """
    make = _KINDS.get(type(prop))
    if make is None:
        raise UnsupportedError(
            f"the property {prop.python_name} is a {type(prop).__name__}, which"
            " scripts/properties.py does not cover; add it there"
        )
    return make(prop)


def attributes_of(model: ModelProperty) -> list[Attribute]:
    """List the members of an object in the order of the document.

    Raises:
        UnsupportedError: a member has a name that models need, or is of a kind without template.
    """
    schemas = model.data.properties or {}
    order = {name.get_untrusted_value(): index for index, name in enumerate(schemas)}
    attributes = [
        _attribute(prop, schemas.get(prop.name), model)
        for prop in [*(model.required_properties or ()), *(model.optional_properties or ())]
    ]
    return sorted(attributes, key=lambda attribute: order.get(attribute.member, len(order)))


def provenance_of(node: Schema | Reference | None) -> str:
    """Tell how far a node of the document is the vendor's word."""
    extra = (node.model_extra if node else None) or {}
    return str(extra.get("x-provenance", {}).get("status", ""))


def model_text(model: ModelProperty) -> str:
    """Write the docstring of a model."""
    name = str(model.class_info.name)
    status = provenance_of(model.data) or "unknown"
    return f"{prose(model.description) or name}\n\nSpec: {name} ({status})."


def reading_text(attributes: list[Attribute]) -> str:
    """Write the docstring of what reads a model."""
    summary = "Read an object as leniently as `Model.from_dict`, and faster."
    if not consumes(attributes):
        return summary
    arguments = {
        "data": "an object, as a JSON parser returns it.",
        "consume": "take its arrays over, which is faster still; do not use `data` afterwards.",
    }
    return f"{summary}\n\n{section('Args', arguments)}"


def count_of(attributes: list[Attribute]) -> str:
    """Write code for how many members an object has that lacks none and has no other."""
    required = sum(attribute.required for attribute in attributes)
    optional = [attribute.variable for attribute in attributes if not attribute.required]
    if len(optional) == 1:
        return f"({required} if {optional[0]} is UNSET else {required + 1})"
    return " + ".join([str(required), *(f"({each} is not UNSET)" for each in optional)])


def consumes(attributes: list[Attribute]) -> bool:
    """Whether reading can take over the arrays that it is given."""
    return has_fast_way(attributes) and any(each.kind.consumes for each in attributes)


def has_fast_way(attributes: list[Attribute]) -> bool:
    """Whether a model gets code of its own to read by: one that is not for requests alone."""
    return any(attribute.required for attribute in attributes)


def enums_of(attributes: list[Attribute]) -> list[str]:
    """Name the enums that the fast way of a model reads."""
    return sorted({attribute.kind.enum for attribute in attributes if attribute.kind.enum})


def models_of(attributes: list[Attribute]) -> list[str]:
    """Name the models that the fast way of a model reads."""
    return sorted({attribute.kind.model for attribute in attributes if attribute.kind.model})


def reader_of(model: str) -> str:
    """Name the variable that holds how a model is read: bound once, not at each call."""
    return f"_read_{snake_case(model)}"


def table_of(enum: str) -> str:
    """Name the table that the fast way reads an enum by."""
    return f"_{enum.upper()}"


def _attribute(
    prop: PropertyProtocol, schema: Schema | Reference | None, model: ModelProperty
) -> Attribute:
    name, owner = str(prop.python_name), str(model.class_info.name)
    if name in _TAKEN:
        raise UnsupportedError(f"{owner} has a member {name}, a name that models need; rename it")
    extra = (schema.model_extra if schema else None) or {}
    member = prop.name.get_untrusted_value()
    status = provenance_of(schema) or provenance_of(model.data) or "unknown"
    description = prose(extra.get("description") or prop.description)
    return Attribute(
        member=member,
        name=name,
        required=prop.required,
        description=f"{description}\n\nSpec: {owner}.{member} ({status}).".lstrip(),
        shown=extra.get("x-semantics", {}).get("private") is False,
        kind=kind_of(prop),
    )


_TAKEN: Final = frozenset({"additional_properties", "from_dict", "members", "mismatch", "to_dict"})


def _model(prop: ModelProperty) -> Kind:
    name = str(prop.class_info.name)
    return Kind(
        annotation=name,
        shape=f"an_object({name})",
        converts="type({v}) is OBJECT",
        read=f"{reader_of(name)}({{v}})",
        item="OBJECT",
        model=name,
    )


def _enum(prop: EnumProperty) -> Kind:
    name = str(prop.class_info.name)
    if prop.value_type is not str:
        raise UnsupportedError(f"the enum {name} is not one of strings; write it as strings")
    return Kind(
        annotation=f"{name} | str",
        shape=f"one_of({name})",
        converts="type({v}) is str",
        read=f"{table_of(name)}.get({{v}}) or {{recover}}",
        enum=name,
    )


def _array(prop: ListProperty) -> Kind:
    inner = kind_of(prop.inner_property)
    kind = Kind(annotation=f"list[{inner.annotation}]", shape=f"array({inner.shape})")
    if isinstance(prop.inner_property, AnyProperty):
        return replace(kind, misfits="type({v}) is not ARRAY")
    if isinstance(prop.inner_property, ModelProperty):
        return replace(
            kind,
            converts="are({v}, OBJECT)",
            read=f"read_all({reader_of(inner.annotation)}, {{v}}, consume=consume)",
            model=inner.model,
            consumes=True,
        )
    if inner.item:
        return replace(kind, misfits=f"not are({{v}}, {inner.item})")
    return kind


def _union(prop: UnionProperty) -> Kind:
    inner = sorted(prop.inner_properties, key=lambda each: isinstance(each, NoneProperty))
    if sum(isinstance(each, ModelProperty) for each in inner) > 1:
        raise UnsupportedError(
            f"the property {prop.python_name} is one of several objects; name one object for all"
        )
    kinds = [kind_of(each) for each in inner]
    kind = Kind(
        annotation=" | ".join(each.annotation for each in kinds),
        shape=f"either({', '.join(each.shape for each in kinds)})",
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


def _scalar(annotation: str, shape: str, **code: str) -> Callable[[Any], Kind]:
    kind = Kind(annotation=annotation, shape=shape, **code)  # type: ignore[arg-type]
    return lambda _: kind


_KINDS: Final[dict[type, Callable[[Any], Kind]]] = {
    AnyProperty: _scalar("Any", "ANYTHING", misfits="{v} is UNSET"),
    BooleanProperty: _scalar("bool", "BOOLEAN", misfits="type({v}) is not bool", item="bool"),
    DateProperty: _scalar(
        "datetime.date",
        "DATE",
        converts="type({v}) is str",
        read="full_date({v}) or {recover}",
    ),
    DateTimeProperty: _scalar("datetime.datetime", "DATE_TIME"),
    EnumProperty: _enum,
    FloatProperty: _scalar(
        "float", "NUMBER", misfits="type({v}) is not float and type({v}) is not int"
    ),
    IntProperty: _scalar("int", "INTEGER", misfits="type({v}) is not int", item="int"),
    ListProperty: _array,
    ModelProperty: _model,
    NoneProperty: _scalar("None", "NULL", misfits="{v} is not None"),
    StringProperty: _scalar("str", "TEXT", misfits="type({v}) is not str", item="str"),
    UnionProperty: _union,
}
