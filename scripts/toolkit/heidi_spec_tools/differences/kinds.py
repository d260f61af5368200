"""The kinds of change: what each means for a partner, as data.

A kind has two readings. *Sent* is what a partner writes: requests, and responses to webhooks and
callbacks. *Received* is what a partner reads: responses, and the requests of webhooks and
callbacks. What narrows in the first breaks, and what widens in the second.
"""

from __future__ import annotations

from enum import IntEnum
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


def _both(reverse: str, level: Level, text: str) -> Kind:
    return Kind(reverse, level, level, text, text)


def _at_least(name: str, of: str) -> dict[str, Kind]:
    return {
        f"{name}-raised": Kind(
            f"{name}-lowered",
            B,
            M,
            f"Send {of} of at least {{new}} in {{where}}; {{old}} was enough.",
            f"Expect {of} of at least {{new}} in {{where}}; it could be {{old}}.",
        ),
        f"{name}-lowered": Kind(
            f"{name}-raised",
            M,
            B,
            f"You may send {of} {{new}} in {{where}}; the least was {{old}}.",
            f"Handle {of} {{new}} in {{where}}; the least was {{old}}.",
        ),
    }


def _at_most(name: str, of: str) -> dict[str, Kind]:
    return {
        f"{name}-lowered": Kind(
            f"{name}-raised",
            B,
            M,
            f"Send {of} of at most {{new}} in {{where}}; {{old}} was allowed.",
            f"Expect {of} of at most {{new}} in {{where}}; it could be {{old}}.",
        ),
        f"{name}-raised": Kind(
            f"{name}-lowered",
            M,
            B,
            f"You may send {of} {{new}} in {{where}}; the most was {{old}}.",
            f"Handle {of} {{new}} in {{where}}; the most was {{old}}.",
        ),
    }


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
    "type-narrowed": Kind(
        "type-widened",
        B,
        M,
        "Send {new} in {where}; {old} was allowed.",
        "Expect only {new} in {where}; it could be {old}.",
    ),
    "type-widened": Kind(
        "type-narrowed",
        M,
        B,
        "You may send {new} in {where}; it had to be {old}.",
        "Handle {new} in {where}; it was always {old}.",
    ),
    "type-changed": Kind(
        "type-changed",
        B,
        B,
        "Send {new} in {where}, no longer {old}.",
        "Read {new} in {where}, no longer {old}.",
    ),
    "null-forbidden": Kind(
        "null-allowed",
        B,
        M,
        "Do not send null in {where} any more.",
        "{Where} is never null any more.",
    ),
    "null-allowed": Kind(
        "null-forbidden", M, B, "You may send null in {where}.", "Handle null in {where}."
    ),
    "value-forbidden": Kind(
        "value-allowed",
        B,
        M,
        "Send nothing in {where} any more; no value is accepted.",
        "{Where} is not sent any more.",
    ),
    "value-allowed": Kind(
        "value-forbidden",
        M,
        B,
        "You may send a value in {where}; none was accepted.",
        "Handle a value in {where}; none was ever sent.",
    ),
    "enum-value-removed": Kind(
        "enum-value-added",
        B,
        M,
        "Do not send {values} in {where} any more.",
        "{Where} is never {values} any more.",
    ),
    "enum-value-added": Kind(
        "enum-value-removed",
        M,
        B,
        "You may send {values} in {where}.",
        "Handle {values} in {where}.",
    ),
    "enum-closed": Kind(
        "enum-opened",
        B,
        M,
        "Send nothing but {values} in {where}; other values were allowed.",
        "Expect nothing but {values} in {where}.",
    ),
    "enum-opened": Kind(
        "enum-closed",
        M,
        B,
        "You may send values other than {values} in {where}.",
        "Handle values other than {values} in {where}.",
    ),
    "known-value-removed": Kind(
        "known-value-added",
        B,
        M,
        "Do not count on {values} in {where} any more; it left the list of known values.",
        "{values} left the list of known values of {where}.",
    ),
    "known-value-added": Kind(
        "known-value-removed",
        M,
        M,
        "You may send {values} in {where}.",
        "{values} joined the list of known values of {where}; the list was always open.",
    ),
    "multiple-of-tightened": Kind(
        "multiple-of-loosened",
        B,
        M,
        "Send a multiple of {new} in {where}; it could be {old}.",
        "Expect a multiple of {new} in {where}; it could be {old}.",
    ),
    "multiple-of-loosened": Kind(
        "multiple-of-tightened",
        M,
        B,
        "You may send {new} in {where}; it had to be a multiple of {old}.",
        "Handle {new} in {where}; it was always a multiple of {old}.",
    ),
    "multiple-of-changed": Kind(
        "multiple-of-changed",
        B,
        B,
        "Send a multiple of {new} in {where}, no longer of {old}.",
        "Handle multiples of {new} in {where}; they were of {old}.",
    ),
    "pattern-added": Kind(
        "pattern-removed",
        B,
        M,
        "Send only strings that match {new} in {where}.",
        "Expect only strings that match {new} in {where}.",
    ),
    "pattern-removed": Kind(
        "pattern-added",
        M,
        B,
        "You may send strings that do not match {old} in {where}.",
        "Handle strings that do not match {old} in {where}.",
    ),
    "pattern-changed": Kind(
        "pattern-changed",
        U,
        U,
        "Check that what you send in {where} matches {new}; the pattern was {old}.",
        "Check that you can read what matches {new} in {where}; the pattern was {old}.",
    ),
    "format-narrowed": Kind(
        "format-widened",
        B,
        M,
        "Send {where} in the format {new}; it could be {old}.",
        "Expect {where} in the format {new}; it could be {old}.",
    ),
    "format-widened": Kind(
        "format-narrowed",
        M,
        B,
        "You may send {where} as {new}; the format had to be {old}.",
        "Handle {where} as {new}; the format was always {old}.",
    ),
    "format-changed": Kind(
        "format-changed",
        B,
        B,
        "Send {where} in the format {new}, no longer {old}.",
        "Read {where} in the format {new}, no longer {old}.",
    ),
    "content-described": Kind(
        "content-undescribed",
        B,
        M,
        "Send {where} with {keyword} {new}.",
        "Expect {where} with {keyword} {new}.",
    ),
    "content-undescribed": Kind(
        "content-described",
        M,
        B,
        "You may send {where} without {keyword} {old}.",
        "Handle {where} without {keyword} {old}.",
    ),
    "content-changed": Kind(
        "content-changed",
        B,
        B,
        "Send {where} with {keyword} {new}, no longer {old}.",
        "Read {where} with {keyword} {new}, no longer {old}.",
    ),
    "alternative-removed": Kind(
        "alternative-added",
        B,
        M,
        "Do not send {shape} in {where} any more.",
        "{Where} is never {shape} any more.",
    ),
    "alternative-added": Kind(
        "alternative-removed",
        M,
        B,
        "You may send {shape} in {where}.",
        "Handle {shape} in {where}.",
    ),
    "alternatives-exclusive": Kind(
        "alternatives-overlapping",
        U,
        M,
        "Check that what you send in {where} fits exactly one alternative; it could fit several.",
        "{Where} fits exactly one alternative; it could fit several.",
    ),
    "alternatives-overlapping": Kind(
        "alternatives-exclusive",
        M,
        U,
        "You may send in {where} what fits several alternatives at once.",
        "Check that you can read in {where} what fits several alternatives at once.",
    ),
    "exclusion-added": Kind(
        "exclusion-removed",
        B,
        M,
        "Do not send in {where} what the new `not` excludes.",
        "Expect less in {where}: a new `not` excludes some of it.",
    ),
    "exclusion-removed": Kind(
        "exclusion-added",
        M,
        B,
        "You may send in {where} what a `not` excluded.",
        "Handle in {where} what a `not` excluded.",
    ),
    "exclusion-changed": _both(
        "exclusion-changed", U, "Check {where}: what its `not` excludes is another thing now."
    ),
    "condition-added": Kind(
        "condition-removed",
        B,
        M,
        "Meet the new condition (`if`) on {where}.",
        "Expect less in {where}: a new condition (`if`) holds.",
    ),
    "condition-removed": Kind(
        "condition-added",
        M,
        B,
        "You need not meet a condition (`if`) on {where} any more.",
        "Handle more in {where}: a condition (`if`) is gone.",
    ),
    "condition-changed": _both(
        "condition-changed", U, "Check {where}: its condition (`if`) is another one now."
    ),
    "composition-changed": _both(
        "composition-changed",
        U,
        "Check {where}: its alternatives changed and are too many to compare.",
    ),
    "not-compared": _both(
        "not-compared", U, "Check {where}: `{keyword}` changed, which is not compared."
    ),
    "xml-changed": Kind(
        "xml-changed",
        B,
        B,
        "Send {where} in its new XML form.",
        "Read {where} in its new XML form.",
    ),
}

