"""Prove a target: generate, check the output, walk through the operations."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from heidi_spec_tools.documents import dump_json, write
from heidi_spec_tools.nodes import operations_of
from heidi_spec_tools.overlay import apply_files

from scripts.portability.targets import OUTPUT, PROGRAMS
from scripts.portability.tools import AbsentError, PortabilityError, run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from scripts.portability.targets import Target

_WARNING: Final = re.compile(r"\bwarn(?:ing)?s?\b|Warning:|⚠", re.IGNORECASE)


EXPECTED: Final = PROGRAMS / "expected.json"
"""What every program prints last, where FIRST and SECOND are the ids of `created`."""


class State(Enum):
    """The result of a stage."""

    PROVEN = "yes"
    FAILED = "NO"
    UNTRIED = "not tried"
    NONE = "-"
    """The target has no such stage."""


@dataclass(frozen=True)
class Outcome:
    """The result of a stage, and one line that says why if it is not proven."""

    state: State
    reason: str = ""


@dataclass(frozen=True)
class Proof:
    """The proof of one target."""

    name: str
    generated: Outcome
    checked: Outcome
    ran: Outcome

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """The stages in their order."""
        return (self.generated, self.checked, self.ran)

    def any(self, state: State) -> bool:
        """Say whether a stage is in a state."""
        return any(outcome.state is state for outcome in self.outcomes)


@dataclass(frozen=True)
class Content:
    """What a document declares, by name."""

    operations: tuple[str, ...]
    schemas: tuple[str, ...]

    @classmethod
    def of(cls, document: Any) -> Content:
        """List the operations and the schemas of a document."""
        operations = [each.value["operationId"] for each in operations_of(document)]
        return cls(tuple(operations), tuple(document["components"]["schemas"]))


def prove(
    name: str, target: Target, document: Path, folder: Path, access: Callable[[], Mapping[str, str]]
) -> Proof:
    """Try one target in a fresh folder.

    Args:
        name: of the target.
        target: what to try.
        document: the published document, as JSON.
        folder: where to work.
        access: gives the URL and the key of a server and an email, as the programs read them.
    """
    stages: list[Callable[[], object]] = [
        lambda: generate(target, document, folder),
        lambda: target.check(folder),
    ]
    if walk := target.run:
        stages.append(lambda: check_walk(walk(folder, access())))
    outcomes: list[Outcome] = []
    for stage in stages:
        going = all(outcome.state is State.PROVEN for outcome in outcomes)
        outcomes.append(_outcome(stage) if going else Outcome(State.UNTRIED, ""))
    outcomes += [Outcome(State.NONE)] * (3 - len(outcomes))
    return Proof(name, *outcomes)


def _outcome(stage: Callable[[], object]) -> Outcome:
    try:
        stage()
    except AbsentError as error:
        return Outcome(State.UNTRIED, str(error))
    except (PortabilityError, OSError) as error:
        return Outcome(State.FAILED, str(error))
    return Outcome(State.PROVEN)


def generate(target: Target, document: Path, folder: Path) -> None:
    """Run the generator, and check that its output is complete.

    Raises:
        PortabilityError: it failed, warned, or left something out.
    """
    shutil.rmtree(folder, ignore_errors=True)
    (folder / OUTPUT).mkdir(parents=True)
    for source, name in target.copies.items():
        place, original = folder / name, PROGRAMS / source
        place.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if original.is_dir() else shutil.copy)(original, place)
    if target.overlay:
        overlaid = apply_files(document, [PROGRAMS / target.overlay], strict_targets=True)
        document = folder / "openapi.json"
        write(document, dump_json(overlaid))
    program, *options = shlex.split(target.command.format(document=document, output=OUTPUT))
    said = run([*target.program(program), *options], folder)
    check_warnings(target, said)
    content = Content.of(json.loads(document.read_text("utf-8")))
    check_completeness(target, folder / OUTPUT, content)


def check_warnings(target: Target, said: str) -> None:
    """Let no warning pass but those that the target names.

    Raises:
        PortabilityError: there is another.
    """
    for line in said.splitlines():
        if _WARNING.search(line) and not any(known in line for known in target.warnings):
            raise PortabilityError(f"{target.package}: warns: {line.strip()}")


def check_completeness(target: Target, folder: Path, content: Content) -> None:
    """Look for every operation, every schema and the evidence of every note.

    Raises:
        PortabilityError: one is missing.
    """
    paths = sorted(folder.rglob(f"*{target.suffix}"))
    text = "\n".join(path.read_text("utf-8") for path in paths)
    wanted = [(name, target.schema) for name in content.schemas]
    if target.operation:
        wanted += [(name, target.operation) for name in content.operations]
    for name, pattern in wanted:
        if not re.search(_filled(pattern, name), text, re.MULTILINE):
            raise PortabilityError(f"{target.package}: left out {name}")
    for note in target.notes:
        if not re.search(note.evidence, text, re.MULTILINE):
            raise PortabilityError(f"{target.package}: no longer true: {note.text}")


def _filled(pattern: str, name: str) -> str:
    return pattern.replace("{name}", name).replace("{Name}", name[0].upper() + name[1:])


def check_walk(printed: str) -> None:
    """Check that a program read back what it had sent, and found both sessions in the pages.

    Raises:
        PortabilityError: a value differs from what was sent.
    """
    last = (printed.strip().splitlines() or [""])[-1]
    try:
        seen = json.loads(last)
    except ValueError:
        raise PortabilityError(f"the program printed no JSON: {last[:100]}") from None
    created: list[str] = seen.get("created") or []
    first, second = created if len(created) == 2 else ("", "")
    text = EXPECTED.read_text("utf-8").replace("FIRST", first).replace("SECOND", second)
    expected = json.loads(text) | {"created": created}
    for each in (expected, seen):
        each["listed"] = sorted(each.get("listed", ()))
    wrong = sorted(
        key for key in expected.keys() | seen.keys() if expected.get(key) != seen.get(key)
    )
    if wrong or not first or first == second:
        raise PortabilityError(f"the program saw something else in {', '.join(wrong) or 'created'}")
