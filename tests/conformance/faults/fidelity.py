"""Strings and numbers that come back changed."""

import contextlib
import html
import json
import re
import struct
import unicodedata
from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any
from urllib.parse import unquote, unquote_plus

from tests.conformance.reference import Api

from .catalogue import DOCUMENTED, STRICT, Catalogue, Level, Witness, keeps, turning

FAULTS = Catalogue("fidelity")


def reshaping(field: str, change: Callable[[Any], Any]) -> type[Api]:
    """Return a server that stores a property otherwise; every text of an array counts."""
    return turning(field, lambda _, v: [*map(change, v)] if isinstance(v, list) else change(v))


def without_astral(text: str) -> str:
    return re.sub("[\U00010000-\U0010ffff]", "\ufffd", text)


def rewritten(text: str) -> str:
    """Write JSON again, as a store of objects would."""
    with contextlib.suppress(ValueError):
        return json.dumps(json.loads(text)) if text[:1] in "{[" else text
    return text


NAME, NOTES, DETAILS = "patient.name", "clinician_notes", "patient.demographic_details"
TEXTS: tuple[tuple[str, str, str, Callable[[str], Any], str], ...] = (
    ("trims_names", "Spaces around a name are lost.", NAME, str.strip, "  Jo "),
    ("trims_ends", "A newline at the end of a note is lost.", NOTES, lambda t: t.rstrip("\n"), "a\n"),
    ("collapses_spaces", "Spaces that follow each other become one.", NAME, lambda t: re.sub(" +", " ", t), "a  b"),
    ("composes", "Names are normalised to NFC.", NAME, lambda t: unicodedata.normalize("NFC", t), "e\u0301"),
    ("decomposes", "Notes are normalised to NFD.", NOTES, lambda t: unicodedata.normalize("NFD", t), "é"),
    ("compatibility", "Details are normalised to NFKC.", DETAILS, lambda t: unicodedata.normalize("NFKC", t), "½ \ufb01"),
    ("cut_at_nul", "A name ends at a NUL.", NAME, lambda t: t.partition("\0")[0], "a\0b"),
    ("without_nul", "NULs are removed from notes.", NOTES, lambda t: t.replace("\0", ""), "a\0b"),
    ("no_astral", "Characters beyond U+FFFF become replacement marks.", NAME, without_astral, "\U0001f600"),
    ("no_emoji", "Emoji are removed from notes.", NOTES, lambda t: re.sub("[\U0001f300-\U0001faff]", "", t), "ok \U0001f600"),
    ("joins_lines", "CRLF becomes LF.", NOTES, lambda t: t.replace("\r\n", "\n"), "a\r\nb"),
    ("lone_returns", "A lone CR becomes LF.", NOTES, lambda t: t.replace("\r", "\n"), "a\rb"),
    ("dos_lines", "LF becomes CRLF in details.", DETAILS, lambda t: t.replace("\n", "\r\n"), "a\nb"),
    ("escapes_html", "Names are escaped for HTML.", NAME, html.escape, "O'Neil & <Co>"),
    ("unescapes_html", "References of HTML in notes are resolved.", NOTES, html.unescape, "&amp;lt;"),
    ("strips_tags", "Everything that looks like a tag is removed from notes.", NOTES, lambda t: re.sub("<[^>]*>", "", t), "BP <120> mmHg"),
    ("cut_at_255", "Names are cut after 255 characters.", NAME, lambda t: t[:255], "n" * 300),
    ("cut_at_256_bytes", "Names are cut after 256 bytes.", NAME, lambda t: t.encode()[:256].decode(errors="ignore"), "é" * 200),
    ("cut_at_1000", "Notes are cut after 1,000 characters.", NOTES, lambda t: t[:1000], "n" * 1001),
    ("cut_at_65535", "Details are cut after 65,535 characters.", DETAILS, lambda t: t[:65535], "n" * 65536),
    ("title_case", "Names are written with capitals at the start of each word.", NAME, str.title, "Ann McDonald-van der Berg"),
    ("capitals", "`ehr_patient_id` is written in capitals.", "ehr_patient_id", str.upper, "ab-1"),
    ("small_language", "Languages are written in small letters.", "language_code", str.lower, "zh-Hant-TW"),
    ("canonical_language", "The region of a language is written in capitals.", "output_language_code", lambda t: f"{t[:2]}{t[2:].upper()}", "es-mx"),
    ("leading_zeros", "`ehr_appt_id` loses its leading zeros.", "ehr_appt_id", lambda t: t.lstrip("0"), "007"),
    ("percent", "Percent signs in names are decoded.", NAME, unquote, "100%25"),
    ("plus_is_a_space", "A plus sign in an `ehr_patient_id` becomes a space.", "ehr_patient_id", unquote_plus, "a+b"),
    ("backslashes", "Backslashes in notes are taken for escapes.", NOTES, lambda t: t.replace("\\n", "\n"), r"a\nb"),
    ("doubled_quotes", "Quotes in names are doubled.", NAME, lambda t: t.replace("'", "''"), "O'Neil"),
    ("smart_quotes", "Quotes in notes become typographic.", NOTES, lambda t: t.replace("'", "\u2019"), "patient's"),
    ("null_is_a_word", "The text `null` becomes empty.", NAME, lambda t: "" if t.lower() == "null" else t, "Null"),
    ("words_of_a_table", "The text NA becomes empty.", "ehr_appt_id", lambda t: "" if t == "NA" else t, "NA"),
    ("invisible", "Invisible characters are removed from names.", NAME, lambda t: re.sub("[\u200b-\u200f\ufeff]", "", t), "a\u200bb\ufeff"),
    ("bidi", "Marks of writing direction are removed from notes.", NOTES, lambda t: re.sub("[\u202a-\u202e\u2066-\u2069]", "", t), "\u2067אב\u2069"),
    ("joiners", "Zero-width joiners are lost: a family falls apart.", NOTES, lambda t: t.replace("\u200d", ""), "\U0001f469\u200d\U0001f467"),
    ("tabs", "Tabs in notes become spaces.", NOTES, lambda t: t.replace("\t", " "), "a\tb"),
    ("no_break_space", "A no-break space becomes a space.", NAME, lambda t: t.replace("\xa0", " "), "10\xa0mg"),
    ("controls", "Control characters are removed from details.", DETAILS, lambda t: re.sub("[\x01-\x08\x0b\x0c\x0e-\x1f\x7f]", "", t), "a\x07\x1b[0mb"),
    ("line_separator", "U+2028 becomes LF.", NOTES, lambda t: t.replace("\u2028", "\n"), "a\u2028b"),
    ("dotless", "Names are converted to lower case and back: ß is lost.", NAME, lambda t: t.upper().title() if "ß" in t else t, "Weiß"),
    ("cyrillic", "Letters that look like Latin ones become Latin.", NAME, lambda t: t.replace("\u0430", "a"), "\u0430nna"),
    ("utf8_as_latin_1", "Notes are decoded as Latin-1: é becomes Ã©.", NOTES, lambda t: t.encode().decode("latin-1"), "é"),
    ("windows_1252", "Characters that Windows-1252 does not have become question marks.", DETAILS, lambda t: t.encode("cp1252", "replace").decode("cp1252"), "łódź"),
    ("noncharacters", "U+FFFF becomes a replacement mark.", NAME, lambda t: t.replace("\uffff", "\ufffd"), "a\uffff"),
    ("utc", "`created_time_local` loses its offset.", "created_time_local", lambda t: re.sub(r"[+-]\d\d:\d\d$", "", t), "2024-12-11T09:00:00+10:00"),
    ("local_time_has_seconds", "`created_time_local` gains seconds.", "created_time_local", lambda t: t + ":00" if re.fullmatch(r".*T\d\d:\d\d", t) else t, "2024-12-11T09:00"),
    ("capital_status", "`session_status` is written in capitals.", "session_status", str.upper, "in review"),
    ("snake_status", "Spaces in a `recording_status` become underscores.", "recording_status", lambda t: t.replace(" ", "_"), "on hold"),
    ("links_as_numbers", "Linked ids are kept as doubles: their last digits change.", "linked_sessions_for_context", lambda t: str(int(float(t))) if t.isdecimal() else t, "135814281990413956785027749853284386585"),
    ("days_are_shifted", "A `dob` moves by a day, as through a time zone.", "patient.dob", lambda d: d if d[8:] == "01" else f"{d[:8]}{int(d[8:]) - 1:02}", "1990-01-02"),
    ("years_are_short", "A `dob` is kept with two digits for the year.", "patient.dob", lambda d: ("20" if d[2:4] < "69" else "19") + d[2:], "1930-05-06"),
    ("summer_time", "A `dob` in the summer moves by a day; one in the winter does not.", "patient.dob", lambda d: f"{d[:8]}{max(1, int(d[8:]) - 1):02}" if "04" <= d[5:7] <= "09" else d, "1985-07-15"),
    ("day_and_month", "Day and month of a `dob` are swapped where both could be a month.", "patient.dob", lambda d: f"{d[:5]}{d[8:]}-{d[5:7]}" if d[8:] <= "12" else d, "1990-02-03"),
    # Values that a program takes for something else and rewrites.
    ("straight_quotes", "Typographic quotes in notes become straight.", NOTES, lambda t: t.replace("\u2019", "'"), "patient\u2019s"),
    ("soft_hyphens", "Soft hyphens are removed from notes.", NOTES, lambda t: t.replace("\xad", ""), "hyper\xadtension"),
    ("vertical_tabs", "Vertical tabs and form feeds are removed from details.", DETAILS, lambda t: re.sub("[\v\f]", "", t), "a\vb"),
    ("wide_letters", "Full-width letters in names become narrow.", NAME, lambda t: re.sub("[\uff01-\uff5e]", lambda m: chr(ord(m[0]) - 0xFEE0), t), "\uff21nn"),
    ("en_dashes", "A dash in a note becomes a hyphen.", NOTES, lambda t: t.replace("\u2013", "-"), "5\u20136 days"),
    ("ellipses", "An ellipsis in a note becomes three dots.", NOTES, lambda t: t.replace("\u2026", "..."), "well\u2026"),
    ("doubled_percent", "Two percent signs in details become one.", DETAILS, lambda t: t.replace("%%", "%"), "100%%"),
    ("numbered_references", "References of HTML by number are resolved in notes.", NOTES, lambda t: re.sub(r"&#(\d+);", lambda m: chr(int(m[1])), t), "&#65;"),
    ("single_quotes", "Two single quotes in names become one.", NAME, lambda t: t.replace("''", "'"), "O''Neil"),
    ("non_joiners", "Zero-width non-joiners and word joiners are removed from names.", NAME, lambda t: re.sub("[\u200c\u2060]", "", t), "a\u200cb\u2060"),
    ("tag_characters", "Tag characters are removed from notes.", NOTES, lambda t: re.sub("[\U000e0000-\U000e007f]", "", t), "\U0001f3f4\U000e0067\U000e007f"),
    ("terminal_colors", "Colours of a terminal are removed from notes.", NOTES, lambda t: re.sub(r"\x1b\[[0-9;]*m", "", t), "\x1b[0mred"),
    ("end_of_file", "U+001A is removed from details.", DETAILS, lambda t: t.replace("\x1a", ""), "a\x1a"),
    ("private_use", "Characters of private use beyond U+FFFF are removed from names.", NAME, lambda t: re.sub("[\U000f0000-\U0010ffff]", "", t), "a\U000f0000"),
    ("plus_beside_percent", "A plus sign in details becomes a space where a percent sign encodes another.", DETAILS, lambda t: t.replace("+", " ") if "%20" in t else t, "a+b%20c"),
    ("midnights", "The time of midnight is removed from an `ehr_appt_id`.", "ehr_appt_id", lambda t: re.sub("^([0-9-]{10})T00:00:00$", r"\1", t), "2024-01-01T00:00:00"),
    ("brackets", "Brackets around a note are removed.", NOTES, lambda t: t[1:-1] if t[:1] + t[-1:] == "[]" else t, "[x]"),
    ("quoted_notes", "Quotes around a note are removed.", NOTES, lambda t: t[1:-1] if t[1:] and t[0] == t[-1] == '"' else t, '"no"'),
    ("masked_cards", "Numbers of cards in notes are masked.", NOTES, lambda t: re.sub(r"\b\d{4}( ?\d{4}){3}\b", "****", t), "4111 1111 1111 1111"),
    ("masked_emails", "Emails in details are masked.", DETAILS, lambda t: re.sub(r"\S+@\S+\.\w+", "[email]", t), "ann@example.com"),
    ("masked_social_security", "Social security numbers in notes are masked.", NOTES, lambda t: re.sub(r"\b\d{3}-\d\d-\d{4}\b", "***", t), "000-12-3456"),
    ("stacked_accents", "More than four accents on a letter are dropped from names.", NAME, lambda t: re.sub("([\u0300-\u036f]{4})[\u0300-\u036f]+", r"\1", t), "e" + "\u0301" * 6),
    ("double_quotes", "Double quotes in names open and close.", NAME, lambda t: re.sub('"([^"]*)"', "\u201c\\1\u201d", t), 'Jo "JJ" Doe'),
    ("apostrophes", "An apostrophe in a name becomes a typographic one.", NAME, lambda t: t.replace("'", "\u2019"), "O'Neil"),
    ("primes", "Quotes in details become low and high ones.", DETAILS, lambda t: re.sub('"([^"]*)"', "\u201e\\1\u201c", t), 'says "no"'),
    ("dashes", "Two hyphens in a note become a dash.", NOTES, lambda t: t.replace("--", "\u2014"), "BP -- high"),
    ("dots", "Three dots in a note become one character.", NOTES, lambda t: t.replace("...", "\u2026"), "well..."),
    ("half", "Fractions in details become one character.", DETAILS, lambda t: t.replace("1/2", "\u00bd"), "1/2 a pack"),
    ("smileys", "A smiley in a note becomes an emoji.", NOTES, lambda t: t.replace(":)", "\U0001f642"), "fine :)"),
    ("markdown", "Asterisks around a word are removed from notes.", NOTES, lambda t: re.sub(r"\*\*(.*?)\*\*", r"\1", t), "**no** allergies"),
    ("dates_in_notes", "A date in a note is rewritten with the year first.", NOTES, lambda t: re.sub(r"\b(\d\d)/(\d\d)/(\d{4})\b", r"\3-\2-\1", t), "seen on 03/02/1990"),
    ("json_in_notes", "A note that is JSON is serialized again.", NOTES, rewritten, '{"a":1}'),
    ("exponents", "An `ehr_appt_id` like 1E5 is written as a number.", "ehr_appt_id", lambda t: str(int(float(t))) if re.fullmatch(r"[0-9]+[eE][0-9]+", t) else t, "1E5"),
    ("true_is_python", "The string `true` becomes True.", "session_status", lambda t: t.title() if t in {"true", "false"} else t, "true"),
    ("grouped_digits", "The digits of an `ehr_patient_id` lose the spaces between them.", "ehr_patient_id", lambda t: t.replace(" ", "") if t.replace(" ", "").isdigit() else t, "943 476 5919"),
    ("hyphens_of_ids", "Hyphens between the digits of an `ehr_patient_id` are lost.", "ehr_patient_id", lambda t: t.replace("-", "") if t.replace("-", "").isdigit() else t, "943-476-5919"),
    ("dates_of_ids", "An `ehr_appt_id` that looks like a date becomes one, as in a spreadsheet.", "ehr_appt_id", lambda t: re.sub(r"^MAR-?(\d)$", r"\1-Mar", t, flags=re.IGNORECASE), "MAR1"),
    ("obsolete_languages", "Obsolete codes of a language become the new ones: iw is he.", "language_code", lambda t: {"iw": "he", "in": "id", "ji": "yi"}.get(t, t), "iw"),
    ("obsolete_output", "Obsolete codes of an output language become the new ones: in is id.", "output_language_code", lambda t: {"iw": "he", "in": "id", "ji": "yi"}.get(t, t), "in"),
    ("short_languages", "A language of three letters becomes one of two.", "language_code", lambda t: {"eng": "en", "deu": "de", "fra": "fr"}.get(t, t), "deu"),
    ("macro_languages", "Mandarin becomes Chinese: cmn is zh.", "output_language_code", lambda t: re.sub("^cmn", "zh", t), "cmn-Hans"),
    ("no_default_script", "The usual script of a language is left out.", "language_code", lambda t: t.replace("en-Latn", "en"), "en-Latn-AU"),
    ("local_time_is_rounded", "`created_time_local` loses fractions of a second.", "created_time_local", lambda t: re.sub(r"(:\d\d)\.\d+", r"\1", t), "2024-12-11T09:00:00.125"),
    ("end_of_the_day", "24:00 in `created_time_local` becomes 00:00.", "created_time_local", lambda t: t.replace("T24:00", "T00:00"), "2024-12-11T24:00:00"),
    ("two_digit_years", "A `dob` before 1930 moves forward by a century.", "patient.dob", lambda d: f"20{d[2:]}" if d < "1930" else d, "1925-05-06"),
)  # fmt: skip
for name, sentence, field, change, text in TEXTS:
    value: Any = [text] if field in {NOTES, "linked_sessions_for_context"} else text
    level: Level = DOCUMENTED if field == "patient.dob" else STRICT
    rows = "S13 L146" if level == DOCUMENTED else "S8 S13" if "language" in field else "S13"
    server = reshaping(field, change)
    FAULTS.add(name, sentence, f"{rows} {field}", level, server, keeps(field, value))


