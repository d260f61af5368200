"""The kinds of change: what each means for a partner, as data.

A kind has two readings. *Sent* is what a partner writes: requests, and responses to webhooks and
callbacks. *Received* is what a partner reads: responses, and the requests of webhooks and
callbacks. What narrows in the first breaks, and what widens in the second.
"""

from __future__ import annotations

from enum import IntEnum
from functools import partial
from typing import Final, NamedTuple


class Level(IntEnum):
    """What a change asks of a partner; the higher, the more."""

    PATCH = 1
    """Nothing: words, examples, extensions."""
    MINOR = 2
    """Nothing, and there is something new to use."""
    UNCERTAIN = 3
    """To look at it: whether it breaks cannot be computed. Counts as breaking."""
    BREAKING = 4
    """To change something."""

    def __str__(self) -> str:
        """Write the level as the JSON output does."""
        return self.name.lower()


P, M, U, B = Level


class Kind(NamedTuple):
    """One kind of change: the kind of the way back, and a level and a sentence per reading."""

    reverse: str
    sent: Level
    received: Level
    send: str
    receive: str


def _pair(
    there: str, back: str, levels: tuple[Level, Level, Level, Level], *sentences: str
) -> dict[str, Kind]:
    """Return a kind and that of the way back: sent and received, then the same of the way back."""
    sent, received, sent_back, received_back = levels
    send, receive, send_back, receive_back = sentences
    return {
        there: Kind(back, sent, received, send, receive),
        back: Kind(there, sent_back, received_back, send_back, receive_back),
    }


def _narrows(there: str, back: str, *sentences: str) -> dict[str, Kind]:
    """Fewer values are allowed, which breaks what is sent; on the way back, what is read."""
    return _pair(there, back, (B, M, M, B), *sentences)


def _comes(there: str, back: str, come: str, gone: str) -> dict[str, Kind]:
    """Something comes that may be used, and goes on the way back."""
    return _pair(there, back, (M, M, B, B), come, come, gone, gone)


def _change(name: str, level: Level, send: str, receive: str = "") -> dict[str, Kind]:
    """Return a kind that is the same on the way back."""
    return {name: Kind(name, level, level, send, receive or send)}


_UNSENT: Final = "Stop sending {where}; it is not read any more."
_UNREAD: Final = "Stop reading {where}; it is not sent any more."


def _part(name: str) -> dict[str, Kind]:
    """A part of a message comes or goes, or must be there or need not."""
    return {
        **_pair(
            f"{name}-added",
            f"{name}-removed",
            (M, M, B, B),
            "You may send {where}.",
            "{Where} is new; you may read it.",
            _UNSENT,
            _UNREAD,
        ),
        **_narrows(
            f"{name}-required",
            f"{name}-optional",
            "Always send {where}; it could be left out.",
            "{Where} is always there; it could be left out.",
            "You may leave out {where}.",
            "Do not count on {where}; it can be missing now.",
        ),
    }


def _required_part(name: str) -> dict[str, Kind]:
    """A part of a message comes that must be there, or goes."""
    return _pair(
        f"required-{name}-added",
        f"required-{name}-removed",
        (B, M, B, B),
        "Send {where}; it is new and required.",
        "{Where} is new and always there; you may read it.",
        _UNSENT,
        _UNREAD,
    )


def _limit(
    name: str, of: str, *, tighter: str, wider: str, edge: str, enough: str
) -> dict[str, Kind]:
    """A limit gets tighter or wider. edge: `least` or `most`; enough: what a looser value was."""
    return _narrows(
        f"{name}-{tighter}",
        f"{name}-{wider}",
        f"Send {of} of at {edge} {{new}} in {{where}}; {{old}} was {enough}.",
        f"Expect {of} of at {edge} {{new}} in {{where}}; it could be {{old}}.",
        f"You may send {of} {{new}} in {{where}}; the {edge} was {{old}}.",
        f"Handle {of} {{new}} in {{where}}; the {edge} was {{old}}.",
    )


_at_least = partial(_limit, tighter="raised", wider="lowered", edge="least", enough="enough")
_at_most = partial(_limit, tighter="lowered", wider="raised", edge="most", enough="allowed")

