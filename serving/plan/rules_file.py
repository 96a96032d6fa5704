"""Rules of a plan as people write them, in TOML or JSON, or in a request: read strictly, with the
place and the nearest known name of what is wrong.
"""

import json
import math
import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from features.tables.vocabulary import BAND_EDGES, EVIDENCE, NICHES, PLATFORMS, UNKNOWN
from serving.plan.fees import PART_NAMES, FeePart, FeePartError, parse_fee_part
from serving.plan.problem import PlanError
from serving.plan.rules import GROUP_KINDS, GroupLimits, Limits, PlanRules

#: Bytes of a file, creators named in one list, letters of a name.
MOST_BYTES, MOST_NAMES, LONGEST_NAME = 1_000_000, 10_000, 300
_SHARE = re.compile(r"(\d+(?:\.\d+)?)\s*%")
_GROUPS: dict[str, tuple[str, ...]] = {
    "platform": PLATFORMS,
    "niche": (*NICHES, UNKNOWN),
    "band": (*BAND_EDGES, UNKNOWN),
}
_LIMITS = ("min_creators", "max_creators", "min_share", "max_share")
RULE_NAMES = (
    "min_creators",
    "max_creators",
    "must_have",
    "exclude",
    "max_fee",
    "max_share",
    "least_authenticity",
    "least_evidence",
    "least_probability",
    "fee_parts",
    *GROUP_KINDS,
)


class RulesError(PlanError):
    """A rule that cannot be read: `where` it stands, `what` is wrong, `expected`: what is right."""

    def __init__(self, where: str, what: str, expected: str, source: str = ""):
        start = f"{source}: " if source else ""
        super().__init__(f"{start}{where} {what}: {expected}")
        self.where, self.what, self.expected = where, what, expected


def read_rules_file(path: Path, currency: str) -> PlanRules:
    """Read a TOML or JSON file of rules; `currency`: of its amounts. Raises RulesError."""
    source = str(path)
    try:
        if path.stat().st_size > MOST_BYTES:
            raise RulesError("the file", "is too large", f"at most {MOST_BYTES:,} bytes", source)
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise RulesError("the file", f"cannot be read: {reason}", "give another", source) from None
    try:
        document = _load_json(text) if path.suffix.lower() == ".json" else tomllib.loads(text)
    except (tomllib.TOMLDecodeError, ValueError, RecursionError) as error:
        kind = "JSON" if path.suffix.lower() == ".json" else "TOML"
        raise RulesError("the file", f"is no {kind}: {error}", "mend that place", source) from None
    try:
        return parse_rules(document, currency)
    except RulesError as error:
        raise RulesError(error.where, error.what, error.expected, source) from None


def parse_rules(document: object, currency: str, place: str = "") -> PlanRules:
    """Return the rules that a dict of plain values means; `currency`: of amounts; `place`: of the
    dict in a request. Raises RulesError.
    """
    reader = _Reader(place)
    given = reader.table("", document, RULE_NAMES)
    return PlanRules(
        Limits(
            reader.count("min_creators", given.get("min_creators")),
            reader.count("max_creators", given.get("max_creators")),
        ),
        tuple(group for kind in GROUP_KINDS for group in reader.groups(kind, given.get(kind))),
        reader.names("must_have", given.get("must_have")),
        reader.names("exclude", given.get("exclude")),
        reader.amount("max_fee", given.get("max_fee")),
        reader.largest_share("max_share", given.get("max_share")),
        reader.share("least_authenticity", given.get("least_authenticity")),
        reader.one_of("least_evidence", given.get("least_evidence"), EVIDENCE),
        reader.probability("least_probability", given.get("least_probability")),
        reader.fee_parts(given.get("fee_parts"), currency),
    )


def rules_json(rules: PlanRules) -> dict[str, Any]:
    """Return rules as a dict that `parse_rules` reads again."""
    given: dict[str, Any] = {**_limits_json(rules.creators)}
    for group in rules.groups:
        given.setdefault(group.kind, {})[group.value] = _limits_json(group.limits)
    given |= {"must_have": list(rules.must_have), "exclude": list(rules.exclude)}
    for name in RULE_NAMES[4:9]:
        given[name] = getattr(rules, name)
    given["fee_parts"] = {part.name: part.as_text() for part in rules.fee_parts}
    return {name: value for name, value in given.items() if value not in (None, [], {})}


def _limits_json(limits: Limits) -> dict[str, Any]:
    values = {name: getattr(limits, name) for name in _LIMITS}
    return {name: value for name, value in values.items() if value is not None}


def did_you_mean(name: str, known: Collection[str]) -> str:
    """Return a remedy for an unknown name.

    >>> did_you_mean("max_creaters", RULE_NAMES)
    'did you mean max_creators?'
    """
    near = get_close_matches(name[:40].lower(), known, 1, 0.5)
    return f"did you mean {near[0]}?" if near else f"expected one of {', '.join(known)}"


