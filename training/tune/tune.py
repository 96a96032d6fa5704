"""A search for a better recipe, inside of the training window, and what it recommends."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import optuna
from threadpoolctl import threadpool_limits

from features.files.atomic import replace_text
from features.history.history import History
from features.tables.vocabulary import EVIDENCE
from training.recipe import Recipe
from training.recipe_file import recipe_text
from training.runs.experiment import experiment_name
from training.train import mature_end
from training.training_data import data_digest, read_training_tables
from training.tune.confirm import Confirmation, confirm
from training.tune.cuts import KnownFits, TuningCuts, derive_tuning_cuts, mean_crps
from training.tune.space import suggest_recipe, with_values
from training.tune.study_file import DEFAULT_SCORES, count_trials, open_study, search_name

COMPLETE, PRUNED = optuna.trial.TrialState.COMPLETE, optuna.trial.TrialState.PRUNED


@dataclass(frozen=True)
class SearchResult:
    """What a search found and recommends.

    - `file`: the recipe file that is recommended; `found`: that of the best trial, None without
      one; `study`: the file with all trials
    - `recipe`: the default; `experiment`: the name of the data set's experiment in MLflow
    - `default_crps`, `best_crps`: means over the cuts that trials are scored at
    - `confirmation`: None where no trial was better there
    - `trials`: of each state, by its name; `interrupted`: whether the user stopped it
    """

    name: str
    recipe: Recipe
    experiment: str
    file: Path
    found: Path | None
    study: Path
    default_crps: float
    best_crps: float | None
    best_values: dict[str, Any]
    confirmation: Confirmation | None
    trials: dict[str, int]
    interrupted: bool = False

    @property
    def recommends_default(self) -> bool:
        return self.confirmation is None or not self.confirmation.beats_default

    def text(self) -> str:
        """Return the result in sentences."""
        counts = ", ".join(f"{count} {name}" for name, count in self.trials.items() if count)
        lines = [f"{sum(self.trials.values())} trials so far ({counts or 'none'})"]
        if self.interrupted:
            lines.append("the search was stopped; the same command continues it")
        lines += [self._verdict(), f"recommended: {str(self.file)!r}"]
        if self.recommends_default and self.found is not None:
            lines.append(f"the best trial, for comparison: {str(self.found)!r}")
        return "\n".join(lines)

    def _verdict(self) -> str:
        if self.confirmation is None:
            return (
                "nothing beats the default: no trial is better at the cuts of the search: keep the "
                "default"
            )
        if self.recommends_default:
            return f"nothing beats the default beyond noise: {self.confirmation.text()}: keep it"
        changed = ", ".join(f"{key} {_short(value)}" for key, value in self.best_values.items())
        times = _leaves(with_values(self.recipe, self.best_values)) / _leaves(self.recipe)
        return (
            f"better than the default: {self.confirmation.text()}: {changed}; scoring takes about "
            f"{times:.2g} times as long in its trees (trees times leaves)"
        )


def tune(
    data: Path,
    home: Path,
    recipe: Recipe,
    minutes: float,
    report: Callable[[str], None] = lambda text: None,
    progress: Callable[[float, float, str], None] = lambda done, total, text: None,
    trials: int | None = None,
) -> SearchResult:
    """Search for `minutes` from now, or for `trials` more, and write what is recommended.

    `recipe`: the default, which trials change in training.tune.space; `progress`: called with
    the seconds spent, those there are, and the best so far. A search that was begun on the same
    tables goes on. Ctrl-C ends the search, not the result. Raises TuningError, and what reading the
    tables raises.
    """
    report(f"reading {data}")
    tables = read_training_tables(data)
    history = History.from_tables(tables)
    name = search_name(data, data_digest(tables), recipe)
    folder = Path(home) / "artifacts" / "tuning"
    file = folder / f"{name}.db"
    if before := count_trials(file):
        report(f"continues {file.name}, {before:,} trials so far")
    try:
        with threadpool_limits(1, user_api="blas"):
            cuts = derive_tuning_cuts(history, mature_end(history), recipe, report)
            with open_study(file, recipe.seed) as study:
                search = _Search(study, cuts, recipe, report, progress)
                interrupted = search.run(60 * minutes, trials)
                experiment = experiment_name(tables.meta, data.resolve())
                return search.result(folder, name, experiment, interrupted)
    except KeyboardInterrupt as error:
        raise KeyboardInterrupt(_stopped_text(file)) from error


class _Search:
    """One study with what its trials are scored on."""

    def __init__(
        self,
        study: optuna.Study,
        cuts: TuningCuts,
        recipe: Recipe,
        report: Callable[[str], None],
        progress: Callable[[float, float, str], None],
    ):
        self.study, self.cuts, self.recipe = study, cuts, recipe
        self.report, self.progress = report, progress

    def run(self, seconds: float, trials: int | None) -> bool:
        """Run trials until the time is over; return whether the user stopped it before.

        Raises KeyboardInterrupt where it is stopped before the default is scored.
        """
        start = time.monotonic()
        default = self.default_scores()
        self.report(f"the default recipe: CRPS {_mean(default):.4f}")
        try:

            def show(study: optuna.Study, trial: optuna.trial.FrozenTrial) -> None:
                self._tell(trial, _mean(default))
                self.progress(time.monotonic() - start, seconds, self._best_text(_mean(default)))

            left = max(0.0, seconds - (time.monotonic() - start))
            self.study.optimize(self._score, timeout=left, n_trials=trials, callbacks=[show])
        except KeyboardInterrupt:
            return True
        return False

    def default_scores(self) -> list[float]:
        """Return the CRPS of the default recipe at each cut; the study keeps it."""
        if DEFAULT_SCORES not in self.study.user_attrs:
            known = KnownFits()
            scores = [
                mean_crps(self.cuts.scores(cut, self.recipe, known)) for cut in self.cuts.selection
            ]
            self.study.set_user_attr(DEFAULT_SCORES, scores)
        return self.study.user_attrs[DEFAULT_SCORES]

    def result(self, folder: Path, name: str, experiment: str, interrupted: bool) -> SearchResult:
        """Confirm the best trial, write the recipe files, and return the result."""
        best = self._best()
        default = _mean(self.default_scores())
        confirmation, found = None, None
        recommended, why = self.recipe, "The default: no trial is better beyond noise."
        if best is not None:
            found = folder / f"{name}.trial.toml"
            recipe = with_values(self.recipe, best.params)
            about = f"The best trial of the search {name}, number {best.number}."
            replace_text(found, recipe_text(recipe, about))
            if best.value is not None and best.value < default:
                self.report("comparing the best trial with the default on posts that no trial saw")
                confirmation = self._confirm(recipe)
                if confirmation.beats_default:
                    recommended = recipe
                    why = f"{about}\n{confirmation.text()}."
        file = folder / f"{name}.best.toml"
        replace_text(file, recipe_text(recommended, f"Recommended by creatorcast tune.\n{why}"))
        states = [trial.state.name.lower() for trial in self.study.get_trials(deepcopy=False)]
        counts = {state: states.count(state) for state in dict.fromkeys(states)}
        return SearchResult(
            name, self.recipe, experiment, file, found, folder / f"{name}.db", default,
            None if best is None else best.value, {} if best is None else best.params,
            confirmation, counts, interrupted,
        )  # fmt: skip

    def _confirm(self, recipe: Recipe) -> Confirmation:
        cut = self.cuts.confirmation
        default, best = (
            self.cuts.scores(cut, asked, KnownFits()) for asked in (self.recipe, recipe)
        )
        return confirm(default, best, cut.creator, len(EVIDENCE))

    def _score(self, trial: optuna.Trial) -> float:
        """Return the mean CRPS of a trial's recipe over the cuts; a poor one stops after a cut."""
        recipe = replace(suggest_recipe(trial, self.recipe), threads=self.recipe.threads)
        known, scores = KnownFits(), []
        for number, cut in enumerate(self.cuts.selection):
            scores.append(mean_crps(self.cuts.scores(cut, recipe, known)))
            trial.set_user_attr(f"crps_cut_{number + 1}", scores[-1])
            trial.report(_mean(scores), number)
            if number + 1 < len(self.cuts.selection) and trial.should_prune():
                raise optuna.TrialPruned
        return _mean(scores)

    def _best(self) -> optuna.trial.FrozenTrial | None:
        done = self.study.get_trials(deepcopy=False, states=(COMPLETE,))
        return min(done, key=lambda trial: trial.values[0], default=None)

    def _best_text(self, default: float) -> str:
        best = self._best()
        if best is None or best.value is None:
            return "no trial has ended yet"
        return f"best CRPS {best.value:.4f}, {best.value / default - 1:+.2%} against the default"

    def _tell(self, trial: optuna.trial.FrozenTrial, default: float) -> None:
        if trial.state == COMPLETE and trial.value is not None:
            told = f"CRPS {trial.value:.4f}"
        else:
            told = "stopped early" if trial.state == PRUNED else "failed"
        self.report(f"trial {trial.number + 1}: {told}; {self._best_text(default)}")


def _leaves(recipe: Recipe) -> int:
    """Return how many leaves the boosters of a recipe have at most, to which the time that its
    trees take is about proportional.
    """
    return sum(part.trees * part.leaves for part in (recipe.location, recipe.scale))


def _stopped_text(file: Path) -> str:
    """Return what stays of a search that was stopped before it had a result."""
    if trials := count_trials(file):
        return f"stopped; {str(file)!r} keeps {trials:,} trials: the same command continues"
    return "stopped before the first trial: nothing is kept, the same command begins anew"


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def _short(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
