import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.sheets.header_meanings import INTERMEDIATE_COLUMNS, canonical_names, header_meaning
from ingest.sheets.labels import (
    country_in,
    fix_mojibake,
    flag_of,
    format_of,
    is_missing,
    language_of,
    niche_of,
    platform_of,
)
from ingest.sheets.links import Link, parse_link
from ingest.sheets.word_lists import read_word_list

#: Headers of lists on the web, of vendors' exports and of people's own sheets.
HEADERS = """
followers: Followers | Follower Count | followersCount | # Followers | Seguidores | Nº de seguidores
followers: Número de seguidores
followers: Nombre d'abonnés | Abonnés | Abonnenten | Anzahl Follower | Pengikut | Jumlah pengikut
followers: Subscribers count | Subs
followers: IG Followers | instagram_followers | Followers (millions) | Suscriptores | Inscritos
followers: Total Followers
following: Following | Following Count | Seguidos | Abonnements | Mengikuti
posts_count: Posts | Total Posts | media_count | Publicaciones | Publications | Beiträge | Postingan
posts_count: videoCount
avg_likes: Avg likes | Average Likes | likes_avg | avgLikes | Me gusta promedio | Promedio de likes
avg_likes: Média de curtidas
avg_likes: Moyenne de likes | Mentions J'aime moyennes | Durchschnittliche Likes | Ø Likes | Rata-rata suka
avg_likes: Likes per post
avg_comments: Avg. comments | Comentarios promedio | Média de comentários | Commentaires moyens | Ø Kommentare
avg_comments: Rata-rata komentar
avg_views: Avg Views | Average video views | Visualizações médias | Vues moyennes | Durchschnittliche Aufrufe
avg_views: Rata-rata tayangan
avg_views: Views avg. | Avg Views (last 10 videos) | Vistas promedio
engagement_rate: ER | ER% | Engagement rate | Eng. Rate | 60 Day Eng Rate | Tasa de interacción
engagement_rate: Taxa de engajamento
engagement_rate: Taux d'engagement | Interaktionsrate | Engagement-Rate | Tingkat keterlibatan
engagement_rate: Avg. engagement rate
engagement_rate_by_followers: ER by followers | Engagement rate (followers) | Taux d'engagement par abonné
engagement_rate_by_followers: ERF
engagement_rate_by_views: ER by views | Engagement rate by views | Tasa de interacción por visualizaciones
engagement_rate_by_views: Engagement / Views
handle: Handle | Username | user_name | @ | Usuario | Nombre de usuario | Nome de usuário | Nom d'utilisateur
handle: Benutzername
handle: Nama pengguna | Nama Akun | Influencer insta name | Account | Cuenta | Conta | Compte | Konto
handle: uniqueId | profile_name
name: Name | Full Name | Nombre | Nome | Nom | Nama | Influencer | Creator Name | nome_influencer | Créateur
name: YouTuber
link: URL | Profile URL | Link | Perfil | Profil | link_youtube | Channel URL | Enlace | Lien | Tautan
link: Profile Link
platform: Platform | Social network | Red social | Rede social | Réseau social | Plattform | Plataforma
platform: Plateforme
country: Country | País | Pays | Land | Negara | Country code
language: Language | Idioma | Langue | Sprache | Bahasa
niche: Niche | Category | Categoría | Categoria | Catégorie | Kategorie | Kategori | Category_1 | Topics
niche: Nicho | Nische
fee: Fee | Price | Precio | Preço | Prix | Preis | Harga | Price (USD) | Cost per post | Cachê | Tarif
fee: Honorar | Tarifa
deliverables: Deliverables | Entregables | Entregáveis | Livrables
start_at: Start date | Fecha de inicio | Data de início | Date de début | Startdatum | Tanggal mulai
start_at: Go-live date
posted_at: Posted at | Published | Fecha de publicación | Data de publicação | Date de publication
posted_at: Veröffentlichungsdatum
total_likes: Total Likes
"""
UNKNOWN = "Audience country | Followers growth | Email | Rank | Influence score | Median views | Real followers | Likes ratio"


@pytest.mark.parametrize("line", HEADERS.strip().splitlines())
def test_headers_that_are_known(line):
    column, _, headers = line.partition(": ")
    assert {
        header: header_meaning(header) and header_meaning(header).column
        for header in headers.split(" | ")
    } == dict.fromkeys(headers.split(" | "), column)


@pytest.mark.parametrize("header", UNKNOWN.split(" | "))
def test_headers_that_mean_something_else(header):
    assert header_meaning(header) is None


def test_a_header_says_unit_currency_and_platform():
    name = header_meaning("IG Followers (k)")
    assert (name.platform, name.power) == ("instagram", 3)
    assert (header_meaning("Preis in EUR").currency, header_meaning("Price ($)").currency) == (
        "EUR",
        "USD",
    )
    assert header_meaning("Engagement rate %").percent


