"""Values of properties: their forms and types, and that they are returned as sent."""
# ruff: noqa: E501  # tables read better in rows

from textwrap import wrap
from typing import Any

from heidi_conformance.contract._values import BEYOND, EXACT, ORDINARY, STRINGS, is_ordinary_text
from heidi_conformance.evidence._history import as_json
from heidi_conformance.run._resources import HOLE, Resources

from ._rule import BODIES, CREATES, UPDATES, Script, decided

SURROGATES = (b"\\ud800", b"\\udc00", b"\\ud800x", b"\\udc00\\ud800", b"\\udfff", b"\\ud83d")
NUMBERS = (*map(repr, EXACT), "9007199254740992.0", "60.0", "6e1", *BEYOND, "0.0", "0")


def nulls(on: Resources) -> None:
    """Null in every property of an update; nothing changes by it."""
    name = on.new()
    on.read(name)
    for property_ in on.fields.updates:
        on.update(name, {property_: None})
    on.read(name)


def unfit_properties(on: Resources) -> None:
    """Other values that no property of an update takes; nothing changes by them."""
    fields = on.fields
    name = on.new()
    on.update(name, fields.full)
    for property_, items in fields.invalid.items():
        for value in items:
            if value is not None:
                on.update(name, {property_: value})
        on.read(name)
    on.page(on.most)


def all_at_once(on: Resources) -> None:
    """Many strings in one, in every property that takes one: most harm shows in few requests."""
    fields, name = on.fields, on.new()
    short = [text for text in STRINGS if len(text) < ORDINARY]
    usual = " ".join(text for text in short if is_ordinary_text(text))
    odd = " ".join(text for text in short if not is_ordinary_text(text))
    for text in (*wrap(usual, ORDINARY - 1), odd) if fields.texts or fields.lists else ():
        told: dict[str, Any] = dict.fromkeys(fields.texts, text)
        on.update(name, told | {key: [text] for key in fields.lists})
    on.look(name)


def strings(on: Resources) -> None:
    """Strings that are hard to keep, in every property that takes one."""
    fields = on.fields
    name = on.new()
    for text in STRINGS:
        told: dict[str, Any] = dict.fromkeys(fields.texts, text)
        on.update(name, told | {property_: [text, f"{text}!"] for property_ in fields.lists})
        on.read(name)
        if len(text) > 1000:
            on.update(name, dict.fromkeys(fields.texts, "short") | dict.fromkeys(fields.lists, ()))
    for property_ in fields.texts[:1]:
        on.update(name, on.raw({property_: HOLE}, b'"\\ud83d\\ude00 \\u0041\\/\\b"'))
        on.read(name)
    for property_ in fields.lists:
        for texts in ([f"note {number}" for number in range(200)], []):
            on.update(name, {property_: texts})
            on.read(name)
    on.page(on.most)


def surrogates(on: Resources) -> None:
    """Half of a surrogate pair, which no string holds."""
    fields = on.fields
    name = on.new()
    on.update(name, fields.change(60))
    lead = {fields.lead: fields.valid[fields.lead][1]}
    created = as_json(fields.creation({fields.label: HOLE})) if fields.label else b""
    for half in (b'"%b"' % text for text in SURROGATES):
        for property_ in fields.texts[:1]:
            on.update(name, on.raw({property_: HOLE}, half))
        for property_ in fields.lists[:1]:
            for beside in (lead, {}):
                on.update(name, on.raw({**beside, property_: [HOLE]}, half))
        if created:
            on.create(on.probe.name(), created.replace(as_json(HOLE), half))
    on.update(name, b'{"\\ud800": 1}')
    on.read(name)


def numbers(on: Resources) -> None:
    """Numbers that are hard to keep."""
    name = on.new()
    for property_ in on.fields.numbers:
        for number in NUMBERS:
            on.update(name, on.raw({property_: HOLE}, number.encode()))
            on.read(name)
    on.page(on.most)


RULES = (
    decided("values", "S8", tuple(name for name in BODIES if name not in CREATES[:1]), "durations, language codes and dates of birth have their forms"),
    decided("no-coercion", "S9", BODIES, "no type is coerced"),
    decided("strings", "S13", BODIES, "strings come back code point for code point"),
    decided("numbers", "S13", UPDATES, "numbers come back exact, or are refused beyond 2^53"),
)  # fmt: skip
WRITES = ("create", "read", "update")
SCRIPTS = (
    Script(all_at_once, "strict", ("strings",), WRITES),
    Script(strings, "strict", ("strings",), WRITES),
    Script(surrogates, "strict", ("strings",), WRITES),
    Script(numbers, "strict", ("numbers",), WRITES),
    Script(nulls, "strict", ("values", "no-coercion", "body-shape", "rejected-update", "message-names"), WRITES),
    Script(unfit_properties, "strict", ("values", "no-coercion", "body-shape", "rejected-update", "message-names"), WRITES),
)  # fmt: skip
