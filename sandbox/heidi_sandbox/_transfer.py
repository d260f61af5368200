"""What a database holds as one JSON file: `serve --import` and `serve --export-on-exit`.

    {"version": 1,
     "users": [{"user": {"email": "clinician@example.com", "third_party_internal_id": "1"},
                "resources": {"Session": [{...}, ...]}}]}

`user` has what the operation that issues tokens asks for. Where the database does not know
that, since all resources were created with tokens of an earlier version, it is the string that the
database has for the user. The
resources of a kind stand newest first, as they are listed. A resource within others has their ids
in its key: `Booking/7`. Neither keys nor tokens are in the file.
"""

import contextlib
import hashlib
import json
import os
import random
import secrets
import tempfile
from collections.abc import (
    AsyncIterator,
    Callable,
    Coroutine,
    Generator,
    Iterable,
    Iterator,
    Sequence,
)
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

from heidi_sandbox._document import Document, load_document
from heidi_sandbox._errors import CannotServeError, DuplicateIdError
from heidi_sandbox._json import MalformedJsonError, dump, parse, path_text
from heidi_sandbox._resources import Resource, resources_of
from heidi_sandbox._schemas import Node, is_object
from heidi_sandbox._store import Collection, Make, Share, Size, Store
from heidi_sandbox._tokens import Tokens
from heidi_sandbox._verbs import LARGEST_RESOURCE, Collections

_VERSION: Final = 1
_PAGE: Final = 50  # resources that are read at once
_ATTEMPTS: Final = 2


class Imported(NamedTuple):
    """What an import did.

    added: how much is new.
    kept: how many resources were there already, and stay as they are.
    """

    added: Size
    kept: int


class _Listed(NamedTuple):
    """What a file has of one resource of a user, oldest first.

    user: what names the user, in the order of the document; a string is what the database has.
    within: the ids of the resources that hold it.
    """

    user: Sequence[str] | str
    resource: str
    within: Sequence[str]
    documents: Sequence[Make]


def read_file(file: Path) -> Callable[[Store], Coroutine[Any, Any, Imported]]:
    """Read a file, and return what adds to a store what the file has and the store lacks.

    It adds everything, or nothing, and raises CannotServeError if an id is taken.

    Raises:
        CannotServeError: the file cannot be read, or a database could not keep what it has.
    """
    return partial(_import, file, [*_Reader(file, load_document()).listed(_read(file))])


async def _import(file: Path, listed: Sequence[_Listed], store: Store) -> Imported:
    collections = Collections(load_document(), store)
    await collections.open()
    tokens = Tokens(await store.setting("secret", secrets.token_bytes(32)), lifetime=1)
    shares = [_share(one, collections, tokens) for one in listed]
    for _ in range(_ATTEMPTS):  # another process may import the same file
        held = {one.name for one in await store.collections()}
        left = [await _lacking(one, store) if one.collection in held else one for one in shares]
        added = [one for one in left if one.documents]
        with contextlib.suppress(DuplicateIdError):
            await store.extend(*added)
            users = {one.collection.partition("/")[0] for one in added}
            count = sum(len(one.documents) for one in added)
            total = sum(len(one.documents) for one in shares)
            return Imported(Size(len(users), count), total - count)
    raise CannotServeError(
        f"{file}: an id in it belongs to another user in this database; nothing was imported"
    )


async def export_file(file: Path, store: Store) -> Size:
    """Write all that the database holds; the file is the old one or the new one, whole.

    Raises:
        CannotServeError: it cannot be written; the one that was there stays.
    """
    document = load_document()
    collections = Collections(document, store)
    await collections.open()
    place = _resolved(file)
    users: dict[str, list[Collection]] = {}
    for one in await store.collections():
        users.setdefault(one.name.partition("/")[0], []).append(one)
    try:
        with _replacing(place) as descriptor, os.fdopen(descriptor, "wb") as out:
            size = 0
            out.write(b'{"version": %d, "users": [' % _VERSION)
            for index, (name, held) in enumerate(users.items()):
                out.write(b",\n" if index else b"\n")
                user = _user(name, held, document)
                out.write(b'{"user": %b, "resources": {' % json.dumps(user).encode())
                for nth, collection in enumerate(held):
                    key = collections.key(collection.name)
                    out.write(b"%b%b: [" % (b"], " if nth else b"", dump(key)))
                    start = b"\n"
                    async for text in _texts(collection.name, collections):
                        out.write(start + text)
                        start = b",\n"
                        size += 1
                out.write(b"\n]}}")
            out.write(b"\n]}\n")
            out.flush()
            os.fsync(out.fileno())
    except OSError as error:
        raise CannotServeError(
            f"{file}: the export cannot be written: {error.strerror}; what was there is unchanged"
        ) from None
    return Size(len(users), size)


def refuse_unwritable(file: Path) -> None:
    """Raise CannotServeError where an export could not be written, before anything is served."""
    place = _resolved(file)
    if place.exists() and not place.is_file():
        raise CannotServeError(f"{file}: cannot be exported to: it is not a regular file")
    try:
        descriptor, name = _temporary(place)
    except OSError as error:
        raise CannotServeError(f"{file}: cannot be exported to: {error.strerror}") from None
    os.close(descriptor)
    Path(name).unlink()


