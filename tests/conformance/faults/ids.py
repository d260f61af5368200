"""Ids: how they are made, and lookups that are not exact."""

import itertools
import random
import re
import unicodedata
import uuid
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, unquote

from tests.conformance.caller import Caller, is_error
from tests.conformance.reference import Api, Request, User

from .catalogue import DOCUMENTED, GET, LIST, PATCH, STRICT, Catalogue, Session, instead, telling

FAULTS = Catalogue("ids")
CROWD = 16


def near(spell: Callable[[str], str]) -> Callable[[Caller], object]:
    """Return a witness that another spelling of an id is not the id."""

    def witness(caller: Caller) -> bool:
        session_id = caller.create()
        caller.patch(session_id, {"duration": 1})
        return is_error(caller.get(quote(spell(session_id), safe="%;")), 404)

    return witness


def reading(normal: Callable[[str], str]) -> type[Api]:
    """Return a server that compares ids after normalising both."""

    def lookup(api: Api, user: User, session_id: str) -> Session | None:
        asked = normal(session_id)
        alike = (s for name, s in user.sessions.items() if asked and normal(name) == asked)
        return Api.lookup(api, user, session_id) or next(alike, None)

    return instead(lookup=lookup)


def numeral(text: str) -> str:
    try:
        return str(int(text))
    except ValueError:
        return text


def as_float(text: str) -> str:
    try:
        return str(int(float(text)))
    except (ValueError, OverflowError):
        return text


def modulo(text: str) -> str:
    return str(int(text) % 2**128) if text.isdecimal() and text.isascii() else text


def hexadecimal(text: str) -> str:
    return str(int(text, 16)) if text.startswith("0x") else text


def of_uuid(text: str) -> str:
    return (
        str(uuid.UUID(text).int) if re.fullmatch("[0-9a-f]{8}(-[0-9a-f]{4}){3}-.*", text) else text
    )


def in_base64(text: str) -> str:
    told = urlsafe_b64decode(text + "==") if re.fullmatch("[-_A-Za-z0-9]{22}", text) else b""
    return str(int.from_bytes(told)) if told else text


def scientific(text: str) -> str:
    return f"{text[0]}.{text[1:]}e{len(text) - 1}"


def arabic(text: str) -> str:
    return "".join(chr(0x660 + int(digit)) for digit in text)


LOOKUPS = (
    ("trims", "Spaces around an id are ignored.", str.strip, lambda i: f" {i} "),
    ("trims_newlines", "A newline after an id is ignored.", lambda i: i.rstrip("\n"), lambda i: f"{i}\n"),
    ("strips_zeros", "Zeros before an id are ignored.", lambda i: i.lstrip("0"), lambda i: f"00{i}"),
    ("takes_a_sign", "A plus sign before an id is ignored.", lambda i: i.removeprefix("+"), lambda i: f"+{i}"),
    ("takes_underscores", "Ids are read by `int`, which allows underscores.", lambda i: i.replace("_", ""), lambda i: f"{i[:3]}_{i[3:]}"),
    ("unicode_digits", "Ids are read by `int`, which takes Arabic digits.", lambda i: i if i.isascii() else numeral(i), arabic),
    ("fullwidth_digits", "Ids are normalised to NFKC: full-width digits are digits.", lambda i: unicodedata.normalize("NFKC", i), lambda i: "".join(chr(0xFF10 + int(d)) for d in i)),
    ("float_precision", "Ids are compared as floating-point numbers: near ones are equal.", as_float, lambda i: str(int(i) ^ 1)),
    ("exponents", "An id with a fraction of zero is accepted.", lambda i: i.removesuffix(".0"), lambda i: f"{i}.0"),
    ("wraps_round", "Ids are taken modulo 2^128.", modulo, lambda i: str(int(i) + 2**128)),
    ("below_zero", "An id may be a signed number of 128 bits.", lambda i: str(2**128 + int(i)) if re.fullmatch("-[0-9]+", i) else i, lambda i: str(int(i) - 2**128)),
    ("scientific", "An id may have a point and an exponent.", lambda i: f"{i[0]}{i[2:].partition('e')[0]}" if re.fullmatch("[0-9][.][0-9]+e[0-9]+", i) else i, scientific),
    ("base64", "An id may be written in base64.", in_base64, lambda i: urlsafe_b64encode(int(i).to_bytes(16)).decode().rstrip("=")),
    ("hexadecimal", "An id may be written in hexadecimal.", hexadecimal, lambda i: hex(int(i))),
    ("uuids", "An id may be written as a UUID.", of_uuid, lambda i: str(uuid.UUID(int=int(i)))),
    ("cut_at_nul", "An id ends at a NUL.", lambda i: i.partition("\0")[0], lambda i: f"{i}\0x"),
    ("suffix_json", "The suffix .json is ignored.", lambda i: i.removesuffix(".json"), lambda i: f"{i}.json"),
    ("matrix_parameters", "What follows a semicolon is ignored.", lambda i: i.partition(";")[0], lambda i: f"{i};v=1"),
    ("first_twenty", "Only the first twenty characters of an id are compared.", lambda i: i[:20], lambda i: f"{i[:20]}7"),
    ("last_twelve", "Only the last twelve characters of an id are compared.", lambda i: i[-12:], lambda i: f"1{i[-12:]}"),
    ("invisible_marks", "Invisible characters in an id are ignored.", lambda i: i.replace("\u200b", ""), lambda i: f"{i}\u200b"),
    ("quotes", "Quotes around an id are ignored.", lambda i: i.strip('"'), lambda i: f'"{i}"'),
    ("decodes_twice", "Percent signs are decoded twice.", unquote, lambda i: f"%25{ord(i[0]):x}{i[1:]}"),
)  # fmt: skip
for name, sentence, normal, spell in LOOKUPS:
    FAULTS.add(name, sentence, "S15", STRICT, reading(normal), near(spell))


