"""The demo market as data: what its creators, posts and fees look like, each figure with its
source.

Sources in brackets: [Modash], [Influencer Hero], [InfluencerDB], [Crawlora], [HubSpot], [Cirqle],
[Graffius], [Lumanu], [Modash fakes] are published figures, [d] is derived from them, [a] is an
assumption without a good source. Sources disagree with each other: no claim about real creators
follows from this market.
"""

from dataclasses import asdict, dataclass, field

import numpy as np

from features.tables.vocabulary import FORMATS, NICHES

AUTHENTICITY_GRADES = ("none", "crude", "drip", "pods", "engaged")
LANGUAGES = ("en", "es", "de")

#: Niches that a brand of one finds related in the others [a]; every niche stands in exactly one
#: group.
NICHE_GROUPS = (
    ("beauty", "fashion", "lifestyle"),
    ("fitness", "health", "sports"),
    ("home", "diy", "family", "pets", "food"),
    ("education", "books", "business", "finance", "motivation", "news", "religion"),
    ("comedy", "dance", "entertainment", "gaming", "music"),
    ("art", "photography", "travel"),
    ("automotive", "technology"),
)

#: Four words a niche in English, Spanish and German, for captions, hashtags and profiles.
NICHE_WORDS = {
    "art": ("painting canvas sketch gallery", "pintura lienzo boceto galeria", "malerei leinwand skizze galerie"),
    "automotive": ("car engine garage horsepower", "coche motor taller caballos", "auto motor werkstatt leistung"),
    "beauty": ("makeup skincare lipstick serum", "maquillaje labial serum piel", "schminke hautpflege serum haut"),
    "books": ("novel author reading library", "novela autora lectura biblioteca", "roman autorin lesen bibliothek"),
    "business": ("startup founder marketing sales", "empresa ventas cliente negocio", "firma vertrieb kunde umsatz"),
    "comedy": ("joke sketch prank funny", "chiste broma risa humor", "witz streich lachen humor"),
    "dance": ("choreography ballet hiphop moves", "baile coreografia pasos ritmo", "tanz schritte ballett takt"),
    "diy": ("handmade craft woodwork glue", "manualidades madera pegamento taller", "basteln holz werkzeug kleber"),
    "education": ("lesson study exam teacher", "clase estudio examen maestra", "unterricht lernen klausur lehrerin"),
    "entertainment": ("movie series celebrity trailer", "pelicula serie famosos estreno", "film serie promis kino"),
    "family": ("baby toddler parenting kids", "bebe crianza hijos mama", "baby erziehung kinder mama"),
    "fashion": ("outfit dress sneakers style", "moda vestido zapatos estilo", "mode kleid schuhe stil"),
    "finance": ("investing budget stocks savings", "inversion ahorro bolsa dinero", "aktien sparen geldanlage zinsen"),
    "fitness": ("workout gym squat protein", "entreno gimnasio pesas proteina", "training hanteln kniebeuge eiweiss"),
    "food": ("recipe dinner baking sauce", "receta cena horno salsa", "rezept abendessen backen sosse"),
    "gaming": ("console gameplay streamer speedrun", "consola partida jugador mando", "konsole zocken spielstand rang"),
    "health": ("sleep nutrition wellness vitamins", "sueno nutricion salud cuerpo", "schlaf ernaehrung arzt koerper"),
    "home": ("interior sofa kitchen decor", "salon sofa cocina decoracion", "wohnzimmer sofa kueche deko"),
    "lifestyle": ("routine morning coffee diary", "rutina manana cafe diario", "routine morgen kaffee tagebuch"),
    "motivation": ("mindset goals discipline dream", "metas disciplina sueno exito", "ziele disziplin traum erfolg"),
    "music": ("song guitar concert album", "cancion guitarra concierto disco", "lied gitarre konzert album"),
    "news": ("headline election report senate", "noticia elecciones politica debate", "nachricht wahl bericht partei"),
    "pets": ("puppy cat dog vet", "perro gato cachorro veterinaria", "hund katze welpe tierarzt"),
    "photography": ("camera lens portrait exposure", "camara lente retrato foco", "kamera objektiv portrait blende"),
    "religion": ("prayer faith church scripture", "oracion iglesia fe biblia", "gebet glaube kirche bibel"),
    "sports": ("football match league goal", "futbol partido liga gol", "fussball spiel liga tor"),
    "technology": ("smartphone laptop gadget software", "movil portatil aparato chip", "handy laptop geraet rechner"),
    "travel": ("beach flight hotel mountains", "playa vuelo hotel montanas", "strand flug hotel berge"),
}  # fmt: skip


