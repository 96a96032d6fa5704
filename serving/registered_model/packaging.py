"""What is logged with a bundle, so that MLflow can load it and ask it."""

from importlib.metadata import version

from features.derive.version import FEATURES_VERSION
from models.model_packaging import ModelPackaging
from serving.registered_model.code_package import code_package
from serving.registered_model.signature import column_descriptions, columns_page, signature

#: Packages that a logged model needs to be loaded and to predict.
PREDICTS_WITH = (
    "babel",
    "defusedxml",
    "ftfy",
    "lightgbm",
    "numpy",
    "openpyxl",
    "orjson",
    "pandas",
    "pyarrow",
    "pydantic",
    "scipy",
)
#: Rows that work when pasted: of averages, of past posts, and of a package.
INPUT_EXAMPLE: tuple[dict, ...] = (
    {
        "partnership_id": "autumn-1",
        "platform": "instagram",
        "followers": 48_000,
        "niche": "food",
        "avg_likes": 1150,
        "avg_comments": 31,
        "brand_niche": "food",
        "format": "carousel",
        "deliverables": 2,
        "fee_usd": 900,
        "start_at": "2026-11-20T09:00:00Z",
    },
    {
        "partnership_id": "autumn-2",
        "platform": "tiktok",
        "followers": 120_000,
        "niche": "food",
        "avg_views": 64_000,
        "package": "2 short + 1 video",
        "fee_usd": 2_400,
        "goal_engagements": 9_000,
    },
)
PARAMS_EXAMPLE = {"quantiles": [0.1, 0.5, 0.9], "as_of": "2026-11-01T00:00:00Z"}


def model_packaging() -> ModelPackaging:
    """Return how a bundle is logged by this version of the code."""
    code = code_package()
    return ModelPackaging(
        code.write,
        signature(),
        tuple(f"{name}=={version(name)}" for name in PREDICTS_WITH),
        list(INPUT_EXAMPLE),
        PARAMS_EXAMPLE,
        columns_page(),
        {
            "features_version": FEATURES_VERSION,
            "code_package": code.name,
            "columns": column_descriptions(),
        },
    )
