"""Requests as a reader can repeat them, with the token taken out."""

from schemathesis.engine.recorder import Request, ScenarioRecorder

from ._quoting import VARIABLE, quoted

# What curl adds by itself, or what names this run and not the fault.
IMPLIED = {"accept", "accept-encoding", "connection", "content-length", "user-agent"}


def sequence(recorder: ScenarioRecorder, case_id: str, token: str) -> tuple[str, ...]:
    """Return the requests that lead to a case, and its own, as curl."""
    chain: list[str] = []
    current: str | None = case_id
    while current is not None:
        if current in recorder.interactions:
            chain.append(curl(recorder.interactions[current].request, token))
        current = recorder.cases[current].parent_id
    return tuple(reversed(chain))


def curl(request: Request, token: str) -> str:
    """Spell a request for a shell."""
    parts = ["curl", "-X", request.method]
    for name, values in request.headers.items():
        if name.lower() not in IMPLIED and not name.lower().startswith("x-schemathesis"):
            parts += ["-H", header(name, values[0], token)]
    if request.body:
        parts += ["--data-binary", quoted(request.body)]
    return " ".join([*parts, quoted(request.uri.encode())])


def header(name: str, value: str | bytes, token: str) -> str:
    text = value.decode("latin-1") if isinstance(value, bytes) else value
    if token in text:
        return f'"{name}: {text.replace(token, VARIABLE)}"'
    return quoted(f"{name}: {text}".encode())
