import numpy as np
import pytest

from features.derive.effects import (
    SHRINKAGE_CREATORS,
    Effects,
    creator_format_effects,
    fit_effects,
    planned_format_columns,
)
from features.tables.vocabulary import FORMATS

NAN = np.nan
IMAGE, VIDEO = FORMATS.index("image"), FORMATS.index("video")
INSTAGRAM = np.zeros(40)


def test_usual_effects_are_medians_shrunk_by_creators():
    residual = np.tile([0.5, -0.5, NAN, -0.5], (40, 1))
    formats = np.tile([VIDEO, IMAGE, VIDEO, NAN], (40, 1)).astype(float)
    sponsored = np.tile([1.0, 0.0, 1.0, 0.0], (40, 1))
    usual = fit_effects(residual, formats, sponsored, INSTAGRAM)
    keep = 40 / (40 + SHRINKAGE_CREATORS)
    assert usual.formats == {"instagram": {"image": -0.5 * keep, "video": 0.5 * keep}}
    assert usual.sponsored == {"instagram": pytest.approx(1.0 * keep)}


def test_without_a_paid_post_payment_does_nothing():
    usual = fit_effects(np.ones((3, 2)), np.full((3, 2), NAN), np.full((3, 2), NAN), np.zeros(3))
    assert usual == Effects({"instagram": {}}, {"instagram": 0.0})


def test_a_platform_never_seen_has_no_usual_effect():
    usual = Effects({"tiktok": {"video": 0.3}}, {"tiktok": -0.2})
    assert usual.format_effects(np.array([1.0, 0.0, NAN])).tolist()[0][VIDEO] == 0.3
    assert not usual.format_effects(np.array([0.0, NAN])).any()
    assert usual.sponsored_effects(np.array([1.0, 0.0, NAN])).tolist() == [-0.2, 0, 0]


def test_few_posts_leave_the_usual_effect_and_many_the_own():
    usual = Effects({"instagram": {"video": 0.4}}, {}).format_effects(np.zeros(2))
    few, many = np.full((2, 60), NAN), np.full((2, 60), float(VIDEO))
    few[:, 0] = -0.4
    own, count = creator_format_effects(few, many, usual)
    columns = planned_format_columns(own, count, np.array([VIDEO, IMAGE]))
    assert own[:, VIDEO] == pytest.approx([(3 * 0.4 - 0.4) / 4] * 2)
    assert columns["engagements_dev_mean_by_format"] == pytest.approx([0.2, 0.0])
    assert columns["format_share"].tolist() == [1, 0]
    own, _ = creator_format_effects(np.full((2, 60), -0.4), many, usual)
    assert own[:, VIDEO] == pytest.approx([(3 * 0.4 - 60 * 0.4) / 63] * 2)