class _Reader:
    def __init__(self, file: Path, document: Document) -> None:
        self._file = file
        self._document = document
        self._resources = resources_of(document)
        self._names = [*document.sample_user]
        self._validator = document.returned.validator(_schema(self._names, self._resources))
        self._at = datetime.now(UTC)
        self._ids: set[str] = set()

    def listed(self, value: Any) -> Iterator[_Listed]:
        newer = is_object(value) and isinstance(value.get("version"), int)
        if newer and value["version"] > _VERSION:
            raise self._invalid((), "was written by a newer heidi-sandbox; update this one")
        problem = self._validator.problem(value)
        if problem is not None:
            raise self._invalid(problem.path, problem.text)
        for index, one in enumerate(value["users"]):
            user = one["user"]
            if is_object(user):
                user = [user[name] for name in self._names]
            for key, items in one["resources"].items():
                place = ("users", index, "resources", key)
                name, *within = key.split("/")
                resource = self._resources.get(name)
                if resource is None:
                    known = ", ".join(self._resources)
                    raise self._invalid(place, f"is not a resource; there is {known}")
                self._check_place(place, name, within)
                seed = user if isinstance(user, str) else json.dumps(user)
                documents = [
                    self._described(resource, item, (*place, nth), seed)
                    for nth, item in enumerate(items)
                ]
                yield _Listed(user, name, within, documents[::-1])

    def _check_place(self, place: tuple[str | int, ...], name: str, within: Sequence[str]) -> None:
        """Refuse resources where no operation would find them."""
        containers = self._document.containers(name)
        if len(within) != len(containers) or not all(within):
            ids = "".join(f"/<id of a {one}>" for one in containers.values())
            raise self._invalid(place, f"must be {name}{ids}")

    def _described(
        self, resource: Resource, given: Node, place: tuple[str | int, ...], seed: str
    ) -> Make:
        """Return what makes a resource of which a file says some properties."""
        # The same file gives the same id each time, so that a second import adds nothing.
        digest = hashlib.blake2b(f"{seed}{place[2:]!r}".encode()).digest()
        new_id = resource.new_id(_Seeded(int.from_bytes(digest, "big")))

        def make(number: int) -> tuple[str, bytes]:
            value = resource.described(given, new_id, number, self._at)
            return str(value[resource.id]), dump(value)

        problem = resource.problem(resource.described(given, new_id, 1, self._at))
        if problem is not None:
            raise self._invalid((*place, *problem.path), problem.text)
        id_, document = make(1)
        if len(document) > LARGEST_RESOURCE:
            raise self._invalid(place, f"has more than {LARGEST_RESOURCE} bytes")
        if id_ in self._ids:
            raise self._invalid((*place, resource.id), "is a duplicate id")
        self._ids.add(id_)
        return make

    def _invalid(self, path: tuple[str | int, ...], text: str) -> CannotServeError:
        where = f"{path_text(path)} " if path else ""
        return CannotServeError(f"{self._file}: {where}{text}; nothing was imported")


class _Seeded(random.Random):
    def text(self) -> str:
        return f"{self.getrandbits(64):016x}"


def _schema(names: Sequence[str], known: Iterable[str]) -> Node:
    """Return the JSON Schema of a file, but for the resources themselves."""
    user = {
        "type": ["object", "string"],
        "pattern": "^([0-9a-f]{64})?$",  # of a string, which the database knows
        "required": [*names],
        "properties": {name: {"type": "string"} for name in names},
        "additionalProperties": False,
    }
    resources = {"type": "array", "items": {"type": "object"}}
    one = {
        "type": "object",
        "required": ["user", "resources"],
        "properties": {
            "user": user,
            "resources": {
                "type": "object",
                "properties": dict.fromkeys(known, resources),
                "additionalProperties": resources,
            },
        },
        "additionalProperties": False,
    }
    return {
        "type": "object",
        "required": ["version", "users"],
        "properties": {"version": {"const": _VERSION}, "users": {"type": "array", "items": one}},
        "additionalProperties": False,
    }


def _read(file: Path) -> Any:
    try:
        return parse(file.read_bytes())
    except OSError as error:
        raise CannotServeError(f"{file}: cannot be imported: {error.strerror}") from None
    except MalformedJsonError as error:
        raise CannotServeError(f"{file}: {error}; nothing was imported") from None


def _share(listed: _Listed, collections: Collections, tokens: Tokens) -> Share:
    user, owner = listed.user, None
    if not isinstance(user, str):
        user, owner = tokens.user(user), json.dumps(user).encode()
    return Share(collections.name(user, listed.resource, listed.within), listed.documents, owner)


async def _lacking(share: Share, store: Store) -> Share:
    lacking = [
        make for make in share.documents if await store.get(share.collection, make(1)[0]) is None
    ]
    return share._replace(documents=lacking)


def _user(name: str, held: Sequence[Collection], document: Document) -> Any:
    """Return the identity of a user if it is known, else its name in the database."""
    names = document.sample_user
    for one in held:
        identity = json.loads(one.owner) if one.owner else ()
        if len(identity) == len(names):
            return dict(zip(names, identity, strict=True))
    return name


async def _texts(collection: str, collections: Collections) -> AsyncIterator[bytes]:
    resource = collections.resources.get(collections.key(collection).partition("/")[0])
    below: int | None = None
    while True:
        page = await collections.store.page(collection, below, _PAGE)
        for stored in page.documents:
            yield stored if resource is None else collections.current(resource, stored)
        if page.next is None:
            return
        below = page.next


def _resolved(file: Path) -> Path:
    """Follow links: the target of a link is replaced, not the link."""
    return Path(os.path.realpath(file))


def _temporary(place: Path) -> tuple[int, str]:
    """Make a file beside another, which its owner alone can read."""
    return tempfile.mkstemp(prefix=".heidi-sandbox-", dir=place.parent)


@contextlib.contextmanager
def _replacing(place: Path) -> Generator[int]:
    """Lend a descriptor of a file that takes the place of another at the end of the block."""
    descriptor, name = _temporary(place)
    try:
        yield descriptor
        Path(name).replace(place)
    finally:
        Path(name).unlink(missing_ok=True)
    if os.name != "nt":
        folder = os.open(place.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
