"""Market fees: the card's rows by place, what deals teach against plain rules, and what cannot be used."""

import json

import numpy as np
import pandas as pd
import pytest

from features.tables.currency import CurrencyRates
from features.tables.folder import read_tables
from features.tables.rates_file import read_rates
from features.tables.validate import InvalidTables, validate
from features.tables.vocabulary import FORMATS, PLATFORMS, lookup_indexes
from models.bundle import load_bundle
from models.fee import FEE_FEATURES, OWN_DEALS, RATE_CARD, MarketFee
from models.fee_fit import ENOUGH_FEES, fit_fees
from models.rate_card import RateCard, RateCardError, read_rate_card
from training.fit_pricing import read_rate_card_beside

HEAD = "platform,band,format,low,typical,high,currency,source,year"
ROWS = [
    "any,nano,any,10,20,30,USD,guide,2024",
    "instagram,nano,any,40,50,60,USD,guide,2024",
    "instagram,nano,story,5,6,7,USD,guide,2024",
    "any,nano,video,1,2,3,USD,guide,2024",
]


@pytest.fixture
def card_file(tmp_path):
    def write(*rows):
        path = tmp_path / "rate_card.csv"
        path.write_text("\n".join([HEAD, *rows]) + "\n")
        return path

    return write


def codes(platform, band=1.0, shape=None):
    return {
        "platform": np.array([PLATFORMS.index(platform)], float),
        "band": np.array([band]),
        "format": np.array([np.nan if shape is None else FORMATS.index(shape)]),
    }


@pytest.mark.parametrize(
    ("asked", "figures"),
    [
        (codes("tiktok"), [10, 20, 30]),
        (codes("tiktok", shape="video"), [1, 2, 3]),
        (codes("instagram", shape="video"), [40, 50, 60]),
        (codes("instagram", shape="story"), [5, 6, 7]),
        (codes("tiktok", band=2.0), [np.nan] * 3),
        (codes("tiktok", band=np.nan), [np.nan] * 3),
    ],
)
def test_a_row_of_the_platform_stands_before_one_of_any(card_file, asked, figures):
    np.testing.assert_array_equal(
        read_rate_card(card_file(*reversed(ROWS))).fees_of_post(lookup_indexes(asked)), [figures]
    )


def test_the_shipped_card_names_its_sources_and_covers_every_band_from_nano_on():
    card = read_rate_card()
    assert card.name == "shipped"
    assert (np.diff(card.figures, axis=1) >= 0).all()
    assert all("IZEA 2022" in source and source.endswith("(2022)") for source in card.sources)
    for platform in PLATFORMS:
        found = np.array(
            [card.fees_of_post(lookup_indexes(codes(platform, band)))[0] for band in range(6)]
        )
        assert np.isnan(found).all(axis=1).tolist() == [True] + [False] * 5
        assert (np.diff(found[1:, 1]) > 0).all()


def test_another_currency_needs_its_rate(card_file, tmp_path):
    path = card_file("instagram,nano,any,40,50,60,EUR,guide,2024")
    with pytest.raises(
        RateCardError, match="rate card, data row 1: currency 'EUR' has no rate: name a rates file"
    ):
        read_rate_card(path)
    assert read_rate_card(path, CurrencyRates({"EUR": 2.0})).figures.tolist() == [[80, 100, 120]]
    (tmp_path / "rates.csv").write_text("currency,usd_per_unit\nEUR,1.5\n")
    assert read_rate_card_beside(tmp_path).figures.tolist() == [[60, 75, 90]]
    assert read_rates(tmp_path / "rates.csv").usd_per_unit == {"USD": 1.0, "EUR": 1.5}


@pytest.mark.parametrize(
    ("row", "error", "message"),
    [
        (
            "instagram,nano,any,50,40,60,USD,guide,2024",
            RateCardError,
            "low 50, typical 40, high 60 are not in that",
        ),
        (
            "instagram,nano,any,0,40,60,USD,guide,2024",
            InvalidTables,
            r"low 0.0 is below 0.01, the least possible",
        ),
        (
            "myspace,nano,any,1,2,3,USD,guide,2024",
            InvalidTables,
            "platform 'myspace' is not one of instagram",
        ),
        ("instagram,nano,any,1,2,3,USD,,2024", InvalidTables, "source None is missing"),
        (
            f"{ROWS[0]}\n{ROWS[0]}",
            InvalidTables,
            "'any' repeats an earlier row with the same platform, band, format",
        ),
    ],
)
def test_a_card_that_cannot_be_used_is_refused(card_file, row, error, message):
    with pytest.raises(error, match=message):
        read_rate_card(card_file(row))


def test_a_rate_must_be_a_number_above_zero(tmp_path):
    (tmp_path / "rates.csv").write_text("currency,usd_per_unit\nEUR,0\n,2\n")
    with pytest.raises(
        InvalidTables, match=r"2 fault\(s\).*\n.*usd_per_unit 0\.0 is below .*\n.*currency None"
    ):
        read_rates(tmp_path / "rates.csv")


