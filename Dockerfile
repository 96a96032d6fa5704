# The service alone: code and pinned packages, no model and no data; how to run it is in docs/deploy.md.
FROM python:3.11.13-slim-bookworm

# LightGBM links to the GNU OpenMP runtime; Debian keeps no older version that could be pinned
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install --yes --no-install-recommends libgomp1 \
 && rm -rf /var/lib/apt/lists/*

WORKDIR /app
COPY requirements-service.lock ./
RUN pip install --no-cache-dir --require-hashes --requirement requirements-service.lock
COPY features/ features/
COPY ingest/ ingest/
COPY ledger/ ledger/
COPY models/ models/
COPY monitoring/ monitoring/
COPY serving/ serving/
RUN python -m compileall -q features ingest ledger models monitoring serving

# what BentoML writes goes to /tmp, so that the rest can be read-only
ENV BENTOML_DO_NOT_TRACK=True \
    DO_NOT_TRACK=1 \
    MLFLOW_DISABLE_TELEMETRY=true \
    BENTOML_HOME=/tmp/bentoml \
    BENTOML_HOST=0.0.0.0 \
    CREATORCAST_HOME=/home/creatorcast \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1

USER 10001:10001
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
  CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:3000/readyz', timeout=2)"]
ENTRYPOINT ["bentoml", "serve", "serving.service:Creatorcast", "--timeout-graceful-shutdown", "30"]
