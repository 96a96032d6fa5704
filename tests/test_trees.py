import logging
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import lightgbm as lgb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import models.booster_engine
from models.booster_engine import TOLERANCE, BoosterSet, EngineError, as_float32
from models.booster_text import booster_text, check_booster, constant_booster
from models.tree_model import TreeModel, TreeModelError

COLUMNS, EDGE = 6, 0.6931471805599453


def fitted(seed=0, trees=20, unknown=0.2, categorical=(), **settings):
    """Train on six columns: unknown values in the first three, counts as logarithms in the fourth."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(600, COLUMNS))
    x[:, 3] = np.log1p(random.integers(0, 9, 600))
    x[:, 4] = random.integers(0, 4, 600)
    y = (
        x[:, 0]
        + x[:, 1] * x[:, 2]
        + x[:, 3]
        + (x[:, 4] == 2)
        + np.where(random.random(600) < 0.5, 3.0, 0.0)
    )
    gone = random.random((600, 3)) < unknown
    y[gone[:, 0]] += 2 * (seed % 2) - 1  # unknown is large in one booster and small in another
    x[:, :3][gone] = np.nan
    parameters = {
        "objective": "regression_l1",
        "num_leaves": 15,
        "num_threads": 1,
        "verbosity": -1,
        "seed": seed,
    }
    data = lgb.Dataset(x, y, categorical_feature=list(categorical))
    return lgb.train({**parameters, "min_data_in_leaf": 5, **settings}, data, trees)


def booster(*arguments, **settings):
    return TreeModel(booster_text(fitted(*arguments, **settings)))


@pytest.fixture(scope="module")
def boosters():
    return booster(0), booster(1)


@pytest.fixture(scope="module")
def fast(boosters):
    pytest.importorskip("daal4py")
    return BoosterSet(boosters, "daal4py", threads=1)


def reference_rows(boosters, rows):
    return models.booster_engine.probe_rows([b.dump() for b in boosters], rows)


def splits(tree_booster, name):
    trees = [tree["tree_structure"] for tree in tree_booster.dump()["tree_info"]]
    return {node[name] for tree in trees for node in models.booster_engine._splits(tree)}


def test_a_set_gives_what_its_trees_give(boosters):
    x = as_float32(reference_rows(boosters, 50))
    expected = np.column_stack([b.predict(x, 1) for b in boosters])
    np.testing.assert_array_equal(BoosterSet(boosters, threads=1).predict(x), expected)


@pytest.mark.parametrize("rows", [1, 300])
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_a_tree_model_gives_what_the_fitted_booster_gives(boosters, rows, kind):
    x = reference_rows(boosters, rows).astype(kind)
    stopped = fitted(2)
    stopped.best_iteration = 7
    for each, kept in ((fitted(0), 20), (stopped, 7)):
        trees = pickle.loads(pickle.dumps(TreeModel(booster_text(each))))
        assert trees.trees == kept
        assert trees.predict(x, 1).tolist() == each.predict(x, num_threads=1).tolist()
        assert trees.predict(np.asfortranarray(x), 0).tolist() == trees.predict(x, 1).tolist()
        shap = trees.contributions(x, 1)
        assert shap.tolist() == each.predict(x, pred_contrib=True, num_threads=1).tolist()
        assert shap.sum(axis=1) == pytest.approx(trees.predict(x, 1))


def test_a_tree_model_tells_what_lightgbm_tells_of_its_splits(boosters):
    for trees in boosters:
        known = lgb.Booster(model_str=trees.text)
        assert trees.dump() | {"pandas_categorical": None} == known.dump_model()
        assert trees.split_counts().tolist() == known.feature_importance("split").tolist()
        assert trees.gains().tolist() == known.feature_importance("gain").tolist()


def test_what_lightgbm_cannot_read_or_evaluate_is_an_error(boosters):
    with pytest.raises(TreeModelError, match=r"a matrix of \(3, 5\) for trees on 6 columns"):
        boosters[0].predict(np.zeros((3, COLUMNS - 1)), 1)
    with pytest.raises(TreeModelError, match="doesn't specify the number of classes"):
        TreeModel("no trees")


def test_a_constant_booster_is_sound_and_0_everywhere(boosters):
    text = constant_booster(COLUMNS)
    check_booster(text, COLUMNS)
    trees = TreeModel(text)
    assert trees.predict(reference_rows(boosters, 9), 1).tolist() == [0.0] * 9
    assert (trees.trees, trees.split_counts().tolist()) == (1, [0.0] * COLUMNS)


def test_daal4py_is_equal_on_all_that_can_happen_to_a_value(boosters, fast):
    assert fast.engine == "daal4py"
    assert {kind for b in boosters for kind in splits(b, "missing_type")} == {"NaN", "None"}
    assert {side for b in boosters for side in splits(b, "default_left")} == {True, False}
    x = reference_rows(boosters, 5_000)
    extremes = [
        0.0,
        -0.0,
        1e-35,
        -1e-35,
        1e-38,
        -1e-38,
        3e38,
        -3e38,
        1e300,
        np.inf,
        -np.inf,
        np.nan,
    ]
    x[: len(extremes) * COLUMNS] = np.nan_to_num(x[: len(extremes) * COLUMNS])
    for row, (column, value) in enumerate((c, v) for c in range(COLUMNS) for v in extremes):
        x[row, column] = value
    np.testing.assert_allclose(
        fast.predict(x), BoosterSet(boosters, threads=1).predict(x), rtol=0, atol=TOLERANCE
    )


def test_a_value_at_a_threshold_goes_left_and_the_next_float_right():
    pytest.importorskip("daal4py")
    x = np.repeat([[0.0], [2 * EDGE]], 50, axis=0)
    parameters = {
        "min_data_in_leaf": 1,
        "num_threads": 1,
        "verbosity": -1,
        "objective": "regression",
    }
    stump = TreeModel(
        booster_text(lgb.train(parameters, lgb.Dataset(x, np.repeat([0.0, 1.0], 50)), 1))
    )
    (threshold,) = splits(stump, "threshold")
    down = models.booster_engine._down(threshold)
    asked = np.array([[down], [np.nextafter(down, np.float32(9))]])
    for engine in ("lightgbm", "daal4py"):
        low, high = BoosterSet([stump], engine).predict(asked)[:, 0]
        assert low < 0.5 < high


@settings(max_examples=20)
@given(st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_rows_are_answered_alike_alone_and_together(fast, size, seed):
    x = reference_rows(fast.boosters, 40)[np.random.default_rng(seed).permutation(40)]
    together = fast.predict(x)
    parts = [fast.predict(x[at : at + size]) for at in range(0, 40, size)]
    np.testing.assert_array_equal(np.concatenate(parts), together)


def test_threads_share_the_trees(fast):
    x = reference_rows(fast.boosters, 4_000)
    expected = fast.predict(x)
    with ThreadPoolExecutor(2) as pool:
        for found in pool.map(fast.predict, [x] * 6):
            np.testing.assert_array_equal(found, expected)


def test_trees_without_a_split_are_converted():
    pytest.importorskip("daal4py")
    flat = booster(trees=3, min_data_in_leaf=600)
    assert not splits(flat, "threshold")
    found = BoosterSet([flat], "daal4py").predict(np.zeros((2, COLUMNS)))
    np.testing.assert_allclose(
        found, BoosterSet([flat]).predict(np.zeros((2, COLUMNS))), atol=TOLERANCE
    )


def test_an_engine_that_differs_is_left_alone(boosters, monkeypatch, caplog):
    pytest.importorskip("daal4py")
    honest = models.booster_engine._Converted.predict
    monkeypatch.setattr(
        models.booster_engine._Converted, "predict", lambda self, x: honest(self, x) + 1
    )
    with caplog.at_level(logging.WARNING):
        trees = BoosterSet(boosters, "auto")
    assert (trees.engine, len(caplog.messages)) == ("lightgbm", 1)
    assert "daal4py cannot: it differs by 1.0e+00 on reference rows" in caplog.text
    x = reference_rows(boosters, 10)
    np.testing.assert_array_equal(trees.predict(x), BoosterSet(boosters).predict(x))
    with pytest.raises(EngineError, match="'daal4py' cannot be used: it differs by 1"):
        BoosterSet(boosters, "daal4py")


def test_a_machine_without_daal4py_takes_lightgbm(boosters, monkeypatch, caplog):
    monkeypatch.setitem(sys.modules, "daal4py", None)
    assert BoosterSet(boosters, "auto").engine == "lightgbm"
    assert "it is not installed (pip install 'creatorcast[fast]')" in caplog.text
    with pytest.raises(EngineError, match="is not installed"):
        BoosterSet(boosters, "daal4py")


def test_categorical_splits_stay_with_lightgbm(caplog):
    pytest.importorskip("daal4py")
    assert (
        BoosterSet(
            [booster(categorical=[4], max_cat_to_onehot=1, min_data_per_group=5)], "auto"
        ).engine
        == "lightgbm"
    )
    assert "the trees have categorical splits or linear leaves" in caplog.text


def test_other_engines_are_refused(boosters):
    with pytest.raises(
        EngineError, match="'onnx' is no engine: expected one of auto, lightgbm, daal4py"
    ):
        BoosterSet(boosters, "onnx")


def test_lightgbm_alone_never_imports_daal4py():
    code = "import sys, models.forecast, models.booster_engine; sys.exit('daal4py' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
