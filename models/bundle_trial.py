"""The trial of a bundle: a separate process loads it and makes forecasts before it is used.

A bundle may end its process (LightGBM aborts on some damage), never return, or take all memory. In
the trial this does no harm. A bundle that was tried once, known by the digest of its contents, is
not tried again by this process or by the processes that it starts.

    python -m models.bundle_trial FOLDER
"""

import contextlib
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from models.bundle import Bundle, check_bundle_files, load_bundle
from models.bundle_files import BundleError, contents_digest, read_manifest
from models.trial_variable import TRIED_VARIABLE

#: Seconds and bytes of memory that a trial may take; a few seconds and 0.3 GB are usual.
TRIAL_SECONDS, TRIAL_MEMORY_BYTES = 300, 3 * 2**30
_ROOT = Path(__file__).parents[1]
_digests: set[str] = set()


def try_bundle(folder: Path, seconds: float = TRIAL_SECONDS) -> str:
    """Try a bundle unless it was tried already; return the digest of its contents.

    Raises BundleError with the reason where it fails or takes more than `seconds`.
    """
    folder = Path(os.path.abspath(folder))
    digest = contents_digest(read_manifest(folder))
    if _is_tried(digest):
        return digest
    check_bundle_files(folder)  # these checks are safe and need no process
    process = _run(folder, seconds)
    last_word = process.stdout.split()[-1:]
    if process.returncode != 0 or last_word != [digest]:
        raise BundleError(_reason(folder, process))
    _digests.add(digest)
    return digest


def _is_tried(digest: str) -> bool:
    return digest in _digests or digest in os.environ.get(TRIED_VARIABLE, "").split()


def try_in_place(folder: Path) -> Bundle:
    """Load a bundle, and try it in this process unless it was tried already; return it.

    For processes that are there to check alone: the bundle may end this one, and a trial of more
    than TRIAL_SECONDS does. Raises BundleError.
    """
    digest = contents_digest(read_manifest(folder))
    if _is_tried(digest):
        return load_bundle(folder, digest)
    from models.bundle_trial_queries import check_answers

    try:
        with _trial_limits():
            bundle = load_bundle(folder, digest)
            check_answers(bundle)
    except Exception as error:  # any fault becomes one line of text
        name = "" if isinstance(error, BundleError) else f"{type(error).__name__}: "
        raise BundleError(_with_folder(folder, f"{name}{error}")) from error
    _digests.add(digest)
    return bundle


@contextlib.contextmanager
def _trial_limits() -> Iterator[None]:
    """Limit this process to TRIAL_SECONDS and TRIAL_MEMORY_BYTES, and let it leave no core file."""
    # workers of the service ignore this signal, and this process would inherit that
    before = signal.signal(signal.SIGALRM, signal.SIG_DFL)
    memory, most_memory = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_DATA, (TRIAL_MEMORY_BYTES, most_memory))
    signal.alarm(TRIAL_SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        resource.setrlimit(resource.RLIMIT_DATA, (memory, most_memory))
        signal.signal(signal.SIGALRM, before)


def try_in_process(bundle: Bundle) -> None:
    """Try a bundle that this process has just made and loaded, so that it is not tried again here.

    A bundle that fails stays untried: `try_bundle` raises the reason before it is used.
    """
    from models.bundle_trial_queries import check_answers

    with contextlib.suppress(Exception):
        check_answers(bundle)
        _digests.add(contents_digest(bundle.manifest))


def share_tried(bundle: Bundle) -> None:
    """Tell the processes that this one starts that a bundle was tried."""
    os.environ[TRIED_VARIABLE] = contents_digest(bundle.manifest)


def _run(folder: Path, seconds: float) -> subprocess.CompletedProcess:
    """Run `main` on the folder in a process of its own, with one thread."""
    command = [sys.executable, "-m", "models.bundle_trial", str(folder)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    try:
        # its own process group, so that Ctrl-C in the terminal of the service does not end it
        return subprocess.run(
            command,
            cwd=_ROOT,
            env=environment,
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
    """Return why the trial failed, as one sentence with the folder."""
    last_line = (process.stderr.strip() or process.stdout.strip()).splitlines()[-1:]
    message = last_line[0][:600] if last_line else "it said nothing"
    if process.returncode < 0:
        name = signal.Signals(-process.returncode).name
        return f"{str(folder)!r} ends the process that loads it ({name}): {message}"
    return _with_folder(folder, message)


def _with_folder(folder: Path, message: str) -> str:
    if repr(str(folder))[:-1] in message:
        return message
    return f"{str(folder)!r} does not answer: {message}"


def main(folder: Path) -> None:
    """Try a bundle in this process; print its digest, or exit with the fault."""
    try:
        print(contents_digest(try_in_place(folder).manifest))
    except BundleError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
