"""Drives heidi_sessions: heidi-conformance client -- python python.py"""

import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import heidi_sessions as heidi
from heidi_generated.metadata import OPERATIONS

SECONDS = float(os.environ.get("HEIDI_TIMEOUT", "30"))
# The first that fits.
ERRORS: dict[str, Any] = {
    "not_found": heidi.NotFoundError,
    "not_linked": heidi.NoLinkedUserError,
    "unavailable": (heidi.APIConnectionError, heidi.RateLimitError, heidi.InternalServerError),
    "protocol": (heidi.APIResponseValidationError, heidi.PaginationError),
    "refused": (heidi.APIStatusError, TypeError, ValueError),
}


def kind_of(error: Exception) -> str:
    """Name a failure as the protocol does."""
    if isinstance(error, heidi.TokenError):
        status = error.status_code or 503
        gone = status >= 500 or status == 429
        return "unavailable" if gone else "refused" if status >= 400 else "protocol"
    return next(name for name, kinds in ERRORS.items() if isinstance(error, kinds))


def run(client: heidi.Heidi, step: Any) -> Any:
    """Do one step, and return its result."""
    operation = next((each for each in OPERATIONS if each.id == step["operation"]), None)
    if operation is None or operation.client_method is None:
        return {"id": step["id"], "error": "unsupported"}
    resource, method = operation.client_method.split(".")
    given: dict[str, Any] = {
        **step.get("path", {}),
        **step.get("query", {}),
        **step.get("body", {}),
    }
    names = {each.name: each.keyword for each in operation.parameters}
    names.update(operation.keywords)
    try:
        value = getattr(getattr(client, resource), method)(
            **{names.get(n, n): given[n] for n in given}
        )
        listed = operation.action == "list"
        value = [item.to_dict() for item in value] if listed else value and value.to_dict()
    except (heidi.HeidiError, TypeError, ValueError) as error:
        return {"id": step["id"], "error": kind_of(error), "message": str(error)}
    return {"id": step["id"], "value": value}


name = f"heidi-sessions {heidi.__version__}"
print(json.dumps({"protocol": 1, "client": name, "again": True}), flush=True)
client = heidi.Heidi(timeout=SECONDS)
with ThreadPoolExecutor(32) as threads:
    for line in sys.stdin.buffer:
        step = json.loads(line)
        if "settings" in step:
            client.close()
            os.environ.update(step["settings"])
            client = heidi.Heidi(timeout=SECONDS)
            print(json.dumps({"id": step["id"], "value": None}), flush=True)
            continue
        for result in threads.map(partial(run, client), step.get("together", [step])):
            print(json.dumps(result), flush=True)
client.close()
