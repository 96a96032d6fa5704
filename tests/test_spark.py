"""The registered model as a function of Spark, where Java and pyspark are (docs/registered_model.md)."""

import json
import shutil
import sys

import numpy as np
import pandas as pd
import pytest

from models.champion import champion_folder
from serving.registered_model.model import PartnershipModel
from serving.registered_model.packaging import model_packaging

pyspark = pytest.importorskip("pyspark", reason="pyspark is not installed: make test-spark")
if shutil.which("java") is None:
    pytest.skip("Spark needs Java: apt-get install default-jre-headless", allow_module_level=True)

PARAMS = {"as_of": "2026-11-01T00:00:00Z", "quantiles": [0.1, 0.5, 0.9]}
POST = {
    "posted_at": "2026-09-02T18:00:00Z",
    "observed_at": "2026-10-20T00:00:00Z",
    "likes": 1420,
    "comments": 40,
}
ROWS = [
    {"row": 0, "platform": "tiktok", "followers": 120_000, "avg_views": 64_000.0, "fee_usd": 900.0},
    {"row": 1, "platform": "instagram", "followers": 48_000, "start_at": "2026-11-20T09:00:00Z"},
    {"row": 2, "platform": "youtube", "recent_posts": [POST, {**POST, "likes": None}]},
    {"row": 3, "platform": "instagram", "followers": -3},
    {"row": 4, "platform": None},
]
SCHEMA = (
    "row int, platform string, followers long, avg_views double, fee_usd double, start_at string, "
    "recent_posts array<struct<posted_at: string, observed_at: string, likes: long, comments: long>>"
)


@pytest.fixture(scope="module")
def spark(tmp_path_factory):
    from pyspark.sql import SparkSession

    patch = pytest.MonkeyPatch()
    patch.setenv("PYSPARK_PYTHON", sys.executable)
    quiet = {
        "spark.ui.enabled": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.sql.warehouse.dir": str(tmp_path_factory.mktemp("warehouse")),
        "spark.sql.execution.arrow.pyspark.enabled": "true",
        "spark.sql.shuffle.partitions": "2",
    }
    builder = SparkSession.builder.master("local[2]").appName("creatorcast")
    for name, value in quiet.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    yield session
    session.stop()
    patch.undo()


@pytest.mark.filterwarnings("ignore")  # of Spark and MLflow about each other
def test_the_registered_model_answers_alike_on_spark(spark, bundle, home, tmp_path):
    import mlflow.pyfunc
    from pyspark.sql.functions import struct

    from training.log_model import save_model

    save_model(champion_folder(home), model_packaging(), tmp_path / "model")
    asked = pd.DataFrame(ROWS).astype({"followers": "Int64"})
    names = [name for name in asked if name != "row"]
    expected = PartnershipModel(bundle).predict(asked[names], PARAMS)

    udf = mlflow.pyfunc.spark_udf(
        spark,
        str(tmp_path / "model"),
        result_type=(
            "engagements_p10 double, engagements_p50 double, engagements_p90 double, views_p50 double, "
            "cpe_usd_p50 double, verdict string, evidence string, warnings array<string>, error string"
        ),
        env_manager="local",
        params=PARAMS,
    )
    rows = spark.createDataFrame(ROWS, SCHEMA).repartition(3)
    answers = rows.select("row", udf(struct(*names)).alias("found")).select("row", "found.*")
    found = [json.loads(line) for line in answers.toJSON().collect()]
    found = pd.DataFrame(sorted(found, key=lambda row: row["row"]))
    for name in (
        "engagements_p10",
        "engagements_p50",
        "engagements_p90",
        "views_p50",
        "cpe_usd_p50",
    ):
        np.testing.assert_allclose(found[name].astype(float), expected[name], rtol=1e-12)
    for name in ("verdict", "evidence", "error"):
        assert found[name].tolist() == expected[name].tolist()
    assert found["warnings"][:3].tolist() == expected["warnings"][:3].tolist()
    assert (found["error"] != "").tolist() == [False, False, False, True, True]

    whole = mlflow.pyfunc.spark_udf(spark, str(tmp_path / "model"), env_manager="local")
    told = rows.select(whole(struct("platform", "followers")).alias("found")).select("found.*")
    assert told.columns == list(PartnershipModel(bundle).predict(asked[:1]))
    by_position = rows.select(whole("platform", "followers").alias("found"))
    with pytest.raises(Exception, match="by position: give them as one struct"):
        by_position.collect()
