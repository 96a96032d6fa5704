"""Every warning that the code can give has a sentence for people, the same as in the docs."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from serving.scoring.warning_texts import DOUBTS, TRACK_WARNING_TEXTS, WARNING_TEXTS

ROOT = Path(__file__).parents[1]
CODE = re.compile("[a-z]+(_[a-z]+)+")
#: Functions that return warnings by name, and names of what keeps warnings.
MAKES_WARNINGS, KEEPS_WARNINGS = re.compile("warning|flags"), re.compile("warnings?|flags")


def warning_codes(tree: ast.Module) -> set[str]:
    """The codes that a module gives as warnings: keys of the dicts of functions that make them, and
    what is put into a variable or argument that keeps them.
    """
    constants = {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    found = [constants[node.id] if isinstance(node, ast.Name) else node.value
             for node in _warning_nodes(tree)
             if isinstance(node, ast.Constant) or getattr(node, "id", None) in constants]  # fmt: skip
    return {one for one in found if isinstance(one, str) and CODE.fullmatch(one)}


def _warning_nodes(tree: ast.Module) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and MAKES_WARNINGS.search(node.name):
            for inner in ast.walk(node):
                if isinstance(inner, ast.Dict):
                    yield from filter(None, inner.keys)
                if isinstance(inner, ast.Assign):
                    yield from (
                        one.slice for one in inner.targets if isinstance(one, ast.Subscript)
                    )
        elif (
            isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign) and node.value is not None
        ):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(KEEPS_WARNINGS.search(ast.unparse(one).lower()) for one in targets):
                yield from (one.slice for one in targets if isinstance(one, ast.Subscript))
                yield from _elements(node.value)
        elif isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            if re.search(r"warnings?\.append$", called) or called == "_named":
                yield from node.args
            if called == "TrackedPost":
                for argument in node.args:
                    yield from _elements(argument)


def _elements(value: ast.expr) -> Iterator[ast.expr]:
    for node in ast.walk(value):
        if isinstance(node, ast.Dict):
            yield from filter(None, [*node.keys, *node.values])
        if isinstance(node, ast.Tuple | ast.List):
            yield from node.elts


def test_every_warning_has_a_sentence():
    trees = [
        ast.parse(path.read_text(encoding="utf-8"))
        for folder in ("features", "ingest", "models", "serving")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if path.name != "warning_texts.py"
    ]
    texts = WARNING_TEXTS | TRACK_WARNING_TEXTS
    codes = {code for tree in trees for code in warning_codes(tree)}
    assert codes - set(texts) == set()
    assert len(codes) > 40
    words = {
        node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant)
    }
    # the others are made of a kind and a name: no_curve_of_..., ..._not_used
    made = {"no_curve_of_engagements", "no_curve_of_views", "fee_usd_not_used"}
    assert set(texts) - words == made


@pytest.mark.parametrize("text", [*WARNING_TEXTS.values(), *TRACK_WARNING_TEXTS.values()])
def test_a_sentence_is_one_for_people(text):
    assert re.fullmatch(r"[A-Z].*\.", text)
    assert not re.search(r"\w_\w", text)


def test_the_docs_say_of_every_warning_of_track_what_the_report_says():
    text = (ROOT / "docs" / "track.md").read_text(encoding="utf-8")
    told = {}
    for codes, meaning in re.findall(
        r"^\| (`.*?`) \| ([^|]*?) \|", text.split("| warning |")[1], re.M
    ):
        told |= dict.fromkeys(re.findall(r"`(\w+)`", codes), meaning)
    starter = told.pop("starter_model")
    assert told == TRACK_WARNING_TEXTS
    assert "published figures" in starter


def test_doubts_are_warnings():
    assert set(DOUBTS) <= WARNING_TEXTS.keys()
