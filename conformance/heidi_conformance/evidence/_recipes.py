"""Requests as a reader can repeat them: for bash and for Python, with every token a variable."""

import json
import re
import shlex
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import groupby
from typing import AnyStr

from heidi_conformance import _settings
from heidi_conformance._settings import CREDENTIALS

from ._history import NAME, NEAR, A, Request

# By what a request names.
VARIABLES = {user: _settings.VARIABLES[name] for name, user in CREDENTIALS.items()}
# The longest body that is an argument of curl.
LONG = 300
RUN = re.compile(rb"(.{1,5}?)\1{40,}", re.DOTALL)
# Where a right server ends the requests early: there is no further page, or it refused one of them.
ENDED = "No response gave what the next request needs, so it ends here."
# The imports and functions of a program, by a pattern in its text.
NEEDED = {
    "os.": "import os",
    "json.": "import json",
    "base64.": "import base64",
    "parse.": "from urllib import parse",
    "uuid.": "import uuid",
    "ThreadPool": "from concurrent.futures import ThreadPoolExecutor",
    "httpx.": "import httpx",
    "A[": f'A = "{A}"',
    "= value(": """
def value(response, *keys):
    try:
        found = response.json()
        for key in keys:
            found = found[key]
    except (LookupError, TypeError, ValueError):
        return None
    return found
""",
    "known(": f"""
def known(text):
    if text is None:
        print("{ENDED}")
        raise SystemExit
    return str(text)
""",
}
# A value in a URL, as Python spells it.
IN_URL = 'parse.quote({}, safe="")'
AT_ONCE = "# The next {} requests are sent at the same time; not every run shows it."
# A request, and the names of values in its response that later requests use, by pointer.
Step = tuple[Request, str, str]


def steps(requests: Sequence[Request]) -> list[list[Step]]:
    """Return requests with the values that later ones use; concurrent requests are grouped."""
    told: list[Step] = []
    for index, request in enumerate(requests):
        later = {name for other in requests[index + 1 :] for name in other.wants}
        if request.binds in later:
            told.append((request, request.binds, made(request)))
        elif request.operation and request.action == "list" and "next" in later:
            told.append((request, "next", request.operation.page.next))
        else:
            told.append((request, "", ""))
    groups = groupby(enumerate(told, 1), lambda item: item[1][0].batch or -item[0])
    return [[step for _, step in group] for _, group in groups]


def made(request: Request) -> str:
    """Return the pointer to what a request makes, in its response."""
    operation = request.operation
    if operation is None:
        return ""
    if operation.action == "list" and operation.resource is not None:
        return f"{operation.page.items}/0/{operation.resource.id}"
    return str(operation.semantics.get("token") or operation.id_pointer or "")


def apart(pattern: re.Pattern[AnyStr], text: AnyStr) -> Iterator[AnyStr | re.Match[AnyStr]]:
    """Yield the matches of a pattern in a string, and the parts between them."""
    end = 0
    for match in pattern.finditer(text):
        if match.start() > end:
            yield text[end : match.start()]
        yield match
        end = match.end()
    if end < len(text):
        yield text[end:]


def parts_of(request: Request) -> Iterator[bytes | re.Match[str]]:
    """Yield the body of a request, with the names in it apart."""
    if not request.fills_body:
        yield from filter(None, [request.body])
        return
    for part in apart(NAME, request.body.decode("latin-1")):
        yield part.encode("latin-1") if isinstance(part, str) else part


