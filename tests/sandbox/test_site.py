"""Everything that the sandbox serves beside the API: health, documents, and the reference page."""

import asyncio
import base64
import hashlib
import re
from html.parser import HTMLParser

import heidi_spec
import httpx
import pytest
import yaml
from heidi_sandbox import Sandbox, _site, serving
from heidi_sandbox._chaos import GRAMMAR
from heidi_sandbox._document import read_document
from heidi_sandbox._site import render
from heidi_sandbox._sqlite import SqliteStore

from tests.sandbox.api import TRUST, error_of

PATHS = ("/", "/healthz", "/openapi.json", "/openapi.yaml", "/readyz")


def fetch(sandbox: Sandbox, path: str, method: str = "GET") -> httpx.Response:
    return httpx.request(method, httpx.URL(sandbox.url).join(path), verify=TRUST)


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_and_readiness_need_no_token(sandbox: Sandbox, path: str) -> None:
    response = fetch(sandbox, path)
    assert (200, {"status": "ok"}) == (response.status_code, response.json())


@pytest.mark.parametrize("path", PATHS)
def test_a_page_can_only_be_read(sandbox: Sandbox, path: str) -> None:
    head = fetch(sandbox, path, "HEAD")
    assert (200, b"") == (head.status_code, head.content)
    assert fetch(sandbox, path).headers["content-length"] == head.headers["content-length"]
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        response = fetch(sandbox, path, method)
        assert (405, "MethodNotAllowedError") == error_of(response)
        assert "GET, HEAD" == response.headers["allow"]


def test_a_store_that_does_not_respond_in_time_is_not_ready(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def hang(*_: object) -> None:
        await asyncio.sleep(60)

    monkeypatch.setattr(SqliteStore, "ping", hang)
    monkeypatch.setattr(_site, "_PATIENCE", 0.05)
    with serving() as sandbox:
        assert (503, "StoreUnavailableError") == error_of(fetch(sandbox, "/readyz"))
        assert 200 == fetch(sandbox, "/healthz").status_code


@pytest.mark.parametrize(
    ("path", "media_type"),
    [("/openapi.json", "application/json"), ("/openapi.yaml", "application/yaml")],
)
def test_the_document_is_the_strict_one_with_the_sandbox_as_its_first_server(
    sandbox: Sandbox, path: str, media_type: str
) -> None:
    response = fetch(sandbox, path)
    assert media_type == response.headers["content-type"]
    served = yaml.safe_load(response.text)
    first, *rest = served["servers"]
    assert sandbox.url == first["url"]
    assert heidi_spec.load("strict") == {**served, "servers": rest}


class Page(HTMLParser):
    """The reference page, taken apart."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[dict[str, str | None]] = []
        self.tags: list[str] = []
        self.style = ""
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes.append(dict(attrs))
        if tag not in {"meta", "link", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert tag == self.open.pop()
        self.text += "\n" if tag in {"p", "span", "td", "th"} else ""

    def handle_data(self, data: str) -> None:
        if self.open[-1:] == ["style"]:
            self.style += data
        else:
            self.text += data

    def values(self, attribute: str) -> list[str]:
        return [one[attribute] or "" for one in self.attributes if attribute in one]


@pytest.fixture(scope="module")
def response(sandbox: Sandbox) -> httpx.Response:
    return fetch(sandbox, "/")


@pytest.fixture(scope="module")
def page(response: httpx.Response) -> Page:
    assert "text/html; charset=utf-8" == response.headers["content-type"]
    return Page(response.text)


def test_the_page_names_every_operation_parameter_status_and_schema(page: Page) -> None:
    strict = heidi_spec.load("strict")
    for path, item in strict["paths"].items():
        for method, node in item.items():
            if method not in {"get", "post", "patch"}:
                continue
            assert f"{method.upper()}\n {path}" in page.text
            assert node["operationId"] in page.values("id")
            for parameter in node.get("parameters", []):
                assert parameter["name"] in page.text
            for status in node["responses"]:
                assert status in page.text
    for name, schema in strict["components"]["schemas"].items():
        assert f"schema-{name}" in page.values("id")
        for prop in schema.get("properties", {}):
            assert prop in page.text
    assert "GET\n /jwt" in page.text


def test_the_page_names_the_decisions_that_narrow_an_operation(page: Page) -> None:
    assert {"S8", "S15", "S21"} <= set(re.findall(r"\bS\d+\b", page.text))


def test_every_link_of_the_page_has_a_target(sandbox: Sandbox, page: Page) -> None:
    for link in page.values("href"):
        if link.startswith("#"):
            assert link[1:] in page.values("id")
        elif link != "data:,":
            assert 200 == fetch(sandbox, link).status_code


def test_ids_of_the_page_are_unique_and_every_element_is_closed(page: Page) -> None:
    assert len(set(page.values("id"))) == len(page.values("id"))
    assert [] == page.open


def test_the_page_loads_nothing_and_runs_no_script(response: httpx.Response, page: Page) -> None:
    policy = dict(
        part.strip().split(" ", 1)
        for part in response.headers["content-security-policy"].split(";")
    )
    digest = base64.b64encode(hashlib.sha256(page.style.encode()).digest()).decode()
    assert "'none'" == policy.pop("default-src")
    assert f"'sha256-{digest}'" == policy.pop("style-src")
    assert {"'none'"} == set(policy.values())
    assert not {"script", "img", "iframe", "form"} & set(page.tags)
    assert [] == page.values("src") + page.values("style")
    assert not [name for one in page.attributes for name in one if name.startswith("on")]
    assert "url(" not in page.style
    assert "@import" not in page.style


def test_the_page_says_how_to_get_a_token_of_this_server(sandbox: Sandbox, page: Page) -> None:
    assert f"{sandbox.url}/jwt" in page.text
    assert sandbox.api_key not in page.text
    assert GRAMMAR in page.text


def test_html_in_a_document_is_escaped() -> None:
    nasty = "<script>alert(1)</script><img src=x> **bold** [x](javascript:alert(1))"
    node = {
        "operationId": "a",
        "summary": nasty,
        "description": nasty,
        "responses": {"200": {"description": nasty}},
    }
    document = read_document(
        {
            "info": {"title": nasty, "version": nasty, "description": nasty},
            "servers": [{"url": "/"}],
            "paths": {"/x": {"get": node}},
            "components": {"schemas": {"A": {"description": nasty, "enum": [nasty]}}},
        }
    )
    page = Page(render(document, nasty))
    assert not {"script", "img"} & set(page.tags)
    assert not [link for link in page.values("href") if link.startswith("javascript")]
