"""The trial of a bundle: it is loaded and asked in a process of its own before anybody answers from
it.

A bundle may end its process (LightGBM aborts on some damage), hold it for good or take all memory:
in the trial that harms nobody. What was tried once is not tried again by this process, or by those
that it starts: it is told by the digest of its contents.

    python -m models.bundle_trial FOLDER
"""

import contextlib
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

from models.bundle import Bundle, check_bundle_files, load_bundle
from models.bundle_files import BundleError, contents_digest, read_manifest

#: Seconds and bytes of memory that a trial may take; usual are some seconds and 0.3 GB.
TRIAL_SECONDS, TRIAL_MEMORY_BYTES = 300, 3 * 2**30
#: The variable with the digests of bundles that were tried, for the processes that this one starts.
TRIED_VARIABLE = "CREATORCAST_TRIED"
_ROOT = Path(__file__).parents[1]
_digests: set[str] = set()


def try_bundle(folder: Path, seconds: float = TRIAL_SECONDS) -> str:
    """Try a bundle unless it was tried already; give the digest of its contents. Raises BundleError
    with the reason.
    """
    folder = Path(os.path.abspath(folder))
    digest = contents_digest(read_manifest(folder))
    if digest in _digests or digest in os.environ.get(TRIED_VARIABLE, "").split():
        return digest
    check_bundle_files(folder)  # what can be seen without a risk needs no process
    process = _run(folder, seconds)
    answer = process.stdout.split()[-1:]
    if process.returncode != 0 or answer != [digest]:
        raise BundleError(_reason(folder, process))
    _digests.add(digest)
    return digest


def try_in_process(bundle: Bundle) -> None:
    """Ask a bundle that this process has just made and loaded; one that answers need not be tried
    by it again.
    """
    from models.bundle_trial_queries import check_answers

    with contextlib.suppress(
        Exception
    ):  # whoever is to answer from it tries it, and tells the reason
        check_answers(bundle)
        _digests.add(contents_digest(bundle.manifest))


def share_tried_digest(digest: str) -> None:
    """Let the processes that this one starts know that a bundle with this digest was tried."""
    os.environ[TRIED_VARIABLE] = digest


def _run(folder: Path, seconds: float) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "models.bundle_trial", str(folder)]
    quiet = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    try:
        # a group of its own: Ctrl-C in the terminal of the service is not for it
        return subprocess.run(
            command,
            cwd=_ROOT,
            env=quiet,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds,
            process_group=0,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise BundleError(
            f"{str(folder)!r} was not loaded and asked within {seconds:g} s"
        ) from None
    except OSError as error:
        raise BundleError(f"{str(folder)!r} cannot be tried: {error.strerror or error}") from error


def _reason(folder: Path, process: subprocess.CompletedProcess) -> str:
    last = (process.stderr.strip() or process.stdout.strip()).splitlines()[-1:]
    words = last[0][:600] if last else "it said nothing"
    if process.returncode < 0:
        name = signal.Signals(-process.returncode).name
        return f"{str(folder)!r} ends the process that loads it ({name}): {words}"
    return words if repr(str(folder))[:-1] in words else f"{str(folder)!r} does not answer: {words}"


def main(folder: Path) -> None:
    """Load and ask a bundle in this process, which ends by itself in time; tell its digest, or what
    is wrong.
    """
    signal.signal(
        signal.SIGALRM, signal.SIG_DFL
    )  # workers of the service ignore it, and so would this process
    signal.alarm(TRIAL_SECONDS)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_DATA, (TRIAL_MEMORY_BYTES, TRIAL_MEMORY_BYTES))
    from models.bundle_trial_queries import check_answers

    digest = contents_digest(read_manifest(folder))
    try:
        check_answers(load_bundle(folder, digest))
    except Exception as error:  # all of them are told in one line
        sys.exit(
            str(error) if isinstance(error, BundleError) else f"{type(error).__name__}: {error}"
        )
    print(digest)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
