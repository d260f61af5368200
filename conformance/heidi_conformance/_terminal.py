"""Terminal output: progress during a run, and the verdict at its end."""

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.live import Live
from rich.text import Text

from ._text import counted, excerpt, on_one_line
from ._verdict import Finding, Progress, Verdict
from .contract._fields import MAIN_FIELDS
from .evidence._baseline import Comparison
from .reports._cells import lines
from .run._probe import TAG

# The summary of a hopeless server stays readable; the reports have every finding.
SHOWN = 20
# Seconds between two lines of progress, where a line cannot be overwritten.
PAUSE = 10.0


@contextmanager
def progress(console: Console) -> Generator[Callable[[Progress], None]]:
    """Show how a run goes on: one live line on a terminal, elsewhere a line now and then."""
    if console.is_terminal:
        with Live(console=console, transient=True, refresh_per_second=8) as live:
            yield lambda step: live.update(Text(spelled(step), style="dim"))
        return
    phases = {""}
    last = 0.0

    def line(step: Progress) -> None:
        nonlocal last
        if step.phase not in phases or step.seconds - last > PAUSE:
            phases.add(step.phase)
            last = step.seconds
            console.print(Text(spelled(step)), soft_wrap=True)

    yield line


def spelled(step: Progress) -> str:
    seen = f"{counted(step.requests, 'request')}, {counted(step.findings, 'finding')}"
    return f"{step.phase or 'starting'}: {seen}, {step.seconds:.0f} s"


def summarise(
    console: Console,
    verdict: Verdict,
    reports: tuple[Path, ...],
    comparison: Comparison | None = None,
) -> None:
    """Print the verdict, the findings (with a baseline, the new ones) and where the reports are."""
    findings = comparison.new if comparison else verdict.findings
    for finding in findings[:SHOWN]:
        card(console, finding)
    if len(findings) > SHOWN:
        say(console, f"… and {len(findings) - SHOWN} more in the reports")
    not_judged = (f"not judged: {gap}" for gap in verdict.gaps)
    for line in (*left_out(verdict), *not_judged, *(f"note: {note}" for note in verdict.notes)):
        say(console, line)
    if comparison:
        since(console, comparison)
    style = "bold green" if verdict.conforms else "bold red"
    headline = Text(f"{verdict.target} {verdict.judgement}", style=style)
    made = f", {verdict.sessions_created} sessions created"
    seed = f", seed {verdict.seed}"
    of_server = verdict.subject == "server"
    headline.append(
        f" (level {verdict.level}, {verdict.requests} requests{made if of_server else ''}, "
        f"{verdict.seconds:.1f} s{seed if of_server else ''})",
        style="not bold default",
    )
    say(console, headline)
    if verdict.sessions_created and of_server:
        say(
            console,
            f"sessions: {verdict.sessions_tagged} of {verdict.sessions_created} created have "
            f"`{MAIN_FIELDS.mark}` {TAG} now; the API cannot delete them",
        )
    say(console, "reports: " + ", ".join(map(str, reports)))


def since(console: Console, comparison: Comparison) -> None:
    """Print the comparison with the baseline."""
    kinds = (
        ("fixed", comparison.fixed),
        ("not exercised", comparison.unseen),
        ("still there", comparison.stayed),
    )
    for name, findings in kinds:
        for finding in findings[:SHOWN]:
            say(console, f"{name}: {finding.title}")
        if len(findings) > SHOWN:
            say(console, f"{name}: … and {len(findings) - SHOWN} more")
    counts = ", ".join(f"{len(findings)} {name}" for name, findings in kinds)
    say(console, Text(f"since the baseline: {len(comparison.new)} new, {counts}", style="bold"))


def say(console: Console, line: str | Text, indent: int = 0, style: str = "") -> None:
    """Print one line, wrapped on a terminal and whole elsewhere: programs read lines."""
    text = Text(on_one_line(line), style=style) if isinstance(line, str) else line
    if not console.is_terminal:
        console.print(text, soft_wrap=True)
        return
    first, rest = text[:indent], text[indent:]
    for row in rest.wrap(console, max(20, console.width - indent)):
        console.print(first + row)
        first = Text(" " * indent)


STABILITY = {
    "confirmed": ", and again with the requests below",
    "flaky": "; flaky: the requests below do not always show it",
    "untried": "",
}


def named(finding: Finding) -> str:
    return f"{finding.rule} ({finding.row})" if finding.row else finding.rule


def left_out(verdict: Verdict) -> Iterator[str]:
    """Yield what a run could not put to the server, by the reason: rules, or whole operations."""
    became: dict[str, set[str]] = {}
    for outcome in verdict.outcomes:
        became.setdefault(outcome.operation, set()).add(outcome.why or outcome.result)
    reasons: dict[str, list[str]] = {}
    for outcome in verdict.outcomes:
        if outcome.reason == "not-given":
            whole = {outcome.why} == became[outcome.operation]
            reasons.setdefault(outcome.why, []).append(outcome.operation if whole else outcome.rule)
    for why, names in reasons.items():
        yield f"skipped: {', '.join(dict.fromkeys(names))}: {why}"


def card(console: Console, finding: Finding) -> None:
    """Print one finding; its requests are never wrapped, so that they can be copied."""
    say(console, f"✗ {finding.title}", 2, "bold")
    rule = f"rule      {named(finding)}, seen {finding.seen}x{STABILITY[finding.stability]}"
    for line in (rule, *lines(finding)):
        say(console, f"  {line}", 12)
    for request in excerpt(finding.requests):
        prompt = "" if request.startswith("#") else "$ "
        console.print(Text(f"  {prompt}{on_one_line(request)}"), soft_wrap=True)
    console.print()
