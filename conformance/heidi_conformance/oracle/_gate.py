"""Answers that come before an operation is reached, or instead of it; most for level strict."""

from collections.abc import Iterator

from heidi_conformance._verdict import Level
from heidi_conformance._wire import Reply, Silence
from heidi_conformance.contract._operations import (
    LIST,
    OPERATIONS,
    PATHS,
    READ,
    Refusal,
    error_message,
    error_type,
)

from ._complaint import Complaint
from ._reading import Reading
from ._shapes import misshapen

# Below it lies no path of any server.
INVENTED = "/no-such-path-"
METHODS = frozenset("CONNECT DELETE GET HEAD OPTIONS PATCH POST PUT TRACE".split())


def silent(reading: Reading, silence: Silence) -> Iterator[Complaint]:
    """Yield that no answer came; a body that is too large may be cut off."""
    if "body-size" not in {problem.rule for problem in reading.problems}:
        what = f"gives no answer: {silence.reason}"
        yield Complaint("answers", reading.operation or LIST, what, "", "an answer", "none")


def broken(reading: Reading, answer: Reply) -> Iterator[Complaint]:
    """Yield that a server failed."""
    valid = reading.method_known and not reading.problems
    does = "allows" if valid else "refuses"
    yield Complaint(
        "no-server-error",
        reading.operation or LIST,
        f"answers {answer.status} to a request that the contract {does}",
        "",
        "no 5xx",
        f"status {answer.status}",
    )


def too_many(reading: Reading, answer: Reply) -> Iterator[Complaint]:
    """Yield what an answer of 429 lacks."""
    text = answer.header("retry-after") or ""
    if not (text.isascii() and text.isdigit()):
        yield Complaint(
            "retry-after",
            reading.operation or LIST,
            "answers 429 without `Retry-After` in seconds",
            "",
            "`Retry-After: <seconds>`",
            "none",
        )
    if reading.message.method != "HEAD":
        yield from misshapen("strict", reading.operation or LIST, answer)


def nowhere(reading: Reading, answer: Reply) -> Iterator[Complaint]:
    """A path that the document does not have: an error of the usual shape."""
    if answer.ok and "%2F" in reading.message.target.removesuffix("%2F"):
        yield Complaint(
            "exact-lookup",
            READ,
            "takes a slash inside an id for a step in the path",
            "",
            "404",
            f"status {answer.status}",
        )
    elif answer.ok and (inner := OPERATIONS[READ].made(answer.content)):
        if str(inner) in reading.message.target:
            yield Complaint(
                "exact-lookup",
                READ,
                "shows a session at another path than its own",
                "",
                "404",
                f"status {answer.status}",
            )
    elif answer.ok and reading.message.target.startswith(INVENTED):
        yield Complaint(
            "error-shape",
            READ,
            "answers a path that nobody has with success",
            "",
            "404",
            f"status {answer.status}",
        )
    elif answer.status >= 400:
        yield from misshapen("strict", READ, answer)


def wrong_method(reading: Reading, answer: Reply) -> Iterator[Complaint]:
    """Yield what is wrong with the answer to a method that a path does not have."""
    method = reading.message.method
    documented = set(PATHS[reading.path])
    if method == "OPTIONS" and answer.ok:
        return
    if method == "HEAD" and "GET" in documented and answer.status != 405:
        return
    if method not in METHODS and answer.status in (400, 501):
        # What stands before a server may not even pass it on.
        return
    if answer.status != 405:
        yield Complaint(
            "methods",
            reading.operation,
            "answers a method that its path has not, and not with 405",
            "",
            "405",
            f"status {answer.status} to {method}",
        )
        return
    allow = {text.strip().upper() for text in (answer.header("allow") or "").split(",")} - {""}
    if not documented <= allow or allow - documented - {"HEAD", "OPTIONS"}:
        got = "other methods" if allow else "no `Allow`"
        yield Complaint(
            "allow",
            reading.operation,
            f"answers 405 with {got}",
            "",
            ", ".join(sorted(documented)),
            got,
        )
    if method != "HEAD":
        yield from misshapen("strict", reading.operation, answer)


def without_link(level: Level, refusal: Refusal, answer: Reply) -> Iterator[Complaint]:
    """Yield what is wrong with the list of a user who is not linked.

    The page shows the error and not its status.
    """
    if answer.ok or (level == "strict" and answer.status != refusal.status):
        yield Complaint(
            "unlinked" if answer.ok else "forbidden",
            LIST,
            f"answers {answer.status} to a user who is not linked",
            "",
            refusal.type if level == "documented" else str(refusal.status),
            f"status {answer.status}",
        )
        return
    told = error_type(answer.content), error_message(answer.content)
    if told != (refusal.type, refusal.message):
        yield Complaint(
            "unlinked",
            LIST,
            f"answers {answer.status} with another type or message than the page shows",
            "",
            f"{refusal.type}, {refusal.message}",
            "another error",
        )
    yield from misshapen(level, LIST, answer, shown=True)
