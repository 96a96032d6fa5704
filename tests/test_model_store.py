"""A worker takes champions over, refuses what cannot be used, and always takes a good one afterwards."""

import os

import numpy as np
import pytest

import serving.http.model_store
from serving.http.model_store import LoadedModel, ModelStore
from serving.http.sample_answers import SampleAnswerError, check_sample_answers
from serving.settings import Settings


class Homes:
    """A home of fake bundles: a folder with a file `version`, which is broken where that says so."""

    def __init__(self, home):
        self.home, self.loads = home, 0
        (home / "artifacts" / "bundles").mkdir(parents=True)

    def write(self, name, content, moment=None):
        folder = self.home / "artifacts" / "bundles" / name
        folder.mkdir(exist_ok=True)
        (folder / "version").write_text(content)
        pointer = self.home / "artifacts" / "champion"
        pointer.with_name("new").write_text(name)
        pointer.with_name("new").replace(pointer)
        if moment is not None:
            for path in (folder / "version", folder, pointer):
                os.utime(path, ns=(moment, moment))

    def load(self, folder, *_):
        self.loads += 1
        version = (folder / "version").read_text()
        if version.startswith("broken"):
            raise ValueError(f"{version}\nin two lines")
        return LoadedModel({} if version == "nameless" else {"version": version}, None)


@pytest.fixture
def homes(tmp_path):
    return Homes(tmp_path)


@pytest.fixture
def champion(homes):
    return ModelStore(Settings(homes.home, poll_seconds=0.02), load=homes.load)


def version(champion):
    return champion.current and champion.current.manifest.get("version")


@pytest.mark.parametrize("before", ["good", "broken"])
@pytest.mark.parametrize("bad", ["broken", "nameless"])
def test_a_good_champion_is_taken_after_a_bad_one_also_with_the_same_times(
    homes, champion, before, bad
):
    moment = 1_700_000_000_000_000_000
    homes.write("b", before, moment)
    champion.refresh()
    homes.write("b", bad, moment)
    champion.refresh()
    homes.write("b", "good", moment)
    champion.refresh()
    assert version(champion) == "good"
    homes.write("b", "bood", moment)
    champion.refresh()
    assert (version(champion), champion.reason) == ("bood", "")


def test_a_refused_one_is_told_once_in_one_line_and_not_loaded_at_every_look(
    homes, champion, caplog
):
    homes.write("a", "good")
    champion.refresh()
    homes.write("b", "broken")
    for _ in range(5):
        champion.refresh()
    assert homes.loads == 2
    told = [record.message for record in caplog.records if "no new champion" in record.message]
    assert told == ["no new champion: ValueError: broken in two lines; good stays"]


def test_what_may_have_been_the_machine_is_tried_again(homes, champion, monkeypatch):
    homes.write("a", "broken")
    champion.refresh()
    monkeypatch.setattr(serving.http.model_store, "AGAIN_SECONDS", 0.0)
    champion._again_at = 0.0
    champion.refresh()
    assert homes.loads == 2


def test_whoever_cannot_be_told_of_a_champion_does_not_end_the_looking(homes, caplog):
    def told(manifest):
        raise KeyError(manifest["version"])

    champion = ModelStore(Settings(homes.home, poll_seconds=0.02), load=homes.load, on_change=told)
    taken = []
    for name in ("one", "nameless", "two"):
        homes.write("a", name)
        champion.refresh()
        taken.append(version(champion))
    assert taken == ["one", "one", "two"]
    assert "figures do not tell the champion: KeyError: 'two'" in caplog.text


def test_sample_questions_are_answered_by_a_sound_champion_alone(scorer, monkeypatch):
    manifest = scorer.bundle.manifest
    check_sample_answers(manifest, scorer)
    with pytest.raises(TypeError, match="not JSON serializable"):
        check_sample_answers({**manifest, "source": object()}, scorer)
    found = scorer.score

    def unknown(*asked):
        scored = found(*asked)
        scored.columns["engagements_p50"][3] = np.nan
        return scored

    monkeypatch.setattr(scorer, "score", unknown)
    with pytest.raises(SampleAnswerError, match="usual questions are answered by engagements of"):
        check_sample_answers(manifest, scorer)
