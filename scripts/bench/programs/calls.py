"""CPU seconds of one GET by a client, and of the same by the HTTP library below it.

calls.py CLIENT CALLS SAMPLE
"""

from __future__ import annotations

import gc
import importlib
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeAlias

Call: TypeAlias = Callable[[], object]
Response: TypeAlias = dict[str, object]
WARM_UP: Final = 50

MODEL: Final[Response] = {"id": "m", "object": "model", "created": 1, "owned_by": "somebody"}


def transport(library: Any, response: object) -> Any:
    """Respond to every request with the same JSON."""
    headers, content = {"Content-Type": "application/json"}, json.dumps(response).encode()

    def handle(_: object) -> object:
        return library.Response(200, headers=headers, content=content)

    return library.MockTransport(handle)


def heidi(http: Callable[..., Any], sample: object) -> Call:
    """Read a full session; the peers read models, which are small."""
    module = importlib.import_module("heidi_sessions")
    client = module.Heidi(token="t", http_client=http(sample))  # noqa: S106
    return lambda: client.sessions.get("1358142819904139567")


def openai(http: Callable[..., Any], _: object) -> Call:
    """Read a model."""
    client = importlib.import_module("openai").OpenAI(api_key="k", http_client=http(MODEL))
    return lambda: client.models.retrieve("m")


def anthropic(http: Callable[..., Any], _: object) -> Call:
    """Read a model."""
    response = {
        "id": "m",
        "type": "model",
        "display_name": "M",
        "created_at": "2026-01-01T00:00:00Z",
    }
    client = importlib.import_module("anthropic").Anthropic(api_key="k", http_client=http(response))
    return lambda: client.models.retrieve("m")


def cohere(http: Callable[..., Any], _: object) -> Call:
    """Read a model."""
    response: Response = {"name": "m", "endpoints": [], "finetuned": False, "context_length": 1}
    client = importlib.import_module("cohere").Client(api_key="k", httpx_client=http(response))
    return lambda: client.models.get("m")


def mistralai(http: Callable[..., Any], _: object) -> Call:
    """Read a model."""
    response: Response = {**MODEL, "type": "base", "capabilities": {}}
    client = importlib.import_module("mistralai.client").Mistral(api_key="k", client=http(response))
    return lambda: client.models.retrieve(model_id="m")


CLIENTS: Final = {
    "heidi": (heidi, "httpx"),
    "openai": (openai, "httpx2"),
    "anthropic": (anthropic, "httpx2"),
    "cohere": (cohere, "httpx"),
    "mistralai": (mistralai, "httpx2"),
}
"""How to make a call, and the HTTP library that the client uses."""


def seconds(call: Call, calls: int) -> float:
    """Measure one call, as the mean of many."""
    gc.collect()
    start = time.process_time()
    for _ in range(calls):
        call()
    return (time.process_time() - start) / calls


def main(name: str, calls: int, sample: object) -> None:
    """Measure a round for each line that comes in."""
    make, below = CLIENTS[name]
    library = importlib.import_module(below)

    def http(response: object) -> Any:
        return library.Client(transport=transport(library, response))

    client, raw = make(http, sample), http(sample if name == "heidi" else MODEL)
    cases: dict[str, Call] = {
        "client": client,
        "raw": lambda: raw.get("https://api.example/models/m"),
    }
    for case in cases.values():
        for _ in range(WARM_UP):
            case()
    gc.freeze()  # the cost of imports is not measured
    print(json.dumps("ready"), flush=True)
    for _ in sys.stdin:
        print(json.dumps({each: seconds(case, calls) for each, case in cases.items()}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), json.loads(Path(sys.argv[3]).read_bytes()))
