"""The answer to POST /v1/lists/score: rows as lines of JSON, all by one model."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

import numpy as np
import orjson
import pandas as pd
import pyarrow as pa

from serving.batch.arrow_answers import answer_schema
from serving.batch.chunk_run import with_repeats
from serving.batch.chunks import Chunk
from serving.batch.list_names import name_column, names_of_rows
from serving.batch.score_chunk import ChunkScorer, ScoredChunk
from serving.batch.sheet_list import SheetList
from serving.http.lists.list_file import list_file, plain_words, sheet_options
from serving.http.lists.read_answer import rejected_json, with_currency
from serving.http.lists.read_lists import check_length, check_list_length, open_sheet_list
from serving.http.lists.request_schema import EXPECTED_LIST_VALUES, ListScoreQuestion
from serving.http.model_store import LoadedModel
from serving.http.request_ledger import RequestLedger
from serving.http.request_schema import read_request
from serving.ledger_entries import AskedBy
from serving.scoring.deal_terms import AnswerOptions
from serving.scoring.measures import (
    DEFAULT_MEASURES,
    RANKING_MEASURES,
    best_first,
    measure_columns,
    measure_values,
)

#: Rows of a line: a request that waits, and a client that gives up, wait for so many.
ROWS = 500
#: Columns of answers that lines have.
LIST_COLUMNS = (
    *("partnership_id", "creator_id", "platform", "band", "niche", "evidence", "package"),
    *("deliverables", "engagements_p10", "engagements_p50", "engagements_p90", "views_p50"),
    *("fee_usd", "fee", "currency", "cpe_usd_p50", "cpe_p50", "benchmark_cpe_usd"),
    *("benchmark_cpe", "probability_benchmark", "target_cpe_usd", "probability_target"),
    *("break_even_fee_usd", "break_even_fee", "market_fee_usd_typical", "goal_engagements"),
    *("probability_goal", "verdict", "sentence", "horizon_days", "warnings"),
)


def stream_list_scores(
    loaded: LoadedModel, body: bytes, now: datetime, ledger: RequestLedger
) -> Iterator[bytes]:
    """Yield the lines of the answer. Raises RequestRefused where the body is no such request, or
    the file is no list.
    """
    envelope = read_request(body, ListScoreQuestion, EXPECTED_LIST_VALUES)
    options, as_of = sheet_options(envelope.sheet), pd.Timestamp(envelope.as_of or now)
    measures = (envelope.rank_by,) if envelope.rank_by else DEFAULT_MEASURES
    keeps = envelope.campaign is not None
    ledger.begin("score", envelope.campaign, now, is_wanted=keeps)
    asked = ledger.asked(_run_name(envelope, loaded, as_of))
    with list_file(envelope.file) as path:
        prospects = open_sheet_list(path, options)
        check_list_length("score", prospects)
        yield _line("begin", _head(prospects, loaded, as_of))
        scores = _ListScores(prospects, _chunk_scorer(prospects, loaded, as_of, measures, asked))
        chunks = prospects.chunks(ROWS)
        for chunk, first, repeats in with_repeats(chunks, prospects.tells_offers):
            check_length("score", first + len(chunk.rows))
            yield _line("rows", scores.add(chunk, first, repeats, ledger))
        yield _line("end", scores.end(measures) | (ledger.finish() if keeps else {}))


def _run_name(envelope: Any, loaded: LoadedModel, as_of: pd.Timestamp) -> str:
    """Return what names a run over a list, so that its forecasts are kept once."""
    content = orjson.dumps([envelope.file.model_dump(), envelope.sheet.model_dump()])
    digest = sha256(content).hexdigest()
    return f"{digest} {as_of.isoformat()} {loaded.manifest['version']}"


def _line(kind: str, told: Mapping[str, Any]) -> bytes:
    return orjson.dumps({"kind": kind, **told}) + b"\n"


def _head(prospects: SheetList, loaded: LoadedModel, as_of: pd.Timestamp) -> dict[str, Any]:
    return {
        "model_version": loaded.manifest["version"],
        "trained_on": loaded.manifest["trained_on"],
        "as_of": as_of.isoformat().replace("+00:00", "Z"),
        "header": prospects.header,
        "total": prospects.total,
        "notes": [plain_words(note) for note in prospects.notes if note],
    }


def _chunk_scorer(
    prospects: SheetList,
    loaded: LoadedModel,
    as_of: pd.Timestamp,
    measures: tuple[str, ...],
    asked: AskedBy | None,
) -> ChunkScorer:
    measured = [name for measure in measures for name in measure_columns(measure)]
    schema = answer_schema(tuple(dict.fromkeys([*LIST_COLUMNS, *measured])))
    names = name_column(prospects)
    return ChunkScorer(loaded.scorer, as_of, schema, (), AnswerOptions(), asked, names)


class _ListScores:
    """The scores of a list so far."""

    def __init__(self, prospects: SheetList, scorer: ChunkScorer):
        self._list, self._scorer = prospects, scorer
        self._faulty_names = with_currency(prospects.faulty_names)
        self._answers: list[pa.Table] = []
        self._read = self._scored = self._rejected = self._blank = 0
        self._notes: dict[str, None] = {}

    def add(
        self, chunk: Chunk, first: int, repeats: np.ndarray, ledger: RequestLedger
    ) -> dict[str, Any]:
        """Score a chunk; return what its line tells."""
        scored = self._scorer.score_chunk(chunk, first, repeats)
        if scored.forecasts is not None:
            ledger.keep_collected(scored.forecasts)
        self._answers.append(scored.answers.drop_columns(["warnings", "sentence"]))
        self._read += scored.read
        self._scored += len(scored.answers)
        self._rejected += len(scored.rejected)
        self._blank += scored.blank
        self._notes |= dict.fromkeys(map(plain_words, scored.notes))
        header = list(self._list.header)
        rejected = [rejected_json(one, header, self._faulty_names) for one in scored.rejected]
        return {"read": self._read, "rows": self._rows(chunk, scored), "rejected": rejected}

    def _rows(self, chunk: Chunk, scored: ScoredChunk) -> list[dict[str, Any]]:
        """Return the answers of a chunk with line, name and cells of each."""
        refused = {one.position for one in scored.rejected}
        places = [
            place for place, line in enumerate(chunk.positions.tolist()) if line not in refused
        ]
        names = names_of_rows(chunk, name_column(self._list), places)
        cells = chunk.text(places)
        answers = scored.answers.select(LIST_COLUMNS).to_pylist()
        rows = []
        for place, name, own, answer in zip(places, names, cells, answers, strict=True):
            warnings = answer["warnings"]
            answer["warnings"] = warnings.split("; ") if warnings else []
            line = int(chunk.positions[place])
            rows.append({"line": line, "name": name, "cells": own, **answer})
        return rows

    def end(self, measures: tuple[str, ...]) -> dict[str, Any]:
        """Return what the last line tells: counts, and the places of the rows, best first."""
        by, order = self._order(measures)
        counts = {
            "read": self._read,
            "scored": self._scored,
            "rejected": self._rejected,
            "blank": self._blank,
        }
        measure = RANKING_MEASURES[by]
        ranked = {"by": by, "meaning": measure.meaning, "best": measure.order, "order": order}
        return {"counts": counts, "notes": list(self._notes), "ranking": ranked}

    def _order(self, measures: tuple[str, ...]) -> tuple[str, list[int]]:
        """Return the first measure that any row has, and the places of the rows that have it."""
        for by in measures:
            values = self._values(by)
            count = int(np.isfinite(values).sum())
            if count:
                return by, best_first(by, values)[:count].tolist()
        return measures[-1], []

    def _values(self, by: str) -> np.ndarray:
        if not self._answers:
            return np.array([])
        table = pa.concat_tables(self._answers)
        columns = {name: table[name].to_numpy().astype(float) for name in measure_columns(by)}
        return measure_values(by, columns)
