"""How a server refuses: in one shape, with the name of the property but not its value."""
# ruff: noqa: E501  # tables read better in rows

from heidi_conformance.evidence._history import as_json
from heidi_conformance.oracle import CANARY
from heidi_conformance.run._resources import HOLE, Resources

from ._rule import ALL, CREATES, LISTS, UPDATES, Script, decided

# Of wrong values of one property.
MOST = 3


def canaries(on: Resources) -> None:
    """Values that an error could repeat, whole or in part."""
    fields = on.fields
    name = on.new()
    # Each kind of refusal once, then each property.
    for size, token in ((CANARY, None), (73519846, None), (None, f"no-such-page-{CANARY}")):
        on.page(size, token)
    *_, wrong = fields.invalid
    beside = {fields.name: CANARY} if fields.name else {}
    on.update(name, beside | {wrong: fields.invalid[wrong][0]})
    for property_ in fields.texts[:1]:
        on.update(name, on.raw({property_: HOLE}, b'"%s" "x"' % CANARY.encode()))
    on.update(name, as_json(CANARY))
    on.update(name, fields.change(60, CANARY), media_type=f"text/{CANARY}")
    for property_, field in on.fields.creates.items():
        for told in (CANARY, [CANARY]):
            if not field.fits(told):
                on.create(on.probe.name(), {property_: told})
    for property_, field in on.fields.updates.items():
        text = f"{CANARY} 1" if field.is_code else CANARY
        every = (text, -73519846.25, [CANARY, [CANARY]], [text])
        for value in [value for value in every if not field.fits(value)][:MOST]:
            on.update(name, {property_: value})


RULES = (
    decided("error-shape", "S18", ALL, "every error is {\"detail\": {\"msg\", \"type\"}} as application/json"),
    decided("message-names", "S18", (*CREATES, *UPDATES, *LISTS), "a message names the property"),
    decided("message-quotes", "S18", ALL, "a message never repeats the value sent"),
)  # fmt: skip
SCRIPTS = (Script(canaries, "strict", ("message-quotes", "message-names"), ("create", "update")),)
