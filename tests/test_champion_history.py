"""The champions of a home in their order, and the way back."""

import json
import os

import pandas as pd
import pytest

from models.champion import (
    champion_file,
    champion_history_file,
    champion_version,
    forced_promotions,
    previous_champion,
    restore_champion,
    set_champion,
)
from models.champion_history import ChampionHistoryError, ForcedPromotion, champions_until

# --- the champions before ---


@pytest.fixture
def champions(tmp_path):
    """Give a home in which one, two and three became champion in this order."""
    (tmp_path / "artifacts").mkdir()
    for version in ("one", "two", "three"):
        set_champion(tmp_path, version)
    return tmp_path


def kept(home):
    """Give the champions in their order, without those that were rolled back."""
    path = champion_history_file(home)
    return [line["version"] for line in champions_until(path, champion_version(home))]


def test_champions_are_kept_in_their_order(champions):
    assert kept(champions) == ["one", "two", "three"]
    assert (champion_version(champions), previous_champion(champions)) == ("three", "two")
    since = [
        json.loads(line)["since"]
        for line in champion_history_file(champions).read_text().splitlines()
    ]
    assert all(pd.Timestamp(moment).tzinfo is not None for moment in since)
    assert sorted(path.name for path in champion_history_file(champions).parent.iterdir()) == [
        "champion",
        "champions.jsonl",
    ]


def test_going_back_goes_further_back_each_time_and_ends(champions):
    seen = []
    while previous_champion(champions) is not None:
        restore_champion(champions)
        seen.append(champion_version(champions))
    assert (seen, kept(champions)) == (["two", "one"], ["one"])


def test_what_was_gone_back_from_is_no_longer_before_the_next(champions):
    restore_champion(champions)
    set_champion(champions, "four")
    assert (kept(champions), previous_champion(champions)) == (["one", "two", "four"], "two")


def test_why_a_champion_was_forced_is_kept_even_after_it_was_rolled_back(champions):
    set_champion(champions, "four", ForcedPromotion("a new market", ("CRPS, all history",)))
    forced = {"reason": "a new market", "failed": ["CRPS, all history"]}
    assert [(one["version"], one["forced"]) for one in forced_promotions(champions)] == [
        ("four", forced)
    ]
    restore_champion(champions)
    set_champion(champions, "five")
    (line,) = forced_promotions(champions)
    assert (line["version"], line["forced"], "rolled_back" in line) == ("four", forced, True)
    assert (kept(champions), previous_champion(champions)) == (
        ["one", "two", "three", "five"],
        "three",
    )


def test_a_forced_promotion_that_was_not_finished_is_not_told(champions, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("models.champion.replace_text", lambda path, text: None)
        set_champion(champions, "four", ForcedPromotion("a new market", ()))
    assert (champion_version(champions), forced_promotions(champions)) == ("three", [])


def test_a_champion_may_come_again(champions):
    set_champion(champions, "one")
    assert (kept(champions), previous_champion(champions)) == (
        ["one", "two", "three", "one"],
        "three",
    )
    restore_champion(champions)
    assert (champion_version(champions), previous_champion(champions)) == ("three", "two")


def test_a_champion_of_before_the_history_or_named_by_hand_is_kept(champions):
    champion_history_file(champions).unlink()
    assert previous_champion(champions) is None
    set_champion(champions, "four")
    assert (kept(champions), previous_champion(champions)) == (["three", "four"], "three")
    champion_file(champions).write_text("by hand\n")
    assert previous_champion(champions) == "four"


@pytest.mark.parametrize(
    ("act", "stopped", "before"),
    [
        (lambda home: set_champion(home, "four"), "three", "two"),
        (lambda home: set_champion(home, "one"), "three", "two"),
        (restore_champion, "three", "two"),
    ],
)
def test_work_that_ends_between_the_two_files_leaves_the_pointer_true(
    champions, monkeypatch, act, stopped, before
):
    done = []

    def once(*paths):
        if done:
            raise KeyboardInterrupt
        done.append(os.rename(*paths))

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", once)
        with pytest.raises(KeyboardInterrupt):
            act(champions)
    assert (champion_version(champions), previous_champion(champions)) == (stopped, before)
    set_champion(champions, "five")
    assert (champion_version(champions), previous_champion(champions)) == ("five", stopped)


def test_a_history_that_cannot_be_read_is_told_before_anything_is_changed(champions):
    champion_history_file(champions).write_text('{"version": "one"}\noops\n')
    for act in (lambda: set_champion(champions, "four"), lambda: restore_champion(champions)):
        with pytest.raises(
            ChampionHistoryError,
            match=r"champions.jsonl', line 2: 'oops' names no champion, expected",
        ):
            act()
    assert champion_version(champions) == "three"
