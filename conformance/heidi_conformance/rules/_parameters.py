"""Parameters in the query and in headers."""
# ruff: noqa: E501  # tables read better in rows

from heidi_conformance.contract._operations import PARAMETERS, Parameter
from heidi_conformance.contract._parameters import fits, in_header
from heidi_conformance.contract._schemas import Field, values_of
from heidi_conformance.evidence._history import paged, spelled
from heidi_conformance.run._probe import Probe
from heidi_conformance.run._resources import Resources, calls

from ._rule import Script, decided

ODD_TOKENS = ("%00", "%FF%FE", "x" * 2000, "%F0%9F%91%A8", "!!!", "%27", "e30%3D")


def unfit_parameters(probe: Probe) -> None:
    """Parameters that do not fit, or are missing although they are required."""
    for call in calls(probe, among=PARAMETERS):
        for parameter in call.operation.free:
            for text in (*wrong_texts(parameter), *([None] if parameter.required else [])):
                call.send(values={parameter.name: text})


def wrong_texts(parameter: Parameter) -> list[str]:
    """Return texts that are surely no value of a parameter, and that a header can carry."""
    values = values_of(Field(parameter.name, parameter.schema)).invalid
    texts = dict.fromkeys(map(spelled, values))
    sendable = (text for text in texts if text.isascii() and in_header(text))
    return [text for text in sendable if fits(parameter, [text]) is False]


def odd_queries(on: Resources) -> None:
    """Queries that crash a careless server."""
    operation = on.operations["list"]
    one, two, five = (paged(size, of=operation.id) for size in (1, 2, 5))
    tokens = (paged(page=text, of=operation.id) for text in ODD_TOKENS)
    sizes = (paged(text, of=operation.id) for text in ("%00", "%FF"))
    array = f"{operation.page.size}[]=1"
    for query in (*sizes, *tokens, f"{one}&{two}", "x=1&%=2&&=", array, f"{five}&x_unknown=1"):
        on.page(query=query)


RULES = (decided("parameters", "S7", PARAMETERS, "a parameter that does not fit is 422"),)
SCRIPTS = (
    Script(unfit_parameters, "strict", ("parameters", "message-names", "message-quotes", "error-shape")),
    Script(odd_queries, "strict", ("no-server-error", "declared-status"), ("list",), needs=("linked",), reads=True),
)  # fmt: skip