def test_the_lists_fit_together():
    concepts = {
        concept for row in read_word_list("words.csv") for concept in row["concept"].split()
    }
    meanings = read_word_list("columns.csv")
    used = {
        concept
        for row in meanings
        for one in row["concepts"].split(" | ")
        for concept in one.split()
    }
    assert used - concepts == {"number"}
    open_names = {"channel", "content", "date", "id", "location", "rate"}
    open_names |= {"impressions", "made", "reposts", "timestamp", "title"}
    assert {row["column"] for row in meanings} <= {
        *canonical_names(),
        *INTERMEDIATE_COLUMNS,
        *open_names,
    }
    words = [word for row in read_word_list("words.csv") for word in row["words"].split(" | ")]
    assert len(words) == len(set(words)), sorted({word for word in words if words.count(word) > 1})


@given(st.text(max_size=30))
def test_no_header_and_no_cell_breaks_it(text):
    header_meaning(text)
    is_missing(text)
    fix_mojibake(text)
    parse_link(text)
    for look in (country_in, flag_of, format_of, language_of, niche_of, platform_of):
        look(text)


@pytest.mark.parametrize(
    "word", ["", "-", "N/A", "none", "null", "Unknown", "NaN", "s/d", "Keine Angabe"]
)
def test_words_for_what_is_not_known(word):
    assert is_missing(word)


@pytest.mark.parametrize("word", ["0", "no", "nobody", "nonesuch", "n", "0%", "unknown artist"])
def test_words_that_say_something(word):
    assert not is_missing(word)


@pytest.mark.parametrize(
    ("text", "code"),
    [("Germany", "DE"), ("Alemania", "DE"), ("Jerman", "DE"), ("USA", "US"), ("us", "US"), ("GBR", "GB"), ("UK", "GB"),
     ("Czech Republic", "CZ"), ("Côte d’Ivoire", "CI"), ("Türkiye", "TR"), ("The Netherlands", "NL"), ("🇧🇷", "BR"),
     ("🇧🇷 Brazil", "BR"), ("Puerto Rico", "PR"), ("Madrid, Spain", "ES"), ("Korea, Republic of", "KR"),
     ("Narnia", None), ("Europe", None), ("Spain, France", None)],
)  # fmt: skip
def test_countries(text, code):
    assert country_in(text) == code


@pytest.mark.parametrize(
    ("text", "code"),
    [("English", "en"), ("alemán", "de"), ("Português (Brasil)", "pt"), ("pt-BR", "pt"), ("en_US", "en"),
     ("bahasa Indonesia", "id"), ("English, Spanish", "en"), ("Klingon", None)],
)  # fmt: skip
def test_languages(text, code):
    assert language_of(text) == code


@pytest.mark.parametrize(
    ("text", "niche"),
    [("Beauty & Cosmetics", "beauty"), ("Moda", "fashion"), ("Kecantikan", "beauty"),
     ("Travel, Food, travel", "travel"),
     ("Web Development, Web Design", "technology"), ("Música y baile", "music"), ("Whatever", None), ("7", None)],
)  # fmt: skip
def test_niches(text, niche):
    assert niche_of(text) == niche


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("https://www.instagram.com/some.name/?hl=en", Link("instagram", "some.name")),
        ("instagram.com/@name", Link("instagram", "name")),
        ("https://instagram.com/p/CxYz_-1/", Link("instagram", post_id="CxYz_-1")),
        ("https://www.instagram.com/name/reel/AbC/", Link("instagram", "name", post_id="AbC")),
        ("https://www.instagram.com/explore/", Link("instagram")),
        ("https://www.tiktok.com/@na.me/video/7123", Link("tiktok", "na.me", post_id="7123")),
        ("https://vm.tiktok.com/ZM123/", Link("tiktok")),
        ("https://www.youtube.com/@name ", Link("youtube", "name")),
        ("https://youtube.com/channel/UC1-a_/about", Link("youtube", creator_id="UC1-a_")),
        ("http://m.youtube.com/c/Some%20Name", Link("youtube", "Some Name")),
        ("https://youtu.be/dQw4w9?t=1", Link("youtube", post_id="dQw4w9")),
        ("https://www.youtube.com/watch?v=dQw4w9&list=x", Link("youtube", post_id="dQw4w9")),
        ("https://x.com/name/status/123", Link("x", "name", post_id="123")),
        ("twitter.com/name", Link("x", "name")),
        ("https://www.twitch.tv/name", Link(None)),
        ("https://notinstagram.com/name", Link(None)),
        ("first.last", None),
        ("@name", None),
        ("", None),
    ],
)
def test_links(text, link):
    assert parse_link(text) == link


def test_words_of_closed_lists():
    assert [flag_of(word) for word in ("Sí", "não", "oui", "nein", "ya", "1", "✓", "maybe")] == [
        True, False, True, False, True, True, True, None
    ]  # fmt: skip
    assert [format_of(word) for word in ("Reels", "Carrossel", "Sidecar", "IG Story", "?")] == [
        "short", "carousel", "carousel", "story", None
    ]  # fmt: skip


def test_every_list_is_a_table():
    for name in ("words.csv", "columns.csv", "values.csv"):
        rows = read_word_list(name)
        assert rows, name
        assert not any(None in row or None in row.values() for row in rows), name
