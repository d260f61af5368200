"""Random requests hold values that chance would hardly hit, by the name of what takes them."""

from .conftest import Judged
from .reference import Api


def test_random_requests_ask_for_boundaries_and_for_near_misses_of_an_id(
    api: Api, judged: Judged
) -> None:
    assert () == judged(max_examples=12).findings

    random = [item for item in api.requests if "x-schemathesis-testcaseid" in item.headers]
    sizes = {size for item in random for size in item.query.get("page_size", ())}
    assert {"99", "101"} & sizes
    ids = {session for user in api.users.values() for session in user.sessions}
    asked = {item.path.removeprefix("/sessions/") for item in random}
    assert {f"{known}{end}" for known in ids for end in (".0", "e0", "%20")} & asked
