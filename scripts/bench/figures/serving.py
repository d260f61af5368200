"""Requests a second, durable and with validated responses: the sandbox, and usual servers."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

from scripts.bench import servers
from scripts.bench.measure import NotMeasuredError, interleave
from scripts.bench.table import Bound, Row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from typing import TypeAlias

    from scripts.bench.environments import Environments
    from scripts.bench.servers import Server

    Requests: TypeAlias = Callable[[Server], Sequence[Mapping[str, str]]]

REQUESTS: Final[Mapping[str, Requests]] = {"GET": servers.gets, "PATCH": servers.patches}
MUST: Final[Mapping[str, Mapping[str, Bound]]] = {
    "FastAPI, SQLAlchemy, aiosqlite": {"GET": Bound("≥", 6), "PATCH": Bound("≥", 12)},
    "FastAPI in memory": {"GET": Bound("≥", 2), "PATCH": Bound("≥", 1)},
    "Prism": {"GET": Bound("≥", 3), "PATCH": Bound("≥", 1.3)},
    "a bare ASGI constant": {"GET": Bound("≥", 0.5)},
}


def rows(environments: Environments, *, smoke: bool) -> Iterator[Row]:
    """Run all servers at the same time, and load one after the other."""
    seconds, rounds = (0, 1) if smoke else (3, 5)
    missing = dict[str, str]()
    with ExitStack() as stack:
        load = stack.enter_context(servers.load())
        running = {"ours": stack.enter_context(servers.sandbox(environments.ours("sandbox")))}
        for name, start in _peers(environments).items():
            try:
                running[name] = stack.enter_context(start())
            except NotMeasuredError as reason:
                missing[name] = str(reason)
        cases = [
            servers.case(load, f"{method} {name}", server, REQUESTS[method](server), seconds)
            for method in REQUESTS
            for name, server in running.items()
            if method in MUST.get(name, REQUESTS)
        ]
        medians = interleave(cases, rounds)
    for name, bounds in MUST.items():
        for method, must in bounds.items():
            figure = f"{method}, against {name}"
            if name in missing:
                yield Row.not_measured(figure, missing[name], must)
                continue
            ours, peer = medians[f"{method} ours"], medians[f"{method} {name}"]
            yield Row.of_ratio(
                figure,
                servers.cell(medians, f"{method} ours"),
                servers.cell(medians, f"{method} {name}"),
                ours / peer,
                must,
            )


def _peers(
    environments: Environments,
) -> dict[str, Callable[[], AbstractContextManager[Server]]]:
    return {
        "FastAPI, SQLAlchemy, aiosqlite": lambda: servers.fastapi(durable=True),
        "FastAPI in memory": lambda: servers.fastapi(durable=False),
        "Prism": lambda: servers.prism(environments.prism()),
        "a bare ASGI constant": servers.bare,
    }
