"""Whether a file may be written: never in place of a file that is read, and in a folder that is
there.
"""

from collections.abc import Mapping
from pathlib import Path


def output_fault(outputs: Mapping[str, Path], inputs: Mapping[str, Path]) -> str | None:
    """Return why files cannot be written, None where they can.

    `outputs`: what is written -> its path; `inputs`: what is read -> its file or folder. The same
    file under another spelling or by a link is found, and a file inside of a folder that is read.
    """
    for noun, path in outputs.items():
        for what, source in inputs.items():
            if relation := _relation(path, source):
                return f"{str(path)!r} {relation.format(what)}: name another file for {noun}"
        if path.is_dir():
            return f"{str(path)!r} cannot be written: Is a directory"
        if not path.parent.is_dir():
            return (
                f"{str(path)!r} cannot be written: the folder {str(path.parent)!r} does not "
                f"exist; make it first"
            )
    return None


def _relation(path: Path, source: Path) -> str | None:
    """Return how a file that is there belongs to what is read, None where it does not."""
    if not source.exists() or not path.exists():
        return None
    if path.samefile(source):
        return "is {} itself"
    is_inside = source.is_dir() and source.resolve() in path.resolve().parents
    return "lies in {}" if is_inside else None