_ARRAYS: Final = {
    "unique-items-demanded": Kind(
        "unique-items-waived",
        B,
        M,
        "Do not send an item twice in {where}.",
        "{Where} never holds an item twice any more.",
    ),
    "unique-items-waived": Kind(
        "unique-items-demanded",
        M,
        B,
        "You may send an item twice in {where}.",
        "Handle duplicate items in {where}.",
    ),
    "contains-tightened": Kind(
        "contains-loosened",
        B,
        M,
        "Send the item that {where} must contain now.",
        "Expect {where} to contain an item that it need not have before.",
    ),
    "contains-loosened": Kind(
        "contains-tightened",
        M,
        B,
        "You need not send the item that {where} had to contain.",
        "Handle {where} without the item that it always contained.",
    ),
    "contains-changed": _both(
        "contains-changed", U, "Check {where}: what it must contain is another thing now."
    ),
}

_OBJECTS: Final = {
    "member-added": Kind(
        "member-removed",
        M,
        M,
        "You may send {where}.",
        "{Where} is new; you may read it.",
    ),
    "member-removed": Kind(
        "member-added",
        B,
        B,
        "Stop sending {where}; it is not read any more.",
        "Stop reading {where}; it is not sent any more.",
    ),
    "required-member-added": Kind(
        "required-member-removed",
        B,
        M,
        "Send {where}; it is new and required.",
        "{Where} is new and always there; you may read it.",
    ),
    "required-member-removed": Kind(
        "required-member-added",
        B,
        B,
        "Stop sending {where}; it is not read any more.",
        "Stop reading {where}; it is not sent any more.",
    ),
    "closed-member-added": Kind(
        "closed-member-removed",
        M,
        B,
        "You may send {where}; it was refused.",
        "Handle {where}; no further property was ever sent there.",
    ),
    "closed-member-removed": Kind(
        "closed-member-added",
        B,
        B,
        "Stop sending {where}; it is refused now.",
        "Stop reading {where}; it is not sent any more.",
    ),
    "member-required": Kind(
        "member-optional",
        B,
        M,
        "Always send {where}; it could be left out.",
        "{Where} is always there; it could be left out.",
    ),
    "member-optional": Kind(
        "member-required",
        M,
        B,
        "You may leave out {where}.",
        "Do not count on {where}; it can be missing now.",
    ),
    "member-read-only": Kind(
        "member-writable",
        B,
        P,
        "Stop sending {where}; it is read-only now.",
        "{Where} is read-only now.",
    ),
    "member-writable": Kind(
        "member-read-only",
        M,
        P,
        "You may send {where}; it was read-only.",
        "{Where} is not read-only any more.",
    ),
    "member-write-only": Kind(
        "member-readable",
        P,
        B,
        "{Where} is write-only now.",
        "Stop reading {where}; it is write-only now.",
    ),
    "member-readable": Kind(
        "member-write-only",
        P,
        M,
        "{Where} is not write-only any more.",
        "{Where} is sent now; you may read it.",
    ),
    "further-members-forbidden": Kind(
        "further-members-allowed",
        B,
        M,
        "Send no property in {where} that is not described; it is refused now.",
        "No property that is not described is sent in {where} any more.",
    ),
    "further-members-allowed": Kind(
        "further-members-forbidden",
        M,
        B,
        "You may send further properties in {where}.",
        "Handle properties in {where} that are not described.",
    ),
    "member-names-restricted": Kind(
        "member-names-freed",
        B,
        M,
        "Send in {where} only properties with names that are allowed now.",
        "Expect fewer names of properties in {where}.",
    ),
    "member-names-freed": Kind(
        "member-names-restricted",
        M,
        B,
        "You may send properties with other names in {where}.",
        "Handle properties with other names in {where}.",
    ),
    "member-dependency-added": Kind(
        "member-dependency-removed",
        B,
        M,
        "Where you send `{trigger}` in {where}, follow the new rule: {rule}.",
        "Where `{trigger}` stands in {where}, a new rule holds: {rule}.",
    ),
    "member-dependency-removed": Kind(
        "member-dependency-added",
        M,
        B,
        "Where you send `{trigger}` in {where}, a rule is gone: {rule}.",
        "Where `{trigger}` stands in {where}, do not count on this any more: {rule}.",
    ),
    "discriminator-changed": Kind(
        "discriminator-changed",
        B,
        B,
        "Tell the alternatives of {where} apart by `{new}`, no longer by `{old}`.",
        "Tell the alternatives of {where} apart by `{new}`, no longer by `{old}`.",
    ),
    "discriminator-added": _both(
        "discriminator-removed", M, "`{new}` tells the alternatives of {where} apart."
    ),
    "discriminator-removed": Kind(
        "discriminator-added",
        M,
        B,
        "`{old}` does not tell the alternatives of {where} apart any more.",
        "Do not count on `{old}` to tell the alternatives of {where} apart any more.",
    ),
    "discriminator-value-added": Kind(
        "discriminator-value-removed",
        M,
        B,
        "You may send `{name}` as {values} in {where}.",
        "Handle `{name}` as {values} in {where}.",
    ),
    "discriminator-value-removed": Kind(
        "discriminator-value-added",
        B,
        M,
        "Do not send `{name}` as {values} in {where} any more.",
        "`{name}` is never {values} in {where} any more.",
    ),
}

