"""A user's program: it uses the client and the command line as each line of stdin says.

It runs with the packages of a copy, so it imports nothing of the tests. A line is a JSON object
with `environment`, `do` and its arguments, and gets one line in response.
"""

from __future__ import annotations

import inspect
import io
import json
import os
import sys
from contextlib import redirect_stderr, redirect_stdout
from operator import attrgetter
from typing import Any

from heidi_sessions import APIStatusError, Heidi
from heidi_sessions.cli import main as command_line


def main() -> None:
    """Do what the lines say, until they end."""
    for line in sys.stdin:
        said = json.loads(line)
        os.environ.update(said["environment"])
        sys.stdout.write(json.dumps(DO[said["do"]](said)) + "\n")
        sys.stdout.flush()


def _call(said: dict[str, Any]) -> list[Any]:
    results: list[Any] = []
    with Heidi() as client:
        for name, *arguments in said["steps"]:
            keywords = arguments.pop() if arguments and isinstance(arguments[-1], dict) else {}
            given = [_argument(each, results) for each in arguments]
            try:
                result = attrgetter(name)(client)(*given, **keywords)
                results.append(list(result) if name.endswith("list") else result)
            except APIStatusError as error:
                kind = type(error).__name__
                results.append({"error": kind, "type": error.type, "status": error.status_code})
    return [_plain(each) for each in results]


def _command(said: dict[str, Any]) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    kept, sys.stdin = sys.stdin, io.StringIO(said["stdin"])
    try:
        with redirect_stdout(out), redirect_stderr(err):
            code = command_line(said["arguments"])
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    finally:
        sys.stdin = kept
    return code, out.getvalue(), err.getvalue()


def _keywords(said: dict[str, Any]) -> dict[str, bool]:
    with Heidi(token="t") as client:
        found = inspect.signature(attrgetter(said["call"])(client)).parameters.values()
    return {each.name: each.default is each.empty for each in found}


DO = {"call": _call, "command": _command, "keywords": _keywords}


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
