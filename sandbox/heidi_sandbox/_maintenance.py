"""`heidi-sandbox reset` and `heidi-sandbox seed`: empty a database, and fill one."""

import argparse
import asyncio
import contextlib
import hashlib
import json
import random
import secrets
import sys
from collections.abc import Callable, Generator, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from heidi_sandbox._arguments import add_database_arguments, database_url, whole_number
from heidi_sandbox._document import Document, load_document
from heidi_sandbox._errors import CannotServeError
from heidi_sandbox._process import say
from heidi_sandbox._resources import Resource
from heidi_sandbox._store import MEMORY, SQLITE, Share, Size, Store, open_store, use_store
from heidi_sandbox._tokens import Tokens
from heidi_sandbox._verbs import Collections

_MOST_SESSIONS: Final = 10_000_000
_LARGEST_CHUNK: Final = 5_000  # sessions in one commit
_AT_ONCE: Final = 8  # users
_EPOCH: Final = datetime(2020, 1, 1, tzinfo=UTC)
_INTERVAL: Final = timedelta(seconds=20)  # so that ten million of them lie in the past
_KINDS: Final = "Example Fictitious Imaginary Invented Mockup Placeholder Sample Specimen".split()
_THINGS: Final = "Appointment Chart Cough Headache Note Person Rash Remark Sprain Visit".split()


def add_maintenance(add_parser: Callable[..., argparse.ArgumentParser]) -> None:
    """Add the commands to the command line; each sets `run`."""
    reset = add_parser(
        "reset", help="delete all sessions; key and tokens stay valid", allow_abbrev=False
    )
    add_database_arguments(reset)
    reset.add_argument("--yes", action="store_true", help="do not ask")
    reset.add_argument(
        "--all",
        action="store_true",
        help="forget the API key and the secret of tokens as well; a server that runs on the same "
        "PostgreSQL database goes on with the old ones until it is restarted",
    )
    reset.set_defaults(run=_reset)

    seed = add_parser("seed", help="add invented sessions", allow_abbrev=False)
    add_database_arguments(seed)
    number = partial(whole_number, least=1, most=_MOST_SESSIONS)
    seed.add_argument(
        "--sessions", type=number, default=1000, metavar="N", help="how many in all (%(default)s)"
    )
    seed.add_argument(
        "--users",
        type=number,
        default=1,
        metavar="M",
        help="whose they are, as evenly as can be: clinician1@example.com and so on (%(default)s)",
    )
    seed.add_argument(
        "--random-seed",
        type=partial(whole_number, least=0, most=2**63),
        metavar="S",
        help="make the same sessions each time; without it their ids cannot be guessed",
    )
    seed.set_defaults(run=_seed)


def _reset(options: argparse.Namespace) -> None:
    url = database_url(options)
    _refuse_memory(url)
    if url.startswith(SQLITE):
        _refuse_missing(Path(url.removeprefix(SQLITE)))
    if not (options.yes or sys.stdin.isatty()):
        raise CannotServeError("reset deletes every session: write --yes where no terminal can ask")
    with asyncio.Runner() as runner:
        store = runner.run(open_store(url))
        try:
            size = runner.run(store.size())
            if not options.yes:
                _ask(size, everything=options.all)  # outside the loop, which would swallow a Ctrl-C
            runner.run(store.clear(settings=options.all))
        finally:
            runner.run(store.close())
    kept = "the key and the secret of tokens too" if options.all else "key and tokens stay valid"
    say(f"Deleted {counted(size)}; {kept}.\n")


def _ask(size: Size, *, everything: bool) -> None:
    """Return only if a person agrees."""
    more = ", the key and the secret of tokens" if everything else ""
    say(f"Delete {counted(size)}{more}? [y/N] ")
    try:
        typed = sys.stdin.readline()
    except KeyboardInterrupt:
        typed = ""
        say("\n")
    if typed.strip().lower() not in {"y", "yes"}:
        say("Nothing was deleted.\n")
        sys.exit(1)


def _seed(options: argparse.Namespace) -> None:
    url = database_url(options)
    _refuse_memory(url)
    if options.users > options.sessions:
        raise CannotServeError("--users: there must be a session for each of them")
    if options.random_seed is None:
        key = secrets.token_bytes(32)
    else:
        key = str(options.random_seed).encode()
    fill = partial(_fill, key, options.sessions, options.users)
    asyncio.run(use_store(url, fill))


