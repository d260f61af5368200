from __future__ import annotations

import logging
from typing import Final

import httpx


class _HideQueries(logging.Filter):
    """Takes the query out of httpx's own log lines for our hosts: it can hold an email address."""

    def __init__(self) -> None:
        super().__init__()
        self.hosts: set[str] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(self._hide(value) for value in record.args)
        return True

    def _hide(self, value: object) -> object:
        if isinstance(value, httpx.URL) and value.host in self.hosts:
            return value.copy_with(query=None)
        return value


_filter: Final = _HideQueries()


def hide_queries(base_url: str) -> None:
    """Keep the queries of requests to this host out of httpx's log."""
    _filter.hosts.add(httpx.URL(base_url).host)
    logging.getLogger("httpx").addFilter(_filter)
