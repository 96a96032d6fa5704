import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression

from features.niche.category_labels import LABEL_SOURCES, niche_for_label
from features.niche.classifier import NicheClassifier
from features.niche.fitted_niches import softmax
from features.niche.focus import focus
from features.niche.relatedness import RELATED_NICHES, relatedness
from features.niche.seed_regression import fit_around_seeds
from features.niche.tokens import label_niches, seed_words, split_hashtag, tokenize
from features.tables.vocabulary import NICHES

SEEDS = NicheClassifier().fit()
JARGON = {"food": "zork plim", "sports": "zork drun", "music": "zork wael"}


def shares(**niches):
    """Give one row of a distribution; what the niches leave is unknown."""
    row = [niches.get(niche, 0.0) for niche in NICHES]
    return [*row, 1 - sum(row)]


def jargon(n, seed=0):
    """Give n texts of made-up words that the seeds do not know, a shared one and one of the niche's own, and niches."""
    rng = np.random.default_rng(seed)
    niches = rng.choice(list(JARGON), n)
    return [JARGON[niche] for niche in niches], niches.tolist()


@pytest.mark.parametrize(
    ("label", "source", "niche"),
    [
        ("Food & Beverage", "tiktok", "food"),
        ("food/beverage", "tiktok", "food"),
        ("Music/Dance", "tiktok", "music"),
        ("Others", "tiktok", None),
        ("Health/beauty", "instagram", "beauty"),
        ("Digital creator", "instagram", None),
        (10, "youtube", "music"),
        (20.0, "youtube", "gaming"),
        ("25", "youtube", "news"),
        ("Howto & Style", "youtube", "lifestyle"),
        ("https://en.wikipedia.org/wiki/Hip_hop_music", "youtube", "music"),
        ("Clothes, Shoes, Handbags & Accessories", "modash", "fashion"),
        ("CARS AND MOTORBIKES", "hypeauditor", "automotive"),
        ("Skin care", "heepsy", "beauty"),
        ("Décoration", "kolsquare", "home"),
        ("Hair", "panel", "beauty"),
        ("Michigan", "panel", None),
        ("travel", "panel", "travel"),
        ("no such category", "upfluence", None),
        ("", "tiktok", None),
        (None, "tiktok", None),
        (float("nan"), "youtube", None),
        (pd.NA, "instagram", None),
    ],
)
def test_crosswalk(label, source, niche):
    assert niche_for_label(label, source) == niche


def test_crosswalk_tables_hold_known_sources_and_niches_only():
    assert {source for source, _ in label_niches()} <= set(LABEL_SOURCES)
    assert set(label_niches().values()) == {*NICHES, None}


def test_every_youtube_category_id_has_a_row():
    ids = {1, 2, 10, *range(15, 45)} - {16}
    assert {
        int(label) for source, label in label_niches() if source == "youtube" and label.isdigit()
    } == ids


def test_crosswalk_refuses_another_source():
    with pytest.raises(
        ValueError, match=r"'myspace' is no catalogue of categories: expected one of tiktok, insta"
    ):
        niche_for_label("Music", "myspace")


def test_relatedness_is_symmetric_and_one_for_the_niche_itself():
    matrix = relatedness()
    assert (matrix == matrix.T).all()
    assert (np.diag(matrix) == 1).all()
    assert matrix[NICHES.index("food"), NICHES.index("travel")] == 0.4
    assert {niche for pair in RELATED_NICHES for niche in pair} == set(NICHES)
    assert all(one < other and 0 < weight < 1 for (one, other), weight in RELATED_NICHES.items())


def test_focus_of_one_two_all_and_no_niche():
    rows = [shares(food=0.6), shares(food=0.2, travel=0.2), [1 / 28] * 28 + [0], shares()]
    assert focus(rows) == pytest.approx([1, 1 - np.log(2) / np.log(28), 0, np.nan], nan_ok=True)


