"""What a run over a list may be asked for, checked before anything is read."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path

from features.files.output_paths import output_fault
from ingest.sheets.sheet_types import SheetOptions
from ledger.list_keeper import ListKeeper
from models.booster_engine import AUTO, BULK_ROWS, LIGHTGBM
from models.cluster import TIMEOUT_MINUTES
from serving.batch.errors import BatchError
from serving.batch.writers import ENDINGS
from serving.scoring.answer_table import ANSWER_COLUMNS
from serving.scoring.deal_terms import AnswerOptions
from serving.scoring.measures import DEFAULT_MEASURES, RANKING_MEASURES
from serving.scoring.quantiles import PROBABILITIES, columns_with

#: Bytes of a list from which it may have models.booster_engine.BULK_ROWS rows.
BULK_BYTES = 100 * BULK_ROWS
#: Stands for standard input and output.
STDIO = "-"


@dataclass(frozen=True)
class BatchOptions:
    """Options of a run.

    `columns`: of the answers or the list's own, all where empty; `extras`: their quantiles, where
    there are any, stand in place of models.distribution.QUANTILES; `top`: how many of the
    best, 0 for all; `report_rows`, `report_columns`: how many of the best are kept for a report,
    and what of them; `rank_by`: the measure of the best, None is the first of
    serving.scoring.measures.DEFAULT_MEASURES that any row has; `inputs`: what is read besides the
    list -> its file or folder; `inputs_digest`: of those behind the scorer; `resume`: continue an
    unfinished run; `engine`: of models.booster_engine.ENGINES; `dask`: the address of a scheduler
    whose workers score, which is given up after `dask_minutes` without progress; `ledger`: keeps
    the forecasts, None where none are kept; `list_name`: what a workbook calls the list, None for
    the name of its file.
    """

    columns: tuple[str, ...] = ()
    top: int = 0
    rank_by: str | None = None
    extras: AnswerOptions = field(default_factory=AnswerOptions)
    sheet: SheetOptions = field(default_factory=SheetOptions)
    inputs: Mapping[str, Path] = field(default_factory=dict)
    inputs_digest: str = ""
    resume: bool = False
    engine: str = AUTO
    dask: str | None = None
    dask_minutes: float = TIMEOUT_MINUTES
    report_rows: int = 0
    report_columns: tuple[str, ...] = ()
    ledger: ListKeeper | None = None
    list_name: str | None = None

    def known_columns(self) -> tuple[str, ...]:
        """Return the columns that answers have with these options, in order."""
        quantiles = self.extras.quantiles
        usual = columns_with(quantiles) if quantiles else ANSWER_COLUMNS
        return (*usual, *self.extras.columns)

    def rank_measures(self) -> tuple[str, ...]:
        """Return the measures to rank by, of which the first counts that any row has."""
        return DEFAULT_MEASURES if self.rank_by is None else (self.rank_by,)

    def engine_for(self, total: int | None, size: int) -> str:
        """Return the engine for a list of `total` rows; where that is None, of `size` bytes."""
        is_short = size < BULK_BYTES if total is None else total < BULK_ROWS
        return LIGHTGBM if self.engine == AUTO and is_short else self.engine

    def as_json(self) -> dict:
        """Return the options that the answers depend on."""
        names = ("columns", "top", "rank_by", "extras", "sheet", "report_rows", "report_columns")
        options = replace(self, ledger=None)
        return {name: value for name, value in asdict(options).items() if name in names}


def suggest_name(name: str, known: Iterable[str]) -> str:
    """Return a remedy for an unknown word: the known word nearest to it, or all of them.

    >>> suggest_name("engagement_p50", ["engagements_p50", "niche"])
    'did you mean engagements_p50?'
    """
    near = get_close_matches(name, known, 1)
    return f"did you mean {near[0]}?" if near else f"expected some of {', '.join(known)}"


def unknown_column(name: str, known: Iterable[str]) -> BatchError:
    """Return the error for a column that neither answers nor the list have."""
    return BatchError(f"column {name!r} is unknown: {suggest_name(name, known)}")


def parse_quantiles(text: str) -> tuple[float, ...]:
    """Parse probabilities with commas between. Raises BatchError for what is no number."""
    try:
        return tuple(map(float, text.split(",")))
    except ValueError:
        raise BatchError(f"quantiles {text!r} cannot be read: {PROBABILITIES}") from None


def parse_column_names(text: str) -> tuple[str, ...]:
    """Parse names of columns with commas between; a name with a comma stands in quotes.

    Raises BatchError where there is none.

    >>> parse_column_names('creator_id, "Likes, mean"')
    ('creator_id', 'Likes, mean')
    """
    [cells] = csv.reader([text.replace("\n", " ")], skipinitialspace=True) if text else [[]]
    names = tuple(name.strip() for name in cells if name.strip())
    if not names:
        raise BatchError(f"columns {text!r} name none: leave the option out to have all")
    return names


def check_repeats(noun: str, values: Sequence) -> None:
    """Raise BatchError where a value stands twice; `noun`: what the values are."""
    for number, value in enumerate(values):
        if value in values[:number]:
            raise BatchError(f"{noun} {value!r} is wanted twice: name each once")


def check_measure(measure: str | None, is_ranked: bool) -> None:
    """Raise BatchError for a measure where nothing is ranked, or an unknown one."""
    if measure is not None and not is_ranked:
        raise BatchError(
            f"--rank-by {measure} puts the best in order: say how many by --top, or write .xlsx"
        )
    if measure is not None and measure not in RANKING_MEASURES:
        raise BatchError(
            f"measure {measure!r} is unknown: {suggest_name(measure, RANKING_MEASURES)}"
        )


def check_ending(path: Path) -> None:
    """Raise BatchError for a file whose ending is not one of ENDINGS."""
    if path.suffix not in ENDINGS:
        raise BatchError(
            f"{str(path)!r} has an unknown ending: expected {', '.join(ENDINGS[:-1])} or "
            f"{ENDINGS[-1]}"
        )


def check_paths(source: Path, out: Path, inputs: Mapping[str, Path]) -> Path:
    """Return where rejected rows go. Raises BatchError where a file would replace the list or one
    of the `inputs`, or cannot be written.
    """
    is_streamed = str(out) == STDIO
    rejected = Path("scored.rejected.csv" if is_streamed else f"{out}.rejected.csv")
    outputs = {"the rejected rows": rejected}
    if not is_streamed:
        check_ending(out)
        outputs = {"the answers": out, **outputs}
    if fault := output_fault(outputs, {"the list": source, **inputs}):
        raise BatchError(fault)
    return rejected


def check_resume(out: Path, options: BatchOptions) -> None:
    """Raise BatchError where a run is to be taken up that has no file."""
    if str(out) == STDIO and options.resume:
        raise BatchError(
            "answers that go to standard output cannot be taken up again: name a file by --out"
        )
