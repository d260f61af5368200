"""The judge as a function."""

from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version

from . import _access
from ._settings import BUDGET, EXAMPLES, SEED, Plan
from ._verdict import Level, Progress, Verdict


def judge(
    url: str,
    *,
    level: Level = "documented",
    token: str,
    seed: int = SEED,
    max_examples: int = EXAMPLES,
    time_budget: float = BUDGET,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> Verdict:
    """Judge the server at a base URL against the document of a level.

    The run creates sessions, which the API cannot delete. It reads and changes no other by its id.

    Args:
        url: the base URL of the API, with its path.
        level: `documented` asserts what the vendor's page says, `strict` all of the contract.
        token: stands for the user whose sessions are created; it is in no part of the verdict.
        seed: runs with the same seed send the same requests, save for ids that the server chose.
        max_examples: how many requests to invent for each operation, and how many chains of them.
        time_budget: seconds after which the run is cut short.
        on_progress: called again and again while the run goes on.

    Returns:
        The verdict.

    Raises:
        CannotJudgeError: the server is silent, refuses the token, or is another one altogether.
    """
    # Schemathesis takes a second to import; whoever asks for help or reads a verdict is spared.
    from ._campaign import Campaign  # noqa: PLC0415

    plan = Plan(
        _access.base_url(url),
        level,
        _access.credential(token, "the token"),
        seed,
        max_examples,
        time_budget,
    )
    verdict = Campaign(plan, on_progress).run()
    return replace(
        verdict, versions={name: version(name) for name in ("heidi-sessions", "schemathesis")}
    )
