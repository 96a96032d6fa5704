"""Packages: several formats booked together, through every door, and their totals by the copula."""

import json
import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from conftest import answers_of
from hypothesis import given
from hypothesis import strategies as st
from test_joint_forecast import normal

from features.tables.packages import (
    PackageError,
    add_up,
    package_text,
    parse_package,
    settle_booking,
)
from features.tables.vocabulary import FORMATS, UNCOUNTED_FORMATS
from ingest.exports.importer import import_files
from ingest.sheets import read_sheet
from ingest.sheets.sheet_types import SheetOptions
from models.conformal import GRID
from models.delivery import DeliveredTotals
from models.fee import MarketFee
from models.package_totals import PackageCurves, PackageParts, PackageTotals
from models.rate_card import RATE_CARD_SCHEMA, read_rate_card
from serving.batch import score_file
from serving.http.model_store import ModelStore
from serving.http.routes import build_app
from serving.scoring.answer_table import ANSWER_COLUMNS
from serving.scoring.deal_terms import AnswerOptions
from serving.scoring.prospect_batch import ProspectBatch, microseconds
from serving.scoring.scorer import Scorer
from serving.settings import Settings

with warnings.catch_warnings():  # starlette would rather have httpx2
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

AS_OF = pd.Timestamp("2026-06-15T00:00:00Z")
PROFILE = {
    "platform": "instagram", "followers": 30_000.0, "niche": "food", "avg_likes": 800.0,
    "avg_comments": 15.0, "fee_usd": 900.0, "goal_engagements": 900.0, "target_cpe_usd": 0.5,
    "emv_like_usd": 0.1,
}  # fmt: skip
COUNTS = st.dictionaries(st.sampled_from(FORMATS), st.integers(1, 16), min_size=1)


@pytest.fixture(scope="module")
def scorer(bundle):
    return Scorer(bundle)


@pytest.fixture(scope="module")
def client(home):
    app = build_app()
    champion = ModelStore(Settings(home, None), on_change=app.state.metrics.model)
    champion.start()
    app.state.champion = champion
    yield TestClient(app)
    champion.stop()


def row_of(package=None, **rest):
    return {**PROFILE, **({} if package is None else {"package": package}), **rest}


def scored(scorer, rows, extras=None):
    found = scorer.score(ProspectBatch.from_rows(rows), microseconds(AS_OF), extras=extras)
    assert not found.reasons
    return found.columns


def totals_of(location, scale, count):
    """Give the totals of one package whose parts are normal in ln(1 + count)."""
    parts = normal(location, scale)
    package = np.zeros(len(parts.location), dtype=int)
    return PackageTotals.of(PackageCurves(PackageParts(parts, package, np.array(count))))


@given(COUNTS, st.randoms())
def test_a_package_is_read_back_from_its_text_in_any_order_and_form(counts, random):
    package = add_up(counts.items())
    assert parse_package(package_text(package)) == package
    pieces = [f"{count}x {name}" for name, count in counts.items()]
    random.shuffle(pieces)
    assert parse_package(" & ".join(pieces)) == package
    assert parse_package(json.dumps(counts)) == package
    listed = [{"format": name, "deliverables": count} for name, count in counts.items()]
    assert parse_package(json.dumps(listed)) == package


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is blank: leave it out, or write it as 1 short + 3 story"),
        ("1 reel +", "has '', which is no number and format: write it as 1 short + 3 story"),
        ("1 reel + TV spot", "has 'TV spot', which is no format that is known"),
        ("0 reels", "has 0 of 'reels': give a whole number from 1 to 100"),
        ("60 reels + 41 stories", "books 101 deliverables: at most 100 are accepted"),
        ("999999999999 reels + 1 image", "books 1,000,000,000,000 deliverables: at most 100"),
        (f"{'9' * 900} reels", "books more than 1,000,000,000,000,000 deliverables"),
        ('{"reel": 1e999}', "has inf of 'reel': give a whole number"),
        ("1.5 reels", "which is no number and format"),
        ("[1, 2]", "has 1, which is no format with its number"),
        ('{"reel": 1.5}', "has 1.5 of 'reel': give a whole number from 1 to 100"),
        ('{"reel": true}', "has True of 'reel': give a whole number"),
        ('[{"format": "reel", "fee": 3}]', "has the field 'fee'"),
        ('[{"deliverables": 3}]', "has a part without one format and one number"),
        ("[", "begins like JSON and is none"),
        ("{}", "books nothing"),
        ("1 reel + " * 140, "is longer than 1,000 characters"),
    ],
)
def test_what_is_no_package_is_told(text, words):
    with pytest.raises(PackageError) as caught:
        parse_package(text)
    assert words in str(caught.value)


