"""A program of a user: it calls the client as it is told on stdin, and prints the results.

It runs with the packages of a copy, so it imports nothing of the tests.
"""

from __future__ import annotations

import json
import sys
from operator import attrgetter
from typing import Any

from heidi_sessions import APIStatusError, Heidi


def main() -> None:
    """Read the calls, make them, and print what came of them."""
    results: list[Any] = []
    with Heidi() as client:
        for name, *arguments in json.load(sys.stdin):
            keywords = arguments.pop() if arguments and isinstance(arguments[-1], dict) else {}
            given = [_argument(each, results) for each in arguments]
            try:
                result = attrgetter(name)(client)(*given, **keywords)
                results.append(list(result) if name.endswith("list") else result)
            except APIStatusError as error:
                kind = type(error).__name__
                results.append({"error": kind, "type": error.type, "status": error.status_code})
    json.dump([_plain(each) for each in results], sys.stdout)


def _argument(value: Any, results: list[Any]) -> Any:
    if isinstance(value, str) and value.startswith("$"):
        number, _, path = value[1:].partition(".")
        return attrgetter(path)(results[int(number)])
    return value


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value.to_dict() if hasattr(value, "to_dict") else value


if __name__ == "__main__":
    main()