@dataclass(frozen=True)
class PlatformParameters:
    """What one platform does: rates as fractions, slopes of ln rate on ln followers, ages in days.

    - the engagement rate is a broken power law of followers: `rate_at_knot` at `knot` followers,
      one slope either side
    - `rate_by` names its base; by views it is turned into a rate by followers with the law of views
      per follower
    - engagements accrue as a Weibull curve of age that passes one half at `half_life_days`
    - `formats` gives the share of posts and the ln effect on engagements, `niches` the ln effect of
      a niche
    """

    share: float
    rate_by: str
    rate_at_knot: float
    knot: float
    slope_below: float
    slope_above: float
    views_per_follower: float
    views_slope: float
    half_life_days: float
    weibull_shape: float
    shares_per_like: float
    fee_factor: float
    formats: dict[str, tuple[float, float]]
    niches: dict[str, float]

    def ln_rate(self, ln_followers: np.ndarray) -> np.ndarray:
        """Give the ln engagement rate by `rate_by` of the typical creator with so many followers."""
        beyond = ln_followers - np.log(self.knot)
        return (
            np.log(self.rate_at_knot)
            + np.where(beyond < 0, self.slope_below, self.slope_above) * beyond
        )

    def ln_views_per_follower(self, ln_followers: np.ndarray) -> np.ndarray:
        """Give ln (views of a post / followers) of the typical creator."""
        return np.log(self.views_per_follower) + self.views_slope * (ln_followers - np.log(30_000))

    def ln_rate_by_followers(self, ln_followers: np.ndarray) -> np.ndarray:
        """Give the ln engagement rate by followers of the typical creator with so many followers."""
        by_views = self.rate_by == "views"
        return self.ln_rate(ln_followers) + (
            self.ln_views_per_follower(ln_followers) if by_views else 0.0
        )

    def accrued_share(self, age_days: np.ndarray) -> np.ndarray:
        """Give the share of a post's lifetime engagements that it has at an age; at the half-life
        one half.
        """
        return -np.expm1(
            -np.log(2) * (np.asarray(age_days) / self.half_life_days) ** self.weibull_shape
        )

    def niche_effects(self, weights: np.ndarray) -> np.ndarray:
        """Give the ln effect of each of NICHES, shape (niches,), moved so that their mean by
        `weights` is 0.
        """
        effects = np.array([self.niches.get(niche, 0.0) for niche in NICHES])
        return effects - weights @ effects / weights.sum()

    def format_arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """Give the share of posts and the ln effect of each of FORMATS, both of shape (formats,)."""
        pairs = np.array([self.formats.get(name, (0.0, 0.0)) for name in FORMATS])
        return pairs[:, 0], pairs[:, 1]


# ln of the rates against their geometric mean: 4.5, 3.7, 3.2, 3.2 % likes/followers [InfluencerDB
# 2019].
_INSTAGRAM_NICHES = {"travel": 0.25, "fitness": 0.05, "food": -0.09, "beauty": -0.09}

# ln of engagements/views against their median of 11.6 % [Crawlora, 4,509 videos, CC BY 4.0].
_TIKTOK_NICHES = {
    "education": 0.35,
    "motivation": 0.29,
    "comedy": 0.16,
    "travel": 0.15,
    "pets": 0.13,
    "fashion": 0.09,
    "beauty": -0.09,
    "fitness": -0.17,
    "finance": -0.18,
    "gaming": -0.25,
    "food": -0.34,
    "technology": -0.68,
}

