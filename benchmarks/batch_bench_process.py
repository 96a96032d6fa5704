"""One way of batch_bench in its own process: `python benchmarks/batch_bench_process.py WAY FOLDER MODEL ROWS`.

Prints a line of JSON with the seconds and the other figures of the way.
"""

import json
import sys
import tempfile
import threading
import time
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from batch_bench_data import AS_OF, BenchmarkFiles, features_of

from models.champion import champion_folder
from models.distribution import QUANTILES

THREADS, CHUNK = 2, 20_000
FORECASTS = [f"engagements_{name}" for name in QUANTILES]
#: The step of a run that a module belongs to. Of several prefixes of its name the longest counts.
STEPS = {
    "features": "derive",
    "features.tables.validate": "check",
    "features.tables.column_checks": "check",
    "ingest": "read",
    "features.tables.model": "read",
    "models.forecast": "predict",
    "models.linear": "predict",
    "models.booster_engine": "predict",
    "models": "price",
    "serving": "price",
    "serving.scoring.prospect_batch": "check",
    "serving.batch": "read",
    "serving.batch.parquet_list": "read",
    "serving.batch.score_chunk": "check",
    "serving.batch.duplicate_ids": "check",
    "serving.batch.arrow_answers": "write",
    "serving.batch.merge_chunks": "write",
    "serving.batch.writers": "write",
    "serving.batch.answer_streams": "write",
    "serving.batch.top_answers": "write",
    "serving.workbook": "write",
    "serving.batch.checkpoint": "write",
    "serving.batch.run_checkpoint": "write",
    "serving.scoring.verdict": "sentences",
    "serving.scoring.sentences": "sentences",
}
PACKAGES = ("features", "ingest", "models", "serving")


def bare(files: BenchmarkFiles, model: str, rows: int) -> dict:
    """Time the trees on the matrix, for each forecaster that a run uses."""
    matrix = np.load(files.matrix(model, rows))
    forecasters = files.bundle(model).forecasters.values()
    began = time.perf_counter()
    for forecaster in forecasters:
        for booster in (forecaster.location_, forecaster.scale_):
            booster.predict(matrix, THREADS)
    return {"seconds": time.perf_counter() - began}


def pyfunc(files: BenchmarkFiles, model: str, rows: int) -> dict:
    """Time the model as MLflow loads it, on pandas chunks of the list, into Parquet."""
    import mlflow

    with tempfile.TemporaryDirectory() as work:
        loaded = mlflow.pyfunc.load_model(_logged(files, model, Path(work) / "model"))
        bundle, predict_seconds, writer = files.bundle(model), 0.0, None
        began = time.perf_counter()
        for batch in pq.ParquetFile(files.listed(rows, "parquet")).iter_batches(batch_size=CHUNK):
            prospects = batch.to_pandas()
            x = features_of(prospects, bundle)
            start = time.perf_counter()
            forecasts = loaded.predict(x)[FORECASTS]
            predict_seconds += time.perf_counter() - start
            table = pa.Table.from_pandas(prospects.join(forecasts), preserve_index=False)
            writer = writer or pq.ParquetWriter(Path(work) / "scored.parquet", table.schema)
            writer.write_table(table.cast(writer.schema))
        writer.close()
        return {"seconds": time.perf_counter() - began, "predict": predict_seconds}


def _logged(files: BenchmarkFiles, model: str, path: Path) -> str:
    """Write the bundle as training.tracking registers it; return its path."""
    from serving.registered_model.packaging import model_packaging
    from training.log_model import save_model

    save_model(champion_folder(files.home(model)), model_packaging(), path)
    return str(path)


def steps(files: BenchmarkFiles, model: str, rows: int) -> dict:
    """Score in this process, and sample every 5 ms the step of each working thread."""
    from creatorcast import main

    samples, over = Counter(), threading.Event()
    watcher = threading.Thread(target=_watch, args=(samples, over, threading.get_ident()))
    listed, out = str(files.listed(rows, "parquet")), str(files.folder / "scored.parquet")
    watcher.start()
    began = time.perf_counter()
    try:
        main(
            ["score", listed, "--as-of", f"{AS_OF:%Y-%m-%d}", "--out", out, "--engine", "lightgbm"],
            standalone_mode=False,
        )
    finally:
        over.set()
        watcher.join()
    total = sum(samples.values())
    return {
        "seconds": time.perf_counter() - began,
        "steps": {step: count / total for step, count in samples.items()},
    }


def _watch(samples: Counter, over: threading.Event, main_thread: int) -> None:
    """Count the steps of all other threads every 5 ms until the event is set."""
    sys.setswitchinterval(0.001)
    this_thread = threading.get_ident()
    while not over.wait(0.005):
        for ident, frame in sys._current_frames().items():
            if ident != this_thread:
                step = _step(frame, ident == main_thread)
                if step:
                    samples[step] += 1


def _step(frame, is_main: bool) -> str | None:
    """Return the step of the innermost frame of the project; None for a thread that waits."""
    if Path(frame.f_code.co_filename).name in (
        "threading.py",
        "queue.py",
        "selectors.py",
        "connection.py",
    ):
        return None
    while frame is not None:
        name = frame.f_globals.get("__name__", "")
        if name.split(".")[0] in PACKAGES:
            prefixes = [
                prefix for prefix in STEPS if name == prefix or name.startswith(prefix + ".")
            ]
            return STEPS[max(prefixes, key=len)]
        frame = frame.f_back
    return "start" if is_main else None


if __name__ == "__main__":
    way, folder, model, rows = sys.argv[1:]
    measure = {"bare": bare, "pyfunc": pyfunc, "steps": steps}[way]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        print(json.dumps(measure(BenchmarkFiles(Path(folder)), model, int(rows))))