_BOUNDS: Final = {
    **_at_least("minimum", "a number"),
    **_at_most("maximum", "a number"),
    **_at_least("min-length", "a length"),
    **_at_most("max-length", "a length"),
    **_at_least("min-items", "a number of items"),
    **_at_most("max-items", "a number of items"),
    **_at_least("min-properties", "a number of properties"),
    **_at_most("max-properties", "a number of properties"),
    **_at_least("min-contains", "a number of matching items"),
    **_at_most("max-contains", "a number of matching items"),
}

# What a schema allows.
_VALUES: Final = {
    **_narrows(
        "type-narrowed",
        "type-widened",
        "Send {new} in {where}; {old} was allowed.",
        "Expect only {new} in {where}; it could be {old}.",
        "You may send {new} in {where}; it had to be {old}.",
        "Handle {new} in {where}; it was always {old}.",
    ),
    **_change(
        "type-changed",
        B,
        "Send {new} in {where}, no longer {old}.",
        "Read {new} in {where}, no longer {old}.",
    ),
    **_narrows(
        "null-forbidden",
        "null-allowed",
        "Do not send null in {where} any more.",
        "{Where} is never null any more.",
        "You may send null in {where}.",
        "Handle null in {where}.",
    ),
    **_narrows(
        "value-forbidden",
        "value-allowed",
        "Send nothing in {where} any more; no value is accepted.",
        "{Where} is not sent any more.",
        "You may send a value in {where}; none was accepted.",
        "Handle a value in {where}; none was ever sent.",
    ),
    **_narrows(
        "enum-value-removed",
        "enum-value-added",
        "Do not send {values} in {where} any more.",
        "{Where} is never {values} any more.",
        "You may send {values} in {where}.",
        "Handle {values} in {where}.",
    ),
    **_narrows(
        "enum-closed",
        "enum-opened",
        "Send only {values} in {where}; other values were allowed.",
        "Expect only {values} in {where}.",
        "You may send values other than {values} in {where}.",
        "Handle values other than {values} in {where}.",
    ),
    **_pair(
        "known-value-removed",
        "known-value-added",
        (B, M, M, M),
        "Do not count on {values} in {where} any more; it left the list of known values.",
        "{values} left the list of known values of {where}.",
        "You may send {values} in {where}.",
        "{values} joined the list of known values of {where}; the list was always open.",
    ),
    **_narrows(
        "multiple-of-tightened",
        "multiple-of-loosened",
        "Send a multiple of {new} in {where}; it could be {old}.",
        "Expect a multiple of {new} in {where}; it could be {old}.",
        "You may send {new} in {where}; it had to be a multiple of {old}.",
        "Handle {new} in {where}; it was always a multiple of {old}.",
    ),
    **_change(
        "multiple-of-changed",
        B,
        "Send a multiple of {new} in {where}, no longer of {old}.",
        "Handle multiples of {new} in {where}; they were of {old}.",
    ),
    **_narrows(
        "pattern-added",
        "pattern-removed",
        "Send only strings that match {new} in {where}.",
        "Expect only strings that match {new} in {where}.",
        "You may send strings that do not match {old} in {where}.",
        "Handle strings that do not match {old} in {where}.",
    ),
    **_change(
        "pattern-changed",
        U,
        "Check that what you send in {where} matches {new}; the pattern was {old}.",
        "Check that you can read what matches {new} in {where}; the pattern was {old}.",
    ),
    **_narrows(
        "format-narrowed",
        "format-widened",
        "Send {where} in the format {new}; it could be {old}.",
        "Expect {where} in the format {new}; it could be {old}.",
        "You may send {where} as {new}; the format had to be {old}.",
        "Handle {where} as {new}; the format was always {old}.",
    ),
    **_change(
        "format-changed",
        B,
        "Send {where} in the format {new}, no longer {old}.",
        "Read {where} in the format {new}, no longer {old}.",
    ),
    **_narrows(
        "content-described",
        "content-undescribed",
        "Send {where} with {keyword} {new}.",
        "Expect {where} with {keyword} {new}.",
        "You may send {where} without {keyword} {old}.",
        "Handle {where} without {keyword} {old}.",
    ),
    **_change(
        "content-changed",
        B,
        "Send {where} with {keyword} {new}, no longer {old}.",
        "Read {where} with {keyword} {new}, no longer {old}.",
    ),
    **_narrows(
        "alternative-removed",
        "alternative-added",
        "Do not send {shape} in {where} any more.",
        "{Where} is never {shape} any more.",
        "You may send {shape} in {where}.",
        "Handle {shape} in {where}.",
    ),
    **_pair(
        "alternatives-exclusive",
        "alternatives-overlapping",
        (U, M, M, U),
        "Check that what you send in {where} fits exactly one alternative; it could fit several.",
        "{Where} fits exactly one alternative; it could fit several.",
        "You may send in {where} what fits several alternatives at once.",
        "Check that you can read in {where} what fits several alternatives at once.",
    ),
    **_narrows(
        "exclusion-added",
        "exclusion-removed",
        "Do not send in {where} what the new `not` excludes.",
        "Expect less in {where}: a new `not` excludes some of it.",
        "You may send in {where} what a `not` excluded.",
        "Handle in {where} what a `not` excluded.",
    ),
    **_change(
        "exclusion-changed", U, "Check {where}: what its `not` excludes is another thing now."
    ),
    **_narrows(
        "condition-added",
        "condition-removed",
        "Meet the new condition (`if`) on {where}.",
        "Expect less in {where}: a new condition (`if`) holds.",
        "You need not meet a condition (`if`) on {where} any more.",
        "Handle more in {where}: a condition (`if`) is gone.",
    ),
    **_change("condition-changed", U, "Check {where}: its condition (`if`) is another one now."),
    **_change(
        "composition-changed",
        U,
        "Check {where}: its alternatives changed and are too many to compare.",
    ),
    **_change("not-compared", U, "Check {where}: `{keyword}` changed, which is not compared."),
    **_change(
        "xml-changed", B, "Send {where} in its new XML form.", "Read {where} in its new XML form."
    ),
}