def patch_is_exact(caller: Caller) -> bool:
    session_id = caller.create()
    return is_error(caller.patch(str(int(session_id) ^ 1), {"duration": 5}), 404)


def roughly(api: Api, user: User, session_id: str, request: Request) -> Any:
    alike = [name for name in user.sessions if as_float(name) == as_float(session_id)]
    return Api.update(api, user, alike[0] if alike else session_id, request)


def by_property(name: str) -> type[Api]:
    """Return a server that also finds a session of the caller by one of its properties."""

    def lookup(api: Api, user: User, session_id: str) -> Session | None:
        alike = (session for session in user.sessions.values() if session[name] == session_id)
        return Api.lookup(api, user, session_id) or next(alike, None)

    return instead(lookup=lookup)


def not_found_by(name: str) -> Callable[[Caller], bool]:
    return lambda c: is_error(c.get(quote(c.created(ehr_appointment_id="A1")[name])), 404)


def latest(api: Api, user: User, session_id: str) -> Session | None:
    wanted = [*user.sessions][-1:] if session_id == "latest" else [session_id]
    return Api.lookup(api, user, "".join(wanted))


FAULTS.enter(
    ("by_appointment", "GET finds a session by its appointment.", "S15", STRICT, by_property("ehr_appt_id"), not_found_by("ehr_appt_id")),
    ("by_name", "GET finds a session by its name.", "S15", STRICT, by_property("session_name"), not_found_by("session_name")),
    ("latest", "The id `latest` finds the last session.", "S15", STRICT, instead(lookup=latest), lambda c: bool(c.create()) and is_error(c.get("latest"), 404)),
    ("traversal", "Dots and encoded slashes in an id are resolved as in a path.", "S15", STRICT, instead(lookup=lambda api, user, i: Api.lookup(api, user, i.rpartition("/")[2])), lambda c: is_error(c.get(f"x%2F..%2F{c.create()}"), 404)),
    ("inexact_updates", "PATCH, and only PATCH, compares ids as floating-point numbers.", "S15 S11", STRICT, instead(update=roughly), patch_is_exact),
)  # fmt: skip


def made_by(new_id: Callable[[], str]) -> type[Api]:
    return instead(__init__=lambda api: Api.__init__(api, new_id))


def wide(caller: Caller) -> bool:
    """Say whether ids use their 128 bits: a miss by chance is rarer than 2^-500."""
    ids = [int(session_id) for session_id in caller.several(CROWD)]
    return max(ids) >= 2**96 and max(a ^ b for a, b in itertools.pairwise(ids)) >= 2**64


def decimal(caller: Caller) -> bool:
    ids = caller.several(CROWD)
    return all(i.isascii() and i.isdecimal() and i == str(int(i)) and int(i) < 2**128 for i in ids)


