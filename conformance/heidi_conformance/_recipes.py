"""Requests as a reader can repeat them: for a shell and for Python, with every token a variable."""

import json
import re
from collections.abc import Iterator, Sequence

from ._history import NAME, Request
from ._quoting import quoted

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
A = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
# How `_history.NEAR` reads in Python, of a text `x`.
NEAR = {
    "first+1": "A[A.find(x[0])^1]+x[1:]",
    "middle+1": "x[:len(x)//2]+A[A.find(x[len(x)//2])^1]+x[len(x)//2+1:]",
    "last+1": "x[:-1]+A[A.find(x[-1])^1]",
    "header+1": "(lambda i:x[:i]+A[A.find(x[i])^1]+x[i+1:])(x.find('.')-1)",
    "payload+1": "(lambda i:x[:i]+A[A.find(x[i])^1]+x[i+1:])(x.rfind('.')-1)",
    "shorter": "x[:-1]",
    "headless": "x[1:]",
    "half": "x[:len(x)//2]",
    "upper": "x.upper()",
    "lower": "x.lower()",
    "recased": "x[:x.rfind('.')+1]+x[x.rfind('.')+1:].swapcase()",
    "unsigned": "'eyJhbGciOiAibm9uZSIsICJ0eXAiOiAiSldUIn0.'+x.split('.')[1]+'.'",
    "unsealed": "x[:x.rfind('.')+1]",
    "reissued": "(lambda h,p,s,b,j:h+'.'+b.urlsafe_b64encode("
    "json.dumps((lambda c:c|{'exp':c['exp']+1})"
    "(json.loads(b.urlsafe_b64decode(p+'='*(-len(p)%4))))).encode()).decode().rstrip('=')+'.'+s)"
    "(*x.split('.'),base64,json)",
    "arabic": "''.join(chr(0x660+int(c)) if c in '0123456789' else c for c in x)",
    "full-width": "''.join(chr(0xFF10+int(c)) if c in '0123456789' else c for c in x)",
    "double": "str(int(float(x)))",
    "next": "str(int(x)+1)",
    "beyond": "str(int(x)+2**128)",
    "exponent": "x+'e0'",
    "hexadecimal": "hex(int(x))",
    "twisted": "x.swapcase()",
    "encoded": "'%'+format(ord(x[0]),'02X')+x[1:]",
}
IMPORTS = {"json": "json.", "base64": "base64"}


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
    return f"$(python3 -c '{code(match[2], variable)}')"


def code(near: str, variable: str) -> str:
    expression = NEAR[near].replace("'", '"')
    used = "".join(f", {name}" for name, mark in IMPORTS.items() if mark in expression)
    letters = f'A="{A}"; ' if "A[" in expression else ""
    return f'import os{used}; {letters}x=os.environ["{variable}"]; print({expression})'


def shell_name(match: re.Match[str]) -> str:
    if not match[2]:
        return f"${{{match[1]}}}"
    inner = NEAR[match[2]].replace("'", '"')
    program = f'import os, urllib.parse as u; x=os.environ["x"]; print(u.quote({inner}, safe=""))'
    return f"$(x=${{{match[1]}}} python3 -c '{program}')"


def python(requests: Sequence[Request], url: str) -> str:
    """Spell requests as a program for httpx."""
    lines = ["import os", "import httpx", f"api = httpx.Client(base_url={url!r}, timeout=10)"]
    used = [name for name in VARIABLES if any(names_token(request, name) for request in requests)]
    lines += [f'{name} = os.environ["{VARIABLES[name]}"]' for name in used]
    texts = [text for request in requests for text in (request.target, *secrets_of(request))]
    nears = {match[2] for text in texts for match in NAME.finditer(text) if match[2]}
    if any("A[" in NEAR[near] for near in nears):
        lines.append(f"A = {A!r}")
    if "reissued" in nears:
        lines.insert(0, "import base64, json")
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