INSTAGRAM = PlatformParameters(
    share=0.45,  # [a]
    rate_by="followers",
    rate_at_knot=0.0090,  # 0.97 % at 10-50k, 3.87 % at 1-5k, 1.14 % at 1M+: middle line through all bands [Modash] [d]
    knot=22_000,  # [d]
    slope_below=-0.60,  # [d]
    slope_above=0.04,  # [d]
    views_per_follower=0.157,  # reach / followers of micro creators [Cirqle]
    views_slope=-0.15,  # [Cirqle] gives -0.5, rates by views 6-10 times those by followers give less [a]
    half_life_days=0.83,  # 19-20 h [Graffius]
    weibull_shape=0.6,  # [a]
    shares_per_like=0.0,
    fee_factor=1.0,
    formats={
        "image": (0.30, -0.05),
        "carousel": (0.25, 0.10),
        "video": (0.10, -0.05),
        "short": (0.35, 0.0),
    },  # [a]
    niches=_INSTAGRAM_NICHES,
)
TIKTOK = PlatformParameters(
    share=0.35,  # [a]
    rate_by="views",
    rate_at_knot=0.0735,  # 7.6 % at 50-100k, 7.0 % at 100-500k [Modash Nov 2025]
    knot=100_000,  # [d]
    slope_below=-0.15,  # 13.0 % at 1-5k; one line through all bands has -0.11 [d]
    slope_above=-0.04,  # 6.5 % at 1M+ [d]
    views_per_follower=0.157,  # [Cirqle], taken over from Instagram [a]
    views_slope=-0.15,  # [a], as above
    half_life_days=0.5,  # "shorter than Instagram" [Graffius] [a]
    weibull_shape=0.55,  # [a]
    shares_per_like=0.03,  # [a]
    fee_factor=0.9,  # [a]
    formats={"video": (0.85, 0.0), "carousel": (0.15, -0.10)},  # [a]
    niches=_TIKTOK_NICHES,
)
YOUTUBE = PlatformParameters(
    share=0.20,  # [a]
    rate_by="followers",
    rate_at_knot=0.0038,  # [Influencer Hero 2024]
    knot=22_000,  # [d]
    slope_below=-0.63,  # 1.65 % at 1-5k; one line through all bands has -0.39 [d]
    slope_above=-0.25,  # 0.16 % at 500k-1M [d]
    views_per_follower=0.125,  # rates by views 6-10 times those by followers
    views_slope=-0.30,  # [a]
    half_life_days=7.0,  # 6-9 days [Graffius]: half of the engagements come after the horizon
    weibull_shape=0.6,  # [a]
    shares_per_like=0.0,
    fee_factor=1.5,  # Klear 2019: 315-3,857 against 41-3,138 USD on Instagram
    formats={"video": (0.60, 0.0), "short": (0.33, -0.15), "live": (0.07, -0.30)},  # [a]
    niches={niche: effect / 2 for niche, effect in _TIKTOK_NICHES.items()},  # [a]
)


