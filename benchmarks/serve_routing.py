"""Which routing carries the service: BentoML's own, FastAPI or Starlette mounted with @bentoml.asgi_app.

    python benchmarks/serve_routing.py [--rounds 5] [--seconds 2]

Every variant answers the same question (one partnership, 0.2 ms of work) from a `bentoml serve` process with one
worker on loopback; rounds are interleaved, and the table gives medians over the rounds. The client is a process of
its own with one keep-alive connection for each concurrent caller.
"""

import argparse
import statistics
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import anyio.to_thread
import bentoml
import orjson
from fastapi import FastAPI
from http_load import bentoml as bentoml_command
from http_load import called, free_port, started, stop
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

WORK_SECONDS = 0.0002
CONCURRENCY = (1, 16, 64)
VARIANTS = {
    "bentoml": "BentoML @bentoml.api",
    "fastapi": "FastAPI, mounted",
    "starlette": "Starlette, mounted",
    "threaded": "Starlette, work in a thread",
    "silent": "Starlette, no access log",
}
Count = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]


class Partnership(BaseModel):
    model_config = ConfigDict(extra="forbid")
    partnership_id: str
    platform: Literal["instagram", "tiktok", "youtube", "x"]
    handle: str | None = None
    followers: Count | None = None
    following: Count | None = None
    posts_count: Count | None = None
    niche: str | None = None
    language: str | None = None
    verified: bool | None = None
    avg_likes: Count | None = None
    avg_comments: Count | None = None
    avg_views: Count | None = None
    brand_niche: str | None = None
    format: Literal["image", "carousel", "video", "short", "story", "live"] | None = None
    deliverables: Annotated[float, Field(ge=1, le=100)] = 1
    start_at: AwareDatetime | None = None
    fee_usd: Count | None = None


class Question(BaseModel):
    model_config = ConfigDict(extra="forbid")
    partnerships: Annotated[list[Partnership], Field(min_length=1, max_length=1000)]


class Result(BaseModel):
    partnership_id: str
    platform: str
    band: str
    niche: str
    evidence: str
    as_of: datetime
    engagements: dict[str, float]
    views: dict[str, float]
    engagement_rate_by_followers_p50: float
    fee_usd: float | None
    cpe_usd: dict[str, float]
    definition: str
    horizon_days: int
    warnings: list[str]


class Answer(BaseModel):
    model_version: str
    results: list[Result]


def predict(partnerships: list[Partnership]) -> dict:
    """Stand in for derive and forecast: busy for WORK_SECONDS, then an answer of the real size."""
    until = time.perf_counter() + WORK_SECONDS
    while time.perf_counter() < until:
        pass
    return {"model_version": "bench", "results": [_result(p) for p in partnerships]}


def _result(p: Partnership) -> dict:
    spread = {
        "p05": 310.5,
        "p10": 402.1,
        "p25": 633.0,
        "p50": 988.7,
        "p75": 1541.2,
        "p90": 2306.9,
        "p95": 2950.4,
    }
    return {
        "partnership_id": p.partnership_id,
        "platform": p.platform,
        "band": "micro",
        "niche": p.niche,
        "evidence": "summary",
        "as_of": datetime(2026, 3, 1, tzinfo=UTC),
        "engagements": {**spread, "mean": 1204.3},
        "views": {**spread, "mean": 1204.3},
        "engagement_rate_by_followers_p50": 0.021,
        "fee_usd": p.fee_usd,
        "cpe_usd": {"p10": 0.31, "p50": 0.72, "p90": 1.7},
        "definition": "likes + comments",
        "horizon_days": 7,
        "warnings": [],
    }


fastapi_app = FastAPI()


@fastapi_app.post("/v1/predict")
async def predict_fastapi(question: Question) -> Answer:
    return predict(question.partnerships)


_question = TypeAdapter(Question)


async def predict_starlette(request):
    question = _question.validate_json(await request.body())
    return Response(orjson.dumps(predict(question.partnerships)), media_type="application/json")


