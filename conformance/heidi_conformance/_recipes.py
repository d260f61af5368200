"""Requests as a reader can repeat them: for a shell and for Python, with every token a variable."""

import json
import re
import shlex
from collections.abc import Iterator, Sequence

from ._history import NAME, NEAR, A, Request

VARIABLES = {
    "first": "HEIDI_TOKEN",
    "second": "HEIDI_OTHER_TOKEN",
    "same": "HEIDI_SAME_USER_TOKEN",
    "unlinked": "HEIDI_UNLINKED_TOKEN",
    "expired": "HEIDI_EXPIRED_TOKEN",
    "key": "HEIDI_API_KEY",
}
LONG = 300
RUN = re.compile(r"(.{1,5}?)\1{40,}", re.DOTALL)
# What a near miss uses, by a mark that it has.
USED = {"json.": "import json", "base64.": "import base64", "A[": f'A = "{A}"'}


def curl(requests: Sequence[Request], url: str) -> tuple[str, ...]:
    """Spell requests for bash, a line each; an id that one answers is a variable in the next."""
    lines: list[str] = []
    for index, request in enumerate(requests):
        line = command(request, url)
        later = {name for other in requests[index + 1 :] for name in other.wants}
        if request.binds and request.binds in later:
            line = f"{request.binds}=$({line} | jq -r {in_shell(jq(made(request)))})"
        elif request.action == "list" and "next" in later:
            line = f"next=$({line} | jq -r '{jq(next_of(request))} | @uri \"\\(.)\"')"
        if request.batch:
            last = index + 1 == len(requests) or requests[index + 1].batch != request.batch
            line = f"{line} & wait" if last else f"{line} &"
        lines.append(line)
    return tuple(lines)


def command(request: Request, url: str) -> str:
    # With -X HEAD, curl waits for a body.
    parts = ["curl", "-sS", *(["-I"] if request.method == "HEAD" else ["-X", request.method])]
    if (credentials := request.credentials) is not None:
        parts += ["-H", shell_header("Authorization", credentials)]
    if request.media_type is not None and (request.body or request.method in ("PATCH", "POST")):
        parts += ["-H", quoted(f"Content-Type: {request.media_type}".encode())]
    elif request.body:
        # Or curl takes it for a form.
        parts += ["-H", "Content-Type:"]
    for name, text in request.headers:
        parts += ["-H", shell_header(name, text)]
    if request.chunked:
        parts += ["-H", "'Transfer-Encoding: chunked'"]
    if "/.." in request.target:
        parts.append("--path-as-is")
    if re.search(r"[][{}]", NAME.sub("", request.target)):
        parts.append("--globoff")
    pipe = ""
    if len(request.body) > LONG or b"\0" in request.body:
        code = f"import sys; sys.stdout.buffer.write({literal(request.body)})"
        pipe = f"python3 -c {quoted(code.encode())} | "
        parts += ["--data-binary", "@-"]
    elif request.body:
        parts += ["--data-binary", shell_body(request)]
    address = escaped(url) + NAME.sub(shell_name, escaped(request.target))
    return pipe + " ".join([*parts, f'"{address}"'])


def quoted(text: bytes) -> str:
    """Quote for bash: plainly where it can be, byte by byte where it must be."""
    if all(0x20 <= byte < 0x7F for byte in text):
        return shlex.quote(text.decode("ascii"))
    escaped = (
        chr(byte) if 0x20 <= byte < 0x7F and byte not in b"\\'" else f"\\x{byte:02x}"
        for byte in text
    )
    return f"$'{''.join(escaped)}'"


def shell_header(name: str, text: str) -> str:
    """Spell a header; one with a secret comes from a builtin, out of sight of other processes."""
    if NAME.search(text) is None:
        # So curl spells a header without a value.
        return quoted(f"{name}: {text}".encode() if text else f"{name};".encode())
    return f'@<(echo "{name}: {NAME.sub(shell_token, text)}")'


def escaped(target: str) -> str:
    """Spell a text for double quotes; a shell that is typed at takes `!` for a command there."""
    return re.sub(r'([\\"`$])', r"\\\1", target).replace("!", "\"'!'\"")


def shell_body(request: Request) -> str:
    text = quoted(request.body)
    if NAME.search(request.body.decode("latin-1")) is None:
        return text
    return NAME.sub(lambda match: f"'\"${{{match[1]}}}\"'", text)


def shell_token(match: re.Match[str]) -> str:
    variable = VARIABLES.get(match[1], match[1])
    if not match[2]:
        goes_on = re.match(r"\w", match.string[match.end() :])
        return f"${{{variable}}}" if goes_on else f"${variable}"
    return near_in_shell(variable, match[2], "{}")


def shell_name(match: re.Match[str]) -> str:
    if not match[2]:
        return f"${{{match[1]}}}"
    return near_in_shell(match[1], match[2], 'urllib.parse.quote({}, safe="")')


def near_in_shell(variable: str, near: str, spelled: str) -> str:
    """Spell a near miss of a variable for bash; the variable is in no argument."""
    text = spelled.format(NEAR[near])
    imports = "import os, urllib.parse" if "urllib" in text else "import os"
    program = "; ".join([imports, *setting_up(text), 'x = os.environ["x"]', f"print({text})"])
    return f"$(x=${variable} python3 -c '{program}')"


