"""The figures that `make bench` shows, read from what each benchmark writes to its --json, with their limits."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any


@dataclass(frozen=True)
class Figure:
    """`now` of this checkout and `base` of the other one, both medians of rounds in one run, in `unit`.

    `limit`: the figure wanted, the most where less is better, the least where `more_is_better`; None where none
    is set. `note`: what the limit comes from.
    """

    what: str
    unit: str
    now: float
    base: float | None = None
    limit: float | None = None
    more_is_better: bool = False
    note: str = ""

    @property
    def is_met(self) -> bool:
        """Whether the limit holds; True without one."""
        if self.limit is None:
            return True
        return self.now >= self.limit if self.more_is_better else self.now <= self.limit


def markdown_table(figures: Sequence[Figure]) -> str:
    """Return figures as a table in Markdown, a line each."""
    lines = ["| what | before | now | now / before | limit | |", "|---|---|---|---|---|---|"]
    lines += [_line(figure) for figure in figures]
    return "\n".join(lines)


def _line(figure: Figure) -> str:
    ratio = "" if figure.base is None else f"{figure.now / figure.base:.2f}"
    limit, met = "", ""
    if figure.limit is not None:
        word = "at least" if figure.more_is_better else "at most"
        limit = f"{word} {_number(figure.limit)} {figure.unit}"
        met = "met" if figure.is_met else "**missed**"
    if figure.note:
        limit = f"{limit} ({figure.note})" if limit else figure.note
    base = "" if figure.base is None else f"{_number(figure.base)} {figure.unit}"
    return f"| {figure.what} | {base} | {_number(figure.now)} {figure.unit} | {ratio} | {limit} | {met} |"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def service(found: dict[str, Any]) -> Iterator[Figure]:
    """Yield the figures of serve_bench.py; `medians`: by server and call."""
    medians = found["medians"]
    now, base = medians["creatorcast"], medians["creatorcast, base"]
    for name, least in (("mlflow models serve", 15), ("straightforward", 8)):
        other = medians[name]
        for callers in ("1", "16"):
            by = "1 caller" if callers == "1" else f"{callers} callers"
            what = f"one partnership, requests a second against {name}, {by}"
            rates = (of[callers]["rps"] / other[callers]["rps"] for of in (now, base))
            yield Figure(what, "times", *rates, least if callers == "1" else None, True)
    yield Figure("one partnership, p50", "ms", now["1"]["p50"], base["1"]["p50"])
    many = 2 * found["bare_ms"] + 8
    note = f"2 x {found['bare_ms']:.1f} of the bare trees + 8"
    yield Figure(
        "1,000 partnerships, p50", "ms", now["many"]["p50"], base["many"]["p50"], many, note=note
    )
    yield Figure("longest of 3,000 calls", "ms", found["longest_ms"], None, 50)
    track, one = now["track"]["p50"], now["1"]["p50"]
    yield Figure(
        "a running post (/v1/track), p50",
        "ms",
        track,
        base["track"]["p50"],
        one,
        note="as one partnership",
    )


def start(found: dict[str, Any]) -> Iterator[Figure]:
    """Yield the figures of start_speed.py."""
    names = {
        "supervisor": ("import of the service", 1.8, ""),
        "worker": ("import of a worker of the service", 1.8, ""),
        "help": ("`creatorcast --help`", None, ""),
    }
    names |= {
        name: (f"cold start to the {name}", 2 / 3, "2/3")
        for name in found
        if name.startswith("first answer")
    }
    for name, (what, limit, share) in names.items():
        now, base = found[name]["here_elapsed"], found[name]["base_elapsed"]
        most = limit * base if share and limit else limit
        yield Figure(what, "s", now, base, most, note=share and f"{share} of before")


def lists(found: dict[str, Any]) -> Iterator[Figure]:
    """Yield the figures of batch_bench.py --short, by way the results of each round."""

    def middle(way: str, figure: str = "seconds") -> float:
        return median(result[figure] for result in found[way])

    bare = middle("bare")
    for way, times in (("parquet", 2.5), ("csv", 3.0)):
        title = {"parquet": "Parquet to Parquet", "csv": "CSV to CSV"}[way]
        note = f"{times} x {bare:.1f} of the bare trees"
        what = f"list of 1M rows, {title}"
        yield Figure(what, "s", middle(way), middle(f"base {way}"), times * bare, note=note)
        yield Figure(f"{what}, all cores", "s", middle(way, "cpu"), middle(f"base {way}", "cpu"))
    ratios = [middle(f"{of}workbook") / middle(f"{of}workbook's parquet") for of in ("", "base ")]
    yield Figure("workbook of 100,000 rows against Parquet", "times", *ratios, 5)
    yield Figure("workbook of 100,000 rows", "s", middle("workbook"), middle("base workbook"))
    yield Figure(
        "list of 10M rows, memory",
        "GB",
        max(run["peak_mb"] for run in found["long"]) / 1000,
        None,
        1,
    )


def features(found: dict[str, Any]) -> Iterator[Figure]:
    """Yield the figures of features_scale.py, by side the runs."""
    seconds, peak = (
        {side: median(run[what] for run in runs) for side, runs in found.items()}
        for what in ("seconds", "peak")
    )
    what = "features of 10M posts, 200,000 questions"
    yield Figure(what, "s", seconds["ours"], seconds["base"])
    ratios = [seconds["pandas"] / seconds[side] for side in ("ours", "base")]
    yield Figure(f"{what}, times as fast as pandas", "times", *ratios, 4, True)
    shares = [peak[side] / peak["pandas"] for side in ("ours", "base")]
    yield Figure(f"{what}, memory against pandas", "times", *shares, 2 / 3)


def request(found: dict[str, Any]) -> Iterator[Figure]:
    """Yield the figures of features_request.py, by checkout and question the milliseconds."""
    for name, limit in (
        ("arrays, 500 posts with captions", 3),
        ("frames, 500 posts with captions", 3),
        ("arrays, profile with averages", None),
        ("arrays, known creator", None),
    ):
        now, base = (median(found[of][name]["wall"]) for of in ("ours", "base"))
        yield Figure(f"features of one request: {name}", "ms", now, base, limit)


def compared(found: dict[str, Any], limits: dict[str, float | None], unit: str) -> Iterator[Figure]:
    """Yield figures of two_checkouts.compare; `limits`: the share of the time before, by name."""
    for name, share in limits.items():
        now, base = (median(found[name][of]) for of in ("this", "base"))
        limit = None if share is None else share * base
        note = "" if share is None or share == 1 else f"{share:g} of before"
        yield Figure(name, unit, now, base, limit, note=note)


def training(found: dict[str, Any]) -> Iterator[Figure]:
    """Yield the figures of train_speed.py."""
    yield from compared(found, {"train: seconds": 0.5, "backtest: seconds": 0.5}, "s")
    yield from compared(
        found, {"train: processor seconds": None, "backtest: processor seconds": None}, "s"
    )


def rows(found: dict[str, Any]) -> Iterator[Figure]:
    """Yield the figures of train_scale.py."""
    yield from compared({"fit of 1M rows": found["minutes"]}, {"fit of 1M rows": 1.0}, "min")
    yield from compared(
        {"fit of 1M rows, memory": found["GB"]}, {"fit of 1M rows, memory": None}, "GB"
    )


def plan(found: dict[str, Any]) -> Iterator[Figure]:
    """Yield the figures of plan_speed.py: of 1,000 candidates in 500 scenarios."""
    for name, values in found.items():
        if name.startswith("1,000") and name.endswith(": seconds"):
            now, base = (median(values[of]) for of in ("this", "base"))
            yield Figure(
                f"plan of 1,000 x 500, {name.split(', ')[1].split(':')[0]}", "s", now, base, 5
            )


def posts(found: dict[str, Any]) -> Iterator[Figure]:
    """Yield the figures of features_out_of_core.py."""
    yield Figure("100M posts out of core", "s", found["seconds"])
    yield Figure("100M posts out of core, memory", "GB", found["peak"] / 1024, None, 6)


def tests(found: dict[str, Any]) -> Iterator[Figure]:
    """Yield the figures of suite_speed.py."""
    yield Figure(f"`make test`: {found['said'].split(' in ')[0]}", "min", found["minutes"], None, 6)
