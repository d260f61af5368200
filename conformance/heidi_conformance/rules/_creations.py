"""The result of a creation: a new resource, with the properties that were sent and no others."""
# ruff: noqa: E501  # tables read better in rows

from collections.abc import Iterator
from time import monotonic

from heidi_conformance.contract._fields import MAIN_FIELDS
from heidi_conformance.contract._schemas import values_of
from heidi_conformance.contract._values import flattened, nested
from heidi_conformance.evidence._history import as_json
from heidi_conformance.run._resources import Resources, some

from ._rule import CREATES, NOUN, Script, decided

LABELS = ("EHR1234", "", "nul\u0000", " x ", "\U0001f468", "e\u0301", "0", "x" * 300, "a+b %41 &amp;", "007")  # fmt: skip
GERMAN = (("Accept-Language", "de-AU,de;q=0.9"),)


def openings(on: Resources) -> None:
    """What a creation says, each property alone and all at once."""
    fields, creates = on.fields, on.fields.creates
    valid = {name: values_of(field).valid for name, field in creates.items() if not field.inner}
    for text in some(on, LABELS) if fields.label else ():
        on.read(on.new({fields.label: text}))
    for name, told in valid.items():
        for value in told[:1] if name in on.fields.create_only else some(on, told):
            on.read(on.new({name: value}))
    full = {name: told[0] for name, told in valid.items() if told}
    for properties in (full, {}, None):
        on.read(on.new(properties))
    on.create(german := on.probe.name(), {}, headers=GERMAN)
    on.read(german, headers=GERMAN)
    # Two created alike, one of them updated, and a third created afterwards.
    twins = [on.new(full), on.new(full)]
    for twin in twins:
        on.read(twin)
    for place in (0, 1):
        on.update(twins[-1], {name: told[place] for name, told in fields.valid.items()})
        on.read(on.new(None))
    for name in (*twins, on.new(full)):
        on.read(name)


def unfit_openings(on: Resources) -> None:
    """Values that no property of a creation takes, and creations without what they need."""
    on.page(1)
    beside = {on.fields.label: "EHR of the refused"} if on.fields.label else {}
    for name, field in on.fields.creates.items():
        for value in values_of(field).invalid:
            on.create(on.probe.name(), beside | {name: value})
        if field.required:
            lacking = flattened(on.fields.creation({}))
            lacking.pop(name, None)
            on.create(on.probe.name(), as_json(nested(lacking)))
    on.page(1)
    # A refused creation leaves nothing behind.
    on.read(on.new({}))


def counted_openings(on: Resources) -> None:
    """Creations count, whatever they say, and a refused one does not."""
    on.page(1)
    label = {on.fields.label: "EHR1"} if on.fields.label else {}
    for properties in (None, {}, label, label, {"x_unknown": 1}):
        on.create(on.probe.name(), properties)
        on.page(1)
    on.create(on.probe.name(), b"[]")
    on.page(on.most)


def vanishing(on: Resources) -> Iterator[None]:
    """One that is there at the beginning of a run, and again when all else is done."""
    name = on.new()
    on.update(name, on.fields.change(60))
    on.read(name)
    began = on.probe.latest
    yield
    on.read(name, pause=monotonic() - began)
    on.walk(on.most, pages=4)


KEPT = MAIN_FIELDS.stored.get(MAIN_FIELDS.label, MAIN_FIELDS.label)
RULES = (
    decided("appointment", "S14", CREATES, f"`{MAIN_FIELDS.label}` comes back as `{KEPT}`" if MAIN_FIELDS.label else "what a creation says comes back"),
    decided("new-session", "S20", CREATES, f"a new {NOUN} is empty, in the form of the sample"),
)  # fmt: skip
SCRIPTS = (
    Script(vanishing, "documented", ("created-exists",), ("create", "read")),
    Script(openings, "strict", ("appointment", "new-session", "one-session", "strings", "created-exists"), ("create", "read")),
    Script(unfit_openings, "strict", ("no-coercion", "body-shape", "values", "totals", "new-session"), ("create",)),
    Script(counted_openings, "strict", ("totals",), ("create", "list"), ("linked",)),
)  # fmt: skip