_ARRAYS: Final = {
    **_narrows(
        "unique-items-demanded",
        "unique-items-waived",
        "Do not send an item twice in {where}.",
        "{Where} never holds an item twice any more.",
        "You may send an item twice in {where}.",
        "Handle duplicate items in {where}.",
    ),
    **_narrows(
        "contains-tightened",
        "contains-loosened",
        "Send the item that {where} must contain now.",
        "Expect {where} to contain an item that it need not have before.",
        "You need not send the item that {where} had to contain.",
        "Handle {where} without the item that it always contained.",
    ),
    **_change("contains-changed", U, "Check {where}: what it must contain is another thing now."),
}

_OBJECTS: Final = {
    **_part("member"),
    **_required_part("member"),
    **_pair(
        "closed-member-added",
        "closed-member-removed",
        (M, B, B, B),
        "You may send {where}; it was refused.",
        "Handle {where}; no further property was ever sent there.",
        "Stop sending {where}; it is refused now.",
        "Stop reading {where}; it is not sent any more.",
    ),
    **_pair(
        "member-read-only",
        "member-writable",
        (B, P, M, P),
        "Stop sending {where}; it is read-only now.",
        "{Where} is read-only now.",
        "You may send {where}; it was read-only.",
        "{Where} is not read-only any more.",
    ),
    **_pair(
        "member-write-only",
        "member-readable",
        (P, B, P, M),
        "{Where} is write-only now.",
        "Stop reading {where}; it is write-only now.",
        "{Where} is not write-only any more.",
        "{Where} is sent now; you may read it.",
    ),
    **_narrows(
        "further-members-forbidden",
        "further-members-allowed",
        "Send no property in {where} that is not described; it is refused now.",
        "No property that is not described is sent in {where} any more.",
        "You may send further properties in {where}.",
        "Handle properties in {where} that are not described.",
    ),
    **_narrows(
        "member-names-restricted",
        "member-names-freed",
        "Send in {where} only properties with names that are allowed now.",
        "Expect fewer names of properties in {where}.",
        "You may send properties with other names in {where}.",
        "Handle properties with other names in {where}.",
    ),
    **_narrows(
        "member-dependency-added",
        "member-dependency-removed",
        "Where you send `{trigger}` in {where}, follow the new rule: {rule}.",
        "Where `{trigger}` is in {where}, a new rule holds: {rule}.",
        "Where you send `{trigger}` in {where}, a rule is gone: {rule}.",
        "Where `{trigger}` is in {where}, do not count on this any more: {rule}.",
    ),
    **_change(
        "discriminator-changed",
        B,
        "Tell the alternatives of {where} apart by `{new}`, no longer by `{old}`.",
    ),
    **_pair(
        "discriminator-added",
        "discriminator-removed",
        (M, M, M, B),
        "`{new}` tells the alternatives of {where} apart.",
        "`{new}` tells the alternatives of {where} apart.",
        "`{old}` does not tell the alternatives of {where} apart any more.",
        "Do not count on `{old}` to tell the alternatives of {where} apart any more.",
    ),
    **_narrows(
        "discriminator-value-removed",
        "discriminator-value-added",
        "Do not send `{name}` as {values} in {where} any more.",
        "`{name}` is never {values} in {where} any more.",
        "You may send `{name}` as {values} in {where}.",
        "Handle `{name}` as {values} in {where}.",
    ),
}

