"""A straightforward service of the same model, for comparison: BentoML's own API, pydantic in and out, pandas between.

It checks, derives, forecasts engagements and views, and divides the fee. It has no benchmarks, verdicts, warnings or
known creators, and one bad partnership refuses the whole request. CREATORCAST_HOME names the home of the champion.
"""

import os
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import bentoml
import numpy as np
import pandas as pd
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from features.derive.derive import derive
from features.tables.model import Tables, empty_table
from features.tables.schema import CREATORS, DTYPES, POSTS
from features.tables.vocabulary import EVIDENCE, FORMATS, NICHES, PLATFORMS
from models.bundle import load_bundle
from models.champion import champion_folder
from models.distribution import QUANTILES

Count = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]


class Partnership(BaseModel):
    model_config = ConfigDict(extra="forbid")
    partnership_id: str
    platform: Literal[PLATFORMS]
    followers: Count | None = None
    niche: Literal[NICHES] | None = None
    avg_likes: Count | None = None
    avg_comments: Count | None = None
    brand_niche: Literal[NICHES] | None = None
    format: Literal[FORMATS] | None = None
    deliverables: Annotated[float, Field(ge=1, le=100)] = 1
    start_at: AwareDatetime | None = None
    fee_usd: Annotated[float, Field(ge=0.01, le=1e9)] | None = None


class Result(BaseModel):
    partnership_id: str
    evidence: str
    as_of: datetime
    engagements: dict[str, float]
    views: dict[str, float]
    cpe_usd: dict[str, float] | None


class Answer(BaseModel):
    model_version: str
    results: list[Result]


@bentoml.service(workers=1)
class Plain:
    def __init__(self):
        self.bundle = load_bundle(champion_folder(Path(os.environ["CREATORCAST_HOME"])))

    @bentoml.api(route="/v1/predict")
    def predict(
        self,
        partnerships: Annotated[list[Partnership], Field(min_length=1, max_length=1000)],
        as_of: AwareDatetime,
    ) -> Answer:
        prospects = pd.DataFrame([row.model_dump() for row in partnerships])
        x = self._derive(prospects, pd.Timestamp(as_of).tz_convert("UTC"))
        forecasts = {
            name: _totals(forecaster, x, prospects["deliverables"])
            for name, forecaster in self.bundle.forecasters.items()
        }
        results = [
            Result(
                partnership_id=row.partnership_id,
                evidence=EVIDENCE[int(x["engagements_evidence_code"].iloc[n])],
                as_of=as_of,
                engagements=forecasts["engagements"].iloc[n].to_dict(),
                views=forecasts["views"].iloc[n].to_dict(),
                cpe_usd=_costs(row.fee_usd, forecasts["engagements"].iloc[n]),
            )
            for n, row in enumerate(prospects.itertuples())
        ]
        return Answer(model_version=self.bundle.version, results=results)

    def _derive(self, prospects: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
        moment = as_of.as_unit("us")
        start = (
            pd.to_datetime(prospects["start_at"], utc=True).astype(DTYPES["time"]).fillna(moment)
        )
        prospects = prospects.assign(
            creator_id=prospects["partnership_id"], as_of=moment, start_at=start, sponsored=1.0
        )
        creators = prospects.assign(observed_at=moment).reindex(columns=CREATORS.names)
        creators = creators.astype(
            {column.name: DTYPES[column.kind] for column in CREATORS.columns}
        )
        return derive(
            Tables(creators=creators, posts=empty_table(POSTS)), prospects, self.bundle.reference
        )


def _totals(forecaster, x: pd.DataFrame, deliverables: pd.Series) -> pd.DataFrame:
    predictive = forecaster.predict_distribution(x, deliverables.to_numpy(float))
    frame = pd.DataFrame(predictive.quantile(list(QUANTILES.values())), columns=list(QUANTILES))
    return frame.assign(mean=predictive.mean())


def _costs(fee: float | None, totals: pd.Series) -> dict[str, float] | None:
    if fee is None or np.isnan(fee):
        return None
    return {
        name: fee / totals[other]
        for name, other in (("p10", "p90"), ("p50", "p50"), ("p90", "p10"))
    }
