"""An alarm for a model in use: whether outcomes miss its forecasts more than its backtest allows.

Three risks are watched of every matured outcome, each in 0 to 1:

- the *miss*: 1/2 where the outcome lies outside of its 80 % interval, and 1/2 more where it lies
  outside of the 90 % one. Its mean may be that of the backtest, and TOLERANCE more: coverage of
  77 % of the 80 % interval is no alarm.
- whether the outcome lies *above* the forecast's median, and whether *below*. Either mean may be
  up to ALLOWED_SIDE: the centre may be off by as much as takes the coverage of an 80 % interval
  to 77 %.

Intervals that are too wide raise no alarm; the scores tell them.

The alarm is a test by betting (Waudby-Smith and Ramdas 2024) of the hypothesis of Podkopaev and
Ramdas 2022, that the risk is at most the allowed one. Bets are begun with the first outcome, of
FIRST of the money, and each month, of a part of the rest (MONEY): so a model that fails later is
found too, by bets that have lost nothing yet (Shin, Ramdas and Rinaldo 2023). All bets and the
money not yet bet are a supermartingale under the hypothesis that starts at 1: the probability that
it ever gets to 1 / LEVEL is at most LEVEL, however often one looks.

Outcomes are not independent. Those of one creator in a batch are one bet, on their mean, which is
valid whatever their dependence. What all creators share in a month is within the tolerances, and
bets weigh less the more outcomes of the month were before them (SHARED).
benchmarks/watch_alarm.py measures false alarms and delay with both sorts of dependence.
"""

from dataclasses import dataclass

import numpy as np

NOMINAL = (0.8, 0.9)
#: How far coverage of the 80 % and the 90 % interval may lie below the backtest's.
TOLERANCE = (0.03, 0.02)
#: The share of outcomes on one side of the median that is allowed.
ALLOWED_SIDE = 0.64
#: The risks that are watched, what of the money is bet on each, and the correlation in a month of
#: the risks of different creators for which bets are made smaller.
RISKS = ("miss", "above", "below")
PARTS = np.array([0.5, 0.25, 0.25])
SHARED = np.array([0.0003, 0.0015, 0.0015])
#: Probability of a false alarm in the life of a model that is as bad as is allowed.
LEVEL = 0.5
#: Months of that life: 20 years. Bets are begun in each; after them none is.
MONTHS = 240
#: The share of the money that is bet at once: many models that fail do so from the start.
FIRST = 0.25
#: What of the money is bet at the beginning of each month, (MONTHS,). Most models are trained anew
#: within a year, so the first months get more: in proportion to 1 / sqrt(months before).
_LATER = 1 / np.sqrt(np.arange(1, MONTHS))
MONEY = np.concatenate([[FIRST], (1 - FIRST) * _LATER / _LATER.sum()])
#: Outcomes of a batch, which is decided at once.
BATCH = 20
#: What is bet, as shares of all that can be lost: on small, medium and large drops.
STAKES = np.array([0.1, 0.2, 0.35])


@dataclass(frozen=True)
class Alarm:
    """What the alarm says of one model.

    - `allowed`, `observed`: mean of each of RISKS that is allowed, and that of the outcomes used
    - `outcomes`: those used; `waiting`: those after them, too few for a batch
    - `wealth`: the money at the end, `highest` the most that it was; 1 / LEVEL raises the alarm
    - `raised_at`: position of the last outcome of the batch that raised it, `began_at`: of the
      first outcome of the bet that had gained most by then, about where the drop began; `risk`:
      what it bet on. None where it is quiet
    """

    allowed: dict[str, float]
    observed: dict[str, float]
    outcomes: int
    waiting: int
    wealth: float
    highest: float
    raised_at: int | None = None
    began_at: int | None = None
    risk: str | None = None

    @property
    def is_raised(self) -> bool:
        """Whether it was raised; it stays so for this model."""
        return self.raised_at is not None


def allowed_risks(backtest_coverage: tuple[float, float] = NOMINAL) -> np.ndarray:
    """Return the means of RISKS that are allowed, (3,).

    `backtest_coverage`: lower confidence bounds of the backtest's coverage of the 80 and the 90 %
    interval; a backtest better than nominal allows no less.
    """
    source = 1 - np.minimum(backtest_coverage, NOMINAL)
    return np.array([np.mean(source + TOLERANCE), ALLOWED_SIDE, ALLOWED_SIDE])


def outcome_risks(pit: np.ndarray) -> np.ndarray:
    """Return the RISKS of outcomes by their probability integral transforms (n,), (n, 3)."""
    outside = [(pit < (1 - level) / 2) | (pit > (1 + level) / 2) for level in NOMINAL]
    return np.column_stack([np.mean(outside, axis=0), pit > 0.5, pit < 0.5])


def check_alarm(
    risks: np.ndarray, creator: np.ndarray, month: np.ndarray, allowed: np.ndarray
) -> Alarm:
    """Return what the alarm says of outcomes in the order in which they matured.

    `risks`: `outcome_risks`, (n, 3); `creator`: codes, (n,); `month`: that in which each matured,
    any ascending numbers, (n,); `allowed`: `allowed_risks`, (3,).
    """
    used = len(risks) // BATCH * BATCH
    bets = np.zeros((0, len(RISKS), len(STAKES)))
    starts: list[int] = []
    wealth, highest, in_month = 1.0, 1.0, 0
    found: tuple[int, int, str] | tuple[()] = ()
    for begin in range(0, used, BATCH):
        if begin == 0 or month[begin] != month[begin - BATCH]:
            in_month = 0
            if len(starts) < MONTHS:
                new = MONEY[len(starts)] * PARTS[:, None] / len(STAKES)
                bets = np.concatenate([bets, np.broadcast_to(new, (1, *bets.shape[1:]))])
                starts.append(begin)
        rows = slice(begin, begin + BATCH)
        gains = _log_gains(risks[rows], creator[rows], allowed)
        bets = bets * np.exp(gains / (1 + SHARED[:, None] * in_month) ** 2)
        in_month += BATCH
        wealth = float(bets.sum() + MONEY[len(starts) :].sum())
        highest = max(highest, wealth)
        if wealth >= 1 / LEVEL and not found:
            start, risk = np.unravel_index(int(bets.sum(axis=2).argmax()), bets.shape[:2])
            found = begin + BATCH - 1, starts[int(start)], RISKS[int(risk)]
    means = risks[:used].mean(axis=0) if used else np.full(len(RISKS), np.nan)
    return Alarm(_named(allowed), _named(means), used, len(risks) - used, wealth, highest, *found)


def _named(values: np.ndarray) -> dict[str, float]:
    return dict(zip(RISKS, map(float, values), strict=True))


def _log_gains(risks: np.ndarray, creator: np.ndarray, allowed: np.ndarray) -> np.ndarray:
    """Return ln of what each stake becomes in a batch, (3, len(STAKES)), over all its creators."""
    _, code, count = np.unique(creator, return_inverse=True, return_counts=True)
    means = np.array([np.bincount(code, risk) for risk in risks.T]) / count
    surprise = means / allowed[:, None] - 1
    return np.log1p(STAKES[:, None] * surprise[:, None, :]).sum(axis=2)