def test_fees_of_partnerships_in_another_currency_become_usd_at_the_door(tmp_path):
    (tmp_path / "creators.csv").write_text("creator_id,platform\na,instagram\n")
    (tmp_path / "partnerships.csv").write_text(
        "partnership_id,creator_id,fee_usd,fee,currency\n1,a,100,,\n2,a,,100,EUR\n3,a,,,\n"
    )
    with pytest.raises(
        InvalidTables,
        match="data row 2: currency 'EUR' has no rate to USD, known is USD: name a rates",
    ):
        validate(read_tables(tmp_path))
    (tmp_path / "rates.csv").write_text("currency,usd_per_unit\nEUR,1.5\n")
    tables = validate(read_tables(tmp_path))
    np.testing.assert_array_equal(tables.partnerships["fee_usd"], [100, 150, np.nan])
    pd.testing.assert_frame_equal(validate(tables).partnerships, tables.partnerships)


def deals(n, seed=0):
    """Give columns, deliverables, fees and creators: ln fee a post = 0.7 ln followers - 2 + 0.3 on TikTok + noise."""
    random = np.random.default_rng(seed)
    x = pd.DataFrame(random.normal(size=(n, len(FEE_FEATURES))), columns=list(FEE_FEATURES))
    x["followers_log"] = random.uniform(7, 14, n)
    x["platform_code"] = random.integers(0, 2, n).astype(float)
    k = random.choice([1.0, 2.0, 3.0], n)
    ln_fee = 0.7 * x["followers_log"] - 2 + 0.3 * x["platform_code"] + 0.4 * random.normal(size=n)
    return x, k, k * np.exp(ln_fee.to_numpy()), np.arange(n) // 2


def test_fees_are_learned_with_the_intervals_they_claim():
    model = fit_fees(*deals(800))
    x, k, fee, _ = deals(2000, seed=1)
    low, typical, high = model.predict(x, k).T
    error = np.abs(np.log(fee / typical)).mean()
    assert model.line[1] == pytest.approx(0.7, abs=0.05)
    assert error < 0.36  # the noise alone errs by 0.32
    assert model.error == pytest.approx(error, abs=0.03)
    assert error < np.abs(np.log(fee / k) - np.log(fee / k).mean()).mean() / 3
    assert ((low <= fee) & (fee <= high)).mean() == pytest.approx(0.82, abs=0.03)


def test_a_line_goes_on_beyond_the_deals():
    x, k, fee, creator = deals(400)
    ends = pd.concat([x.head(1)] * 2, ignore_index=True).assign(followers_log=[14.0, 17.0])
    typical = fit_fees(x, k, fee, creator).predict(ends, np.ones(2))[:, 1]
    assert np.log(typical[1] / typical[0]) == pytest.approx(3 * 0.7, abs=0.2)


def test_the_fee_is_in_proportion_to_what_was_paid():
    x, k, fee, creator = deals(300)
    once, many = (fit_fees(x, k, scale * fee, creator).predict(x, k) for scale in (1, 10))
    np.testing.assert_allclose(many, 10 * once, rtol=1e-3)


def test_too_few_fees_teach_nothing_and_the_card_answers(card_file):
    x, k, fee, creator = deals(ENOUGH_FEES - 1)
    assert fit_fees(x, k, fee, creator) is None
    assert fit_fees(*deals(300)[:3], np.zeros(300)) is None
    asked = x.head(2).assign(platform_code=0.0, band_code=[1.0, np.nan], format_code=np.nan)
    fees, source = MarketFee(read_rate_card(card_file(*ROWS))).quote(asked, np.array([1.0, 1.0]))
    assert source.tolist() == [RATE_CARD, None]
    assert fees[0].tolist() == [40, 50, 60]
    assert np.isnan(fees[1]).all()


def test_a_platform_without_own_fees_is_answered_by_the_card(card_file):
    market = MarketFee(read_rate_card(card_file(*ROWS)), fit_fees(*deals(300)))
    asked = pd.DataFrame(np.zeros((3, len(FEE_FEATURES))), columns=list(FEE_FEATURES)).assign(
        platform_code=[0.0, 2.0, 1.0],
        band_code=1.0,
        format_code=np.nan,
        followers_log=[9.0, 9.0, np.nan],
    )
    fees, source = market.quote(asked, np.array([1.0, 3.0, 1.0]))
    assert source.tolist() == [OWN_DEALS, RATE_CARD, RATE_CARD]
    assert fees[1].tolist() == [30, 60, 90]
    state, booster = json.loads(json.dumps(market.state()))
    np.testing.assert_array_equal(
        MarketFee.from_state(state, booster).quote(asked, np.ones(3))[0][0], fees[0]
    )


def test_a_bundle_keeps_its_market_fee(trained):
    loaded = load_bundle(trained.folder).market_fee
    assert loaded.describe() == trained.bundle.manifest["market_fee"]
    assert isinstance(loaded.card, RateCard)