def test_focus_refuses_another_number_of_niches():
    with pytest.raises(ValueError, match="has 29 columns, the last unknown, not 28 columns"):
        focus(np.ones((2, 28)))


def test_hashtags_are_split_into_their_parts():
    assert split_hashtag("ootdParis2024") == ("ootd", "paris")
    assert split_hashtag("street_food") == ("street", "food")
    assert split_hashtag("NASAFans") == ("nasa", "fans")
    words = frozenset({"fitness", "motivation", "fit"})
    assert split_hashtag("fitnessmotivation", words) == ("fitness", "motivation")
    assert split_hashtag("fitnezz", words) == ("fitnezz",)
    assert split_hashtag("fit" * 20, words) == ("fit" * 20,)


def test_terms_are_words_pairs_and_hashtags():
    assert tokenize("Estilo de vida! @gym 2024") == ["estilo", "vida", "estilo vida"]
    assert tokenize("#gymlife", frozenset({"gym"})) == ["gymlife", "gym", "life"]
    assert tokenize(None) == tokenize("🎮⚽") == tokenize(3.5) == []


def test_every_niche_has_seeds_in_each_language_and_few_words_are_shared():
    of = pd.Series([niche for niches in seed_words().values() for niche in niches]).value_counts()
    assert set(of.index) == set(NICHES)
    assert of.min() >= 90
    assert np.mean([len(niches) > 1 for niches in seed_words().values()]) < 0.01


@pytest.mark.parametrize(
    ("text", "niche"),
    [
        ("makeup artist & skincare addict", "beauty"),
        ("Recetas veganas y postres", "food"),
        ("viagens e praias pelo mundo", "travel"),
        ("actualités politiques, journaliste", "news"),
        ("Fußball und Handball", "sports"),
        ("resep masakan rumahan", "food"),
        ("Ricette della nonna, pasticceria", "food"),
        ("YouTube oyunları | yayıncı", "gaming"),
        ("#fitnessmotivation #gymlife", "fitness"),
        ("ℬ𝓸𝓸𝓴𝓼 are life", "books"),
    ],
)
def test_seed_model_reads_nine_languages_hashtags_and_decorative_letters(text, niche):
    assert SEEDS.predict([text]).tolist() == [niche]


def test_one_seed_word_has_the_share_that_its_strength_gives():
    share = np.exp(5) / (np.exp(5) + 27)
    told = (share - 1 / 28) / (1 - 1 / 28)
    row = SEEDS.predict_proba(["skincare"])[0]
    assert row[-1] == pytest.approx((1 - told) ** 2)
    assert row[NICHES.index("beauty")] == pytest.approx(share * (1 - row[-1]))


def test_text_without_evidence_is_wholly_unknown():
    rows = SEEDS.predict_proba(["", None, np.nan, pd.NA, "🎮⚽✨", "@gym", "hello there 123", "の"])
    assert (rows[:, -1] == 1).all()
    assert (rows[:, :-1] == 0).all()
    assert SEEDS.predict_proba([]).shape == (0, 29)


def test_repeats_and_plurals_count_as_evidence():
    mixed = SEEDS.predict_proba(["skincare " * 20 + "recipe"])[0]
    assert mixed[NICHES.index("beauty")] > 2 * mixed[NICHES.index("food")]
    assert np.array_equal(SEEDS.predict_proba(["skincares"]), SEEDS.predict_proba(["skincare"]))


