"""Regular files, up to a size: to read a FIFO or a device would hold the reader for good, or never
end.
"""

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

_KINDS = {
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFDIR: "a folder",
    stat.S_IFLNK: "a link",
}


def read_regular(path: Path, limit: int, follow_links: bool = True) -> bytes:
    """Return the content of a regular file of at most `limit` bytes, without ever waiting for
    another process.

    With `follow_links` False a link in the place of the file is refused. Raises OSError, whose
    `strerror` says what it is instead, or how large.
    """
    with open_regular(path, follow_links) as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise OSError(errno.EFBIG, f"it is larger than {limit:,} bytes", str(path))
    return content


def open_regular(path: Path, follow_links: bool = True) -> BinaryIO:
    """Open a regular file for reading, as `read_regular` does. Raises OSError."""
    path = Path(path)
    if (
        not follow_links and path.is_symlink()
    ):  # O_NOFOLLOW alone would say "too many levels of symbolic links"
        raise _error(path, stat.S_IFLNK)
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | (0 if follow_links else os.O_NOFOLLOW)
    descriptor = os.open(path, flags)
    kind = stat.S_IFMT(os.fstat(descriptor).st_mode)
    if kind != stat.S_IFREG:
        os.close(descriptor)
        raise _error(path, kind)
    return open(descriptor, "rb")


def check_regular(path: Path) -> None:
    """Raise OSError, as `read_regular` does, where a file is none or no regular one; links are
    followed.
    """
    mode = os.stat(path).st_mode
    if not stat.S_ISREG(mode):
        raise _error(path, stat.S_IFMT(mode))


def _error(path: Path, kind: int) -> OSError:
    return OSError(
        errno.EINVAL,
        f"it is {_KINDS.get(kind, 'something else')}, expected a regular file",
        str(path),
    )
