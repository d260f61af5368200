"""What a run is to do."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from ._verdict import Level
from ._wire import Way

SEED = 1
# As many as a run on loopback finishes within ten seconds.
EXAMPLES = 12
STEPS = 150
SESSIONS = 1000
BUDGET = 300.0


# Whom a token or a key identifies, by the name of the option that carries it.
CREDENTIALS = {
    "token": "first",
    "other_token": "second",
    "same_user_token": "same",
    "unlinked_token": "unlinked",
    "expired_token": "expired",
    "api_key": "key",
}
# The environment variable of each, by the same name.
VARIABLES = {name: f"HEIDI_{name.upper()}" for name in CREDENTIALS}


@dataclass(frozen=True)
class Issued:
    """Whom a token was issued for. due: the instant (`time.time`) from which it is replaced."""

    email: str
    internal_id: str
    due: float


@dataclass(frozen=True)
class Plan:
    """What a run is to do; its fields are named as the options.

    tokens: by the name of the user: always `first`; `second`, `unlinked` and `expired` if given;
    and `same`, a second token of the first user.
    max_examples: generated requests for each operation, valid ones and as many that are not.
    time_budget: seconds after which the run is cut short. max_sessions: how many it may create.
    rules_only: leave out what is generated at random. read_only: send nothing but GET.
    rules: those to put to the server, all where empty. api_key: what tokens are issued for; where
        it is empty, their issue is not judged. issued: the tokens that were issued for it, which
        are replaced before they end. proxy: a URL; nothing else is sent through one.
    ca_file: certificates to trust besides the usual ones.
    """

    url: str
    level: Level
    tokens: dict[str, str] = field(repr=False)
    seed: int = SEED
    max_examples: int = EXAMPLES
    time_budget: float = BUDGET
    max_sessions: int = SESSIONS
    rules_only: bool = False
    read_only: bool = False
    rules: frozenset[str] = frozenset()
    api_key: str = field(default="", repr=False)
    issued: Mapping[str, Issued] = field(default_factory=dict[str, Issued], repr=False)
    proxy: str = ""
    ca_file: str = ""

    @cached_property
    def way(self) -> Way:
        """How to reach the server."""
        return Way(self.url, self.proxy, self.ca_file)

    @property
    def invents(self) -> bool:
        """Whether requests are sent beyond those of scripts."""
        return not (self.rules_only or self.read_only or self.rules)
