"""Random sequences of requests of two users; the oracle judges each response."""

from datetime import date, timedelta
from typing import Any

from heidi_conformance.contract._operations import MAIN
from heidi_conformance.contract._schemas import NAMED
from heidi_conformance.contract._values import STRINGS, Flat, within

from ._probe import Probe
from ._resources import resources_of

ALPHABET = "aZ09 \t\n\"'\\/%<é\u0301\u00df\u05d0\U0001f468\u0000\u2028"
MOST_SESSIONS = 8


class Machine:
    """Take random steps against one server."""

    def __init__(self, probe: Probe) -> None:
        self.random = probe.random
        self.on = resources_of(probe, MAIN.name)
        self.fields = self.on.fields
        self.names: list[tuple[str, str]] = []
        self.users = [name for name in ("first", "second") if name in probe.setting.tokens]

    def run(self, steps: int) -> None:
        """Take that many steps."""
        weights = {
            self.create: 1,
            self.read: 4,
            self.update: 7,
            self.reject: 3,
            self.list: 3,
            self.walk: 1,
            self.as_another_user: 1,
        }
        for user in self.users:
            self.create(user)
        for action in self.random.choices(list(weights), list(weights.values()), k=steps):
            action()

    def create(self, user: str = "") -> None:
        if len(self.names) < MOST_SESSIONS:
            user = user or self.random.choice(self.users)
            label = {self.fields.label: self.text()} if self.fields.label else {}
            name = self.on.new(self.random.choice([{}, label, None]), user=user)
            self.names.append((name, user))

    def one(self) -> tuple[str, str]:
        """Choose one that was created, if it was."""
        return self.random.choice(self.names)

    def read(self) -> None:
        name, user = self.one()
        self.on.probe.try_send(self.on.request("read", name, user=user))

    def update(self) -> None:
        known = len(self.fields.valid)
        number = self.random.choice((0, 1, 1, 2, 3, known))
        self.change(self.some(number), *self.one())

    def reject(self) -> None:
        name, user = self.one()
        change = self.some(2)
        if self.fields.invalid:
            property_ = self.random.choice(sorted(self.fields.invalid))
            change = beside(property_, change)
            change[property_] = self.random.choice(self.fields.invalid[property_])
        self.change(change, name, user)
        self.on.probe.try_send(self.on.request("read", name, user=user))

    def change(self, change: Flat, name: str, user: str) -> None:
        self.on.probe.try_send(self.on.changing(name, change, user=user))

    def some(self, number: int) -> Flat:
        """Return an update with a number of properties."""
        known = sorted(self.fields.valid)
        return {
            name: self.value(name) for name in self.random.sample(known, min(number, len(known)))
        }

    def list(self) -> None:
        size = self.random.choice((1, 3, 10, 50, self.on.most))
        self.on.page(size, user=self.random.choice(self.users))

    def walk(self) -> None:
        user = self.random.choice(self.users)
        size = self.on.total(user) // self.random.choice((2, 3, 5))
        self.on.walk(max(1, min(self.on.most or 1, size)), user)

    def as_another_user(self) -> None:
        """Ask for a resource as somebody else."""
        name, owner = self.one()
        for viewer in self.users:
            if viewer != owner:
                change = self.on.changing(name, self.some(1), user=viewer)
                read = self.on.request("read", name, user=viewer)
                self.on.probe.try_send(self.random.choice([read, change]))
                self.on.probe.try_send(self.on.request("read", name, user=owner))

    def value(self, property_: str) -> Any:
        """Return a value that a property takes, often an invented one."""
        field = self.fields.leaves[property_]
        sample = self.random.choice(
            [item for item in self.fields.valid[property_] if item not in NAMED]
        )
        made = self.date() if field.is_date else self.invented(sample)
        return made if field.fits(made) else sample

    def date(self) -> str:
        return (date(1900, 1, 1) + timedelta(days=self.random.randrange(45_000))).isoformat()

    def invented(self, sample: Any) -> Any:
        """Return another value of the same type."""
        if isinstance(sample, bool):
            return sample
        if isinstance(sample, int | float):
            return self.random.choice(
                (sample, self.random.randrange(10**6), self.random.random() * 1e4)
            )
        if isinstance(sample, list):
            return [self.text() for _ in range(self.random.randrange(4))]
        return self.text()

    def text(self) -> str:
        if self.random.random() < 0.2:
            return self.random.choice([text for text in STRINGS if len(text) < 100])
        return "".join(self.random.choices(ALPHABET, k=self.random.randrange(12)))


def beside(property_: str, change: Flat) -> Flat:
    """Return what can be sent with a property: an object is sent whole, or by its properties."""
    return {
        name: value
        for name, value in change.items()
        if not within(name, {property_}) and not within(property_, {name})
    }