def _load_json(text: str) -> object:
    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in items]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"{name!r} stands twice")
        return dict(items)

    return json.loads(text, object_pairs_hook=pairs)


@dataclass
class _Reader:
    """Reads values; what is wrong of one is raised with its place, `start` before it."""

    start: str
    seen: set[str] = field(default_factory=set)

    def fault(self, where: str, what: str, expected: str) -> RulesError:
        return RulesError(".".join(filter(None, (self.start, where))) or "rules", what, expected)

    def table(self, where: str, value: object, known: Collection[str]) -> Mapping[str, Any]:
        """Return a table with known names; None is an empty one."""
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise self.fault(where, f"is {_shown(value)}", "a table of names and values")
        for name in value:
            if name not in known:
                place = f"{where}.{name}".strip(".")
                raise self.fault(place[:80], "is no known rule", did_you_mean(str(name), known))
        return value

    def groups(self, kind: str, value: object) -> list[GroupLimits]:
        """Return the limits of each platform, niche or band that a table names."""
        found = []
        for name, limits in self.table(kind, value, _GROUPS[kind]).items():
            where = f"{kind}.{name}"
            given = self.table(where, limits, _LIMITS)
            if not given:
                raise self.fault(where, "has no limit", f"some of {', '.join(_LIMITS)}")
            counts = [self.count(f"{where}.{one}", given.get(one)) for one in _LIMITS[:2]]
            shares = [self.share(f"{where}.{one}", given.get(one)) for one in _LIMITS[2:]]
            found.append(GroupLimits(kind, name, Limits(*counts, *shares)))
        return found

    def count(self, where: str, value: object) -> int | None:
        number = self._number(where, value, "a whole number of creators, such as 3")
        if number is None:
            return None
        if not number.is_integer() or not 0 <= number <= 1e6:
            raise self.fault(where, f"is {value}", "a whole number from 0 to 1,000,000")
        return int(number)

    def amount(self, where: str, value: object) -> float | None:
        number = self._number(where, value, "an amount such as 2500")
        if number is not None and not 0 < number <= 1e12:
            raise self.fault(where, f"is {value}", "an amount above 0, at most 1e12")
        return number

    def share(self, where: str, value: object) -> float | None:
        """Return a share: "40 %", or a fraction from 0 to 1."""
        expected = "a share such as '40 %', or 0.4"
        if isinstance(value, int | float) and not isinstance(value, bool) and 1 < value <= 100:
            expected = f"write '{value:g} %' or {value / 100:g}"
        if isinstance(value, str) and (match := _SHARE.fullmatch(value.strip())):
            value = float(match[1]) / 100
        number = self._number(where, value, expected)
        if number is not None and not 0 <= number <= 1:
            raise self.fault(where, f"is {value}", expected)
        return number

    def largest_share(self, where: str, value: object) -> float | None:
        number = self.share(where, value)
        if number == 0:
            raise self.fault(where, "is 0, which leaves nobody", "a share such as '40 %', or 0.4")
        return number

    def probability(self, where: str, value: object) -> float | None:
        number = self.share(where, value)
        if number is not None and not 0 < number < 1:
            raise self.fault(where, f"is {value}", "between 0 and 1, such as '80 %' or 0.8")
        return number

    def one_of(self, where: str, value: object, known: Collection[str]) -> str | None:
        if value is None:
            return None
        if not isinstance(value, str) or value not in known:
            raise self.fault(where, f"is {_shown(value)}", did_you_mean(str(value), known))
        return value

    def names(self, where: str, value: object) -> tuple[str, ...]:
        """Return ids or handles, each once."""
        if value is None:
            return ()
        rule = "a list of ids or handles, such as ['@anna', '@ben']"
        if not isinstance(value, list) or len(value) > MOST_NAMES:
            raise self.fault(where, f"is {_shown(value)}", rule)
        for number, name in enumerate(value):
            if not isinstance(name, str) or not 0 < len(name.strip()) <= LONGEST_NAME:
                raise self.fault(f"{where}[{number}]", f"is {_shown(name)}", "an id or a handle")
        return tuple(dict.fromkeys(name.strip() for name in value))

    def fee_parts(self, value: object, currency: str) -> tuple[FeePart, ...]:
        parts = []
        for name, text in self.table("fee_parts", value, PART_NAMES).items():
            try:
                part = parse_fee_part(name, text, currency)
            except FeePartError as error:
                what, _, expected = str(error).partition(": ")
                what = what.removeprefix(f"{name} ")
                raise self.fault(
                    f"fee_parts.{name}", what, expected or "see docs/plan.md"
                ) from None
            parts += [part] if part else []
        return tuple(parts)

    def _number(self, where: str, value: object, expected: str) -> float | None:
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.fault(where, f"is {_shown(value)}", expected)
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            raise self.fault(where, f"is {number}", expected)
        return number


def _shown(value: object) -> str:
    if isinstance(value, list | dict):
        return f"a {'list' if isinstance(value, list) else 'table'} of {len(value)}"
    return repr(value)[:60]