counter = itertools.count(10**38)
clock = itertools.count(20241211035757921000)
bits = random.SystemRandom().getrandbits
MADE = (
    ("sequential", "Ids are counted up from a large number.", lambda: str(next(counter)), wide),
    ("timestamps", "Ids are the time of creation in nanoseconds.", lambda: str(next(clock)), wide),
    ("sixty_four_bits", "Ids have 64 bits.", lambda: str(bits(64)), wide),
    ("random_end_only", "Only the last 16 bits of an id are random.", lambda: str(2**127 + bits(16)), wide),
    ("hex_ids", "Ids are 32 hexadecimal digits.", lambda: f"{bits(128):032x}", decimal),
    ("padded_ids", "Ids are padded with zeros to 40 digits.", lambda: f"{bits(128):040d}", decimal),
    ("wide_ids", "Ids have 160 bits.", lambda: str(2**159 + bits(159)), decimal),
    ("prefixed_ids", "Ids begin with `ses_`.", lambda: f"ses_{bits(128)}", decimal),
)  # fmt: skip
for name, sentence, new_id, witness in MADE:
    FAULTS.add(name, sentence, "S15", STRICT, made_by(new_id), witness)


@FAULTS.fault("S15", STRICT, lambda c: len(set(c.several(12))) == 12)
class TenthIdAgain(Api):
    """Every tenth session of a user gets the id of the previous one and replaces it."""

    def opened(self, user: User, sent: Session) -> Session:
        session = super().opened(user, sent)
        again = list(user.sessions) if len(user.sessions) % 10 == 9 else [session["session_id"]]
        return session | {"session_id": again[-1]}


def same_everywhere(caller: Caller) -> bool:
    session_id = caller.create()
    views = [*caller.views(session_id, duration=1)] if caller.get(session_id).status == 200 else []
    return [session_id] * 3 == [view["session_id"] for view in views]


def created(change: Callable[[Api, Session, Request], Session]) -> type[Api]:
    """Return a server that changes the responses of creations."""
    return instead(
        create=lambda api, user, request: change(api, Api.create(api, user, request), request)
    )


def with_appointment(caller: Caller) -> bool:
    return "session_id" in caller.post({"ehr_appointment_id": "A"}).content


ID = "session_id"
SHOWN = "session_id L36 L56 L215"
FAULTS.enter(
    ("number_in_get", "GET shows the id as a number.", SHOWN, DOCUMENTED, telling(ID, int, GET), same_everywhere),
    ("number_in_list", "The list shows ids as numbers.", SHOWN, DOCUMENTED, telling(ID, int, LIST), same_everywhere),
    ("rounded_in_list", "The list shows ids as a double rounds them.", SHOWN, DOCUMENTED, telling(ID, lambda i: str(int(float(i))), LIST), same_everywhere),
    ("grouped_in_update", "The response to an update groups the digits of the id.", SHOWN, DOCUMENTED, telling(ID, lambda i: f"{int(i):,}", PATCH), same_everywhere),
    ("one_id_in_updates", "The response to an update shows the id 1.", SHOWN, DOCUMENTED, telling(ID, "1", PATCH), same_everywhere),
    ("number_in_creation", "The creation returns the id as a number.", "SessionCreated L36", DOCUMENTED, created(lambda api, told, _: {ID: int(told[ID])}), lambda c: isinstance(c.post({}).content[ID], str)),
    ("other_id_in_creation", "The creation returns an id that no session has.", "SessionCreated L36", DOCUMENTED, created(lambda api, told, _: {ID: api.new_id()}), lambda c: c.get(c.create()).status == 200),
    ("id_in_envelope", "The creation puts the id into `session` where an appointment was sent.", "SessionCreated L35", DOCUMENTED, created(lambda api, told, request: {"session": told} if b"ehr_appointment_id" in request.body else told), with_appointment),
)  # fmt: skip


# --- lookups by a part, and predictable ids ---


def looked_up(alike: Callable[[str, str], object]) -> type[Api]:
    """Return a server that finds the only session whose id is similar to the requested one."""

    def lookup(api: Api, user: User, session_id: str) -> Session | None:
        near = [s for name, s in user.sessions.items() if session_id and alike(session_id, name)]
        return Api.lookup(api, user, session_id) or (near[0] if len(near) == 1 else None)

    return instead(lookup=lookup)


def pattern_of(text: str) -> str:
    """Turn a LIKE pattern of SQL into a regular expression."""
    return "".join({"%": ".*", "_": "."}.get(mark, re.escape(mark)) for mark in text)


def one_digit_off(asked: str, known: str) -> bool:
    return len(asked) == len(known) and sum(map(str.__ne__, asked, known)) == 1


def other_last_digit(session_id: str) -> str:
    return f"{session_id[:-1]}{(int(session_id[-1]) + 1) % 10}"


