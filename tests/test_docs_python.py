"""The page docs/python.md is run line by line."""

import doctest
from pathlib import Path

import sklearn

PAGE = Path(__file__).parents[1] / "docs" / "python.md"


def test_every_line_of_the_page_gives_what_it_shows(home, monkeypatch, capsys):
    monkeypatch.chdir(home)  # where the page's reader has trained and promoted a bundle
    with sklearn.config_context():  # the page changes the configuration
        failures, examples = doctest.testfile(str(PAGE), module_relative=False, encoding="utf-8")
    assert failures == 0, capsys.readouterr().out
    assert examples > 25