def test_what_stands_beside_a_package_agrees_with_it_or_is_an_error():
    mixed, single = parse_package("1 reel + 3 stories"), parse_package("2 reels")
    assert settle_booking(mixed, None, None) == ("1 short + 3 story", None, 4.0)
    assert settle_booking(mixed, None, 4.0) == ("1 short + 3 story", None, 4.0)
    assert settle_booking(single, "short", 2.0) == (None, "short", 2.0)
    for package, beside, words in (
        (mixed, (None, 5.0), "books 4 (1 short + 3 story), and deliverables says 5"),
        (mixed, ("short", None), "books 1 short + 3 story, and format says short"),
        (single, ("image", None), "books 2 short, and format says image"),
    ):
        with pytest.raises(PackageError) as caught:
            settle_booking(package, *beside)
        assert words in str(caught.value)


def test_parts_with_one_forecast_are_so_many_deliverables():
    for counts, scale in (([2, 1], 0.8), ([1, 4, 5], 0.3), ([50, 50], 1.5)):
        k = sum(counts)
        package, rows = totals_of([5.0] * len(counts), scale, counts), normal(5.0, scale, k)
        for name, values in rows.quantiles_by_name.items():
            assert package.quantiles_by_name[name] == pytest.approx(values, rel=0.02), (k, name)
        assert package.mean() == pytest.approx(rows.mean())
        rate = np.array([0.6])
        delivered, expected = DeliveredTotals.of(package, rate), DeliveredTotals.of(rows, rate)
        assert delivered.probability_of_none == pytest.approx(expected.probability_of_none)
        for p in (0.3, 0.5, 0.9):
            found = delivered.quantile([p])[0, 0]
            assert found == pytest.approx(expected.quantile([p])[0, 0], rel=0.03), (k, p)


def test_parts_that_differ_add_up():
    package = totals_of([3.0, 6.0], 0.5, [3, 1])
    small, large = normal(3.0, 0.5, 3), normal(6.0, 0.5, 1)
    assert package.mean() == pytest.approx(small.mean() + large.mean())
    curve = package.totals_at(np.arange(len(GRID)))[0]
    assert (np.diff(curve) >= 0).all()
    assert (curve >= large.totals_at(np.arange(len(GRID)))[0]).all()
    totals = package.interpolated_quantile([0.2, 0.77])[0]
    for total, p in zip(totals, (0.2, 0.77), strict=True):
        assert package.interpolated_probability(np.array([total])) == pytest.approx(p)
    # one of the four appears with this rate almost never together with another
    rare = DeliveredTotals.of(package, np.array([0.01]))
    at_least_large = rare.probability_at_least(np.array([200.0]))[0]
    assert at_least_large == pytest.approx(0.01 * (1 - large.cdf(200.0)[0]), rel=0.1)


def test_a_package_with_one_counted_format_is_the_row_of_that_format(scorer):
    for rest in ({}, {"completion_rate": 0.7}, {"horizon_days": 7.0}):
        columns = scored(
            scorer,
            [
                row_of("2 short + 3 story", **rest),
                row_of(format="short", deliverables=2.0, **rest),
            ],
            AnswerOptions(explain=True, quantiles=(0.3,)),
        )
        for name, values in columns.items():
            if values.dtype == float and name != "deliverables":
                np.testing.assert_allclose(values[0], values[1], rtol=1e-9, err_msg=name)
        assert columns["reasons"][0] == columns["reasons"][1]
        assert columns["package"].tolist() == ["2 short + 3 story", None]
        assert columns["deliverables"].tolist() == [5.0, 2.0]
        assert "over 2 shorts, 3 stories not counted" in columns["sentence"][0]
        assert {*columns["warnings"][0]} - {*columns["warnings"][1]} == {
            "stories_not_counted", "market_fee_without_stories",
        }  # fmt: skip


