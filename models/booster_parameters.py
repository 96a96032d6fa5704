"""Parameters of a scikit-learn estimator that are settings of boosters.

scikit-learn names a setting inside a parameter by two underscores: `location__trees` is the setting
`trees` of the parameter `location`. A search such as GridSearchCV sets it by this name.
"""

from typing import Any, Self

from sklearn.base import BaseEstimator

from models.boosting import LOCATION_BOOSTING, SCALE_BOOSTING, Boosting

#: Settings of the two boosters where the parameters `location` and `scale` are None.
DEFAULT_BOOSTING = {"location": LOCATION_BOOSTING, "scale": SCALE_BOOSTING}


class BoosterParameters(BaseEstimator):
    """An estimator with the parameters `location` and `scale`, each a Boosting or None."""

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters by name; `deep`: also each setting of both boosters, such as
        `location__trees`, those of the default where the parameter is None.
        """
        parameters = super().get_params(deep=False)
        if deep:
            for name in DEFAULT_BOOSTING:
                boosting = self._boosting(name)
                if isinstance(boosting, Boosting):
                    settings = boosting.get_params()
                    parameters |= {f"{name}__{key}": value for key, value in settings.items()}
        return parameters

    def set_params(self, **params: Any) -> Self:
        """Set parameters by name, also single settings of a booster, such as `location__trees`.

        Raises ValueError for an unknown name.
        """
        settings: dict[str, dict[str, Any]] = {name: {} for name in DEFAULT_BOOSTING}
        plain = {}
        for key, value in params.items():
            name, _, setting = key.partition("__")
            if setting and name in settings:
                settings[name][setting] = value
            else:
                plain[key] = value
        super().set_params(**plain)
        for name, changed in settings.items():
            if changed:
                setattr(self, name, self._boosting(name).with_params(**changed))
        return self

    def _boosting(self, name: str) -> Boosting:
        """Return the settings of a booster: the parameter, or the default where it is None."""
        boosting = getattr(self, name)
        return DEFAULT_BOOSTING[name] if boosting is None else boosting
