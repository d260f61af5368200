"""Drives AsyncHeidi of heidi_sessions: heidi-conformance client -- python python_async.py"""

import asyncio
import json
import os
import sys
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


async def run(client: heidi.AsyncHeidi, step: Any) -> Any:
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
        called = getattr(getattr(client, resource), method)(
            **{names.get(n, n): given[n] for n in given}
        )
        if operation.action == "list":
            value: Any = [item.to_dict() async for item in called]
        else:
            found = await called
            value = found and found.to_dict()
    except (heidi.HeidiError, TypeError, ValueError) as error:
        return {"id": step["id"], "error": kind_of(error), "message": str(error)}
    return {"id": step["id"], "value": value}


async def main() -> None:
    client = heidi.AsyncHeidi(timeout=SECONDS)
    while line := await asyncio.to_thread(sys.stdin.buffer.readline):
        step = json.loads(line)
        if "settings" in step:
            await client.close()
            os.environ.update(step["settings"])
            client = heidi.AsyncHeidi(timeout=SECONDS)
            print(json.dumps({"id": step["id"], "value": None}), flush=True)
            continue
        steps = step.get("together", [step])
        for result in await asyncio.gather(*(run(client, each) for each in steps)):
            print(json.dumps(result), flush=True)
    await client.close()


name = f"heidi-sessions {heidi.__version__} (asyncio)"
print(json.dumps({"protocol": 1, "client": name, "again": True}), flush=True)
asyncio.run(main())
