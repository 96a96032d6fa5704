import os

import pytest

from features.files.atomic import new_folder


def test_a_new_folder_takes_no_others_place(tmp_path):
    (tmp_path / "bundle").mkdir()
    (tmp_path / "bundle" / "file").write_text("first")
    with pytest.raises(OSError, match="not empty"), new_folder(tmp_path / "bundle") as unfinished:
        (unfinished / "file").write_text("second")
    assert (tmp_path / "bundle" / "file").read_text() == "first"
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


def test_a_folder_that_cannot_be_replaced_is_not_lost(tmp_path, monkeypatch):
    (tmp_path / "market").mkdir()
    (tmp_path / "market" / "file").write_text("first")
    real = os.replace

    def failing(source, target):
        if "former" not in str(target):
            raise OSError("the disk is gone")
        real(source, target)

    monkeypatch.setattr(os, "replace", failing)
    with (
        pytest.raises(OSError, match="the disk is gone"),
        new_folder(tmp_path / "market", replaces=True) as unfinished,
    ):
        (unfinished / "file").write_text("second")
    (former,) = tmp_path.iterdir()
    assert (former / "file").read_text() == "first"
