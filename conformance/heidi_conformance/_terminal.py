"""What a person sees: progress while a run goes on, and the verdict at its end."""

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.live import Live
from rich.text import Text

from ._verdict import Finding, Progress, Verdict

# The summary of a hopeless server stays readable; the reports have every finding.
SHOWN = 20


@contextmanager
def progress(console: Console) -> Generator[Callable[[Progress], None]]:
    """Show how a run goes on: one live line on a terminal, a line for each phase elsewhere."""
    if console.is_terminal:
        with Live(console=console, transient=True, refresh_per_second=8) as live:
            yield lambda step: live.update(Text(spelled(step), style="dim"))
        return
    phases = {""}

    def line(step: Progress) -> None:
        if step.phase not in phases:
            phases.add(step.phase)
            console.print(Text(spelled(step)), soft_wrap=True)

    yield line


def spelled(step: Progress) -> str:
    seen = f"{step.requests} requests, {step.findings} findings, {step.seconds:.0f} s"
    return f"{step.phase or 'starting'}: {seen}"


def summarise(console: Console, verdict: Verdict, reports: tuple[Path, ...]) -> None:
    """Print the verdict, the findings and where the reports are."""
    for finding in verdict.findings[:SHOWN]:
        card(console, finding)
    if len(verdict.findings) > SHOWN:
        console.print(Text(f"… and {len(verdict.findings) - SHOWN} more in the reports\n"))
    for line in left_out(verdict):
        console.print(Text(line), soft_wrap=True)
    for note in verdict.notes:
        console.print(Text(f"note: {note}"), soft_wrap=True)
    number = len(verdict.findings)
    judgement, style = (
        ("conforms", "bold green")
        if verdict.conforms
        else (f"does not conform: {number} finding{'s' * (number != 1)}", "bold red")
    )
    headline = Text(f"{verdict.target} {judgement}", style=style)
    headline.append(
        f" (level {verdict.level}, {verdict.requests} requests, {verdict.sessions_created} "
        f"sessions created, {verdict.seconds:.1f} s, seed {verdict.seed})",
        style="not bold default",
    )
    console.print(headline, soft_wrap=True)
    console.print(Text("reports: " + ", ".join(map(str, reports))), soft_wrap=True)


STABILITY = {
    "confirmed": ", and again with the requests below",
    "unstable": "; unstable: the requests below did not always show it",
    "untried": "",
}


def named(finding: Finding) -> str:
    return f"{finding.rule} ({finding.row})" if finding.row else finding.rule


def left_out(verdict: Verdict) -> Iterator[str]:
    """Yield what a run could not put to the server, by the reason."""
    reasons: dict[str, list[str]] = {}
    for outcome in verdict.outcomes:
        if outcome.result == "skipped" and outcome.why.startswith(
            ("give", "the user", "the server")
        ):
            reasons.setdefault(outcome.why, []).append(outcome.rule)
    for why, rules in reasons.items():
        yield f"skipped: {', '.join(dict.fromkeys(rules))}: {why}"


def card(console: Console, finding: Finding) -> None:
    """Print one finding."""
    console.print(Text(f"✗ {finding.title}", style="bold"), soft_wrap=True)
    lines = (
        f"  rule      {named(finding)}, seen {finding.seen}x{STABILITY[finding.stability]}",
        f"  words     {finding.words.promise or 'the document'}",
        f"            {finding.words.pointer} ({finding.words.source})",
        f"  expected  {finding.expected}",
        f"  got       {finding.got}",
        *(f"  $ {request}" for request in finding.requests),
        "",
    )
    console.print(Text("\n".join(lines)), soft_wrap=True)
