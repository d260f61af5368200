"""S2, S3 and S15: owners and ids of sessions."""

import pytest

from tests.sandbox.api import Api, error_of

NOT_FOUND = (404, "SessionNotFoundError")


def test_s2_a_session_of_another_user_is_unknown_like_one_that_does_not_exist(
    api: Api, other: Api
) -> None:
    session_id = api.create()
    for responses in (
        [other.get(f"/sessions/{one}") for one in (session_id, "1")],
        [other.patch(f"/sessions/{one}", json={"duration": 9}) for one in (session_id, "1")],
    ):
        assert [NOT_FOUND, NOT_FOUND] == [error_of(response) for response in responses]
        assert responses[0].content == responses[1].content
    assert 0 == api.session(session_id)["duration"]


def test_s2_a_session_is_in_no_other_users_list_or_total(api: Api, other: Api) -> None:
    mine = api.create()
    theirs = other.create()
    for user, session_id in ((api, mine), (other, theirs)):
        page = user.page()
        assert [session_id] == [session["session_id"] for session in page["sessions"]]
        assert (1, 1) == (page["count"], page["total_count"])


def test_s3_a_user_without_link_gets_403_from_the_list_and_only_there(unlinked: Api) -> None:
    session_id = unlinked.create()
    assert 5 == unlinked.update(session_id, {"duration": 5})["duration"]
    assert 5 == unlinked.session(session_id)["duration"]
    response = unlinked.get("/sessions/linked-user")
    assert 403 == response.status_code
    assert {
        "detail": {"msg": "error: no linked user", "type": "NoLinkedUserException"}
    } == response.json()


@pytest.mark.parametrize(
    "spelling",
    [
        "%20{}",
        "{}%20",
        "0{}",
        "00{}",
        "+{}",
        "%2B{}",
        "-{}",
        "{}.0",
        "{}%00",
        "{}%0A",
        "{}%2F",
        "%EF%BC%90{}",
    ],
)
def test_s15_another_spelling_of_an_id_is_another_id(api: Api, spelling: str) -> None:
    session_id = api.create()
    assert NOT_FOUND == error_of(api.get("/sessions/" + spelling.format(session_id)))
    assert NOT_FOUND == error_of(
        api.patch("/sessions/" + spelling.format(session_id), json={"duration": 9})
    )


def test_s15_digits_of_another_script_are_another_id(api: Api) -> None:
    session_id = api.create()
    arabic = session_id.translate({ord("0") + digit: 0x660 + digit for digit in range(10)})
    assert NOT_FOUND == error_of(api.get(f"/sessions/{arabic}"))


def test_s15_a_percent_encoded_id_is_the_same_id(api: Api) -> None:
    session_id = api.create()
    encoded = "".join(f"%{ord(digit):02X}" for digit in session_id)
    assert 200 == api.get(f"/sessions/{encoded}").status_code


def test_s15_ids_are_unique_decimals_of_128_random_bits(api: Api) -> None:
    ids = [api.create() for _ in range(200)]
    assert 200 == len(set(ids))
    assert all(one.isascii() and one.isdecimal() for one in ids)
    assert all(one == str(int(one)) and int(one) < 2**128 for one in ids)
    # Each bit is random: among 200 ids it is set about 100 times, and surely 50 to 150 times.
    for bit in range(128):
        assert 50 < sum(int(one) >> bit & 1 for one in ids) < 150, bit


def test_the_ids_of_two_sessions_of_a_user_are_not_related(api: Api) -> None:
    first, second = int(api.create()), int(api.create())
    assert abs(first - second) > 2**64


@pytest.mark.parametrize("path", ["/", "", "/session", "/sessions/", "/sessions/1/notes", "/x%2Fy"])
def test_an_unknown_path_is_404_in_the_shape_of_every_error(api: Api, path: str) -> None:
    assert (404, "PathNotFoundError") == error_of(api.get(path))
