"""The tables of each database, version by version.

A release may append a version, and never edits one: a database of any earlier version is brought up
to date when it is opened, while processes that know the earlier version still use it. So a version
only adds, and what the first one named stays: a row of `users` is a collection, `total` counts what
was ever created in it, and a row of `sessions` is a document of any resource.
"""

from typing import Final, TypeAlias

Migrations: TypeAlias = tuple[tuple[str, ...], ...]

ID: Final = "session_id"  # the column with the id of a document

SQLITE: Final[Migrations] = (
    (
        "CREATE TABLE settings (name TEXT PRIMARY KEY, value BLOB NOT NULL)",
        """CREATE TABLE users (
            id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, total INTEGER NOT NULL)""",
        f"""CREATE TABLE sessions (
            id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL, number INTEGER NOT NULL,
            {ID} TEXT NOT NULL UNIQUE, document BLOB NOT NULL, UNIQUE (user_id, number))""",
    ),
    ("ALTER TABLE users ADD COLUMN deleted INTEGER NOT NULL DEFAULT 0",),
    ("ALTER TABLE users ADD COLUMN owner BLOB",),
)

# Names are bytes: text refuses NUL, and depends on the encoding of the database. Free space in the
# pages lets a row grow where it is, without a new entry in each index.
POSTGRESQL: Final[Migrations] = (
    (
        "CREATE TABLE settings (name text PRIMARY KEY, value bytea NOT NULL)",
        """CREATE TABLE users (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            name bytea NOT NULL UNIQUE, total bigint NOT NULL) WITH (fillfactor = 50)""",
        f"""CREATE TABLE sessions (
            user_id bigint NOT NULL, number bigint NOT NULL,
            {ID} bytea NOT NULL UNIQUE, document bytea NOT NULL,
            PRIMARY KEY (user_id, number)) WITH (fillfactor = 80)""",
    ),
    ("ALTER TABLE users ADD COLUMN deleted bigint NOT NULL DEFAULT 0",),
    ("ALTER TABLE users ADD COLUMN owner bytea",),
)