def setting_up(text: str) -> list[str]:
    """Return what a program does first, so that it can evaluate near misses."""
    return [line for mark, line in USED.items() if mark in text]


def python(requests: Sequence[Request], url: str) -> str:
    """Spell requests as a program for httpx."""
    lines = ["import os", "import httpx", f"api = httpx.Client(base_url={url!r}, timeout=10)"]
    used = [name for name in VARIABLES if any(names_token(request, name) for request in requests)]
    lines += [f'{name} = os.environ["{VARIABLES[name]}"]' for name in used]
    texts = [text for request in requests for text in (request.target, *secrets_of(request))]
    nears = [NEAR[match[2]] for text in texts for match in NAME.finditer(text) if match[2]]
    lines[:0] = setting_up(" ".join(nears))
    if any(NAME.search(request.target) for request in requests):
        lines.insert(0, "from urllib.parse import quote")
    for index, request in enumerate(requests):
        later = {name for other in requests[index + 1 :] for name in other.wants}
        lines.append(f"answer = {call(request)}")
        lines.append("print(answer.status_code, answer.text)")
        if request.binds and request.binds in later:
            lines.append(f"{request.binds} = answer.json(){keys(made(request))}")
        elif request.action == "list" and "next" in later:
            lines.append(f"next = answer.json(){keys(next_of(request))}")
    return "\n".join(lines) + "\n"


def call(request: Request) -> str:
    headers: list[str] = []
    if (credentials := request.credentials) is not None:
        headers.append(f'"Authorization": {header(credentials)}')
    if request.media_type is not None and (request.body or request.method in ("PATCH", "POST")):
        headers.append(f'"Content-Type": {request.media_type!r}')
    headers += [f'"{name}": {header(text)}' for name, text in request.headers]
    content = ""
    if request.body:
        content = f", content={python_body(request)}"
        if request.chunked:
            content = f", content=iter([{python_body(request)}])"
    target = interpolated(request.target, "quote({}, safe='')")
    return f'api.request("{request.method}", {target}, headers={{{", ".join(headers)}}}{content})'


def python_body(request: Request) -> str:
    if NAME.search(request.body.decode("latin-1")) is None:
        return literal(request.body)
    return f"({interpolated(request.body.decode('latin-1'))}).encode('latin-1')"


def interpolated(text: str, spelled: str = "{}") -> str:
    """Spell a text with names in it as an expression of Python."""
    pieces: list[str] = []
    end = 0
    for match in NAME.finditer(text):
        pieces += [repr(text[end : match.start()])] if match.start() > end else []
        pieces.append(spelled.format(near_call(match[1], match[2])))
        end = match.end()
    pieces += [repr(text[end:])] if end < len(text) else []
    return " + ".join(pieces) or "''"


def header(text: str) -> str:
    """Spell a header; the client takes one beyond ASCII as bytes alone."""
    return interpolated(text) if text.isascii() else f"({interpolated(text)}).encode()"


def near_call(name: str, near: str | None) -> str:
    return f"(lambda x: {NEAR[near]})({name})" if near else f"str({name})"


def names_token(request: Request, name: str) -> bool:
    return any(match[1] == name for text in secrets_of(request) for match in NAME.finditer(text))


def secrets_of(request: Request) -> Iterator[str]:
    """Yield the headers in which a token or a key is named."""
    yield request.credentials or ""
    yield from (text for _, text in request.headers)


def made(request: Request) -> str:
    """Return the pointer to what a request makes, in its response."""
    operation = request.operation
    if operation is None:
        return ""
    if operation.action == "list" and operation.resource is not None:
        return f"{operation.page.items}/0/{operation.resource.id}"
    return str(operation.semantics.get("token") or operation.id_pointer or "")


def next_of(request: Request) -> str:
    """Return the pointer to the token of the next page, in the response to a list."""
    return request.operation.page.next if request.operation else ""


def jq(pointer: str) -> str:
    """Spell a pointer for jq."""
    parts = pointer.split("/")[1:]
    plain = all(re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", part) for part in parts)
    return "." + ".".join(parts) if plain else "." + "".join(map(bracketed, parts))


def in_shell(text: str) -> str:
    return text if re.fullmatch(r"[.\w]+", text) else f"'{text}'"


def keys(pointer: str) -> str:
    """Spell a pointer for Python."""
    return "".join(map(bracketed, pointer.split("/")[1:]))


def bracketed(part: str) -> str:
    name = part.replace("~1", "/").replace("~0", "~")
    return f"[{name}]" if name.isdigit() else f"[{json.dumps(name)}]"


def literal(raw: bytes) -> str:
    """Spell bytes for Python, with what repeats without end told as such."""
    if len(raw) <= LONG:
        return repr(raw)
    text = raw.decode("latin-1")
    pieces: list[str] = []
    end = 0
    for match in RUN.finditer(text):
        pieces += [repr(raw[end : match.start()])] if match.start() > end else []
        times = (match.end() - match.start()) // len(match[1])
        pieces.append(f"{match[1].encode('latin-1')!r} * {times}")
        end = match.start() + times * len(match[1])
    pieces += [repr(raw[end:])] if end < len(raw) else []
    return " + ".join(pieces)
