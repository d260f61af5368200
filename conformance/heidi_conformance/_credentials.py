"""Tokens for a run: given or minted, and never where others can read them."""

import argparse
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import _access
from ._settings import CREDENTIALS, VARIABLES, Issued
from ._verdict import CannotJudgeError

FIRST = ("--token", "--api-key")
ABOUT = {
    "--token": "the token of the user to run as",
    "--api-key": "the key that tokens are issued for; used to issue tokens if --token is missing",
    "--other-token": "the token of a second user",
    "--same-user-token": "another token of the same user",
    "--unlinked-token": "the token of a user who is not linked",
    "--expired-token": "a token that has expired",
}
SAFETY = """A secret on the command line is in the history of the shell, and in the process list
until the judge has taken it out. Environment variables, which are named below, and files only you
can read are safer."""
# A token with many claims has a few thousand characters.
LARGEST = 64 * 1024


def option(flag: str) -> str:
    """Return the name of the option of a flag."""
    return flag[2:].replace("-", "_")


SECRETS = {flag: VARIABLES[option(flag)] for flag in ABOUT}
USERS = {flag: CREDENTIALS[option(flag)] for flag in SECRETS if flag not in FIRST}


def add_to(command: argparse.ArgumentParser) -> None:
    """Add the flags for secrets, each with one that names a file instead."""
    group = command.add_argument_group("secrets", SAFETY)
    for flag, about in ABOUT.items():
        only = group.add_mutually_exclusive_group()
        name = option(flag)
        only.add_argument(flag, metavar="T", help=f"{about}; safer: {SECRETS[flag]}")
        only.add_argument(
            f"{flag}-file", metavar="FILE", dest=name, type=kept_in, help="a file that holds it"
        )


def kept_in(path: str) -> str:
    """Return what a file holds, without the space around it."""
    try:
        with Path(path).open(encoding="utf-8") as file:
            text = file.read(LARGEST).strip()
    except (OSError, ValueError):
        # The path may be the secret itself, given by mistake.
        raise argparse.ArgumentTypeError("the file cannot be read as text") from None
    if not text:
        raise argparse.ArgumentTypeError("the file is empty")
    return text


def credentials(
    client: _access.Client, flags: Mapping[str, str | None], lane: int = 1
) -> dict[str, str]:
    """Return tokens by user, and the key as `key`; a flag comes before the environment.

    lane: runs that go on at the same time need users of their own, and each lane has some.
    Raises CannotJudgeError if there is no token, or none can be minted.
    """
    given = secrets(flags)
    others = {
        user: _access.credential(text, f"the value of {flag}")
        for flag, user in USERS.items()
        if (text := given[flag])
    }
    if key := given["--api-key"]:
        others["key"] = _access.credential(key, "the key")
    if token := given["--token"]:
        return {"first": _access.credential(token, "the token"), **others}
    if key:
        return client.mint_all(key, lane) | others
    raise CannotJudgeError(
        "there is no token; set HEIDI_TOKEN, or HEIDI_API_KEY to mint one, "
        "or give --token-file or --api-key-file"
    )


def secrets(flags: Mapping[str, str | None]) -> dict[str, str | None]:
    """Return what was given, by flag; a flag may have moved to a variable of its own."""
    given = {flag: flags.get(flag) or os.environ.get(moved(flag)) for flag in SECRETS}
    if not any(given[flag] for flag in FIRST):
        given |= {flag: os.environ.get(SECRETS[flag]) for flag in FIRST}
    return given | {flag: given[flag] or os.environ.get(SECRETS[flag]) for flag in USERS}


def moved(flag: str) -> str:
    """Return the variable to use for a secret that was given on the command line."""
    return f"{SECRETS[flag]}_OF_THIS_RUN"


def can_mint(flags: Mapping[str, str | None]) -> bool:
    """Whether tokens come from a key, so that there can be users for several lanes."""
    given = secrets(flags)
    return not given["--token"] and bool(given["--api-key"])


def options(tokens: Mapping[str, str], issued: Mapping[str, Issued]) -> dict[str, Any]:
    """Return tokens by user, and the key as `key`, by the options of `judge`.

    issued: those that were issued for the key.
    """
    given = {name: tokens[user] for name, user in CREDENTIALS.items() if user in tokens}
    mine = {token: of for token, of in issued.items() if token in tokens.values()}
    return {**given, "issued": mine}