_DEFAULTS: Final = {
    **_pair(
        "default-added",
        "default-removed",
        (M, P, B, P),
        "{Where} counts as {new} where you leave it out.",
        "{Where} has the default {new}.",
        "Send {where}; what counts where you leave it out is no longer said (it was {old}).",
        "{Where} has no default any more.",
    ),
    "default-changed": Kind(
        "default-changed",
        B,
        P,
        "Send {where} if you need {old}; where you leave it out, {new} counts now.",
        "{Where} has the default {new}; it was {old}.",
    ),
}

_WORDS: Final = {
    **_pair(
        "deprecated",
        "undeprecated",
        (M, M, M, M),
        "Plan to do without {where}; it is deprecated.",
        "Plan to do without {where}; it is deprecated.",
        "{Where} is not deprecated any more.",
        "{Where} is not deprecated any more.",
    ),
    **_change("text-changed", P, "`{keyword}` of {where} reads differently."),
    **_change("extension-changed", P, "The extension `{keyword}` of {where} changed."),
    **_change(
        "openapi-version-changed", P, "The document follows OpenAPI {new}; it followed {old}."
    ),
    **_change("tags-changed", P, "{Where} is filed under other tags."),
}

_OPERATIONS: Final = {
    **_pair(
        "operation-added",
        "operation-removed",
        (M, M, B, B),
        "You may call {where}.",
        "You may take in {where}.",
        "Stop calling {where}; it is gone.",
        "Stop waiting for {where}; it is not sent any more.",
    ),
    **_change("operation-moved", B, "Call {new} instead of {old}; it moved."),
    **_change(
        "operation-id-changed", B, "Generated code: call `{new}` instead of `{old}` for {where}."
    ),
    **_comes(
        "operation-id-added",
        "operation-id-removed",
        "Generated code: {where} is called `{new}`.",
        "Generated code: {where} is not called `{old}` any more.",
    ),
    **_comes(
        "webhook-added",
        "webhook-removed",
        "You may take in the webhook `{name}`.",
        "Stop waiting for the webhook `{name}`; it is not sent any more.",
    ),
    **_comes(
        "callback-added",
        "callback-removed",
        "You may take in the callback `{name}`.",
        "Stop waiting for the callback `{name}`; it is not sent any more.",
    ),
}

_PARAMETERS: Final = {
    **_part("parameter"),
    **_required_part("parameter"),
    **_change("parameter-moved", B, "Send {new} instead of {old}.", "Read {new} instead of {old}."),
    **_change(
        "parameter-form-changed",
        B,
        "Write {where} with {keyword} {new}; it was {old}.",
        "Read {where} with {keyword} {new}; it was {old}.",
    ),
    **_narrows(
        "parameter-form-narrowed",
        "parameter-form-widened",
        "Do not use {keyword} in {where} any more.",
        "{keyword} is not used in {where} any more.",
        "You may use {keyword} in {where}.",
        "Handle {keyword} in {where}.",
    ),
    **_narrows(
        "text-form-narrowed",
        "text-form-widened",
        "Send {new} in {where}; any string was allowed.",
        "Expect {new} in {where}; it could be any string.",
        "You may send any string in {where}; it had to be {old}.",
        "Handle any string in {where}; it was always {old}.",
    ),
}

