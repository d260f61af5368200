"""A method of the client, as the templates write it: signature and docstring."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from scripts.generator.docstrings import paragraphs, section

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scripts.generator.operations import Operation as Described
    from scripts.generator.vocabulary import Operation

WALK_ARGUMENTS: Final = ("max_items", "progress", "prefetch")
_START: Final = (
    "where to start, such as the `{next}` of the last page that an earlier walk has read. Leave it"
    " out to start at the first page."
)
_WALK_TEXTS: Final = {
    "max_items": "stop after so many {noun}, 0 or more; None for all.",
    "progress": (
        "called after each page with two numbers of {noun}: those that this walk gives so far, at"
        " most max_items, and all there are by the server's count, or None if it gives none."
    ),
    "prefetch": "ask for the next page while this one is worked on.",
}


@dataclass(frozen=True, kw_only=True)
class Option:
    """A parameter that every method has, whatever its operation."""

    annotation: str
    text: str


OPTIONS: Final = {
    "extra_headers": Option(
        annotation="Mapping[str, str] | Unset",
        text="sent with this call, on top of those of the client; no credentials.",
    ),
    "extra_query": Option(
        annotation="Mapping[str, Any] | Unset",
        text="more parameters for the query, such as one that the document does not name yet.",
    ),
    "extra_body": Option(
        annotation="Mapping[str, Any] | Unset",
        text="more properties for the body, as JSON has them.",
    ),
    "timeout": Option(
        annotation="float | Timeout | Unset",
        text="seconds that connecting, sending and each wait for more of the response may take; or"
        " an httpx.Timeout. Without it, as the client says.",
    ),
    "deadline": Option(
        annotation="float | Unset | None",
        text="seconds that the whole call may take, repetitions included; None for no end. Without"
        " it, as the client says.",
    ),
}


@dataclass(frozen=True, kw_only=True)
class Keyword:
    """A parameter of a method."""

    name: str
    annotation: str
    required: bool
    text: str


@dataclass(frozen=True, kw_only=True)
class Listed:
    """What a list has beyond a method."""

    item: str
    pager: str
    size: str
    cursor: str
    id: str
    noun: str
    places: dict[str, tuple[str, ...]]


@dataclass(frozen=True, kw_only=True)
class Method:
    """A method of the client."""

    name: str
    constant: str
    module: str
    tag: str
    operation: Operation
    described: Described
    path: list[Keyword]
    body: list[Keyword]
    parameters: list[Keyword]
    returns: str
    demanded: tuple[str, ...]
    kind: str
    place: str
    unwrap: bool
    listed: Listed | None
    raises: dict[str, str]
    returned: str

    @property
    def keywords(self) -> list[Keyword]:
        """The parameters behind those of the path."""
        return sorted([*self.body, *self.parameters], key=lambda each: not each.required)

    @property
    def options(self) -> dict[str, Option]:
        """The parameters that are the same for every operation; one of them is for bodies."""
        return {
            name: option
            for name, option in OPTIONS.items()
            if name != "extra_body" or self.described.body
        }

    def result(self, *, raw: bool, aio: bool) -> str:
        """The annotation of what is returned."""
        if raw:
            return f"RawResponse[{self.returns}]"
        if self.listed:
            return ("Async" if aio else "") + self.listed.pager
        return self.returns

    def text(self, *, raw: bool, aio: bool) -> str:
        """The docstring."""
        described, lazy = self.described, self.listed is not None and not raw
        arguments = {each.name: each.text for each in (*self.path, *self.keywords)}
        if lazy and self.listed:
            arguments[self.listed.cursor] = _START.format(next=self.listed.places["next"][-1])
            walk = WALK_ARGUMENTS if aio else WALK_ARGUMENTS[:2]
            arguments |= {name: _WALK_TEXTS[name].format(noun=self.listed.noun) for name in walk}
        arguments |= {name: option.text for name, option in self.options.items()}
        repeats = (
            "Where the server may have acted on it, it is not sent again, unless `retry_writes`"
            " says so."
        )
        return paragraphs(
            described.summary,
            "Nothing is sent until it is iterated, page by page." if lazy else "",
            described.description,
            "" if self.operation.method == "GET" else repeats,
            section("Args", arguments),
            section("Returns", self._returned(raw=raw, aio=aio)),
            *self._raised(lazy=lazy),
            f"Spec: {described.id} ({described.provenance}).",
        )

    def _returned(self, *, raw: bool, aio: bool) -> dict[str, str]:
        result = self.result(raw=raw, aio=aio)
        if raw:
            return {result: "the response, with its status and headers."}
        if self.listed:
            each = "async for" if aio else "for"
            return {result: f"iterate over it with `{each}`; each time it asks again."}
        return {result: self.returned or "what the response holds."}

    def _raised(self, *, lazy: bool) -> Iterator[str]:
        checks = {
            "TypeError": "an argument has the wrong type, or is None; the message names it.",
            "ValueError": "an argument has a value that the document does not allow.",
        }
        failures = {**self.raises, "HeidiError": "any other failure; see its subclasses."}
        if not lazy:
            yield section("Raises", {**checks, **failures})
            return
        yield section("Raises", checks)
        walk = {"PaginationError": "the pages repeat, or items would be missing."}
        yield section(
            "Iterating raises", {**self.raises, **walk, "HeidiError": "see its subclasses."}
        )


@dataclass(frozen=True, kw_only=True)
class Resource:
    """An attribute of the client, with the methods that it has."""

    attribute: str
    name: str
    text: str
    methods: list[Method] = field(default_factory=list[Method])
