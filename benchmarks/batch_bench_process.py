"""One way of batch_bench in a process of its own: `python benchmarks/batch_bench_process.py WAY FOLDER MODEL ROWS`.

Prints a line of JSON: seconds, and what else the way has to tell.
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
from batch_bench_data import AS_OF, Place, features_of

from models.champion import champion_folder
from models.pyfunc import BundleModel

THREADS, CHUNK = 2, 20_000
#: What a module of the project does of a run; of longer names that begin alike the longest counts.
STEPS = {
    "features": "derive",
    "features.tables.validate": "check",
    "features.rules": "check",
    "ingest.sheets": "read",
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
    "serving.batch.writers": "write",
    "serving.batch.answer_streams": "write",
    "serving.batch.top_answers": "write",
    "serving.batch.worksheet": "write",
    "serving.batch.checkpoint": "write",
    "serving.scoring.verdict": "words",
    "serving.words": "words",
}
PACKAGES = ("features", "models", "serving")


def bare(place: Place, model: str, rows: int) -> dict:
    """Booster.predict on the ready matrix, of the forecasters that a run asks."""
    matrix = np.load(place.matrix(rows))
    forecasters = place.bundle(model).forecasters.values()
    began = time.perf_counter()
    for forecaster in forecasters:
        for booster in (forecaster.location_, forecaster.scale_):
            booster.predict(matrix, num_threads=THREADS)
    return {"seconds": time.perf_counter() - began}


def pyfunc(place: Place, model: str, rows: int) -> dict:
    """The list in pandas chunks through the model as MLflow loads it, into Parquet."""
    import mlflow

    with tempfile.TemporaryDirectory() as work:
        loaded = mlflow.pyfunc.load_model(_logged(place, model, Path(work) / "model"))
        bundle, predicting = place.bundle(model), 0.0
        began, writer = time.perf_counter(), None
        for batch in pq.ParquetFile(place.listed(rows, "parquet")).iter_batches(batch_size=CHUNK):
            prospects = batch.to_pandas()
            x = features_of(prospects, bundle)
            start = time.perf_counter()
            found = loaded.predict(x)
            predicting += time.perf_counter() - start
            table = pa.Table.from_pandas(prospects.join(found), preserve_index=False)
            writer = writer or pq.ParquetWriter(Path(work) / "scored.parquet", table.schema)
            writer.write_table(table.cast(writer.schema))
        writer.close()
        return {"seconds": time.perf_counter() - began, "predict": predicting}


def _logged(place: Place, model: str, path: Path) -> str:
    """Write the bundle as training.tracking registers it."""
    import mlflow

    from training.tracking import MODEL_SIGNATURE

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mlflow.pyfunc.save_model(
            path,
            loader_module=BundleModel.__module__,
            data_path=str(champion_folder(place.home(model))),
            code_paths=[
                str(Path(__file__).resolve().parent.parent / name)
                for name in ("features", "models")
            ],
            pip_requirements=[],
            signature=MODEL_SIGNATURE,
        )
    return str(path)


def steps(place: Place, model: str, rows: int) -> dict:
    """Score in this process, and look every 5 ms at what the threads that work are doing."""
    from creatorcast import main

    seen, over = Counter(), threading.Event()
    watcher = threading.Thread(target=_watch, args=(seen, over, threading.get_ident()))
    listed, out = str(place.listed(rows, "parquet")), str(place.folder / "scored.parquet")
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
    total = sum(seen.values())
    return {
        "seconds": time.perf_counter() - began,
        "steps": {step: count / total for step, count in seen.items()},
    }


def _watch(seen: Counter, over: threading.Event, main_thread: int) -> None:
    sys.setswitchinterval(0.001)
    own = threading.get_ident()
    while not over.wait(0.005):
        for ident, frame in sys._current_frames().items():
            if ident != own:
                step = _step(frame, ident == main_thread)
                if step:
                    seen[step] += 1


def _step(frame, is_main: bool) -> str | None:
    """Give what the innermost frame of the project does; None for a thread that waits."""
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
            known = [prefix for prefix in STEPS if name == prefix or name.startswith(prefix + ".")]
            return STEPS[max(known, key=len)]
        frame = frame.f_back
    return "start" if is_main else None


if __name__ == "__main__":
    way, folder, model, rows = sys.argv[1:]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        print(
            json.dumps(
                {"bare": bare, "pyfunc": pyfunc, "steps": steps}[way](
                    Place(Path(folder)), model, int(rows)
                )
            )
        )
