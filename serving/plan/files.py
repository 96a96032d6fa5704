"""Plans as files: saved as JSON, its roster as CSV, a workbook."""

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import orjson
import pandas as pd

from features.files.atomic import replace_file
from features.files.formula_escape import escape_formula_frame
from features.files.output_paths import output_fault
from serving.frame_file import FileError
from serving.plan.answer import PLAN_VERSION, Plan, RosterEntry
from serving.plan.plan_workbook import write_plan_workbook
from serving.plan.problem import PlanError
from serving.scoring.warning_texts import warning_sentences

ENDINGS = (".json", ".csv", ".xlsx")
PICTURE_ENDINGS = (".png", ".svg")
#: Bytes of a saved plan.
MOST_BYTES = 100_000_000


def check_outputs(outputs: Mapping[str, tuple[Path, tuple[str, ...]]], inputs: Mapping) -> None:
    """Raise FileError where a file cannot be written; `outputs`: what is written -> path and the
    endings that it may have; `inputs`: what is read -> its path.
    """
    for path, endings in outputs.values():
        if path.suffix not in endings:
            expected = ", ".join(endings)
            raise FileError(f"{str(path)!r} has an unknown ending: expected one of {expected}")
    paths = [path.resolve() for path, _ in outputs.values()]
    if len(set(paths)) < len(paths):
        raise FileError(f"{str(paths[0])!r} is named for two files: name each once")
    if fault := output_fault({what: path for what, (path, _) in outputs.items()}, inputs):
        raise FileError(fault)


def write_json(document: Mapping[str, Any], path: Path) -> None:
    """Write a plan, whole or not at all. Raises FileError."""
    content = orjson.dumps(document, option=orjson.OPT_INDENT_2)
    replace_whole(path, lambda beside: beside.write_bytes(content))


def write_plan(plan: Plan, path: Path) -> None:
    """Write a plan by the ending of the file: all of it, the roster, or a workbook. Raises
    FileError.
    """
    if path.suffix == ".json":
        write_json(plan, path)
    elif path.suffix == ".csv":
        frame = escape_formula_frame(roster_frame(plan))
        replace_whole(path, lambda beside: frame.to_csv(beside, index=False))
    else:
        replace_whole(path, lambda beside: write_plan_workbook(plan, beside))


def read_plan(path: Path) -> Plan:
    """Read a saved plan. Raises PlanError for what is none."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise PlanError(f"{str(path)!r} is too large for a plan")
        document = json.loads(path.read_bytes(), parse_constant=_refuse_constant)
    except (OSError, ValueError, RecursionError) as error:
        reason = getattr(error, "strerror", None) or error
        raise PlanError(f"{str(path)!r} cannot be read as a plan: {reason}") from None
    if not isinstance(document, dict) or document.get("plan_version") != PLAN_VERSION:
        raise PlanError(f"{str(path)!r} is no saved plan: make one by creatorcast plan --out")
    if missing := [name for name in Plan.__annotations__ if name not in document]:
        raise PlanError(f"{str(path)!r} is no whole plan: it lacks {missing[0]}")
    return document  # type: ignore[return-value]  # what was written as one


def roster_frame(plan: Plan) -> pd.DataFrame:
    """Return the roster as rows, amounts in the currency of the plan."""
    return pd.DataFrame([_roster_row(entry) for entry in plan["roster"]])


def _roster_row(entry: RosterEntry) -> dict[str, Any]:
    fee, figures = entry["fee"], entry["engagements"]
    plain = (
        "partnership_id",
        "creator_id",
        "name",
        "platform",
        "band",
        "niche",
        "format",
        "package",
    )
    parts = {part["name"]: part["amount"] for part in fee["parts"]}
    views = entry["views"] or {"p50": math.nan}
    return {
        **{name: entry[name] for name in plain},  # type: ignore[literal-required]
        "deliverables": entry["deliverables"],
        "fee": fee["total"],
        "fee_for_engagement": fee["for_engagement"],
        "fee_source": fee["source"],
        **parts,
        **{f"engagements_{name}": value for name, value in figures.items()},
        "views_p50": views["p50"],
        "cpe": entry["cpe"],
        "break_even_fee": entry["break_even_fee"],
        "adds": entry["adds"],
        "evidence": entry["evidence"],
        "sentence": entry["sentence"],
        "warnings": warning_sentences(entry["warnings"]),
    }


def replace_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file beside its place and move it there. Raises FileError."""
    try:
        replace_file(path, write)  # type: ignore[arg-type]
    except OSError as error:
        raise FileError(f"{str(path)!r} cannot be written: {error.strerror or error}") from error


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")
