"""Faults of the disk while a workbook is written, as what they are."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def disk_errors() -> Iterator[None]:
    """Raise OSError where XlsxWriter raises an error of its own about the file: it cannot be made,
    written or closed, or would be too large.
    """
    from xlsxwriter.exceptions import FileCreateError, FileSizeError

    try:
        yield
    except FileCreateError as error:
        cause = error.args[0] if error.args else None
        raise (cause if isinstance(cause, OSError) else OSError(str(error))) from error
    except FileSizeError as error:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG)) from error