class Stepping(Api):
    """A server that derives each id from the previous one."""

    def __init__(self) -> None:
        self.last, self.step = bits(128), bits(127) | 2**126 | 1
        super().__init__(self.following)

    def following(self) -> str:
        self.last = self.after(self.last) % 2**128
        return str(self.last)

    def after(self, last: int) -> int:
        return last + self.step


def made_after(after: Callable[[Stepping, int], int]) -> type[Api]:
    return type("Made", (Stepping,), {"after": after})


def no_constant_step(caller: Caller) -> bool:
    ids = [int(session_id) for session_id in caller.several(CROWD)]
    return len({(b - a) % 2**128 for a, b in itertools.pairwise(ids)}) == CROWD - 1


def no_constant_factor(caller: Caller) -> bool:
    """Say whether the steps between ids look random."""
    ids = [int(session_id) for session_id in caller.several(CROWD)]
    steps = [(b - a) % 2**128 for a, b in itertools.pairwise(ids)]
    odd = next((at for at, step in enumerate(steps[:-2]) if step % 2), None)
    if odd is None:
        return True
    factor = steps[odd + 1] * pow(steps[odd], -1, 2**128) % 2**128
    return any((a * factor - b) % 2**128 for a, b in itertools.pairwise(steps))


def few_in_common(caller: Caller) -> bool:
    """Say whether no half of the bits is the same in all ids: by chance it is once in 2^900."""
    ids = [int(session_id) for session_id in caller.several(CROWD)]
    return len({i >> 64 for i in ids}) > 1 and len({i % 2**64 for i in ids}) > 1


def reversed_bits(number: int) -> int:
    return int(f"{number % 2**128:0128b}"[::-1], 2)


FAULTS.enter(
    ("unique_prefix", "The first eight digits of an id, or more, are enough where only one session has them.", "S15", STRICT, looked_up(lambda asked, known: len(asked) >= 8 and known.startswith(asked)), near(lambda i: i[:20])),
    ("unique_suffix", "The last eight digits of an id, or more, are enough where only one session has them.", "S15", STRICT, looked_up(lambda asked, known: len(asked) >= 8 and known.endswith(asked)), near(lambda i: i[-12:])),
    ("any_part", "Ten digits from the middle of an id are enough where only one session has them.", "S15", STRICT, looked_up(lambda asked, known: len(asked) >= 10 and asked in known), near(lambda i: i[3:-3])),
    ("one_digit_off", "One digit of an id may be wrong where only one session is that similar.", "S15", STRICT, looked_up(one_digit_off), near(other_last_digit)),
    ("goes_on", "What follows the digits of an id is ignored.", "S15", STRICT, looked_up(lambda asked, known: asked.startswith(known)), near(lambda i: f"{i}000")),
    ("like_of_sql", "An id is looked up by LIKE: a percent sign stands for anything.", "S15", STRICT, looked_up(lambda asked, known: "%" in asked.strip("%") + asked[-1:] and re.fullmatch(pattern_of(asked), known)), near(lambda i: f"{i[:9]}%")),
    ("underscore_of_sql", "An id is looked up by LIKE: an underscore stands for a digit.", "S15", STRICT, looked_up(lambda asked, known: "_" in asked and re.fullmatch(pattern_of(asked), known)), near(lambda i: f"{i[:-1]}_")),
    ("stars", "An asterisk at the end of an id stands for anything.", "S15", STRICT, looked_up(lambda asked, known: asked.endswith("*") and known.startswith(asked.rstrip("*"))), near(lambda i: f"{i[:9]}*")),
    ("commas", "Of several ids with commas the first is looked up.", "S15", STRICT, reading(lambda i: i.partition(",")[0]), near(lambda i: f"{i},1")),
    ("constant_step", "Each id is the previous one plus a large secret number, modulo 2^128.", "S15", STRICT, Stepping, no_constant_step),
    ("constant_factor", "Each id is the previous one times a number plus another, modulo 2^128.", "S15", STRICT, made_after(lambda api, last: last * 0x2360ED051FC65DA44385DF649FCCF645 + api.step), no_constant_factor),
    ("secret_over_a_counter", "Ids are a counter, combined with a constant secret.", "S15", STRICT, made_after(lambda api, last: (last ^ api.step) + 1 ^ api.step), few_in_common),
    ("counter_backwards", "Ids are a counter with its bits reversed, after a constant secret.", "S15", STRICT, made_after(lambda api, last: reversed_bits(reversed_bits(last) + 1)), few_in_common),
    ("half_is_the_server", "The first 64 bits of an id are constant, and the others random.", "S15", STRICT, made_after(lambda api, last: (last >> 64 << 64) | bits(64)), few_in_common),
)  # fmt: skip
