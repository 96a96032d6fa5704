"""Only regular files are read, and nothing else holds the reader."""

import contextlib
import os
import socket

import pytest

from features.files.regular import check_regular, read_regular


def test_a_regular_file_is_read_up_to_the_limit(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    assert read_regular(path, 5) == b"12345"
    check_regular(path)
    with pytest.raises(OSError, match="it is larger than 4 bytes"):
        read_regular(path, 4)


def test_a_link_is_followed_unless_it_may_not(tmp_path):
    (tmp_path / "file").write_bytes(b"1")
    (tmp_path / "link").symlink_to("file")
    assert read_regular(tmp_path / "link", 5) == b"1"
    with pytest.raises(OSError, match="it is a link, expected a regular file"):
        read_regular(tmp_path / "link", 5, follow_links=False)


def test_what_is_no_regular_file_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("fifo")
    expected = {"fifo": "a FIFO", "link": "a FIFO", "folder": "a folder"}
    for name, kind in expected.items():
        for read in (lambda path: read_regular(path, 5), check_regular):
            with pytest.raises(OSError, match=f"it is {kind}, expected a regular file"):
                read(tmp_path / name)
    with pytest.raises(OSError, match="it is a device, expected a regular file"):
        read_regular("/dev/zero", 5)
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as listener:
        listener.bind(str(tmp_path / "socket"))
        with pytest.raises(OSError, match="No such device"):  # a socket cannot even be opened
            read_regular(tmp_path / "socket", 5)
    with pytest.raises(FileNotFoundError):
        read_regular(tmp_path / "missing", 5)