def test_a_package_has_one_answer_alone_and_among_others_in_any_order(scorer):
    rows = [
        row_of("1 short + 1 carousel"),
        row_of(format="video"),
        row_of("1 image + 2 video + 1 story", completion_rate=0.8),
        {"platform": "youtube", "followers": 9000.0, "package": "1 video + 2 short"},
        row_of("1 short + 1 carousel", followers=12.0),
    ]
    rows = [{**row, "partnership_id": str(number)} for number, row in enumerate(rows)]
    together = scored(scorer, rows)
    reverse = scored(scorer, rows[::-1])
    for number, row in enumerate(rows):
        alone = scored(scorer, [row])
        for name in ANSWER_COLUMNS:
            expected = together[name][number]
            for found in (alone[name][0], reverse[name][::-1][number]):
                assert (found == expected) or pd.isna(found) is pd.isna(expected) is True, name


def test_every_figure_of_a_package_is_over_all_its_counted_formats(scorer):
    package, short, carousel = (
        {name: values[row] for name, values in scored(
            scorer,
            [row_of("1 carousel + 2 short"), row_of(format="short", deliverables=2.0),
             row_of(format="carousel")],
        ).items()}
        for row in range(3)
    )  # fmt: skip
    for name in (
        "engagements_mean", "benchmark_engagements_p50", "market_fee_usd_low",
        "market_fee_usd_typical", "market_fee_usd_high",
    ):  # fmt: skip
        assert package[name] == pytest.approx(short[name] + carousel[name]), name
    assert package["cpe_usd_p50"] == pytest.approx(900 / package["engagements_p50"])
    by_followers = package["engagement_rate_by_followers_p50"]
    assert by_followers == pytest.approx(package["engagements_p50"] / 3 / 30_000)
    assert np.isnan(package["views_p50"])
    assert not np.isnan(short["views_p50"])
    assert "views_of_carousel_not_shown" in package["warnings"]
    assert package["verdict"]


def test_views_are_over_all_formats_where_all_show_them(scorer):
    columns = scored(
        scorer, [row_of("1 short + 2 video"), row_of(format="video", deliverables=2.0)]
    )
    assert columns["views_mean"][0] > columns["views_mean"][1]
    for name in ("p05", "p50", "p95", "mean"):
        assert columns[f"engagements_{name}"][0] <= columns[f"views_{name}"][0]


def test_a_day_that_is_asked_for_moves_a_package_as_it_moves_its_formats(scorer):
    rows = [row_of("1 short + 1 carousel"), row_of("1 short + 1 carousel", horizon_days=7.0)]
    own, asked = scored(scorer, rows)["engagements_mean"]
    single, at_7 = scored(
        scorer, [row_of(format="short"), row_of(format="short", horizon_days=7.0)]
    )["engagements_mean"]
    assert asked < own
    assert asked / own == pytest.approx(at_7 / single, rel=0.01)


def test_the_factors_of_a_package_lead_to_its_mean_post(scorer):
    found = scored(
        scorer,
        [row_of("1 short + 3 carousel"), row_of(format="short"), row_of(format="carousel")],
        AnswerOptions(explain=True),
    )
    product = found["reasons"][0]["per_post"] + 1
    for factor in found["reasons"][0]["factors"]:
        product *= factor["factor"]
    short, carousel = found["engagements_p50"][1:] + 1
    assert product == pytest.approx((short + 3 * carousel) / 4)


