"""What a creation makes: a resource in its initial state, and an id that nobody can guess."""

import itertools
from collections.abc import Iterator

from heidi_conformance.contract._fields import ABSENT, Fields, Flat, within

from ._complaint import Complaint
from ._sessions import Known, same

# So many ids that a random one shows no pattern by chance.
ENOUGH_IDS = 24
LEAST_BITS = 64


def newborn(known: Known, got: Flat, skip: set[str]) -> Iterator[Complaint]:
    """Yield how a resource that nobody touched is not a new one."""
    if not known.settled or "foreign" in known.attempts:
        return
    fields = known.fields
    opened = known.opened or {}
    unknown = fields.written_by(fields.creates) if known.opened is None else set[str]()
    for name, value in (fields.initial | opened).items():
        found = got.get(name, ABSENT)
        if within(name, skip) or name in unknown:
            continue
        form = fields.shows[name].initial_form if name not in opened else None
        if (form is None and not same(value, found)) or (
            form is not None and isinstance(found, str) and not form.fullmatch(found)
        ):
            yield unlike(fields, name, opened)


def unlike(fields: Fields, name: str, opened: Flat) -> Complaint:
    """Return what is said of a property that is not as a new resource, or its creation, has it."""
    creation = fields.named("create")
    if name not in opened:
        what = f"makes a {fields.noun} with another {{}} than a new one has"
        return Complaint(
            "new-session", creation, what, f"`{name}`", "as the contract says", "another value"
        )
    sent = next((sent for sent, shown in fields.stored.items() if shown == name), name)
    what = f"does not keep `{sent}` as `{name}`" if sent != name else "does not keep {}"
    subject = "" if sent != name else f"`{name}`"
    return Complaint("appointment", creation, what, subject, "what was sent", "another value")


def guessable(ids: list[str]) -> bool:
    """Whether ids have a pattern: most bits stay, or each lies close to the one before."""
    if len(ids) != ENOUGH_IDS or not all(text.isascii() and text.isdigit() for text in ids):
        return False
    numbers = [int(text) for text in ids if len(text) < 60]
    varying = 0
    for number in numbers:
        varying |= number ^ numbers[0]
    steps = [abs(one - two) for one, two in itertools.pairwise(numbers)]
    return varying.bit_count() < LEAST_BITS or max(steps) < 2**LEAST_BITS or len(set(steps)) == 1
