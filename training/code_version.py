"""What trains a model beside data and recipe: this code, Python, packages and the machine."""

import hashlib
import platform
import sys
from functools import cache
from importlib.metadata import version
from pathlib import Path

import features
import models
import training

#: Packages whose versions may change a fit.
FITS_WITH = ("lightgbm", "numpy", "pandas", "pyarrow", "scikit-learn", "scipy")
#: Hexadecimal digits of a code digest.
DIGEST_LENGTH = 16


def made_with() -> dict[str, str]:
    """Return what a model was made with, by name: the digest of the code, and versions."""
    return {
        "code": code_digest(),
        "python": ".".join(map(str, sys.version_info[:3])),
        **{name: version(name) for name in FITS_WITH},
    }


@cache
def code_digest() -> str:
    """Return the start of a sha256 of the source of `features`, `models` and `training`, data files
    included.
    """
    digest = hashlib.sha256()
    for package in (features, models, training):
        folder = Path(next(iter(package.__path__)))
        for path in sorted([*folder.rglob("*.py"), *folder.rglob("*.csv")]):
            digest.update(f"{package.__name__}/{path.relative_to(folder).as_posix()}\n".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:DIGEST_LENGTH]


def machine() -> str:
    """Return the kind of this machine's processor, on which the last digits of a fit depend."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return " ".join([platform.machine(), *names[:1]])