def test_stories_are_in_the_market_fee_where_the_rate_card_has_their_own(bundle, tmp_path):
    figures = {"instagram,micro,any": "50,100,200", "instagram,micro,story": "5,10,20"}
    lines = [",".join(RATE_CARD_SCHEMA.names)]
    lines += [f"{place},{fees},USD,guide,2024" for place, fees in figures.items()]
    (tmp_path / "card.csv").write_text("\n".join(lines))
    fees = MarketFee(read_rate_card(tmp_path / "card.csv"))
    scorer = Scorer(replace(bundle, market_fee=fees))
    columns = scored(scorer, [row_of("2 short + 3 story"), row_of("1 short + 1 image")])
    assert columns["market_fee_usd_typical"].tolist() == [230.0, 200.0]
    assert columns["market_fee_usd_low"].tolist() == [115.0, 100.0]
    assert "market_fee_without_stories" not in columns["warnings"][0]
    assert "stories_not_counted" in columns["warnings"][0]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (row_of(format="story"), "format 'story' shows no public counts to forecast"),
        ({**PROFILE, "platform": "youtube", "package": "1 short + 1 story"},
         "package '1 short + 1 story' has story, which is no format of youtube"),
        (row_of("1 short + 1 live", start_at=AS_OF - pd.Timedelta(days=1)), "lies before as_of"),
    ],
)  # fmt: skip
def test_a_package_that_cannot_be_forecast_is_rejected(scorer, row, words):
    _, reasons = answers_of(scorer, [row, row_of("1 short + 1 image")], AS_OF)
    assert words in reasons[0][0]
    assert reasons[1] == []


def test_every_door_says_the_same_of_packages(scorer, client, tmp_path):
    rows = [row_of("1 short + 3 story"), row_of("2 image + 1 carousel"), row_of(format="video")]
    rows = [{**row, "partnership_id": f"p{n}"} for n, row in enumerate(rows)]
    expected = scored(scorer, rows)
    for ending in ("csv", "parquet", "xlsx"):
        frame = pd.DataFrame(rows)
        path = tmp_path / f"list.{ending}"
        {"csv": frame.to_csv, "xlsx": frame.to_excel, "parquet": frame.to_parquet}[ending](
            path, index=False
        )
        out = tmp_path / f"out of {ending}.parquet"
        assert score_file(path, out, scorer, AS_OF).scored == 3
        found = pd.read_parquet(out)
        np.testing.assert_allclose(found["engagements_p10"], expected["engagements_p10"])
        assert found["package"].fillna("").tolist() == [
            "1 short + 3 story",
            "2 image + 1 carousel",
            "",
        ]
        assert found["sentence"].tolist() == expected["sentence"].tolist()
    rows[1]["package"] = [
        {"format": "carousel"}, {"format": "image", "deliverables": 1},
        {"format": "image", "deliverables": 1},
    ]  # fmt: skip
    asked = {"as_of": AS_OF.isoformat(), "partnerships": rows}
    for address in ("predict", "explain"):
        results = client.post(f"/v1/{address}", json=asked).json()["results"]
        assert [one["package"] for one in results] == [
            "1 short + 3 story",
            "2 image + 1 carousel",
            None,
        ]
        assert [one["deliverables"] for one in results] == [4, 3, 1]
        found = [one["engagements"]["p10"] for one in results]
        np.testing.assert_allclose(found, expected["engagements_p10"])
    ranked = client.post("/v1/rank", json=asked).json()["results"]
    assert {one["package"] for one in ranked} == {"1 short + 3 story", "2 image + 1 carousel", None}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"package": "1 reel + 3 stories", "deliverables": 5}, "deliverables says 5"),
        ({"package": "1 reel + 3 stories", "format": "short"}, "format says short"),
        ({"package": [{"format": "reel", "number": 3}]}, "has the field 'number'"),
        ({"package": [{"format": "hologram"}]}, "has 'hologram', which is no format"),
        ({"package": ["reel"]}, "has a part that is no object"),
        ({"package": []}, "books nothing"),
        ({"package": " "}, "is blank: leave it out"),
        ({"package": 3}, "is no list of formats with their numbers, and no text"),
    ],
)
def test_a_package_of_a_request_that_cannot_be_read_is_one_error(client, fields, words):
    asked = [{**PROFILE, **fields}, {**PROFILE, "package": "2 reels"}]
    bad, good = client.post("/v1/predict", json={"partnerships": asked}).json()["results"]
    (error,) = bad["errors"]
    assert (error["code"], error["where"]) == ("bad_package", "partnerships[0].package")
    assert words in error["what"]
    assert (good["package"], good["deliverables"]) == (None, 2)


