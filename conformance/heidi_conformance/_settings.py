"""What a run is to do, in the settings of Schemathesis."""

from dataclasses import dataclass, field
from typing import Any

from ._checks import CHECKS, Check
from ._verdict import Level
from ._wire import USER_AGENT

SEED = 1
# As many as a run on loopback finishes within ten seconds.
EXAMPLES = 12
STEPS = 150
SESSIONS = 1000
BUDGET = 300.0
# Seconds that a server has for one answer.
TIMEOUT = 10.0


@dataclass(frozen=True)
class Plan:
    """What a run is to do.

    tokens: by the name of the user: `first` always, `second`, `unlinked` and `expired` where
        given, and `same`, another one of the first user.
    examples: requests for each operation when fuzzing, and chains of requests when stateful.
    budget: seconds after which the run is cut short. sessions: how many it may create.
    rules_only: leave out what is invented at random. read_only: send nothing but GET.
    only: the rules to put to the server, all where empty. key: what tokens are issued for; where
        it is empty, their issue is not judged.
    """

    url: str
    level: Level
    tokens: dict[str, str] = field(repr=False)
    seed: int = SEED
    examples: int = EXAMPLES
    budget: float = BUDGET
    sessions: int = SESSIONS
    rules_only: bool = False
    read_only: bool = False
    only: frozenset[str] = frozenset()
    key: str = field(default="", repr=False)

    @property
    def token(self) -> str:
        """The token of the user whose sessions are judged."""
        return self.tokens["first"]


def settings(plan: Plan) -> dict[str, Any]:
    """Return the settings of Schemathesis: all phases, one worker, nothing left to chance."""
    return {
        "seed": plan.seed,
        "base-url": plan.url,
        "headers": {
            "Authorization": f"Bearer {plan.token}",
            "User-Agent": USER_AGENT,
            # Random otherwise, and the only thing that two runs with one seed would not share.
            "X-Schemathesis-TestCaseId": USER_AGENT,
        },
        "workers": 1,
        "continue-on-failure": True,
        "request-timeout": TIMEOUT,
        "max-redirects": 0,
        "rate-limit": "auto",
        "cache": {"enabled": False},
        "generation": {
            # The page does not say what becomes of a request that it does not describe.
            "mode": "all" if plan.level == "strict" else "positive",
            "max-examples": plan.examples,
            "deterministic": True,
            "no-shrink": True,
            "database": "none",
        },
        # The links of the document alone: inferred ones would lead from a list to an update.
        "phases": {"stateful": {"inference": {"algorithms": []}}},
        "checks": {rule.id: check(rule, plan.level) for rule in CHECKS},
    }


def check(rule: Check, level: Level) -> dict[str, Any]:
    """Return the settings of one check."""
    statuses = {"expected-statuses": list(rule.statuses)} if rule.statuses else {}
    return {"enabled": level not in rule.skipped, **statuses}
