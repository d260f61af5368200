"""A user's program: it lists the methods of the client, and makes the calls of stdin.

In: a list of calls, each `{method, path, keywords, keeps, resource}`. `path` holds values, or the
name of a resource in `{"of": name}` for the id of the first that was created or listed; `keeps`
names the property with that id. Out: `{methods, results}`, as JSON: the parameters of each method,
and for each call its result or its error in one line.
"""

from __future__ import annotations

import importlib
import inspect
import json
import sys
from operator import attrgetter
from typing import Any


def main() -> None:
    """Read the calls, make them, and print the results."""
    module = importlib.import_module("heidi_sessions")
    with module.Heidi() as client:
        methods = {
            f"{group}.{name}": [*inspect.signature(method).parameters]
            for group, resource in _public(client)
            for name, method in _public(resource)
            if callable(method)
        }
        ids: dict[str, str] = {}
        results = [_made(client, call, ids) for call in json.load(sys.stdin)]
    json.dump({"methods": methods, "results": results}, sys.stdout)


def _public(owner: Any) -> list[tuple[str, Any]]:
    return [(name, getattr(owner, name)) for name in dir(owner) if not name.startswith("_")]


def _made(client: Any, call: dict[str, Any], ids: dict[str, str]) -> Any:
    try:
        method = attrgetter(call["method"])(client)
        # Of two, the one with an underscore is the document's; the other is an option of any call.
        names = {name.rstrip("_"): name for name in sorted(inspect.signature(method).parameters)}
        path = [ids[each["of"]] if isinstance(each, dict) else each for each in call["path"]]
        given = {names[name]: value for name, value in call["keywords"].items()}
        found = method(*path, **given)
        result = [_plain(each) for each in found] if call["several"] else _plain(found)
    except Exception as error:  # noqa: BLE001  a person must see every kind
        return {"error": f"{type(error).__name__}: {error}".partition("\n")[0]}
    if call["keeps"]:
        for each in result if call["several"] else [result]:
            ids.setdefault(call["resource"], each[call["keeps"]])
    return {"value": result}


def _plain(value: Any) -> Any:
    return value.to_dict() if hasattr(value, "to_dict") else value


if __name__ == "__main__":
    main()