BOOKED = [
    ("1 Reel + 3 Stories", "1 short + 3 story", None, 4),
    ("2x Reel", None, "short", 2),
    ("Reel x2", None, "short", 2),
    ("Reels (2)", None, "short", 2),
    ("2 Reels, 1 Story", "2 short + 1 story", None, 3),
    ("1 Reel & 1 Karussell", "1 carousel + 1 short", None, 2),
    ("2 Bilder und 1 Reel", "2 image + 1 short", None, 3),
    ("1 reel y 2 historias", "1 short + 2 story", None, 3),
    ("Reel + Story", "1 short + 1 story", None, 2),
    ('[{"format": "reel", "deliverables": 2}]', None, "short", 2),
    ('{"reel": 2, "story": 3}', "2 short + 3 story", None, 5),
    ("Reel", None, "short", None),
]


def test_every_door_reads_the_words_of_people(scorer, client, tmp_path):
    rows = [{**row_of(cell), "partnership_id": f"p{n}"} for n, (cell, *_) in enumerate(BOOKED)]
    rows.append({**row_of("2 Videos", format="short"), "partnership_id": "two names"})
    rows.append({**row_of("1 Reel + 1 TV spot"), "partnership_id": "bad"})
    read = [(package, 1 if count is None else count) for _, package, _, count in BOOKED]
    expected = [*read, (None, 2)]
    frame = pd.DataFrame(rows)
    for ending in ("csv", "parquet"):
        path, out = tmp_path / f"list.{ending}", tmp_path / f"out of {ending}.parquet"
        {"csv": frame.to_csv, "parquet": frame.to_parquet}[ending](path, index=False)
        counts = score_file(path, out, scorer, AS_OF)
        assert (counts.scored, counts.rejected) == (len(rows) - 1, 1)
        found = pd.read_parquet(out)
        packages = found["package"].astype(object).where(found["package"].notna(), None)
        assert [*zip(packages, found["deliverables"], strict=True)] == expected
    rows.append({**row_of([{"format": "Karussell"}, {"format": "Storys", "deliverables": 3}])})
    answer = client.post("/v1/predict", json={"as_of": AS_OF.isoformat(), "partnerships": rows})
    *results, bad, listed = answer.json()["results"]
    assert [(one["package"], one["deliverables"]) for one in results] == expected
    assert bad["errors"][0]["code"] == "bad_package"
    assert listed["package"] == "1 carousel + 3 story"


@pytest.mark.parametrize("column", ["Format", "Deliverables", "package"])
def test_cells_of_people_are_read_as_what_they_book(tmp_path, column):
    cells = BOOKED[:-1] if column == "Deliverables" else BOOKED
    rows = [(f"c{n}", "instagram", 9000, cell) for n, (cell, *_) in enumerate(cells)]
    frame = pd.DataFrame(rows, columns=["creator_id", "platform", "followers", column])
    frame.to_csv(tmp_path / "list.csv", index=False)
    sheet = read_sheet(tmp_path / "list.csv", SheetOptions(), ("prospects",))
    assert not sheet.faults
    found = sheet.rows.reindex(columns=["package", "format", "deliverables"]).astype(object)
    expected = [
        (package, name, 1 if count is None and column == "package" else count)
        for _, package, name, count in cells
    ]
    assert [tuple(row) for row in found.where(found.notna(), None).to_numpy()] == expected


@pytest.mark.parametrize(
    ("header", "cells", "fault"),
    [
        (["Format", "Deliverables"], ["2x Reel", "3"], "books 2 (2 short), and deliverables says 3"),
        (["Format", "Deliverables"], ["1 Reel + 1 Story", "2 Reels"],
         "books 1 short + 1 story, and 'Deliverables' says 2 short"),
        (["Format"], ["1 Reel + 1 TV spot"], "has 'TV spot', which is no format"),
        (["Format", "Fee"], ["1 Reel + 1 Story", "$900 for 2 reels"],
         "is the price of short, and 'Format' says 1 short + 1 story"),
        (["Format", "Fee"], ["1 Reel + 1 Story", "$900 for 1 reel + 1 image"],
         "is the price of 1 image + 1 short, and 'Format' says 1 short + 1 story"),
    ],
)  # fmt: skip
def test_cells_that_disagree_reject_the_row_with_both(tmp_path, header, cells, fault):
    frame = pd.DataFrame([["c1", "instagram", 9000, *cells]])
    frame.columns = ["creator_id", "platform", "followers", *header]
    frame.to_csv(tmp_path / "list.csv", index=False)
    sheet = read_sheet(tmp_path / "list.csv", SheetOptions(), ("prospects",))
    assert [fault in found.reason for found in sheet.faults] == [True]


