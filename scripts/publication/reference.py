"""The two references: Redoc's, made to be read, and Scalar's, with a console against a sandbox.

Beside their bundles, that of lunr, which searches the site.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from heidi_spec_tools.documents import DocumentError, Json

from scripts.publication.markdown import LANGUAGES
from scripts.publication.operations import operations
from scripts.publication.provenance import KEY
from scripts.publication.requests import base_url
from scripts.publication.samples import as_extension

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MODULES: Final = Path("scripts/node/node_modules")
REDOC: Final = MODULES / "redoc/bundles/redoc.standalone.js"
REDOC_LICENCE: Final = MODULES / "redoc/bundles/redoc.standalone.js.LICENSE.txt"
# The package of the reference itself brings 287 MB along; this one holds the bundle alone.
SCALAR: Final = MODULES / "@scalar/fastify-api-reference/dist/js/standalone.js"
SCALAR_LICENCE: Final = MODULES / "@scalar/fastify-api-reference/LICENSE"
LUNR: Final = MODULES / "lunr/lunr.min.js"
LUNR_LICENCE: Final = MODULES / "lunr/LICENSE"

CHANGES: Final = {
    # The only address that it loads by itself; without an image it shows only its name.
    "https://cdn.redoc.ly/redoc/logo-mini.svg": "data:,",
    # The colour of patterns, which no theme can set.
    "#0e7c86": "var(--pattern)",
}
"""What is replaced in the bundle of Redoc, once each."""

FONT: Final = "system-ui, sans-serif"

REDOC_OPTIONS: Final = {
    "disableSearch": True,
    "expandResponses": "200",
    "hideDownloadButtons": True,
    "jsonSamplesExpandLevel": 4,
    "payloadSampleIdx": len(LANGUAGES),  # behind the code
    "schemaDefinitionsTagName": "Schemas",
    "schemasExpansionLevel": 1,
    "scrollYOffset": "#top",
    "showExtensions": [KEY],
}

TYPOGRAPHY: Final = {"fontFamily": FONT, "headings": {"fontFamily": FONT}}

REDOC_THEMES: Final = {
    "light": {
        "colors": {
            "primary": {"main": "#0b6285"},
            "text": {"primary": "#1b2733", "secondary": "#4f5f6d"},
        },
        "typography": TYPOGRAPHY | {"code": {"color": "#8b1d6b"}},
        "rightPanel": {"backgroundColor": "#0f2f3f"},
    },
    "dark": {
        "colors": {
            "primary": {"main": "#6cc5ea"},
            "success": {"main": "#7ddba8"},
            "error": {"main": "#ff9f92"},
            "text": {"primary": "#dfe7ed", "secondary": "#a3b3bf"},
            "border": {"dark": "#2c3b47", "light": "#2c3b47"},
            "responses": {
                "success": {"color": "#7ddba8", "tabTextColor": "#7ddba8"},
                "error": {"color": "#ff9f92", "tabTextColor": "#ff9f92"},
            },
        },
        "schema": {
            "nestedBackground": "#18232c",
            "linesColor": "#55788a",
            "typeNameColor": "#a3b3bf",
            "typeTitleColor": "#a3b3bf",
            "requireLabelColor": "#ff9f92",
        },
        "sidebar": {
            "backgroundColor": "#18232c",
            "textColor": "#dfe7ed",
        },
        "typography": TYPOGRAPHY
        | {
            "code": {"color": "#ee9ad0", "backgroundColor": "#18232c"},
            "links": {"color": "#6cc5ea", "visited": "#6cc5ea", "hover": "#a8dff7"},
        },
        "rightPanel": {"backgroundColor": "#0b1116"},
    },
}

SCALAR_STYLES: Final = """
.light-mode {
  --scalar-color-2: #4f5f6d; --scalar-color-3: #5b6975;
  --scalar-color-green: #0a6640; --scalar-color-blue: #0b5a94; --scalar-color-orange: #8a4510;
  --scalar-color-yellow: #7a5200; --scalar-color-red: #a3291b; --scalar-color-purple: #5a3d8f;
}
.dark-mode { --scalar-color-2: #b4c0c9; --scalar-color-3: #9aabb8; }
.client-libraries-list button:not([role=tab]) { display: none; }
"""
"""Darker and lighter than Scalar's own, so that small words can be read; and of its list of
languages the tabs alone, without the button beside them."""

OTHER_LANGUAGES: Final = (
    "c clojure csharp dart fsharp go http java kotlin objc ocaml php powershell r ruby rust swift"
).split()
"""What Scalar could show samples in as well; without them, the rest fits into its tabs."""

SCALAR_OPTIONS: Final = {
    "agent": {"disabled": True},
    "customCss": SCALAR_STYLES,
    "defaultHttpClient": {"targetKey": "shell", "clientKey": "curl"},
    "documentDownloadType": "none",
    "hiddenClients": dict.fromkeys(OTHER_LANGUAGES, True),
    "hideClientButton": True,
    "hideDarkModeToggle": True,
    "mcp": {"disabled": True},
    "persistAuth": False,
    "proxyUrl": "",
    "showDeveloperTools": "never",
    "telemetry": False,
    "theme": "default",
    "withDefaultFonts": False,
}


CONSOLE_DESCRIPTION: Final = """\
What the sandbox serves: the operations as the vendor describes them, and our decisions wherever
the vendor is silent.

1. Open *Authentication*, *Issue a token*, *Test Request*. Give the key that the sandbox prints,
   an email and an id.
2. Copy the token from the response, and paste it as *Bearer Token*.
3. Test any other request.
"""


INTRODUCTION: Final = """
Each region has a [base URL](index.html#base-urls-and-regions). Every request but *Issue a token*
needs a token: [Authentication](authentication.html). What can go wrong is in [Errors](errors.html),
how to read a long list in [Pagination](pagination.html), and which document to take, as YAML or
JSON, on [the first page](index.html#which-openapi-document-to-take).

The samples take the base URL and the key from the environment, and those in Python the user too:
`heidi-sandbox env` prints them all. The samples in curl and TypeScript need a `token`: that of
*Issue a token* gets one. [Getting started](getting-started.html) goes through it step by step.
"""


def kind(schema: Mapping[str, Any]) -> str:
    """Say in a few words of Markdown what a schema is, with links to schemas that have a name."""
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    choices = schema.get("oneOf", schema.get("anyOf", ()))
    if choices:
        return " or ".join(dict.fromkeys(map(kind, choices)))
    types = schema.get("type", "anything")
    named = [types] if isinstance(types, str) else types
    said = [f"array of {kind(schema.get('items', {}))}" if n == "array" else n for n in named]
    return " or ".join(said) + (f" ({schema['format']})" if "format" in schema else "")


def bundles(root: Path) -> dict[str, str]:
    """Return the bundles, changed where they would call other hosts, and their licences.

    Raises:
        DocumentError: a bundle is missing or has changed.
    """
    redoc = _read(root, REDOC)
    for old, new in CHANGES.items():
        if redoc.count(old) != 1:
            raise DocumentError(f"{REDOC}: does not hold {old} once; look at what it has instead")
        redoc = redoc.replace(old, new)
    return {
        "assets/redoc.js": redoc,
        "assets/redoc.LICENSE.txt": _read(root, REDOC_LICENCE),
        "assets/scalar.js": _read(root, SCALAR),
        "assets/scalar.LICENSE.txt": _read(root, SCALAR_LICENCE),
        "assets/lunr.js": _read(root, LUNR),
        "assets/lunr.LICENSE.txt": _read(root, LUNR_LICENCE),
    }


def settings(
    complete: Mapping[str, Any],
    sandbox: Mapping[str, Any],
    calls: Mapping[str, Mapping[str, str]],
) -> dict[str, str]:
    """Return the scripts that tell each bundle what to draw.

    Args:
        complete: the document of the reference.
        sandbox: the document of the console.
        calls: a call of each operation, by language.
    """
    shown: Any = _with_readable_provenance(dict(complete))
    about, gap, origin = shown["info"]["description"].partition("\n\n")
    shown["info"]["description"] = f"{about}\n{INTRODUCTION}{gap}{origin}"
    for each in operations(shown):
        each.value["x-codeSamples"] = as_extension(calls[each.request])
    served = copy.deepcopy(dict(sandbox))
    served["info"]["description"] = CONSOLE_DESCRIPTION
    where = "The sandbox, on your own machine."
    served["servers"] = [{"url": base_url(sandbox), "description": where}]
    for parameter in _parameters(served):
        # Scalar would show them as a list instead of an input field.
        parameter.get("schema", {}).pop("examples", None)
    return {
        "assets/reference-data.js": _script(
            document=shown,
            options=REDOC_OPTIONS,
            themes=REDOC_THEMES,
        ),
        "assets/console-data.js": _script(document=served, options=SCALAR_OPTIONS),
    }


def _parameters(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for item in document["paths"].values():
        holders: list[Any] = [item, *(child for child in item.values() if isinstance(child, dict))]
        for holder in holders:
            yield from holder.get("parameters", [])


def _script(**data: Any) -> str:
    return f"window.heidi = {json.dumps(data, ensure_ascii=False)};\n"


def _with_readable_provenance(node: Json) -> Json:
    """Turn each `x-provenance` into one line, since Redoc shows an extension as it is."""
    if isinstance(node, list):
        return [_with_readable_provenance(child) for child in node]
    if not isinstance(node, dict):
        return node
    shown = {key: _with_readable_provenance(child) for key, child in node.items()}
    if isinstance(provenance := node.get(KEY), dict):
        shown[KEY] = ", ".join(map(str, provenance.values()))
    return shown


def _read(root: Path, path: Path) -> str:
    if not (root / path).exists():
        raise DocumentError(f"{path}: is not installed; run `make tools`")
    return (root / path).read_text(encoding="utf-8")
