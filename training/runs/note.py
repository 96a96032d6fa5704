"""What is true of one training but not of its bundle: kept beside the bundle, told by its run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from training.runs.experiment import experiment_name
from training.runs.git_commit import git_commit


def training_note(
    meta: Mapping[str, Any],
    data: Path,
    explanations: Mapping[str, Any],
    seconds: Mapping[str, float],
) -> dict[str, Any]:
    """Return the note as JSON values.

    - `data`: the folder of the tables; `experiment`: the name of the run's experiment
    - `code`: training.runs.git_commit.git_commit
    - `explanations`: training.runs.explanation.explain_models
    - `seconds`: of each stage until now, by name
    """
    folder = Path(data).resolve()
    return {
        "data": str(folder),
        "experiment": experiment_name(meta, folder),
        "code": git_commit(),
        "explanations": dict(explanations),
        "seconds": {name: round(value, 3) for name, value in seconds.items()},
    }