def test_a_long_list_reads_packages_as_a_short_one(tmp_path, scorer, monkeypatch):
    random = np.random.default_rng(3)
    cells = [BOOKED[n][0] for n in random.choice([0, 1, 4, 8, 11], 400)]
    frame = pd.DataFrame(
        {"creator_id": [f"c{n}" for n in range(400)], "platform": "instagram",
         "followers": 9000 + np.arange(400), "Format": cells}
    )  # fmt: skip
    frame.to_csv(tmp_path / "list.csv", index=False)
    answers = []
    for least in (0, 1 << 40):
        monkeypatch.setattr("serving.batch.open_list.FAST_CSV_MIN_LINES", least)
        out = tmp_path / f"{least}.parquet"
        score_file(tmp_path / "list.csv", out, scorer, AS_OF)
        answers.append(pd.read_parquet(out))
    pd.testing.assert_frame_equal(*answers)
    booked = {cell: package for cell, package, *_ in BOOKED}
    assert answers[0]["package"].fillna("").tolist() == [booked[cell] or "" for cell in cells]


def test_past_partnerships_keep_the_number_and_the_report_says_so(tmp_path):
    (tmp_path / "deals.csv").write_text(
        "creator,platform,campaign,start date,format,fee usd,engagements\n"
        "a,instagram,one,2026-01-05,1 Reel + 3 Stories,500,2000\n"
        "b,instagram,two,2026-01-06,2x Reel,500,2000\n"
        "c,instagram,three,2026-01-07,Reel,500,2000\n"
    )
    report = import_files([tmp_path / "deals.csv"], tmp_path / "out")
    found = pd.read_parquet(tmp_path / "out" / "partnerships.parquet").sort_values("creator_id")
    assert found["deliverables"].tolist()[:2] == [4, 2]
    assert found["format"].fillna("").tolist() == ["", "short", "short"]
    assert "1 row(s) book several formats" in str(report)


def test_a_post_has_one_format(tmp_path):
    (tmp_path / "posts.csv").write_text(
        "creator_id,platform,post_id,posted_at,likes,comments,format\n"
        + "".join(f"a,instagram,p{n},2026-01-0{n},90,4,{cell}\n"
                  for n, cell in enumerate(["Reel", "2x Reel", "1 Reel + 1 Story"], 1))
    )  # fmt: skip
    sheet = read_sheet(tmp_path / "posts.csv")
    assert sheet.table == "posts"
    assert [fault.reason for fault in sheet.faults] == [
        "is 2 short, and a post has one format: write that",
        "is 1 short + 1 story, and a post has one format: write that",
    ]
    assert "package" not in sheet.rows


@pytest.mark.parametrize(
    "header", ["Umfang", "Content", "Posts", "Contenido", "What we get", "Leistung", "Formate"]
)
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_what_rows_book_is_found_by_the_values_of_a_column(tmp_path, header, kind):
    cells = ["1 Reel + 3 Stories", "2x Reel", "3 Stories", "Karussell", ""]
    frame = pd.DataFrame({"handle": list("abcde"), "platform": "Instagram", "followers": 9000})
    frame[header] = cells
    path = tmp_path / f"list.{kind}"
    frame.to_csv(path, index=False) if kind == "csv" else frame.to_excel(path, index=False)
    sheet = read_sheet(path, tables=("prospects",))
    rows = sheet.rows.astype(object).where(sheet.rows.notna(), None)
    assert rows["package"].tolist() == ["1 short + 3 story", None, None, None, None]
    assert rows["format"].tolist() == [None, "short", "story", "carousel", None]
    assert rows["deliverables"].tolist()[:3] == [4, 2, 3]
    guess = next(guess for guess in sheet.guesses if guess.source == header)
    by_values = header not in ("Leistung", "Formate")
    assert (guess.note == "read as package because of its values") == by_values


