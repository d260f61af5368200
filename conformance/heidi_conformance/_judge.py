"""The judge as a function."""

from collections.abc import Callable, Collection, Mapping

from . import _access
from ._settings import BUDGET, CREDENTIALS, EXAMPLES, SEED, SESSIONS, Issued, Plan
from ._verdict import CannotJudgeError, Level, Progress, Verdict
from .rules import RULES
from .run._run import Run
from .run._shards import Shard


def judge(
    url: str,
    *,
    level: Level = "documented",
    token: str,
    other_token: str | None = None,
    same_user_token: str | None = None,
    unlinked_token: str | None = None,
    expired_token: str | None = None,
    api_key: str | None = None,
    issued: Mapping[str, Issued] | None = None,
    seed: int = SEED,
    max_examples: int = EXAMPLES,
    max_sessions: int = SESSIONS,
    time_budget: float = BUDGET,
    rules_only: bool = False,
    read_only: bool = False,
    rules: Collection[str] = (),
    shard: Shard | None = None,
    proxy: str = "",
    ca_file: str = "",
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> Verdict:
    """Judge the server at a base URL against the document of a level.

    The run creates sessions, which the API cannot delete. It reads and changes no other by its id.

    Args:
        url: the base URL of the API, with its path.
        level: `documented` asserts what the vendor's page says, `strict` all of the contract.
        token: stands for the user whose sessions are created; it is in no part of the verdict.
        other_token: stands for a second user, to whom the sessions of the first must not show.
        same_user_token: stands for the user of `token` as well.
        unlinked_token: stands for a user whom no Heidi user is linked to.
        expired_token: an expired token.
        api_key: what tokens are issued for; with it, level `strict` judges their issue as well.
        issued: which of the tokens were issued for the key, and for whom; the run has new ones
            issued before these end.
        seed: runs with the same seed send the same requests in the same order on each connection,
            save for ids that the server chose and new users; they find the same, where it is no
            matter of time.
        max_examples: how many requests to generate for each operation, and how many chains of them.
        max_sessions: how many sessions the run may create.
        time_budget: seconds after which the run is cut short.
        rules_only: leave out the random requests.
        read_only: send nothing but GET; judge by the sessions that the list shows.
        rules: the ids of the rules to put to the server; all of them where empty.
        shard: the part of the rules to put to the server, with random requests of its own.
        proxy: the URL of an HTTP proxy to send everything through; without it, there is none.
        ca_file: certificates to trust besides the usual ones.
        on_progress: called again and again while the run goes on.

    Returns:
        The verdict.

    Raises:
        CannotJudgeError: the server is silent, refuses the token, or is not a server of this API;
            or a token expired during the run.
    """
    uses_key = level == "strict" or issued
    given = (token, other_token, same_user_token, unlinked_token, expired_token)
    plan = Plan(
        _access.base_url(url),
        level,
        {
            name: _access.credential(text, "the token")
            for name, text in zip(CREDENTIALS.values(), given, strict=False)
            if text is not None
        },
        seed=seed,
        max_examples=max_examples,
        time_budget=time_budget,
        max_sessions=max_sessions,
        rules_only=rules_only,
        read_only=read_only,
        rules=known_rules(rules),
        api_key=_access.credential(api_key, "the key") if api_key and uses_key else "",
        issued=issued or {},
        proxy=proxy,
        ca_file=ca_file,
    )
    return Run(plan, on_progress, shard).run()


def known_rules(names: Collection[str]) -> frozenset[str]:
    """Return the ids of rules. Raises CannotJudgeError if one is unknown."""
    for name in names:
        if name not in RULES:
            raise CannotJudgeError(f"unknown rule {name[:40]!r}; choose one of {', '.join(RULES)}")
    return frozenset(names)
