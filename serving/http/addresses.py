"""The addresses of the service. Light: the process that starts the workers reads them too, to make
the memory for figures of each address (serving.http.metrics).
"""

from serving.http.auth import PUBLIC_PATHS
from serving.page.routes import DOCUMENTS, FILES_PATH

#: Name of a function of serving.http.routes -> the address that it answers, as figures name it.
ENDPOINTS = {
    "predict": "/v1/predict",
    "rank": "/v1/rank",
    "explain": "/v1/explain",
    "track": "/v1/track",
    "plan": "/v1/plan",
    "list_read": "/v1/lists/read",
    "creators": "/v1/creators",
    "list_score": "/v1/lists/score",
    "list_file": "/v1/lists/file",
    "creator": "/v1/creators/{creator_id}",
    "campaigns": "/v1/campaigns",
    "campaign": "/v1/campaigns/{name}",
    "service": "/v1/service",
    "model": "/v1/model",
    "card": "/v1/model/card",
    "watch": "/v1/watch",
    "benchmarks": "/v1/benchmarks",
    "document": "/v1/openapi.json",
    "figures": "/metrics",
}
#: Every address that has figures of its own.
ADDRESSES = (*ENDPOINTS.values(), *PUBLIC_PATHS, *DOCUMENTS, f"{FILES_PATH}/{{file}}")