@dataclass(frozen=True)
class MarketParameters:
    """The whole demo market: days of data, spreads (sd of ln engagements), shares of creators, and
    fees in USD.
    """

    platforms: dict[str, PlatformParameters] = field(
        default_factory=lambda: {"instagram": INSTAGRAM, "tiktok": TIKTOK, "youtube": YOUTUBE}
    )
    start: str = "2025-01-01"
    days: int = 545  # the data ends on 2026-06-30, 00:00 UTC
    months: int = 24  # truth is known so far from the start, 6 months beyond the data's end
    band_shares: tuple[float, ...] = (
        0.02,
        0.40,
        0.34,
        0.15,
        0.05,
        0.04,
    )  # in the order of BAND_EDGES [a]
    popular_niches: tuple[str, ...] = (
        "beauty",
        "fashion",
        "fitness",
        "food",
        "gaming",
        "lifestyle",
        "travel",
    )  # [a]

    creator_sd: float = 0.77  # with niche and drift 0.85 between creators [d, 20,190 creators]
    post_sd: tuple[float, float] = (
        0.4,
        0.8,
    )  # between posts of one creator, uniform [d, one weak source]
    noise_df: float = 6.0  # Student t, a little heavier than normal [a]
    noise_cap: float = 5.0  # in sd; a post goes at most so far [a]
    drift_sd: float = 0.30  # stationary; niches fell 30-50 % within a year [InfluencerDB 2019]
    drift_memory: float = 0.9  # autocorrelation from month to month [a]
    own_format_sd: float = 0.12  # creators differ in which format suits them [a]
    weekday_effect: float = 0.02  # weekday and hour together within 5 % [a]
    hour_effect: float = 0.03

    sponsored_share: float = 0.08  # of a creator's own posts [a]
    sponsored_mean: float = -0.10  # of engagements, a fraction [a]: sources conflict in sign
    sponsored_sd: float = 0.20  # between creators [a]
    fit_gain: float = (
        0.12  # ln engagements at the best fit against none; inverted U [Leung et al. 2022] [a]
    )
    fit_best: float = 0.6  # fit is 1 in the same niche, 0.5 among kin, 0 elsewhere [a]
    fit_shares: tuple[float, float, float] = (0.2, 0.3, 0.5)  # of deals with fit 0, 0.5, 1 [a]

    grade_shares: tuple[float, ...] = (
        0.75,
        0.06,
        0.07,
        0.06,
        0.06,
    )  # AUTHENTICITY_GRADES; up to 25 % is ordinary [Modash fakes]
    bought_share: dict[str, tuple[float, float]] = field(
        default_factory=lambda: {
            "crude": (0.60, 0.90),
            "drip": (0.20, 0.50),
            "engaged": (0.20, 0.50),
        }
    )  # of the followers shown at the end of the data [a]
    pods_lift: tuple[float, float] = (0.2, 0.6)  # ln engagements bought on every post [a]
    pods_sd: tuple[float, float] = (0.10, 0.18)  # likes too even [a]
    pods_comments: float = 0.3  # of the usual comments per like [a]
    engaged_saves: float = (
        0.6  # of the usual saves: the one trace of bought followers who engage [a]
    )

    posts_median: float = 33.0  # a creator over all days; mean about 50 [a]
    posts_ln_sd: float = 1.0  # [a]
    posts_most: int = 800
    no_posts_share: float = 0.06  # creators without a post in the tables [a]
    comments_per_like: float = 0.03  # 4 % at the median post, 2 % at the mean [HubSpot, 48M posts]
    comments_ln_sd: float = 0.45  # [a]
    saves_per_like: float = 0.05  # [a]
    views_creator_sd: float = 0.35  # spread of the rate by views between creators [a]
    views_post_sd: float = 0.25  # and between posts [a]
    hides_likes_share: float = 0.10  # of Instagram creators, on most of their posts [a]
    content_signal: float = 0.15  # correlation of what a post contains with how it does [a]

    read_once_share: float = 0.55  # of posts: read in the final sweep, at whatever age [a]
    read_twice_share: float = 0.15  # early and again when mature; the rest once at 7-30 days [a]

    deals_per_creator: float = 0.3  # [a]
    future_share: float = 0.08  # of partnerships, without an outcome [a]
    deliverable_gap_days: float = 7.0  # between two deliverables of one partnership [a]
    fee_exponent: float = 0.7  # scenario: 0.35 (IZEA 2022), 0.7 (Klear 2019), 1.0 (rate cards)
    fee_usd_at_10k: float = 120.0  # a post; Klear and rate cards about 100, IZEA 1,105-1,674 [d]
    fee_ln_sd: float = (
        0.55  # with exponent 0.7 about 1.6 overall, as followers spread widely; 1.45 [Lumanu]
    )
    fee_level_share: float = 0.2  # how far a fee follows the creator's own engagement level [a]
    fee_known_share: float = 0.9  # [a]

    @property
    def niche_weights(self) -> np.ndarray:
        """Shares of creators by niche, shape (niches,)."""
        weights = np.where(np.isin(NICHES, self.popular_niches), 3.0, 1.0)
        return weights / weights.sum()

    @property
    def end(self) -> np.datetime64:
        """The moment at which the data ends, UTC."""
        return np.datetime64(self.start, "us") + np.timedelta64(self.days, "D")

    def to_dict(self) -> dict:
        """Give the parameters as plain values that JSON holds."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict) -> "MarketParameters":
        """Take the parameters back from `to_dict`, also after a way through JSON."""
        values = _with_tuples(values)
        platforms = {
            name: PlatformParameters(**platform) for name, platform in values["platforms"].items()
        }
        return cls(**{**values, "platforms": platforms})


#: The market with the figures above.
DEMO_MARKET = MarketParameters()


def _with_tuples(value: object) -> object:
    if isinstance(value, dict):
        return {name: _with_tuples(part) for name, part in value.items()}
    return tuple(map(_with_tuples, value)) if isinstance(value, list | tuple) else value


def brand_fit_matrix() -> np.ndarray:
    """Give how well a brand's niche (columns) fits a creator's (rows): 1 the same, 0.5 kin, 0 else;
    NICHES in order.
    """
    group = np.array(
        [next(i for i, kin in enumerate(NICHE_GROUPS) if niche in kin) for niche in NICHES]
    )
    return np.where(np.eye(len(NICHES), dtype=bool), 1.0, 0.5 * (group[:, None] == group[None, :]))