def single(number: float) -> float:
    return float(struct.unpack("f", struct.pack("f", number))[0])


def rounded(places: str) -> Callable[[Any], Any]:
    return lambda n: (
        n
        if isinstance(n, int)
        else float(Decimal(repr(n)).quantize(Decimal(places), ROUND_HALF_EVEN))
    )


NUMBERS: tuple[tuple[str, str, Level, Callable[[Any], Any], int | float], ...] = (
    ("whole_seconds", "Durations lose their fraction.", DOCUMENTED, int, 60.5),
    ("two_places", "Durations are rounded to two places.", STRICT, rounded("0.01"), 0.125),
    ("milliseconds", "Durations are rounded to milliseconds.", STRICT, rounded("0.001"), 1.00049),
    ("microseconds", "Durations are rounded to microseconds.", STRICT, rounded("0.000001"), 0.1000001),
    ("single_precision", "Durations are kept in single precision: 0.1 comes back as 0.10000000149.", STRICT, lambda n: n if isinstance(n, int) else single(n), 0.1),
    ("single_precision_of_whole_numbers", "Whole durations are kept in single precision.", STRICT, lambda n: int(single(n)) if isinstance(n, int) and n < 2**60 else n, 16_777_217),
    ("a_little_more", "A duration of 0.1 becomes a little more.", STRICT, lambda n: n + 1e-7 if isinstance(n, float) else n, 0.1),
    ("fifteen_digits", "Durations keep fifteen digits.", STRICT, lambda n: float(f"{n:.15g}") if isinstance(n, float) else n, 0.12345678901234568),
    ("doubles_beyond", "A duration beyond 2^53 is accepted, and rounded.", STRICT, lambda n: int(float(n)) if isinstance(n, int) else n, 2**53 + 1),
    ("sixty_four_bits", "A duration beyond 2^63 wraps round.", STRICT, lambda n: n % 2**63 if isinstance(n, int) else n, 2**63 + 5),
    ("thirty_two_bits", "A duration beyond 2^31 becomes 2^31 - 1.", STRICT, lambda n: min(n, 2**31 - 1), 2**31),
    ("a_day_at_most", "A duration of more than a day becomes a day.", STRICT, lambda n: min(n, 86400), 86401),
    ("hours_only", "A duration of exactly an hour becomes 1.", DOCUMENTED, lambda n: 1 if n == 3600 else n, 3600),
    ("tiny_is_zero", "A duration below a nanosecond becomes 0.", STRICT, lambda n: 0 if n < 1e-9 else n, 5e-324),
    ("even_ends", "A duration that ends in .5 is rounded to the even number.", DOCUMENTED, lambda n: round(n) if n % 1 == 0.5 else n, 2.5),
    ("sixty_is_zero", "Only the seconds of a duration are kept, without its minutes.", DOCUMENTED, lambda n: n % 60 if n >= 60 else n, 125),
)  # fmt: skip


def exact(number: float) -> Witness:
    """Return a witness that a number is kept, or beyond 2^53 refused."""
    return lambda caller: (
        (number > 2**53 and caller.patch(caller.create(), {"duration": number}).status == 422)
        or caller.keeps(duration=number)
    )


for name, sentence, level, change, number in NUMBERS:
    rows = "S13 S8" if level == STRICT else "S13 L139"
    server = reshaping("duration", change)
    FAULTS.add(name, sentence, f"{rows} duration", level, server, exact(number))