@pytest.mark.parametrize(
    ("cells", "booked", "is_unclear"),
    [
        (["2 Reels", "we talk", "see mail"], None, True),
        (["Reel", "Story", "Video"], None, True),
        (["2 cats", "nice person", "call back"], None, False),
        (["2 Reels", "we talk", "see mail"], "1", False),
        (["TikTok", "TikTok", "Instagram"], None, False),
    ],
)
def test_a_column_that_may_say_what_rows_book_is_unclear(tmp_path, cells, booked, is_unclear):
    frame = pd.DataFrame({"handle": list("abc"), "followers": 9000, "Scope": cells})
    if booked:
        frame["deliverables"] = booked
    frame.to_csv(tmp_path / "list.csv", index=False)
    sheet = read_sheet(tmp_path / "list.csv", tables=("prospects",))
    scope = sheet.guesses[2]
    assert scope.column is None
    assert ("map 'Scope' to package" in (scope.ambiguous or "")) == is_unclear
    assert ("unclear_column" in sheet.unread) == is_unclear


def test_captions_and_notes_of_posts_book_nothing(tmp_path):
    path = tmp_path / "posts.csv"
    path.write_text("post_id,handle,likes,posted_at,kind\n1,a,5,2026-01-02,Reel\n")
    assert not [guess for guess in read_sheet(path).guesses if guess.ambiguous]


@pytest.mark.parametrize("column", ["Format", "Deliverables", "package"])
def test_a_post_has_the_format_of_its_platform_or_an_unknown_one(tmp_path, column):
    rows = [
        ("instagram", "1 post", None, None, 1),
        ("instagram", "2 Beiträge", None, None, 2),
        ("instagram", "1 post + 3 stories", "1 image + 3 story", None, 4),
        ("instagram", "1 reel + 1 post", None, None, 2),
        ("tiktok", "2 posts", None, "video", 2),
        ("tiktok", "1 post + 1 vid", None, "video", 2),
        ("youtube", "1 publicación", None, "video", 1),
        ("x", "3 tweets", None, None, 3),
        ("", "2 posts", None, None, 2),
    ]
    frame = pd.DataFrame([row[:2] for row in rows], columns=["platform", column])
    frame.insert(0, "handle", [f"a{k}" for k in range(len(rows))])
    frame.to_csv(tmp_path / "list.csv", index=False)
    sheet = read_sheet(tmp_path / "list.csv", tables=("prospects",))
    found = sheet.rows[["package", "format", "deliverables"]].astype(object)
    found = found.where(found.notna(), None)
    assert found.values.tolist() == [list(row[2:]) for row in rows]
    assert sheet.faults == []
    assert np.flatnonzero(sheet.unread["format"]).tolist() == [0, 1, 3, 8]
    notes = [note for note in sheet.notes if "may be an image, a carousel or a reel" in note]
    assert [note.split(" row(s)")[0] for note in sorted(notes)] == [
        f"{column!r}: 1", f"{column!r}: 4"
    ]  # fmt: skip


def test_a_format_of_posts_is_no_fault_and_another_number_is_one(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text(
        "handle,platform,format,deliverables\na,instagram,Post,2\nb,tiktok,Beitrag,\n"
        "c,instagram,3 posts,2\n"
    )
    sheet = read_sheet(path, tables=("prospects",))
    assert sheet.rows["format"].isna().tolist() == [True, False, True]
    assert sheet.rows["deliverables"].tolist()[0] == 2
    assert [fault.line for fault in sheet.faults] == [4]


def test_notes_of_people_are_no_comments_counted(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text('handle,followers,Comments\na,9000,nice\nb,8000,"2 calls, ok"\nc,1,so good\n')
    sheet = read_sheet(path, tables=("prospects",))
    comments = sheet.guesses[2]
    assert (comments.column, comments.ambiguous) == (None, None)
    assert sheet.faults == []
    assert "avg_comments" not in sheet.unread


def test_a_rejected_row_names_the_value_that_could_not_be_read(tmp_path, scorer):
    path = tmp_path / "list.csv"
    path.write_text('handle,platform,followers\nann,tiktok,"120,000"\nbob,tiktok,5000\n')
    score_file(path, tmp_path / "answers.csv", scorer, AS_OF)
    rejected = pd.read_csv(tmp_path / "answers.csv.rejected.csv")
    assert rejected["reasons"].str.startswith("followers '120,000' could not be read").tolist() == [
        True
    ]


def test_uncounted_formats_are_formats():
    assert set(UNCOUNTED_FORMATS) < set(FORMATS)
