"""The one part of a request that breaks the document."""

import json
from functools import cache

import jsonschema_rs

from heidi_conformance import _document
from heidi_conformance._document import Json
from heidi_conformance._text import json_path

from ._sighting import Keys, Sighting


def unfit_part(seen: Sighting) -> tuple[Keys, str]:
    """Return the one part of a request that breaks the document, or nothing where several do."""
    operation = seen.document["paths"][seen.path][seen.method]
    data = seen.case.meta.phase.data if seen.case.meta else None
    parameter = getattr(data, "parameter", None)
    for index, declared in enumerate(operation.get("parameters", [])):
        if parameter == declared["name"]:
            return [
                *seen.keys,
                "parameters",
                index,
            ], f"an invalid `{parameter}` in the {declared['in']}"
    return unfit_body(seen) if "requestBody" in operation else (seen.keys, "")


def unfit_body(seen: Sighting) -> tuple[Keys, str]:
    keys: Keys = [*seen.keys, "requestBody"]
    if not seen.body:
        return keys, "a request without a body"
    try:
        validator = body_validator(json.dumps(seen.document), seen.path, seen.method)
        errors = list(validator.iter_errors(json.loads(seen.body)))
    except (ValueError, RecursionError):
        return keys, "a body that is not JSON"
    places = {json_path(error.instance_path): list(error.instance_path) for error in errors}
    if len(places) != 1:
        return keys, ""
    ((place, steps),) = places.items()
    keys, _ = schema_at(seen.document, [*keys, "content", "application/json", "schema"], steps)
    return keys, f"an invalid value at {place}"


@cache
def body_validator(document: str, path: str, method: str) -> jsonschema_rs.Draft202012Validator:
    whole = json.loads(document)
    schema = whole["paths"][path][method]["requestBody"]["content"]["application/json"]["schema"]
    return jsonschema_rs.Draft202012Validator(
        {**schema, "components": whole["components"]}, validate_formats=True
    )


def schema_at(document: Json, root: Keys, instance_path: list[str | int]) -> tuple[Keys, Json]:
    """Return the keys to the schema of a place in a body, and the schema."""
    keys = list(root)
    for step in instance_path:
        keys += ["items"] if isinstance(step, int) else ["properties", step]
    return keys, _document.at(document, keys)
