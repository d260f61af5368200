"""Requests as a reader can repeat them, with the token taken out."""

import shlex

from schemathesis.engine.recorder import Request, ScenarioRecorder

VARIABLE = "$HEIDI_TOKEN"
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


def quoted(text: bytes) -> str:
    """Quote for a shell: plainly where it can be, byte by byte where it must be."""
    if all(0x20 <= byte < 0x7F for byte in text):
        return shlex.quote(text.decode("ascii"))
    escaped = (
        chr(byte) if 0x20 <= byte < 0x7F and byte not in b"\\'" else f"\\x{byte:02x}"
        for byte in text
    )
    return f"$'{''.join(escaped)}'"