async def _fill(key: bytes, sessions: int, users: int, store: Store) -> None:
    document = load_document()
    tokens = Tokens(await store.setting("secret", secrets.token_bytes(32)), lifetime=60)
    collections = Collections(document, store)
    seed = _Seed(document, collections, tokens, key)
    await collections.open()
    left = _shares(sessions, users)
    with _progress(sessions * len(seed.resources)) as advance:
        await asyncio.gather(*(seed.work(left, advance) for _ in range(_AT_ONCE)))
    rest = "".join(f", {name} {value}" for name, value in [*document.sample_user.items()][1:])
    last = f" to {_email(users)}" if users > 1 else ""
    size = Size(users, sessions * len(seed.resources))
    say(f"Added {counted(size)}: {_email(1)}{last}{rest}.\n")


class _Seed:
    def __init__(
        self, document: Document, collections: Collections, tokens: Tokens, key: bytes
    ) -> None:
        self._document = document
        self._collections = collections
        self._tokens = tokens
        self._key = key
        self._rest = [*document.sample_user.values()][1:]
        # One that is listed within another resource would need that first.
        listed = [one for one in document.of("list") if not one.resources]
        self.resources = [collections.resources[one.semantics["resource"]] for one in listed]

    async def work(self, left: Iterator[tuple[str, int]], advance: Callable[[int], None]) -> None:
        """Add the resources of one user after another, until none is left."""
        for email, share in left:
            identity = [email, *self._rest]
            user, owner = self._tokens.user(identity), json.dumps(identity).encode()
            for resource in self.resources:
                collection = self._collections.name(user, resource.name)
                make = _invented(self._document, resource, self._key, email)
                for begin in range(0, share, _LARGEST_CHUNK):
                    count = min(_LARGEST_CHUNK, share - begin)
                    chunk = Share(collection, [make] * count, owner)
                    await self._collections.store.extend(chunk)
                    advance(count)


class _Inventor(random.Random):
    """Chooses, and where any text does, takes words that no patient has."""

    def text(self) -> str:
        return f"{self.choice(_KINDS)} {self.choice(_THINGS)} {self.randint(1, 9999)}"


def _invented(
    document: Document, resource: Resource, key: bytes, user: str
) -> Callable[[int], tuple[str, bytes]]:
    """Return what makes the id and the document of a user's resource from its number.

    Args:
        document: the strict document; what its create and update requests take is invented.
        resource: which one.
        key: at most 64 bytes; the same key makes the same resources.
        user: what names the user.
    """
    schemas = resource.schemas
    operations = [*document.of("create", resource.name), *document.of("update", resource.name)]
    taken = {
        stored: schemas.properties(body.schema)[name]
        for body in (operation.body for operation in operations)
        if body is not None
        for name, stored in resource.kept(body).items()
    }
    validators = {name: schemas.validator(resource.properties[name]) for name in taken}

    def make(number: int) -> tuple[str, bytes]:
        digest = hashlib.blake2b(f"{user} {resource.name} {number}".encode(), key=key).digest()
        inventor = _Inventor(int.from_bytes(digest, "big"))
        id_ = resource.new_id(inventor)
        created = _EPOCH + number * _INTERVAL
        sent = {name: schemas.smallest(one, inventor) for name, one in taken.items()}
        value = resource.new(id_, number, created, {})
        for name, one in sent.items():
            # An object is merged with what is there, so it need not be whole.
            if isinstance(one, dict) or validators[name].is_valid(one):
                value = resource.changed(value, {name: one}, created + _INTERVAL)
        return str(id_), resource.text(value, taken)

    return make


def _shares(sessions: int, users: int) -> Iterator[tuple[str, int]]:
    """Yield each user's address and number of sessions."""
    share, more = divmod(sessions, users)
    return ((_email(user), share + (user <= more)) for user in range(1, users + 1))


def _email(user: int) -> str:
    return f"clinician{user}@example.com"


@contextlib.contextmanager
def _progress(sessions: int) -> Generator[Callable[[int], None]]:
    console = Console(stderr=True)
    columns = (TextColumn("sessions"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("sessions", total=sessions)
        yield partial(progress.advance, task)


def _refuse_missing(file: Path) -> None:
    try:
        file.stat()
    except FileNotFoundError:
        raise CannotServeError(f"{file}: there is no such database, so nothing to reset") from None
    except OSError as error:
        raise CannotServeError(f"{file}: cannot be used as a database: {error.strerror}") from None


def _refuse_memory(url: str) -> None:
    if url == MEMORY:
        raise CannotServeError("a database in memory ends with this command; name a file")


def counted(size: Size) -> str:
    """Return how many sessions of how many users, in words."""
    return f"{_number(size.resources, 'session')} of {_number(size.users, 'user')}"


def _number(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