_DEFAULTS: Final = {
    "default-added": Kind(
        "default-removed",
        M,
        P,
        "{Where} counts as {new} where you leave it out.",
        "{Where} has the default {new}.",
    ),
    "default-removed": Kind(
        "default-added",
        B,
        P,
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
    "deprecated": _both("undeprecated", M, "Plan to do without {where}; it is deprecated."),
    "undeprecated": _both("deprecated", M, "{Where} is not deprecated any more."),
    "text-changed": _both("text-changed", P, "`{keyword}` of {where} reads differently."),
    "extension-changed": _both(
        "extension-changed", P, "The extension `{keyword}` of {where} changed."
    ),
    "openapi-version-changed": _both(
        "openapi-version-changed", P, "The document follows OpenAPI {new}; it followed {old}."
    ),
    "tags-changed": _both("tags-changed", P, "{Where} is filed under other tags."),
}

_OPERATIONS: Final = {
    "operation-added": Kind(
        "operation-removed", M, M, "You may call {where}.", "You may take in {where}."
    ),
    "operation-removed": Kind(
        "operation-added",
        B,
        B,
        "Stop calling {where}; it is gone.",
        "Stop waiting for {where}; it is not sent any more.",
    ),
    "operation-moved": _both("operation-moved", B, "Call {new} instead of {old}; it moved."),
    "operation-id-changed": _both(
        "operation-id-changed",
        B,
        "Generated code: call `{new}` instead of `{old}` for {where}.",
    ),
    "operation-id-added": _both(
        "operation-id-removed", M, "Generated code: {where} is called `{new}`."
    ),
    "operation-id-removed": _both(
        "operation-id-added", B, "Generated code: {where} is not called `{old}` any more."
    ),
    "webhook-added": _both("webhook-removed", M, "You may take in the webhook `{name}`."),
    "webhook-removed": _both(
        "webhook-added", B, "Stop waiting for the webhook `{name}`; it is not sent any more."
    ),
    "callback-added": _both("callback-removed", M, "You may take in the callback `{name}`."),
    "callback-removed": _both(
        "callback-added", B, "Stop waiting for the callback `{name}`; it is not sent any more."
    ),
}

_PARAMETERS: Final = {
    "parameter-added": Kind(
        "parameter-removed", M, M, "You may send {where}.", "{Where} is new; you may read it."
    ),
    "parameter-removed": Kind(
        "parameter-added",
        B,
        B,
        "Stop sending {where}; it is not read any more.",
        "Stop reading {where}; it is not sent any more.",
    ),
    "required-parameter-added": Kind(
        "required-parameter-removed",
        B,
        M,
        "Send {where}; it is new and required.",
        "{Where} is new and always sent; you may read it.",
    ),
    "required-parameter-removed": Kind(
        "required-parameter-added",
        B,
        B,
        "Stop sending {where}; it is not read any more.",
        "Stop reading {where}; it is not sent any more.",
    ),
    "parameter-required": Kind(
        "parameter-optional",
        B,
        M,
        "Always send {where}; it could be left out.",
        "{Where} is always sent; it could be left out.",
    ),
    "parameter-optional": Kind(
        "parameter-required",
        M,
        B,
        "You may leave out {where}.",
        "Handle a request without {where}; it was always sent.",
    ),
    "parameter-moved": Kind(
        "parameter-moved",
        B,
        B,
        "Send {new} instead of {old}.",
        "Read {new} instead of {old}.",
    ),
    "parameter-form-changed": Kind(
        "parameter-form-changed",
        B,
        B,
        "Write {where} with {keyword} {new}; it was {old}.",
        "Read {where} with {keyword} {new}; it was {old}.",
    ),
    "parameter-form-widened": Kind(
        "parameter-form-narrowed",
        M,
        B,
        "You may use {keyword} in {where}.",
        "Handle {keyword} in {where}.",
    ),
    "parameter-form-narrowed": Kind(
        "parameter-form-widened",
        B,
        M,
        "Do not use {keyword} in {where} any more.",
        "{keyword} is not used in {where} any more.",
    ),
    "text-form-widened": Kind(
        "text-form-narrowed",
        M,
        B,
        "You may send any string in {where}; it had to be {old}.",
        "Handle any string in {where}; it was always {old}.",
    ),
    "text-form-narrowed": Kind(
        "text-form-widened",
        B,
        M,
        "Send {new} in {where}; any string was allowed.",
        "Expect {new} in {where}; it could be any string.",
    ),
}

_BODIES: Final = {
    "body-added": Kind(
        "body-removed", M, M, "You may send {where}.", "{Where} is new; you may read it."
    ),
    "body-removed": Kind(
        "body-added",
        B,
        B,
        "Stop sending {where}; it is not read any more.",
        "Stop reading {where}; it is not sent any more.",
    ),
    "required-body-added": Kind(
        "required-body-removed",
        B,
        M,
        "Send {where}; it is new and required.",
        "{Where} is new and always sent; you may read it.",
    ),
    "required-body-removed": Kind(
        "required-body-added",
        B,
        B,
        "Stop sending {where}; it is not read any more.",
        "Stop reading {where}; it is not sent any more.",
    ),
    "body-required": Kind(
        "body-optional",
        B,
        M,
        "Always send {where}; it could be left out.",
        "{Where} is always sent; it could be left out.",
    ),
    "body-optional": Kind(
        "body-required",
        M,
        B,
        "You may leave out {where}.",
        "Handle a request without a body; it was always sent.",
    ),
    "media-type-added": _both("media-type-removed", M, "`{name}` is a new form of {where}."),
    "media-type-removed": Kind(
        "media-type-added",
        B,
        B,
        "Send {where} in another form than `{name}`; it is not accepted any more.",
        "Ask for {where} in another form than `{name}`; it is not sent any more.",
    ),
    "media-type-widened": Kind(
        "media-type-narrowed",
        M,
        B,
        "You may send {where} in any form of `{new}`; it had to be `{old}`.",
        "Handle {where} in any form of `{new}`; it was always `{old}`.",
    ),
    "media-type-narrowed": Kind(
        "media-type-widened",
        B,
        M,
        "Send {where} as `{new}`; any form of `{old}` was accepted.",
        "Expect {where} as `{new}`; it could be any form of `{old}`.",
    ),
    "encoding-changed": Kind(
        "encoding-changed",
        B,
        B,
        "Encode `{name}` in {where} in its new way.",
        "Decode `{name}` in {where} in its new way.",
    ),
}

_RESPONSES: Final = {
    "success-status-added": Kind(
        "success-status-removed",
        M,
        B,
        "You may respond with {name}.",
        "Handle {name} as a success; there was no such response.",
    ),
    "success-status-removed": Kind(
        "success-status-added",
        B,
        B,
        "Do not respond with {name} any more.",
        "Do not wait for {name}; there is no such response any more.",
    ),
    "error-status-added": Kind(
        "error-status-removed",
        M,
        M,
        "You may respond with {name}.",
        "{name} is described now; handle it as any error of its class.",
    ),
    "error-status-removed": Kind(
        "error-status-added",
        B,
        B,
        "Do not respond with {name} any more.",
        "Do not count on {name}; it is not described any more.",
    ),
    "other-answers-described": _both(
        "other-answers-undescribed",
        M,
        "Responses that are not listed are described by a `default`.",
    ),
    "other-answers-undescribed": _both(
        "other-answers-described",
        B,
        "Do not count on the form of responses that are not listed; `default` is gone.",
    ),
    "status-named": _both(
        "status-unnamed", M, "{name} is described by itself; it fell under `{old}`."
    ),
    "status-unnamed": _both(
        "status-named",
        B,
        "Do not count on {name}; it is not described by itself any more, only by `{new}`.",
    ),
    "header-added": Kind(
        "header-removed", M, M, "You may send {where}.", "{Where} is new; you may read it."
    ),
    "header-removed": Kind(
        "header-added",
        B,
        B,
        "Stop sending {where}; it is not read any more.",
        "Stop reading {where}; it is not sent any more.",
    ),
    "header-required": Kind(
        "header-optional",
        B,
        M,
        "Always send {where}; it could be left out.",
        "{Where} is always there; it could be left out.",
    ),
    "header-optional": Kind(
        "header-required",
        M,
        B,
        "You may leave out {where}.",
        "Do not count on {where}; it can be missing now.",
    ),
    "link-added": _both("link-removed", M, "You may follow the link `{name}` of {where}."),
    "link-removed": _both("link-added", B, "Do not follow the link `{name}` of {where} any more."),
    "link-changed": _both(
        "link-changed",
        U,
        "Check the link `{name}` of {where}: it leads elsewhere or takes other values.",
    ),
}

_ACCESS: Final = {
    "security-added": Kind(
        "security-dropped",
        B,
        B,
        "Prove who you are to call {where}: {new}.",
        "{Where} arrives with proof of who sends it: {new}.",
    ),
    "security-dropped": _both("security-added", M, "{Where} may be called without {old}."),
    "security-alternative-removed": _both(
        "security-alternative-added", B, "Do not use {old} alone for {where} any more."
    ),
    "security-alternative-added": _both(
        "security-alternative-removed", M, "You may use {new} for {where}."
    ),
    "security-scheme-demanded": _both(
        "security-scheme-waived", B, "Send {new} beside {old} to call {where}."
    ),
    "security-scheme-waived": _both(
        "security-scheme-demanded", M, "{new} is enough to call {where}; it took {old}."
    ),
    "scope-demanded": _both("scope-waived", B, "Ask for {values} of `{name}` to call {where}."),
    "scope-waived": _both(
        "scope-demanded",
        M,
        "You need not ask for {values} of `{name}` to call {where} any more.",
    ),
    "security-scheme-changed": _both(
        "security-scheme-changed",
        B,
        "Use `{name}` in its new form: {keyword} is {new}, no longer {old}.",
    ),
    "oauth-flow-added": _both("oauth-flow-removed", M, "You may use the flow `{new}` of `{name}`."),
    "oauth-flow-removed": _both(
        "oauth-flow-added", B, "Do not use the flow `{old}` of `{name}` any more."
    ),
    "scope-offered": _both("scope-withdrawn", M, "`{name}` offers {values}."),
    "scope-withdrawn": _both("scope-offered", B, "Do not ask `{name}` for {values} any more."),
    "server-added": _both("server-removed", M, "You may use the server {new}."),
    "server-removed": _both("server-added", B, "Do not use the server {old} any more."),
    "server-value-added": _both(
        "server-value-removed", M, "You may use {values} as `{name}` of the server {server}."
    ),
    "server-value-removed": _both(
        "server-value-added", B, "Do not use {values} as `{name}` of the server {server} any more."
    ),
    "server-default-changed": _both(
        "server-default-changed",
        B,
        "Name {old} as `{name}` of the server {server} if you need it; the default is {new} now.",
    ),
    "dialect-changed": _both(
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
