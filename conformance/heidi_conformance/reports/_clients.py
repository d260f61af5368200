"""The words for violations by clients; no other module has any.

A row says what the client should do, what it does instead, and how to fix that.
The names in braces are the field and the detail of a violation, what it expects and got, and the
noun of the resource.
"""
# ruff: noqa: E501  # tables read better in rows

from collections.abc import Iterable
from typing import NamedTuple

from heidi_conformance._text import with_article
from heidi_conformance.contract._operations import MAIN, OPERATIONS
from heidi_conformance.oracle import Violation

from ._sentences import listed, spelled

SENTENCES: dict[str, tuple[str, str, str, str]] = {
    # any scenario
    "*/hangs": ("does not come back from {operation} ({scenario})", "a value or an error within the patience of the judge", "neither", "give each request a timeout, and bound retries and loops"),
    "*/ends": ("ends the program in {operation} ({scenario})", "a value or an error", "the end of the process", "catch what the HTTP library and the JSON reader raise, and turn it into an error of the client"),
    "*/error": ("fails {operation} ({scenario})", "a value", "error {got}", "see the history of the scenario for what the server responded with"),
    "*/no-error": ("reports success of {operation} where it failed ({scenario})", "error {expected}", "a value", "report a failure as an error, never as an empty or a partial value"),
    "*/kind": ("reports another kind of error for {operation} ({scenario})", "error {expected}", "error {got}", "map status and type of a response to the kinds of the protocol"),
    "*/value": ("gives another value for {operation} than the response shows, at {field} ({scenario})", "{expected}, as in the response", "{got}", "hand values over as they are in the response: ids and instants as text, numbers exact, text as Unicode"),
    "*/loops": ("repeats {operation} without end ({scenario})", "at most {expected} requests", "{got}", "bound how often a request is repeated"),
    "*/lost": ("leaves {field} out of {operation} ({scenario})", "{expected}", "{got}", "send and show all of it; a list goes on until there is no next page"),
    "*/again": ("lists {noun}s twice ({scenario})", "{expected} {noun}s, each once", "{got}", "send the token of the next page, not of the same one"),
    "*/without-token": ("sends {operation} without a token ({scenario})", "no request before a token is there", "{got} requests", "fail the call where no token was issued"),
    "*/late": ("sends a token whose time is over ({scenario})", "a new token before that", "{got} requests", "renew a token shortly before its end"),
    "*/gives-up": ("repeats a read whose connection breaks, and gives up where the server asks for a second ({scenario})", "a request after {expected} s", "none", "read `Retry-After` as seconds"),
    "*/hammers": ("repeats {operation} without a pause ({scenario})", "a pause that grows", "{got} requests at once", "wait between attempts, longer each time, with a random part"),
    "*/created": ("creates a {noun} that was not requested ({scenario})", "none", "{got}", "report that the {noun} does not exist"),
    "*/merged": ("makes one {noun} of several creations ({scenario})", "{expected} {noun}s", "{got}", "send every creation, and return what its own response gave"),
    "user-place/changed": ("asks for the token of another {field} than it was given", "the {field} as given, encoded", "another value", "send what names the user as it is, percent-encoded"),
    "*/early": ("repeats {operation} before `Retry-After` is over ({scenario})", "{expected} s or more", "{got} s", "wait as long as the server says, or give up"),
    "*/hurries": ("repeats {operation} at once after a `Retry-After` that it cannot wait for ({scenario})", "an error, or a usual wait", "a request at once", "give up where a wait is longer than you allow"),
    "*/doubled": ("sends {operation} again though it may have been done ({scenario})", "{expected}", "{got} of them", "repeat a request that changes something only where it cannot have been done: 429, or no connection"),
    "*/repeated": ("sends {operation} again though the request is at fault ({scenario})", "{expected} request", "{got}", "do not repeat a request that a 4xx refuses, but for 429 and a 401 whose token is renewed"),
    "*/token": ("does not send {field} back as it came ({scenario})", "the token of the next page, unread", "another value", "keep the token as it is in the JSON, and encode it in the query"),
    "*/sent": ("does not send {field} as it came ({scenario})", "the id, encoded in the path", "another path", "keep ids as text, and encode all but unreserved characters in a path"),
    "*/changed": ("sends {field} of {operation} otherwise than the caller gives it ({scenario})", "{expected}, as given", "{got}", "send what the caller gives"),
    "*/added": ("sends {field} with {operation}, which the caller did not give ({scenario})", "nothing", "{got}", "leave out what the caller leaves out"),
    "*/unsent": ("does not send {operation} ({scenario})", "a request", "none", "send what the caller asks for"),
    # requests
    "key-place/url": ("puts the key into a URL", "the key in its header", "the key in a URL", "send the key in its header: URLs are in logs"),
    "key-place/elsewhere": ("sends the key with {operation}, where it does not belong", "the key at the issue of tokens alone", "the key elsewhere", "send the key to the issue of tokens alone"),
    "token-place/url": ("puts the token into a URL", "the token in `Authorization`", "the token in a URL", "send the token in the header `Authorization`: URLs are in logs"),
    "token-place/elsewhere": ("sends the token with {operation}, where it does not belong", "the token in `Authorization`", "the token elsewhere", "send the token as `Authorization: Bearer` and nowhere else"),
    "token-place/missing": ("sends {operation} without `Authorization: Bearer`", "a token", "none", "get a token first, and send it with every request"),
    "user-place": ("sends the email of the user with {operation}", "the email at the issue of tokens alone", "the email elsewhere", "the token says who asks; leave the email out"),
    "patient-place/url": ("puts patient data into the URL of {operation}", "patient data in the body", "patient data in a URL", "send it in the body: URLs are in logs"),
    "patient-place/header": ("puts patient data into a header of {operation}", "patient data in the body", "patient data in a header", "send it in the body: headers are in logs"),
    "documented-requests/path": ("requests a path that the document does not have", "a path of the document", "{detail} of another path", "use the paths of the document below the base URL, and encode ids in them"),
    "documented-requests/method": ("sends {detail}, which {operation} does not have", "a method of the document", "{detail}", "use the method of the document"),
    "documented-requests/parameter": ("sends `{detail}` with {operation}, which the document does not have", "parameters of the document", "`{detail}`", "leave it out: a server may refuse or misread it"),
    "documented-requests/property": ("sends the property `{detail}` with {operation}, which the document does not have", "properties of the document", "`{detail}`", "leave it out, or spell it as the document does"),
    "documented-requests/body": ("sends a body with {operation}, which takes none", "no body", "a body", "send no body"),
    "request-schema/missing": ("sends {operation} without {field}", "{field}", "none", "send every required parameter"),
    "request-schema/parameter": ("sends an invalid {field} with {operation}", "a value of its schema", "another value", "write the value as its schema says"),
    "request-schema/value": ("sends {got} as {field} with {operation}", "{expected}", "{got}", "send the type and format of the document; leave out what is not set, instead of null"),
    "request-body/missing": ("sends {operation} without a body", "a body", "none", "send the JSON of the properties given"),
    "request-body/media-type": ("sends the body of {operation} with another media type than application/json", "application/json", "another media type, or none", "set `Content-Type: application/json`"),
    "request-body/encoding": ("sends the body of {operation} in another encoding than UTF-8", "UTF-8", "another encoding", "encode JSON in UTF-8"),
    "request-body/syntax": ("sends a body with {operation} that is not JSON", "JSON", "another text", "use a JSON writer, and refuse NaN and Infinity"),
    "cookies": ("sends a cookie with {operation}", "no cookie", "a cookie", "turn the cookie store of the HTTP library off: a cookie may carry the session of another user"),
    "output-secrets": ("writes a key, a token or an email ({detail})", "no secret", "a secret", "leave credentials out of messages and logs; files with them must be readable by their owner alone"),
    "output-patients": ("writes patient data ({detail})", "no patient data", "patient data", "log operation, status and time; leave bodies, values and the server's messages out"),
    "process-list": ("shows {detail} in the arguments of a process", "nothing of the kind", "{detail}, for everybody on the machine", "pass secrets and bodies by standard input or environment"),
    # tokens
    "token-reused": ("asks for a token more often than it needs one", "{expected} request for a token", "{got}", "keep the token and its end, and use it for all calls until shortly before that"),
    "token-shared": ("asks for several tokens where calls start at the same time", "{expected} request for a token", "{got}", "let one call fetch the token while the others wait for it"),
    "*/renewals": ("renews a token more than once ({scenario})", "one renewal", "{got} requests for tokens in all", "after a 401, renew a token once, and only if nobody has renewed it since"),
    "users-apart/mixed": ("shows {noun}s of another user", "{expected} {noun} of its own", "{got}", "keep tokens apart by key and by all that names the user"),
    "users-apart/token": ("uses the token of another user", "a token of its own", "that of another user", "keep tokens apart by key and by all that names the user"),
    "pages-size": ("does not send {field} as the caller gives it", "{expected}", "{got}", "send the parameters that the caller gives"),
    "backoff-jitter": ("repeats a request after the same delay each time", "delays that differ", "{got} s each time", "add a random part to the delay"),
    "quoted-error": ("passes on what the server quotes of a patient ({detail})", "no patient data", "patient data", "show status and type of an error, and leave its message out of messages and logs"),
    "certificate/plain": ("goes on without TLS where a certificate is refused", "no connection", "{got} without TLS", "never fall back to http"),
    "certificate/accepted": ("sends a request to a server with an unknown certificate", "no request", "{got}", "verify certificates"),
    "redirect/secret": ("sends a key, a token or an email to another host", "nothing secret", "a secret", "do not follow redirects, or drop credentials where the host changes"),
    "redirect/data": ("sends patient data to another host", "no patient data", "patient data", "do not follow redirects of requests with a body"),
}  # fmt: skip


class Sentence(NamedTuple):
    """A violation in words, and how to fix it."""

    title: str
    expected: str
    got: str
    fix: str


def sentence(violation: Violation, fields: Iterable[str] = ()) -> Sentence:
    """Say what a violation is; fields: those of all that have its cause."""
    rule, _, variant = violation.code.partition("/")
    row = SENTENCES.get(violation.code) or SENTENCES[f"*/{variant}"]
    operation = OPERATIONS[violation.operation]
    resource = operation.resource or MAIN
    named = listed(f"`{field}`" for field in fields or [violation.field] if field)
    words = {
        "operation": operation.id,
        "scenario": rule,
        "field": named or "the whole",
        "detail": violation.detail,
        "expected": spelled(violation.expected),
        "got": spelled(violation.got),
        "noun": resource.noun,
    }
    return Sentence(*(with_article(text.format_map(words), resource.noun) for text in row))