async def predict_threaded(request):
    answer = await anyio.to_thread.run_sync(_answer_bytes, await request.body())
    return Response(answer, media_type="application/json")


def _answer_bytes(body: bytes) -> bytes:
    return orjson.dumps(predict(_question.validate_json(body).partnerships))


@bentoml.service(workers=1)
class Bentoml:
    @bentoml.api(route="/v1/predict")
    async def predict(
        self, partnerships: Annotated[list[Partnership], Field(min_length=1, max_length=1000)]
    ) -> Answer:
        return Answer.model_validate(predict(partnerships))


@bentoml.service(workers=1)
@bentoml.asgi_app(fastapi_app)
class Fastapi:
    pass


@bentoml.service(workers=1)
@bentoml.asgi_app(Starlette(routes=[Route("/v1/predict", predict_starlette, methods=["POST"])]))
class Starlettes:
    pass


@bentoml.service(workers=1)
@bentoml.asgi_app(Starlette(routes=[Route("/v1/predict", predict_threaded, methods=["POST"])]))
class Threaded:
    pass


@bentoml.service(workers=1, logging={"access": {"enabled": False}})
@bentoml.asgi_app(Starlette(routes=[Route("/v1/predict", predict_starlette, methods=["POST"])]))
class Silent:
    pass


SERVICES = dict(
    zip(VARIANTS, ("Bentoml", "Fastapi", "Starlettes", "Threaded", "Silent"), strict=True)
)
BODY = orjson.dumps(
    {
        "partnerships": [
            {
                "partnership_id": "spring-17",
                "platform": "instagram",
                "handle": "someone",
                "followers": 48_000,
                "niche": "food",
                "avg_likes": 1_150.5,
                "avg_comments": 31.2,
                "brand_niche": "food",
                "format": "carousel",
                "deliverables": 2,
                "start_at": "2026-03-20T09:00:00Z",
                "fee_usd": 900,
            }
        ]
    }
)


def start(variant: str) -> tuple[subprocess.Popen, int]:
    """Start `bentoml serve` for one variant on a free port; return when it answers."""
    port = free_port()
    return started(
        bentoml_command(f"serve_routing:{SERVICES[variant]}", port),
        port,
        "/readyz",
        Path(__file__).parent,
    ), port


def measure(ports: dict[str, int], rounds: int, seconds: float) -> dict[tuple[str, int], dict]:
    """Measure every variant at every concurrency once a round; medians over the rounds."""
    runs: dict[tuple[str, int], list[dict]] = {}
    for number in range(rounds + 1):
        for concurrency in CONCURRENCY:
            for variant, port in ports.items():
                run = called(port, "/v1/predict", BODY, concurrency, seconds)
                if number:  # the first round warms up
                    runs.setdefault((variant, concurrency), []).append(run)
    return {
        at: {k: statistics.median(r[k] for r in results) for k in results[0]}
        for at, results in runs.items()
    }


def table(medians: dict[tuple[str, int], dict]) -> str:
    """Lay out the medians, with each rate as a ratio to BentoML's own routing at the same concurrency."""
    lines = [f"{'routing':<30}{'callers':>8}{'req/s':>8}{'ratio':>7}{'p50 ms':>8}{'p99 ms':>8}"]
    for concurrency in CONCURRENCY:
        base = medians["bentoml", concurrency]["rps"]
        for variant, title in VARIANTS.items():
            m = medians[variant, concurrency]
            cells = f"{m['rps']:>8.0f}{m['rps'] / base:>7.2f}{m['p50']:>8.2f}{m['p99']:>8.2f}"
            lines.append(f"{title:<30}{concurrency:>8}{cells}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2)
    arguments = parser.parse_args()
    running: dict[str, tuple[subprocess.Popen, int]] = {}
    try:
        for variant in VARIANTS:
            running[variant] = start(variant)
        ports = {variant: port for variant, (_, port) in running.items()}
        print(table(measure(ports, arguments.rounds, arguments.seconds)))
    finally:
        stop([process for process, _ in running.values()])


if __name__ == "__main__":
    main()
