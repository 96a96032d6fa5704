"""The registered model as a function of Spark, where Java and pyspark are (docs/scale.md)."""

import shutil
import sys

import numpy as np
import pytest

from features.derive.catalog import COLUMNS
from features.derive.derive import derive
from features.history.history import History
from features.tables.folder import read_tables
from features.tables.validate import validate
from models.distribution import QUANTILES
from serving.registered_model.packaging import model_packaging

pyspark = pytest.importorskip("pyspark", reason="pyspark is not installed")
if shutil.which("java") is None:
    pytest.skip("Spark needs Java, which is not installed", allow_module_level=True)

NAMES = [f"engagements_{name}" for name in QUANTILES]


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
    }
    builder = SparkSession.builder.master("local[2]").appName("creatorcast")
    for name, value in quiet.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    yield session
    session.stop()
    patch.undo()


@pytest.mark.filterwarnings("ignore")  # of Spark and MLflow about each other
def test_the_registered_model_answers_alike_on_spark(spark, trained, home, market_folder):
    import mlflow.pyfunc

    from training.registry import REGISTERED_MODEL
    from training.tracking import log_training

    logged = log_training(trained, home, None, model_packaging())
    history = History.from_tables(validate(read_tables(market_folder)))
    asked = read_tables(market_folder).creators[["creator_id", "platform"]].head(40)
    asked = asked.assign(as_of=np.datetime64("2026-06-01"), start_at=np.datetime64("2026-06-20"))
    asked = asked.assign(
        **{name: asked[name].dt.tz_localize("UTC") for name in ("as_of", "start_at")}
    )
    x = derive(history, asked, trained.bundle.reference)
    expected = mlflow.pyfunc.load_model(
        f"models:/{REGISTERED_MODEL}/{logged.model_version}"
    ).predict(x)

    result = ", ".join(f"{name} double" for name in NAMES)
    address = f"models:/{REGISTERED_MODEL}/{logged.model_version}"
    udf = mlflow.pyfunc.spark_udf(spark, address, result_type=result, env_manager="local")
    rows = spark.createDataFrame(x.assign(row=range(len(x)))).repartition(3)
    found = (
        rows.withColumn("found", udf(*COLUMNS))
        .select("row", "found.*")
        .toPandas()
        .sort_values("row")
    )
    np.testing.assert_allclose(found[NAMES].to_numpy(), expected[NAMES].to_numpy(), rtol=1e-12)
