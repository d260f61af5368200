"""Sequences that nobody wrote: random requests of two users, each answer held to the oracle."""

import re
from datetime import date, timedelta
from typing import Any

from ._history import create, listing, paged, read, update
from ._probe import Probe
from .contract._values import NAMED, STRINGS, sendable

ALPHABET = "aZ09 \t\n\"'\\/%<é\u0301\u00df\u05d0\U0001f468\u0000\u2028"
MOST_SESSIONS = 8


class Machine:
    """Take random steps against one server."""

    def __init__(self, probe: Probe) -> None:
        self.probe = probe
        self.random = probe.random
        self.send = sendable()
        self.names: list[tuple[str, str]] = []
        usable = ("first", "second")
        self.users = [name for name in usable if name in probe.setting.tokens]

    def run(self, steps: int) -> None:
        """Take that many steps."""
        weights = {
            self.create: 1,
            self.read: 4,
            self.update: 7,
            self.reject: 3,
            self.list: 3,
            self.walk: 1,
            self.trespass: 1,
        }
        for user in self.users:
            self.create(user)
        for action in self.random.choices(list(weights), list(weights.values()), k=steps):
            action()

    def create(self, user: str = "") -> None:
        if len(self.names) < MOST_SESSIONS:
            user = user or self.random.choice(self.users)
            mark = {self.send.first_mark: self.text()} if self.send.first_mark else {}
            body = self.send.creation(self.random.choice([{}, mark]))
            name = self.probe.name()
            self.probe.send(create(name, self.random.choice([body, body or None]), user=user))
            self.names.append((name, user))

    def session(self) -> tuple[str, str]:
        return self.random.choice(self.names)

    def read(self) -> None:
        name, user = self.session()
        self.probe.try_send(read(name, user=user))

    def update(self) -> None:
        name, user = self.session()
        known = sorted(self.send.valid)
        members = self.random.sample(known, self.random.choice((0, 1, 1, 2, 3, len(known))))
        change = self.send.update({member: self.value(member) for member in members})
        self.probe.try_send(update(name, change, user=user))

    def reject(self) -> None:
        name, user = self.session()
        valid = self.random.sample(sorted(self.send.valid), 2)
        change: dict[str, Any] = {member: self.value(member) for member in valid}
        member = self.random.choice(sorted(set(self.send.invalid) & set(self.send.valid)))
        change[member] = self.random.choice(self.send.invalid[member])
        self.probe.try_send(update(name, self.send.update(change), user=user))
        self.probe.try_send(read(name, user=user))

    def list(self) -> None:
        user = self.random.choice(self.users)
        if user not in self.probe.setting.unlinked:
            self.probe.send(listing(paged(self.random.choice((1, 3, 10, 50, 100))), user=user))

    def walk(self) -> None:
        user = self.random.choice(self.users)
        if user not in self.probe.setting.unlinked:
            total = self.probe.oracle.total(user)
            self.probe.walk(max(1, min(100, total // self.random.choice((2, 3, 5)))), user)

    def trespass(self) -> None:
        """Ask for a session as somebody else."""
        name, owner = self.session()
        for stranger in self.users:
            if stranger != owner:
                member = self.random.choice(sorted(self.send.valid))
                sent = self.send.update({member: self.value(member)})
                change = update(name, sent, user=stranger)
                self.probe.try_send(self.random.choice([read(name, user=stranger), change]))
                self.probe.try_send(read(name, user=owner))

    def value(self, member: str) -> Any:
        """Return a value that a member takes, often one that nobody wrote down."""
        field, values = self.send.fields.leaves[member], self.send.valid[member]
        sample = self.random.choice([item for item in values if item not in NAMED])
        made = self.invented(sample)
        return made if field.fits(made) else sample

    def invented(self, sample: Any) -> Any:
        """Return another value of the same type."""
        if isinstance(sample, bool):
            return sample
        if isinstance(sample, int | float):
            return self.random.choice(
                (sample, self.random.randrange(10**6), self.random.random() * 1e4)
            )
        if is_date(sample):
            day = date(1900, 1, 1) + timedelta(days=self.random.randrange(45_000))
            return day.isoformat()
        if isinstance(sample, list):
            return [self.text() for _ in range(self.random.randrange(4))]
        return self.text()

    def text(self) -> str:
        if self.random.random() < 0.2:
            return self.random.choice([text for text in STRINGS if len(text) < 100])
        return "".join(self.random.choices(ALPHABET, k=self.random.randrange(12)))


def is_date(value: Any) -> bool:
    """Whether a value is a date as RFC 3339 spells it."""
    return isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value) is not None
