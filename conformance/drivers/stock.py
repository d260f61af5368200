"""Drives what openapi-python-client generates from the published document, with nothing of ours.

    openapi-python-client generate --path client.json --meta none --output-path stock_client
    PYTHONPATH=. heidi-conformance client -- python stock.py

The generated client has no tokens and no walk over pages of its own. This driver asks once for a
token and follows `next_page`; it retries nothing.
"""

import json
import os
import re
import sys
from importlib import import_module
from typing import Any, get_args, get_type_hints

import httpx

stock: Any = import_module("stock_client")
clients: list[Any] = []
TYPES = {"SessionNotFoundError": "not_found", "NoLinkedUserException": "not_linked"}
TIMEOUT = httpx.Timeout(float(os.environ.get("HEIDI_TIMEOUT", "30")))


def call(client: Any, operation: str, tag: str = "sessions", **arguments: Any) -> Any:
    """Call the function that was generated for an operation; return its status and its result."""
    name = re.sub("([A-Z])", lambda letter: f"_{letter[1].lower()}", operation)
    function = import_module(f"stock_client.api.{tag}.{name}").sync_detailed
    if "body" in arguments:
        hint = get_type_hints(function)["body"]
        model = next(each for each in (get_args(hint) or (hint,)) if hasattr(each, "from_dict"))
        arguments["body"] = model.from_dict(arguments["body"])
    response = function(client=client, **arguments)
    return int(response.status_code), response.parsed.to_dict()


def issue() -> Any:
    """Ask for a token; return the status and the response."""
    user = {
        name: os.environ[f"HEIDI_{name.upper()}"] for name in ("email", "third_party_internal_id")
    }
    key = {"Heidi-Api-Key": os.environ["HEIDI_API_KEY"]}
    with stock.Client(os.environ["HEIDI_BASE_URL"], headers=key, timeout=TIMEOUT) as with_key:
        return call(with_key, "issueToken", "authentication", **user)


def failure(status: int, found: Any) -> dict[str, Any]:
    kind = "unavailable" if status >= 500 or status == 429 else "refused"
    return {"error": TYPES.get(found["detail"]["type"], kind), "message": str(status)}


def run(step: Any) -> dict[str, Any]:  # noqa: PLR0911
    """Do one step, and return its result."""
    given = {**step.get("path", {}), **step.get("query", {})}
    given |= {"body": step["body"]} if "body" in step else {}
    listed = step["operation"] == "listLinkedUserSessions"
    items: list[Any] = []
    seen: list[Any] = []
    try:
        if not clients:
            status, issued = issue()
            if status != 200:
                return failure(status, issued)
            base, token = os.environ["HEIDI_BASE_URL"], issued["token"]
            clients.append(stock.AuthenticatedClient(base, token, timeout=TIMEOUT))
        while given.get("page") not in seen:
            seen.append(given.get("page"))
            status, found = call(clients[0], step["operation"], **given)
            if status != 200:
                return failure(status, found)
            items += found["sessions"] if listed else []
            if not listed or found["next_page"] is None:
                return {"value": items if listed else found}
            given["page"] = found["next_page"]
        return {"error": "protocol", "message": "a page comes again"}  # noqa: TRY300
    except ModuleNotFoundError:
        return {"error": "unsupported"}
    except httpx.TransportError as error:
        return {"error": "unavailable", "message": type(error).__name__}
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        return {"error": "protocol", "message": type(error).__name__}


print(json.dumps({"protocol": 1, "client": "openapi-python-client", "again": True}), flush=True)
for line in sys.stdin.buffer:
    step = json.loads(line)
    if "settings" in step:
        while clients:
            clients.pop().get_httpx_client().close()
        os.environ.update(step["settings"])
        print(json.dumps({"id": step["id"], "value": None}), flush=True)
        continue
    for each in step.get("together", [step]):
        print(json.dumps({"id": each["id"], **run(each)}), flush=True)