def runs(text: bytes) -> Iterator[tuple[bytes, int]]:
    """Yield the parts of a text, and how often each is repeated."""
    for part in apart(RUN, text):
        yield (part, 1) if isinstance(part, bytes) else (part[1], len(part[0]) // len(part[1]))


def needed(program: str) -> list[str]:
    """Return the lines that a program begins with."""
    return [line for mark, line in NEEDED.items() if mark in program]


# --- bash ---


def curl(requests: Sequence[Request], url: str, note: str = "") -> tuple[str, ...]:
    """Spell requests for bash, a line each; what a later one names is a variable."""
    lines = [f"# {note}"] if note else []
    for group in steps(requests):
        after = "wait"
        lines += [AT_ONCE.format(len(group))] if len(group) > 1 else []
        for request, name, pointer in group:
            line = command(request, url)
            if "next" in request.names:
                line = if_offered(line, bound=bool(name))
            if len(group) == 1:
                lines.append(f"{name}=$({line} | jq -r {jq(name, pointer)})" if name else line)
                continue
            # A command in the background sets no variable.
            lines.append(f"{line} > /tmp/{name} &" if name else f"{line} &")
            after += f"; {name}=$(jq -r {jq(name, pointer)} /tmp/{name})" if name else ""
        lines += [after] if len(group) > 1 else []
    return tuple(lines)


def if_offered(line: str, *, bound: bool) -> str:
    """Send a request for a page only where an earlier one offered it. bound: its output is kept."""
    if bound:
        return f'[ "$next" ] && {line}'
    return f'if [ "$next" ]; then {line}; else echo {shlex.quote(ENDED)}; fi'


def command(request: Request, url: str) -> str:
    # With -X HEAD, curl waits for a body.
    parts = ["curl", "-sS", *(["-I"] if request.method == "HEAD" else ["-X", request.method])]
    parts += [f"-H {bash_header(name, text)}" for name, text in request.fields]
    if request.body and request.media_type is None:
        # Otherwise curl sends it as a form.
        parts.append("-H Content-Type:")
    if request.chunked:
        parts.append("-H 'Transfer-Encoding: chunked'")
    if "/.." in request.target:
        parts.append("--path-as-is")
    if re.search(r"[][{}]", NAME.sub("", request.target)):
        parts.append("--globoff")
    if request.body:
        parts.append(f"--data-binary {bash_body(request)}")
    address = in_quotes(url) + NAME.sub(partial(in_bash, spelled=IN_URL), in_quotes(request.target))
    return " ".join([*parts, f'"{address}"'])


def bash_body(request: Request) -> str:
    """Spell a body as an argument of curl or, where it is long, as a file."""
    if len(request.body) <= LONG and b"\0" not in request.body:
        return "".join(
            quoted(part) if isinstance(part, bytes) else f'"{in_bash(part)}"'
            for part in parts_of(request)
        )
    printed = (
        f'printf %s "{in_bash(part)}"'
        if isinstance(part, re.Match)
        else "; ".join(printf(*run) for run in runs(part))
        for part in parts_of(request)
    )
    return f"@<({'; '.join(printed)})"


def printf(text: bytes, times: int) -> str:
    return f"printf -- '{escaped(text)}" + (f"%.0s' {{1..{times}}}" if times > 1 else "'")


def bash_header(name: str, text: str) -> str:
    """Spell a header; one with a secret comes from a builtin, out of sight of other processes."""
    if NAME.search(text) is None:
        # This is curl's syntax for a header without a value.
        return quoted(f"{name}: {text}".encode() if text else f"{name};".encode())
    return f'@<(echo "{name}: {NAME.sub(in_bash, text)}")'


def in_bash(match: re.Match[str], spelled: str = "{}") -> str:
    """Spell a name for double quotes: a variable of bash, or a near miss of its value."""
    variable = VARIABLES.get(match[1], match[1])
    if not match[2]:
        goes_on = re.match(r"\w", match.string[match.end() :])
        return f"${{{variable}}}" if goes_on else f"${variable}"
    shown = f'x = os.environ["x"]; print({spelled.format(NEAR[match[2]])})'
    return f"$(x=${variable} python3 -c '{'; '.join([*needed(shown), shown])}')"


def in_quotes(text: str) -> str:
    """Spell a text for double quotes; a shell that is typed at takes `!` for a command there."""
    return re.sub(r'([\\"`$])', r"\\\1", text).replace("!", "\"'!'\"")


def quoted(text: bytes) -> str:
    """Quote for bash: plainly where it can be, byte by byte where it must be."""
    plain = re.fullmatch(rb"[ -~]*", text)
    return shlex.quote(text.decode()) if plain else f"$'{escaped(text)}'"


def escaped(text: bytes) -> str:
    """Escape what printf, or bash in $'', does not take as it is."""
    return re.sub(rb"[^ -~]|[\\%']", lambda match: b"\\x%02x" % match[0][0], text).decode()


def keys(pointer: str) -> list[str]:
    """Return the keys of a pointer, as Python and jq spell them."""
    return [key(part) for part in pointer.split("/")[1:]]


def key(part: str) -> str:
    name = part.replace("~1", "/").replace("~0", "~")
    return name if name.isdigit() else json.dumps(name)


def jq(name: str, pointer: str) -> str:
    """Write a pointer as a jq expression."""
    program = f".{''.join(map(step, pointer.split('/')[1:])).removeprefix('.')}"
    return shlex.quote(f'{program} // empty | @uri "\\(.)"' if name == "next" else program)


def step(part: str) -> str:
    return f".{part}" if re.fullmatch(r"[A-Za-z_]\w*", part) else f"[{key(part)}]"


# --- Python ---


def python(requests: Sequence[Request], url: str, note: str = "") -> str:
    """Spell requests as a program for httpx."""
    lines = [f"api = httpx.Client(base_url={url!r}, timeout=10)"]
    texts = [text for item in requests for text in (item.target, *dict(item.fields).values())]
    used = {match[1] for text in texts for match in NAME.finditer(text)}
    lines += [f'{name} = os.environ["{VARIABLES[name]}"]' for name in VARIABLES if name in used]
    for group in steps(requests):
        calls = [call(request) for request, _, _ in group]
        if len(calls) > 1:
            lines.append(AT_ONCE.format(len(calls)))
            lines.append(f"calls = [{', '.join(f'lambda: {one}' for one in calls)}]")
            lines.append(
                "responses = [*ThreadPoolExecutor(len(calls)).map(lambda one: one(), calls)]"
            )
        for one, (_, name, pointer) in zip(calls, group, strict=True):
            lines.append(f"response = {one if len(calls) == 1 else 'responses.pop(0)'}")
            lines.append("print(response.status_code, response.text)")
            if name:
                lines.append(f"{name} = value({', '.join(['response', *keys(pointer)])})")
    head = [f"# {note}"] if note else []
    return "\n".join([*head, *needed("\n".join(lines)), *lines]) + "\n"


def call(request: Request) -> str:
    headers = ", ".join(f'"{name}": {header(text)}' for name, text in request.fields)
    content = " + ".join(
        literal(part) if isinstance(part, bytes) else f"{in_python(part)}.encode()"
        for part in parts_of(request)
    )
    if content:
        content = f", content=iter([{content}])" if request.chunked else f", content={content}"
    target = interpolated(request.target, IN_URL)
    return f'api.request("{request.method}", {target}, headers={{{headers}}}{content})'


def interpolated(text: str, spelled: str = "{}") -> str:
    """Spell a text with names in it as an expression of Python."""
    pieces = (
        repr(part) if isinstance(part, str) else spelled.format(in_python(part))
        for part in apart(NAME, text)
    )
    return " + ".join(pieces) or "''"


def in_python(match: re.Match[str]) -> str:
    text = match[1] if match[1] in VARIABLES else f"known({match[1]})"
    return f"(lambda x: {NEAR[match[2]]})({text})" if match[2] else text


def header(text: str) -> str:
    """Spell a header; the client takes one beyond ASCII as bytes alone."""
    return interpolated(text) if text.isascii() else f"({interpolated(text)}).encode()"


def literal(body: bytes) -> str:
    return " + ".join(
        f"{unit!r} * {times}" if times > 1 else repr(unit) for unit, times in runs(body)
    )