_BODIES: Final = {
    **_part("body"),
    **_required_part("body"),
    **_pair(
        "media-type-added",
        "media-type-removed",
        (M, M, B, B),
        "`{name}` is a new form of {where}.",
        "`{name}` is a new form of {where}.",
        "Send {where} in another form than `{name}`; it is not accepted any more.",
        "Ask for {where} in another form than `{name}`; it is not sent any more.",
    ),
    **_narrows(
        "media-type-narrowed",
        "media-type-widened",
        "Send {where} as `{new}`; any form of `{old}` was accepted.",
        "Expect {where} as `{new}`; it could be any form of `{old}`.",
        "You may send {where} in any form of `{new}`; it had to be `{old}`.",
        "Handle {where} in any form of `{new}`; it was always `{old}`.",
    ),
    **_change(
        "encoding-changed",
        B,
        "Encode `{name}` in {where} in its new way.",
        "Decode `{name}` in {where} in its new way.",
    ),
}

_RESPONSES: Final = {
    **_pair(
        "success-status-added",
        "success-status-removed",
        (M, B, B, B),
        "You may respond with {name}.",
        "Handle {name} as a success; there was no such response.",
        "Do not respond with {name} any more.",
        "Do not wait for {name}; there is no such response any more.",
    ),
    **_pair(
        "error-status-added",
        "error-status-removed",
        (M, M, B, B),
        "You may respond with {name}.",
        "{name} is described now; handle it as any error of its class.",
        "Do not respond with {name} any more.",
        "Do not count on {name}; it is not described any more.",
    ),
    **_comes(
        "other-answers-described",
        "other-answers-undescribed",
        "Responses that are not listed are described by a `default`.",
        "Do not count on the form of responses that are not listed; `default` is gone.",
    ),
    **_comes(
        "status-named",
        "status-unnamed",
        "{name} is described by itself; it fell under `{old}`.",
        "Do not count on {name}; it is not described by itself any more, only by `{new}`.",
    ),
    **_part("header"),
    **_comes(
        "link-added",
        "link-removed",
        "You may follow the link `{name}` of {where}.",
        "Do not follow the link `{name}` of {where} any more.",
    ),
    **_change(
        "link-changed",
        U,
        "Check the link `{name}` of {where}: it leads elsewhere or takes other values.",
    ),
}

_ACCESS: Final = {
    **_pair(
        "security-dropped",
        "security-added",
        (M, M, B, B),
        "{Where} may be called without {old}.",
        "{Where} may be called without {old}.",
        "Prove who you are to call {where}: {new}.",
        "{Where} arrives with proof of who sends it: {new}.",
    ),
    **_comes(
        "security-alternative-added",
        "security-alternative-removed",
        "You may use {new} for {where}.",
        "Do not use {old} alone for {where} any more.",
    ),
    **_comes(
        "security-scheme-waived",
        "security-scheme-demanded",
        "{new} is enough to call {where}; it took {old}.",
        "Send {new} beside {old} to call {where}.",
    ),
    **_comes(
        "scope-waived",
        "scope-demanded",
        "You need not ask for {values} of `{name}` to call {where} any more.",
        "Ask for {values} of `{name}` to call {where}.",
    ),
    **_change(
        "security-scheme-changed",
        B,
        "Use `{name}` in its new form: {keyword} is {new}, no longer {old}.",
    ),
    **_comes(
        "oauth-flow-added",
        "oauth-flow-removed",
        "You may use the flow `{new}` of `{name}`.",
        "Do not use the flow `{old}` of `{name}` any more.",
    ),
    **_comes(
        "scope-offered",
        "scope-withdrawn",
        "`{name}` offers {values}.",
        "Do not ask `{name}` for {values} any more.",
    ),
    **_comes(
        "server-added",
        "server-removed",
        "You may use the server {new}.",
        "Do not use the server {old} any more.",
    ),
    **_comes(
        "server-value-added",
        "server-value-removed",
        "You may use {values} as `{name}` of the server {server}.",
        "Do not use {values} as `{name}` of the server {server} any more.",
    ),
    **_change(
        "server-default-changed",
        B,
        "Name {old} as `{name}` of the server {server} if you need it; the default is {new} now.",
    ),
    **_change(
        "dialect-changed", U, "Check every schema: the JSON Schema dialect is {new}; it was {old}."
    ),
}

KINDS: Final[dict[str, Kind]] = {
    **_BOUNDS,
    **_VALUES,
    **_ARRAYS,
    **_OBJECTS,
    **_DEFAULTS,
    **_WORDS,
    **_OPERATIONS,
    **_PARAMETERS,
    **_BODIES,
    **_RESPONSES,
    **_ACCESS,
}
"""Every kind of change, by its id."""
