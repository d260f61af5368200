"""Time `heidi-spec diff` on large documents.

    python -m scripts.bench.diffs [NAME …]

Prints CPU seconds and peak memory of the whole command, and what it found.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

HEIDI_SPEC: Final = Path(sys.executable).with_name("heidi-spec")
NUMBER: Final = 80
"""How many schemas refer to each other."""


def document(operations: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    """Make a document of POST operations by path."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Sample", "version": "1.0.0"},
        "paths": {path: {"post": operation} for path, operation in operations.items()},
        "components": {"schemas": schemas},
    }


def operation(*, sent: Any = None, received: Any = None) -> dict[str, Any]:
    """Make an operation of the schemas of its request and its response."""
    made: dict[str, Any] = {"responses": {"200": {"description": "Done."}}}
    if sent is not None:
        made["requestBody"] = {"content": {"application/json": {"schema": sent}}}
    if received is not None:
        made["responses"]["200"]["content"] = {"application/json": {"schema": received}}
    return made


def reference(name: str) -> dict[str, Any]:
    """Refer to a component."""
    return {"$ref": f"#/components/schemas/{name}"}


def mutual(word: str, length: int) -> dict[str, Any]:
    """Make schemas that each refer to all of them, by `properties`, `anyOf` or `oneOf`."""
    references = [reference(f"Node{n}") for n in range(NUMBER)]
    schemas = {
        f"Node{n}": {
            "type": "object",
            "required": ["kind"],
            "properties": {
                "kind": {"const": f"Node{n}"},
                "leaf": {"type": "string", "maxLength": length if n == NUMBER // 2 else 9},
                **(
                    {f"to_{m}": each for m, each in enumerate(references)}
                    if word == "properties"
                    else {"to": {word: references}}
                ),
            },
        }
        for n in range(NUMBER)
    }
    return document({"/nodes": operation(received=reference("Node0"))}, schemas)


def _record(number: int, length: int) -> dict[str, Any]:
    properties: dict[str, Any] = {
        f"property_{n}": {"type": "string", "maxLength": n + 1, "description": f"Property {n}."}
        for n in range(20)
    }
    properties["property_3"]["maxLength"] = length
    for name, step in (("next", 1), ("far", 7)):
        ring, place = divmod(number, 500)
        other = reference(f"Record{500 * ring + (place + step) % 500}")
        properties[name] = {"oneOf": [other, {"type": "null"}]}
    return {"type": "object", "properties": properties, "required": ["property_1"]}


def records(length: int, rings: int = 3) -> dict[str, Any]:
    """Make rings of five hundred records with four operations each; `length` bounds one string.

    Three rings are a document of almost 3 MB.
    """
    schemas = {
        f"Record{n}": _record(n, length if n % 500 == 250 else 4) for n in range(500 * rings)
    }
    operations = {
        f"/records-{ring}-{n}": operation(
            sent=reference(f"Record{500 * ring + n}"),
            received=reference(f"Record{500 * ring + (500 - n) % 500}"),
        )
        for ring in range(rings)
        for n in range(4)
    }
    return document(operations, schemas)


def wide(length: int, schemas: int = 600, properties: int = 30) -> dict[str, Any]:
    """Make operations whose request has that many properties, each with another length."""
    made = {
        f"Wide{n}": {
            "type": "object",
            "properties": {
                f"property_{m}": {"type": "string", "maxLength": length + m}
                for m in range(properties)
            },
        }
        for n in range(schemas)
    }
    return document(
        {f"/wide-{n}": operation(sent=reference(f"Wide{n}")) for n in range(schemas)}, made
    )


def inline(word: str, length: int, depth: int = 400) -> dict[str, Any]:
    """Make a schema of nested `allOf` and `anyOf`, without a reference."""
    schema: dict[str, Any] = {"type": "string", "maxLength": length}
    for _ in range(depth):
        schema = {word: [schema]}
    return document({"/deep": operation(sent=schema)}, {})


def chain(length: int, depth: int = 400) -> dict[str, Any]:
    """Make components that each have an `allOf` of the next one."""
    schemas: dict[str, Any] = {f"S{n}": {"allOf": [reference(f"S{n + 1}")]} for n in range(depth)}
    schemas[f"S{depth}"] = {"type": "string", "maxLength": length}
    return document({"/s": operation(sent=reference("S0"))}, schemas)


SAMPLES: Final[dict[str, Callable[[], tuple[Any, Any]]]] = {
    "mutual, properties": lambda: (mutual("properties", 9), mutual("properties", 10)),
    "mutual, anyOf": lambda: (mutual("anyOf", 9), mutual("anyOf", 10)),
    "mutual, oneOf": lambda: (mutual("oneOf", 9), mutual("oneOf", 10)),
    "3 MB": lambda: (records(4), records(9)),
    "18,000 changes, 600 schemas": lambda: (wide(50), wide(40)),
    "18,000 changes, 6 schemas": lambda: (wide(5000, 6, 3000), wide(4000, 6, 3000)),
    "400 allOf, inline": lambda: (inline("allOf", 9), inline("allOf", 8)),
    "400 allOf, referred to": lambda: (chain(9), chain(8)),
}


def main(names: Sequence[str]) -> int:
    """Run the command line; see the top of this file."""
    print(f"load {os.getloadavg()[0]:.1f}")
    for name in names or SAMPLES:
        with tempfile.TemporaryDirectory() as folder:
            files = [Path(folder) / side for side in ("old.json", "new.json")]
            for file, sample in zip(files, SAMPLES[name](), strict=True):
                file.write_text(json.dumps(sample), "utf-8")
            command = [str(HEIDI_SPEC), "diff", *map(str, files)]
            with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
                output = (process.stdout or sys.stdin).read().splitlines()
                _, _, used = os.wait4(process.pid, 0)
        seconds, megabytes = used.ru_utime + used.ru_stime, used.ru_maxrss / 1024
        print(f"{name:28} {seconds:6.1f} s {megabytes:6.0f} MB  {output[-1]}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
