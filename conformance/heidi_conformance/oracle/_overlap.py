"""What a reading must not show while an update runs at the same time."""

from collections.abc import Mapping, Sequence

from heidi_conformance._history import Exchange
from heidi_conformance._wire import Reply
from heidi_conformance.contract._fields import ABSENT, Flat
from heidi_conformance.contract._operations import OPERATIONS

from ._complaint import Complaint
from ._reading import Reading, understand
from ._sessions import Known, same


def torn(
    exchanges: Sequence[Exchange], resources: Mapping[tuple[str, str], Known]
) -> dict[int, list[Complaint]]:
    """Return complaints of readings that show half of an update, by their place in a batch."""
    readings = [understand(exchange.message) for exchange in exchanges]
    updates: dict[tuple[str, str], list[Reading]] = {}
    for reading in readings:
        if reading.action == "update" and reading.method_known:
            updates.setdefault(reading.one, []).append(reading)
    told: dict[int, list[Complaint]] = {}
    for place, (reading, exchange) in enumerate(zip(readings, exchanges, strict=True)):
        known, sent = resources.get(reading.one), updates.get(reading.one, [])
        answer = exchange.answer
        if reading.action != "read" or known is None or len(sent) != 1:
            continue
        if isinstance(answer, Reply) and answer.ok:
            fields = known.fields
            got = fields.shown_in(OPERATIONS[reading.operation].shown(answer.content))
            if halfway(known.shown, fields.as_stored(sent[0].sent), got):
                told[place] = [
                    Complaint(
                        "concurrent",
                        fields.named("update"),
                        "shows half of an update to who reads at the same time",
                        "",
                        f"the {fields.noun} before or after",
                        "some members of each",
                    )
                ]
    return told


def halfway(before: Flat, sent: Mapping[str, object], got: Flat) -> bool:
    """Whether some members are as before an update, and some as after."""
    changes = {
        name: value for name, value in sent.items() if not same(value, before.get(name, ABSENT))
    }
    new = [same(value, got.get(name, ABSENT)) for name, value in changes.items()]
    old = [same(before.get(name, ABSENT), got.get(name, ABSENT)) for name in changes]
    return any(new) and any(old)
