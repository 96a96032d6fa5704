"""How a bundle becomes a model of MLflow's registry: what the side that predicts knows of it, for
the side that logs it.

Nothing here imports mlflow.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class ModelPackaging:
    """What is logged beside the folder of a bundle.

    `write_code`: writes the code that predicts into an empty folder and returns the name of the
    module that MLflow loads; `signature`: `inputs`, `outputs` and `params` as lists of what the
    file MLmodel has of each; `requirements`: the packages that a prediction needs, as pip takes
    them; `input_example`: rows that can be asked; `params_example`: what may be asked of them;
    `columns_page`: the meaning of every column, in Markdown; `metadata`: what the model says of
    itself.
    """

    write_code: Callable[[Path], str]
    signature: dict[str, list[dict]]
    requirements: tuple[str, ...]
    input_example: list[dict] = field(default_factory=list)
    params_example: dict = field(default_factory=dict)
    columns_page: str = ""
    metadata: dict = field(default_factory=dict)