TEXTS = st.lists(
    st.one_of(
        st.none(),
        st.text(max_size=40),
        st.lists(
            st.sampled_from(["gym", "Recipes", "#TravelBlog", "zork", "moda", "🎮"]), max_size=6
        ).map(" ".join),
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=60)
@given(TEXTS, st.randoms(use_true_random=False))
def test_rows_sum_to_one_and_do_not_depend_on_order_or_company(texts, random):
    rows = SEEDS.predict_proba(texts)
    assert rows.sum(axis=1) == pytest.approx(np.ones(len(texts)))
    assert (rows >= 0).all()
    order = random.sample(range(len(texts)), len(texts))
    assert np.array_equal(SEEDS.predict_proba([texts[i] for i in order]), rows[order])
    assert np.array_equal(np.vstack([SEEDS.predict_proba([text]) for text in texts]), rows)


def test_fit_learns_the_users_own_words_and_beats_the_seed_model():
    texts, niches = jargon(120)
    fitted = NicheClassifier().fit(texts, niches)
    later, truth = jargon(200, seed=1)
    assert fitted.learned_
    assert fitted.n_creators_ == 120
    assert (SEEDS.predict(later) == "unknown").all()
    assert fitted.predict(later).tolist() == truth
    assert fitted.predict(["zork"]).tolist() == ["unknown"]
    assert fitted.predict(["skincare"]).tolist() == ["beauty"]


def test_too_few_usable_creators_keep_the_seed_model():
    texts, niches = jargon(99)
    few = NicheClassifier().fit([*texts, None, "zork"], [*niches, "food", None])
    assert (few.learned_, few.n_creators_) == (False, 99)
    assert np.array_equal(
        few.predict_proba(["zork plim", "gym"]), SEEDS.predict_proba(["zork plim", "gym"])
    )
    assert NicheClassifier(minimum=99).fit(texts, niches).learned_


def test_fit_is_deterministic_and_learns_nothing_from_the_order():
    texts, niches = jargon(130)
    one, again = NicheClassifier().fit(texts, niches), clone(SEEDS).fit(texts, niches)
    assert one.to_json() == again.to_json()
    back = NicheClassifier().fit(texts[::-1], niches[::-1])
    assert back.predict_proba(texts) == pytest.approx(one.predict_proba(texts), abs=1e-3)


def test_without_seeds_the_fit_is_plain_logistic_regression():
    rng = np.random.default_rng(0)
    bag = csr_matrix(rng.random((90, 4)))
    niches = rng.integers(0, 3, 90)
    scale, weights = fit_around_seeds(bag, np.zeros((90, 3)), np.zeros(3), niches, 0.2)
    plain = LogisticRegression(C=5, tol=1e-8, max_iter=1_000, fit_intercept=False).fit(bag, niches)
    assert scale == 1
    assert softmax(bag @ weights) == pytest.approx(plain.predict_proba(bag), abs=2e-4)


@pytest.mark.parametrize("n", [0, 120])
def test_json_round_trip_predicts_the_same(n):
    fitted = NicheClassifier(strength=4).fit(*jargon(n))
    text = fitted.to_json()
    again = NicheClassifier.from_json(text)
    asked = ["zork plim", "zork drun gym", "#streetfood", None]
    assert np.array_equal(again.predict_proba(asked), fitted.predict_proba(asked))
    assert again.to_json() == text
    assert again.get_params() == fitted.get_params()
    assert len(text) < 200_000


def test_faults_of_the_classifier():
    with pytest.raises(ValueError, match="2 texts for 1 niches: give one of each a creator"):
        NicheClassifier().fit(["a", "b"], ["food"])
    with pytest.raises(ValueError, match="'cheese' is no niche: expected one of art, automotive"):
        NicheClassifier().fit(["a"], ["cheese"])
    with pytest.raises(NotFittedError, match="is not fitted yet"):
        NicheClassifier().predict_proba(["a"])
    with pytest.raises(NotFittedError, match="is not fitted yet"):
        NicheClassifier().to_json()
    with pytest.raises(
        ValueError, match="this is no niche classifier as to_json writes it: Expecting value"
    ):
        NicheClassifier.from_json("pickle")
    with pytest.raises(ValueError, match="as to_json writes it: 'niches'"):
        NicheClassifier.from_json("{}")
    state = json.loads(SEEDS.to_json()) | {"niches": ["cheese"]}
    with pytest.raises(
        ValueError, match=r"its niches are not those of features.vocabulary: train again"
    ):
        NicheClassifier.from_json(json.dumps(state))
