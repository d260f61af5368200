"""Responses as flat rows, with and without what may identify a patient."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from heidi_generated.decoding import Model
from heidi_generated.metadata import RESOURCES, value_at

if TYPE_CHECKING:
    from collections.abc import Collection


def row(model: Model, resource: str | None, *, show_phi: bool) -> dict[str, Any]:
    """Return the properties that may be shown; of a resource, also those that a response lacks.

    Args:
        resource: the name of the resource that the model is, None for any other response.
    """
    properties = model.to_dict()
    if show_phi:
        return properties
    if resource is not None:
        paths = RESOURCES[resource].harmless
        return {path: value_at(properties, f"/{path.replace('.', '/')}") for path in paths}
    return dict(_harmless(model))


def _harmless(model: Model, prefix: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, member in model.members.items():
        value = getattr(model, member.attribute)
        if isinstance(value, Model):
            found += _harmless(value, f"{prefix}{name}.")
        elif member.shown:
            found.append((f"{prefix}{name}", model.to_dict().get(name)))
    return found


def flat(
    properties: dict[str, Any], columns: Collection[str] = (), prefix: str = ""
) -> dict[str, Any]:
    """Return the properties with those of inner objects beside them, as `object.property`.

    Args:
        columns: what stays whole: a map is an object without properties of its own.
    """
    result: dict[str, Any] = {}
    for name, value in properties.items():
        if isinstance(value, dict) and prefix + name not in columns:
            result |= flat(cast("dict[str, Any]", value), columns, f"{prefix}{name}.")
        else:
            result[prefix + name] = value
    return result
