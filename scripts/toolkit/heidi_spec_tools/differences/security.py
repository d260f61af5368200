"""Compare who may call: security schemes, and what operations demand of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from heidi_spec_tools.differences import words
from heidi_spec_tools.differences.changes import REQUEST, Findings, Place
from heidi_spec_tools.differences.contract import demands
from heidi_spec_tools.differences.notes import compare_notes
from heidi_spec_tools.nodes import as_object

if TYPE_CHECKING:
    from heidi_spec_tools.differences.contract import Demand
    from heidi_spec_tools.differences.source import Source

_IDENTITY: Final = ("type", "scheme", "in", "name", "openIdConnectUrl")
_ADDRESSES: Final = ("authorizationUrl", "tokenUrl", "refreshUrl")


class Security:
    """Compares the schemes that both documents use, and the demands of operations."""

    def __init__(self, old: Source, new: Source, findings: Findings) -> None:
        self.old, self.new, self.findings = old, new, findings
        self._olds, self._news = (_schemes(source) for source in (old, new))
        self._renamed = self._names()

    def _names(self) -> dict[str, str]:
        """Find the schemes that only have another name now."""
        come = {
            name: _identity(node) for name, node in self._news.items() if name not in self._olds
        }
        renamed: dict[str, str] = {}
        for old, node in self._olds.items():
            if old not in self._news:
                same = (name for name, identity in come.items() if identity == _identity(node))
                if (new := next(same, None)) is not None:
                    renamed[old] = new
                    del come[new]
        return renamed

    def compare_schemes(self) -> None:
        """Compare the schemes themselves; what demands them is said for each operation."""
        for old, one in self._olds.items():
            new = self._renamed.get(old, old)
            if new not in self._news:
                continue
            other = self._news[new]
            place, path = Place(None, REQUEST, f"`{new}`"), self.new.place(other)
            for keyword in _IDENTITY:
                before, after = (_comparable(node, keyword) for node in (one, other))
                if before != after:
                    said = {"name": new, "keyword": keyword, "old": before, "new": after}
                    here = place.showing({"const": {keyword: before}}, {"const": {keyword: after}})
                    self.findings.add("security-scheme-changed", here, path, **said)
            self.findings.take(compare_notes(one, other), place, path)
            self._flows(new, one, other, place, path)

    def _flows(
        self, name: str, one: dict[str, Any], other: dict[str, Any], place: Place, path: str
    ) -> None:
        olds, news = (as_object(node.get("flows")) for node in (one, other))
        for flow in {**olds, **news}:
            if flow.startswith("x-"):
                continue
            if flow not in olds or flow not in news:
                word = "added" if flow in news else "removed"
                here = place.showing(*({"enum": list(flows)} for flows in (olds, news)))
                self.findings.add(f"oauth-flow-{word}", here, path, name=name, old=flow, new=flow)
                continue
            before, after = as_object(olds[flow]), as_object(news[flow])
            for keyword in _ADDRESSES:
                if before.get(keyword) != after.get(keyword):
                    said: dict[str, Any] = {
                        "old": before.get(keyword),
                        "new": after.get(keyword),
                    }
                    here = place.showing(*({"const": {keyword: one}} for one in said.values()))
                    self.findings.add(
                        "security-scheme-changed", here, path, name=name, keyword=keyword, **said
                    )
            scopes, now = (as_object(node.get("scopes")).keys() for node in (before, after))
            for word, values in (("withdrawn", scopes - now), ("offered", now - scopes)):
                if values:
                    listed = words.scopes(values)
                    here = place.showing(*({"enum": sorted(some)} for some in (scopes, now)))
                    self.findings.add(f"scope-{word}", here, path, name=name, values=listed)

    def compare_operation(self, one: dict[str, Any], other: dict[str, Any], place: Place) -> None:
        """Compare what an operation demands."""
        olds = [
            {self._renamed.get(name, name): scopes for name, scopes in demand.items()}
            for demand in demands(self.old, one)
        ]
        news = demands(self.new, other)
        place = place.at("security")
        path = self.new.place(other)
        gone = [old for old in olds if not any(_within(new, old) for new in news)]
        come = [new for new in news if not any(_within(old, new) for old in olds)]
        if not all(olds) and gone:
            self.findings.add("security-added", place, path, new=_either(news))
            come = [new for new in come if new]
        elif not all(news) and come:
            self.findings.add("security-dropped", place, path, old=_either(olds))
        else:
            for demand in gone:
                self._tightened(demand, news, place, path)
            for demand in come:
                self._loosened(demand, olds, place, path)

    def _tightened(self, old: Demand, news: list[Demand], place: Place, path: str) -> None:
        closest = next((new for new in news if old.keys() <= new.keys()), None)
        if closest is None:
            self.findings.add("security-alternative-removed", place, path, old=_all(old))
        elif closest.keys() > old.keys():
            said = {"new": _named(closest.keys() - old.keys()), "old": _all(old)}
            self.findings.add("security-scheme-demanded", place, path, **said)
        self._scopes("demanded", old, closest or {}, place, path)

    def _loosened(self, new: Demand, olds: list[Demand], place: Place, path: str) -> None:
        closest = next((old for old in olds if new.keys() <= old.keys()), None)
        if closest is None:
            self.findings.add("security-alternative-added", place, path, new=_all(new))
        elif closest.keys() > new.keys():
            said = {"new": _all(new), "old": _all(closest)}
            self.findings.add("security-scheme-waived", place, path, **said)
        self._scopes("waived", new, closest or {}, place, path)

    def _scopes(self, word: str, less: Demand, more: Demand, place: Place, path: str) -> None:
        for name in sorted(less.keys() & more.keys()):
            if extra := more[name] - less[name]:
                said = words.scopes(extra)
                self.findings.add(f"scope-{word}", place, path, name=name, values=said)


def _schemes(source: Source) -> dict[str, dict[str, Any]]:
    components = as_object(source.root.get("components"))
    return {
        name: source.resolve(node)
        for name, node in as_object(components.get("securitySchemes")).items()
    }


def _comparable(node: dict[str, Any], keyword: str) -> Any:
    value = node.get(keyword)
    folded = keyword == "scheme" or (keyword == "name" and node.get("in") == "header")
    return value.casefold() if folded and isinstance(value, str) else value


def _identity(node: dict[str, Any]) -> tuple[Any, ...]:
    return (*(_comparable(node, keyword) for keyword in _IDENTITY), node.get("flows"))


def _within(less: Demand, more: Demand) -> bool:
    """Say whether fulfilling the second fulfils the first."""
    return all(name in more and scopes <= more[name] for name, scopes in less.items())


def _named(names: Any) -> str:
    return words.join([f"`{name}`" for name in sorted(names)], "and")


def _all(demand: Demand) -> str:
    return _named(demand) or "no proof"


def _either(listed: list[Demand]) -> str:
    return words.join([_all(demand) for demand in listed if demand], "or")
