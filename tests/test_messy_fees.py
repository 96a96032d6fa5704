"""Fees as people write them: currencies that contradict, no fee, ranges, packages, and campaign sheets in euro."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from messy_cases import MESSY, imported

from creatorcast import main
from features.derive.fit_reference import fit_reference
from features.history.deals import completed_deals
from features.history.history import History
from features.tables.currency import CurrencyRates
from features.tables.folder import read_tables
from features.tables.validate import validate
from ingest.sheets.fee_text import currency_of, no_fee_reason, parse_deliverables, split_fee_text
from ingest.sheets.reader import read_sheet
from ingest.sheets.sheet_types import ColumnMapping, SheetOptions
from models.rate_card import read_rate_card
from serving.batch import ProgressReporter, score_file
from serving.batch.errors import BatchError
from serving.batch.parquet_list import ParquetList
from serving.scoring.scorer import Scorer
from training.fit_pricing import fit_market_fee
from training.simulate.parameters import MarketParameters
from training.simulate.simulate import write_market

RATES = CurrencyRates({"USD": 1.0, "EUR": 1.1, "BRL": 0.2, "CAD": 0.7})


@pytest.fixture
def sheet_of(tmp_path):
    """Read a table, rows of cells under a header, as CSV or XLSX."""

    def read(header, *rows, kind="csv", formats=None, **options):
        path = tmp_path / f"list.{kind}"
        frame = pd.DataFrame(list(rows), columns=header)
        if kind == "csv":
            frame.to_csv(path, index=False)
        else:
            with pd.ExcelWriter(path, engine="openpyxl") as writer:
                frame.to_excel(writer, index=False)
                for (row, column), shown in (formats or {}).items():
                    writer.sheets["Sheet1"].cell(row, column).number_format = shown
        return read_sheet(path, SheetOptions(**options))

    return read


def money_of(sheet):
    """Give fee_usd, fee and currency of every row, 0 and "" where they are not told."""
    frame = sheet.rows.reindex(columns=["fee_usd", "fee", "currency"])
    return [
        tuple("" if pd.isna(cell) else cell for cell in row)
        for row in frame.itertuples(index=False)
    ]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.parametrize(
    ("header", "cells", "reason"),
    [
        (["Fee (USD)", "Currency"], ["450", "EUR"], "is in USD, and 'Currency' says EUR"),
        (
            ["Honorar (€)", "Währung"],
            ["450", "Schweizer Franken"],
            "is in EUR, and 'Währung' says CHF",
        ),
        (["fee_usd", "currency"], ["450", "GBP"], "is in USD, and 'currency' says GBP"),
        (["Fee", "Currency"], ["€450", "USD"], "is in EUR, and 'Currency' says USD"),
        (["Precio", "Moneda"], ["R$ 450", "Euro"], "is in BRL, and 'Moneda' says EUR"),
        (["Fee (EUR)", "note"], ["$450", ""], "is in USD, and its column in EUR"),
        (["Tarif (£)", "note"], ["450 €", ""], "is in EUR, and its column in GBP"),
        (["Fee", "Currency"], ["£300-400", "EUR"], "is in GBP, and 'Currency' says EUR"),
        (["Fee", "Currency"], ["£300-€400", "EUR"], "names two currencies, EUR and GBP"),
        (["Fee", "Currency"], ["450", "seashells"], "is no currency: write its ISO 4217 code"),
        (["Fee", "Currency"], ["450", ""], "names no currency: write it in 'Currency'"),
    ],
)
def test_currencies_that_contradict_leave_the_fee_unknown(sheet_of, kind, header, cells, reason):
    sheet = sheet_of(["handle", *header], ["a", *cells], ["b", "", ""], kind=kind)
    assert [(fault.line, fault.reason.startswith(reason)) for fault in sheet.faults][:1] == [
        (2, True)
    ], sheet.faults
    assert "fee_usd" not in sheet.rows or sheet.rows["fee_usd"].isna().all()
    assert "fee" not in sheet.rows or "currency" not in sheet.rows


@pytest.mark.parametrize(("shown", "said"), [("[$€-407]#,##0", "USD"), ('"£"#,##0', "EUR")])
def test_a_number_format_that_contradicts_the_header(sheet_of, shown, said):
    sheet = sheet_of(
        ["handle", f"Fee ({said})"], ["a", 450], ["b", 900], kind="xlsx", formats={(2, 2): shown}
    )
    assert [(fault.line, "correct one of them" in fault.reason) for fault in sheet.faults] == [
        (2, True)
    ]
    assert money_of(sheet)[0] == ("", "", "")


def test_a_map_that_contradicts_the_sign(sheet_of):

    sheet = sheet_of(
        ["handle", "Deal"],
        ["a", "450 €"],
        ["b", "450"],
        columns={"Deal": ColumnMapping("fee_usd", "USD")},
    )
    assert [fault.reason for fault in sheet.faults] == [
        "is in EUR, and its column in USD: correct one of them"
    ]
    assert money_of(sheet) == [("", "", ""), (450, "", "")]


def test_a_bare_dollar_is_of_the_dollars_that_the_sheet_names(sheet_of):
    assert money_of(sheet_of(["handle", "Fee (CAD)"], ["a", "$450"])) == [("", 450, "CAD")]
    assert money_of(sheet_of(["handle", "fee", "currency"], ["a", "$450", "AUD"])) == [
        ("", 450, "AUD")
    ]
    sheet = sheet_of(["handle", "Fee (CAD)"], ["a", 450], kind="xlsx", formats={(2, 2): '"$"#,##0'})
    assert money_of(sheet) == [("", 450, "CAD")]
    assert money_of(sheet_of(["handle", "fee", "currency"], ["a", "¥450", "CNY"])) == [
        ("", 450, "CNY")
    ]
    assert (
        sheet_of(["handle", "Fee (CAD)"], ["a", "US$450"]).faults[0].reason.startswith("is in USD")
    )


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_fees_take_the_currency_that_stands_beside(sheet_of, kind):
    rows = [
        ["a", "450", "EUR"],
        ["b", "1200", "€"],
        ["c", "900", "US Dollar"],
        ["d", "", "EUR"],
        ["e", "R$ 70", ""],
    ]
    sheet = sheet_of(["Influenceur", "Prix", "Devise"], *rows, kind=kind)
    assert money_of(sheet) == [
        ("", 450, "EUR"), ("", 1200, "EUR"), ("", 900, "USD"), ("", "", ""), ("", 70, "BRL")
    ]  # fmt: skip
    assert sheet.faults == []


def test_a_rate_beside_a_currency_is_a_fee(sheet_of):
    assert money_of(sheet_of(["handle", "Rate", "Currency"], ["a", "450", "EUR"])) == [
        ("", 450, "EUR")
    ]


def test_a_fee_of_zero_is_zero_in_any_currency(sheet_of):
    sheet = sheet_of(["Creator", "Date", "Fee (EUR)", "Engagements"], ["a", "2026-03-01", "0", 9])
    assert (sheet.table, money_of(sheet)) == ("partnerships", [(0, "", "")])


def test_two_offers_of_one_creator_are_told(tmp_path):
    (tmp_path / "list.csv").write_text(
        "handle,platform,Format,fee_usd\na,instagram,Reel,500\na,instagram,Story,200\n"
    )
    found = imported(tmp_path / "list.csv", out=tmp_path / "out")
    assert found.column("prospects", "fee_usd") == [200]
    assert (
        "1 row(s) are of a creator of a later row: of each creator one prospect is kept"
        in found.text
    )


WORDS = [
    "on request",
    "auf Anfrage",
    "A consultar",
    "Sur demande",
    "sob consulta",
    "TBC",
    "tbd",
    "Gifted",
    "FREE",
]
WORDS += [
    "auf Anfrage / TBD",
    "free (product only)",
    "barter",
    "product only",
    "PR",
    "kostenlos",
    "gratis",
    "nego",
    "negotiable",
    "DM",
    "-",
    "n/a",
    "gratuit",
]


def test_words_in_place_of_a_fee_are_no_fee_and_told(sheet_of):
    sheet = sheet_of(
        ["handle", "Fee (USD)"], *[["a", word] for word in WORDS], ["b", "450"], ["c", "on request"]
    )
    assert money_of(sheet) == [("", "", "")] * len(WORDS) + [(450, "", ""), ("", "", "")]
    assert (sheet.faults, sheet.unread) == ([], {})
    (told,) = [note for note in sheet.notes if "no amount" in note]
    assert told.startswith(
        f"'Fee (USD)': {len(WORDS) + 1} value(s) are no amount: 'on request' (2), "
    )


def test_a_gift_is_a_fee_of_zero_only_in_partnerships(sheet_of):
    header = ["Creator", "Start date", "Deliverables", "Fee (EUR)", "Engagements"]
    sheet = sheet_of(
        header, ["a", "2026-03-01", 1, "gifted", 90], ["b", "2026-03-02", 2, "on request", 80]
    )
    assert (sheet.table, money_of(sheet)) == ("partnerships", [(0, "", ""), ("", "", "")])


@pytest.mark.parametrize(
    ("header", "currency"),
    [
        ("Fee (A$)", "AUD"),
        ("Fee (S$)", "SGD"),
        ("Fee C$", "CAD"),
        ("Preis PLN", "PLN"),
        ("Fee (SEK)", "SEK"),
    ],
)
def test_headers_name_any_currency(sheet_of, header, currency):
    assert money_of(sheet_of(["handle", header], ["a", "450"])) == [("", 450, currency)]


def test_a_peso_is_of_no_country_until_it_is_told(sheet_of):
    (guess,) = [
        one
        for one in sheet_of(["handle", "Precio (pesos)"], ["a", "450"]).guesses
        if one.source != "handle"
    ]
    assert "names no currency" in guess.ambiguous


@pytest.mark.parametrize(
    "text", ["whatever it takes", "see contract", "500 seashells", "500/700", "2000-1500"]
)
def test_unknown_words_stay_faults(sheet_of, text):
    sheet = sheet_of(["handle", "Fee (USD)"], ["a", text], ["b", "450"])
    assert [fault.value for fault in sheet.faults] == [text]


@pytest.mark.parametrize(
    ("text", "amount", "code"),
    [
        ("$300-500", 500, "fee_range_upper_end"),
        ("1500–2000 USD", 2000, "fee_range_upper_end"),
        ("$1.5k to 2k", 2000, "fee_range_upper_end"),
        ("$1.5-2k", 2000, "fee_range_upper_end"),
        ("between $500 and $700", 700, "fee_range_upper_end"),
        ("zwischen 500 und 700 USD", 700, "fee_range_upper_end"),
        ("USD 500 a 700", 700, "fee_range_upper_end"),
        ("up to $700", 700, "fee_range_upper_end"),
        ("from $500", 500, "fee_lower_end_only"),
        ("ab 500 USD", 500, "fee_lower_end_only"),
        ("$500+", 500, "fee_lower_end_only"),
        ("à partir de 500 USD", 500, "fee_lower_end_only"),
        ("US$ 500 (negotiable)", 500, None),
        ("ca. 500 USD", 500, None),
    ],
)
def test_a_range_is_priced_at_its_upper_end_and_told(sheet_of, text, amount, code):
    sheet = sheet_of(["handle", "Fee (USD)"], ["a", "450"], ["b", text])
    assert money_of(sheet) == [(450, "", ""), (amount, "", "")]
    assert [(one.row, one.code, one.fault.line, one.fault.value) for one in sheet.remarks] == (
        [(1, code, 3, text)] if code else []
    )


def test_a_range_proves_the_decimal_mark_of_its_column(sheet_of):
    sheet = sheet_of(["handle", "Honorar"], ["a", "1.500 – 2.000 €"], ["b", "1.250,50 €"])
    assert money_of(sheet) == [("", 2000, "EUR"), ("", 1250.5, "EUR")]


@pytest.mark.parametrize(
    ("header", "cells", "expected"),
    [
        (["Fee"], ["$500 per post"], (500, None, None)),
        (["Fee", "Deliverables"], ["$500/post", "3"], (1500, 3, None)),
        (["Preis pro Beitrag (USD)", "Deliverables"], ["500", "3"], (1500, 3, None)),
        (["Fee"], ["$500 pro Story"], (500, None, "story")),
        (["Fee"], ["$1200 for 3 reels"], (1200, 3, "short")),
        (["Fee"], ["3 Reels: $1200"], (1200, 3, "short")),
        (["Fee"], ["$500 (Reel)"], (500, None, "short")),
        (["Fee", "Deliverables"], ["$1200 for 3 reels", "3"], (1200, 3, "short")),
        (["Fee"], ["$900 for 2x reels + 3 stories"], (900, 5, None)),
        (["Fee", "Deliverables"], ["$900", "2x Reels"], (900, 2, "short")),
        (["Fee", "Deliverables"], ["$900", "2 Reels + 3 Stories"], (900, 5, None)),
    ],
)
def test_prices_of_one_post_and_of_packages(sheet_of, header, cells, expected):
    sheet = sheet_of(["handle", *header], ["a", *cells])
    row = sheet.rows.reindex(columns=["fee_usd", "deliverables", "format"]).iloc[0]
    assert (tuple(None if pd.isna(cell) else cell for cell in row), sheet.faults) == (expected, [])


@pytest.mark.parametrize(
    ("header", "cells", "reason"),
    [
        ("Deliverables", "2", "is for 3, and 'Deliverables' says 2: correct one of them"),
        (
            "Format",
            "story",
            "is the price of format short, and 'Format' says story: correct one of them",
        ),
    ],
)
def test_a_package_that_contradicts_its_row(sheet_of, header, cells, reason):
    sheet = sheet_of(["handle", "Fee", header], ["a", "$1200 for 3 reels", cells])
    assert [fault.reason for fault in sheet.faults] == [reason]
    assert money_of(sheet) == [("", "", "")]


def test_currencies_by_code_sign_and_name():
    words = ("eur", "€", "Euro", "US-Dollar", "reales brasileños", "GHS", "rupees?", "pesos")
    assert [currency_of(word) for word in words] == [
        "EUR",
        "EUR",
        "EUR",
        "USD",
        "BRL",
        "GHS",
        None,
        None,
    ]


def test_what_is_no_offer():
    assert [split_fee_text(text) for text in ("500 per hour", "2026-01-02", "", "x" * 100)] == [
        None
    ] * 4
    assert parse_deliverables("0 reels") is None
    assert no_fee_reason("450") is None


CAMPAIGN = """Creator,Platform,Datum,Honorar (EUR),Engagements,Views
@ana.k,Instagram,2026-03-01,450,1200,30000
@bo.f,Instagram,2026-03-02,gratis,800,20000
@cy.e,Instagram,2026-03-03,500-700,900,25000
@dan,Instagram,2026-03-04,auf Anfrage,100,2000
"""


@pytest.fixture
def campaign(tmp_path):
    path = tmp_path / "campaign.csv"
    path.write_text(CAMPAIGN, encoding="utf-8")
    return path


def fees_of(found):
    return {row["creator_id"]: row.get("fee_usd") for row in found["partnerships"]}


def test_fees_of_a_campaign_sheet_become_dollars_by_the_rates(campaign, tmp_path):
    found = imported(campaign, out=tmp_path / "out", rates=RATES)
    assert fees_of(found) == {
        "@ana.k": pytest.approx(495),
        "@bo.f": 0,
        "@cy.e": pytest.approx(770),
        "@dan": None,
    }
    assert "fees: 2 in EUR, fee_usd at 1.1 USD" in found.text
    assert "2 value(s) are no amount: 'gratis', a fee of 0 (1), 'auf Anfrage' (1)" in found.text
    assert "1 x Honorar (EUR) lower end of a range: the fee is its upper end" in found.text
    assert (tmp_path / "out" / "rates.csv").exists()


def test_a_later_import_knows_the_rates_and_names_partnerships_alike(campaign, tmp_path):
    first = imported(campaign, out=tmp_path / "out")
    assert fees_of(first) == {"@ana.k": None, "@bo.f": 0, "@cy.e": None, "@dan": None}
    assert "2 x fee is in EUR, which has no rate to USD: give it by --rates" in first.text
    second = imported(campaign, out=tmp_path / "out", rates=RATES)
    third = imported(campaign, out=tmp_path / "out")
    assert second["partnerships"] == third["partnerships"]
    assert second.column("partnerships", "partnership_id") == first.column(
        "partnerships", "partnership_id"
    )
    changed = imported(
        campaign, out=tmp_path / "out", rates=CurrencyRates({"USD": 1.0, "EUR": 1.2})
    )
    assert (
        "EUR is 1.2 USD now and was 1.1 before: fees that were imported before keep theirs"
        in changed.text
    )


def test_prospects_keep_a_fee_without_a_rate_in_its_currency(tmp_path):
    path = MESSY / "33_fee_currency_message.csv"
    kept = imported(path, out=tmp_path / "out")
    assert [(row.get("fee_usd"), row.get("fee"), row.get("currency")) for row in kept["prospects"]] == [
        (None, 450, "EUR"), (900, None, None)
    ]  # fmt: skip
    assert "fees: 1 in EUR, kept as they are: give the rate by --rates for fee_usd" in kept.text
    known = imported(path, out=tmp_path / "out", rates=RATES)
    assert [(row.get("fee_usd"), row.get("fee"), row.get("currency")) for row in known["prospects"]] == [
        (pytest.approx(495), None, None), (900, None, None)
    ]  # fmt: skip


def test_a_row_that_repeats_another_whole_is_rejected_and_one_with_another_outcome_is_not(tmp_path):
    path = tmp_path / "deals.csv"
    row = "@ana,Instagram,2026-03-01,1,450,"
    path.write_text(
        f"Creator,Platform,Start date,Deliverables,fee_usd,Engagements\n{row}10\n{row}20\n{row}10\n"
    )
    found = imported(path, out=tmp_path / "out")
    assert (sorted(found.column("partnerships", "engagements")), found.rejected) == ([10, 20], 1)
    assert "repeats the partnership of an earlier row" in found.text
    assert imported(path, out=tmp_path / "out")["partnerships"] == found["partnerships"]


AS_OF = pd.Timestamp("2026-07-01T00:00:00Z")


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_list_is_scored_with_what_its_fees_say(bundle, tmp_path, kind):
    """A range gets a warning, a word no fee, a contradiction rejects its row; no message denies the conversion."""
    rows = [
        ("@a", "450", "EUR"),
        ("@b", "500-700", "USD"),
        ("@c", "auf Anfrage", ""),
        ("@d", "$450", "EUR"),
    ]
    rows += [("@e", "from 500", "EUR"), ("@f", "3 reels for 900", "EUR")]
    frame = pd.DataFrame(rows, columns=["handle", "fee", "currency"]).assign(
        platform="instagram", followers=12000
    )
    path, out, said = tmp_path / f"list.{kind}", tmp_path / "out.parquet", []
    frame.to_csv(path, index=False) if kind == "csv" else frame.to_excel(path, index=False)
    tally = score_file(
        path, out, Scorer(bundle, rates=RATES), AS_OF, reporter=ProgressReporter(notify=said.append)
    )
    assert (tally.scored, tally.rejected) == (5, 1)
    reasons = pd.read_csv(f"{out}.rejected.csv")["reasons"].tolist()
    assert reasons == ["fee '$450' is in USD, and 'currency' says EUR: correct one of them"]
    answers = pd.read_parquet(out).set_index("creator_id")
    fees = (
        answers["fee_usd"].round(6).astype(object).where(answers["fee_usd"].notna(), None).to_dict()
    )
    assert fees == {"@a": 495, "@b": 700, "@c": None, "@e": 550, "@f": 990}
    codes = {name: {word for word in words.split("; ") if word.startswith("fee_")} for name, words in
             answers["warnings"].fillna("").items()}  # fmt: skip
    assert codes == {
        "@a": set(), "@b": {"fee_range_upper_end"}, "@c": set(), "@e": {"fee_lower_end_only"}, "@f": set()
    }  # fmt: skip
    assert answers.loc["@f", "deliverables"] == 3
    told = "\n".join(said)
    assert "fee_usd from fee x currency: fees in EUR at 1.1 USD" in told
    assert "'fee': 1 value(s) are no amount: 'auf Anfrage' (1)" in told
    assert not [
        words for words in ("not read", "as the map says", "nothing is converted") if words in told
    ]


def test_the_case_of_a_currency_that_contradicts_its_header(bundle, tmp_path):
    path, out = MESSY / "32_currency_column.csv", tmp_path / "out.csv"
    assert score_file(path, out, Scorer(bundle, rates=RATES), AS_OF).rejected == 1
    found = imported(path, out=tmp_path / "data", rates=RATES)
    assert [row.get("fee_usd") for row in found["prospects"]] == [None, 900]
    assert "is in USD, and 'Currency' says EUR" in found.text


def test_a_map_explains_no_values_of_parquet(tmp_path):
    pd.DataFrame({"platform": ["x"], "niche": ["Foodies"]}).to_parquet(tmp_path / "list.parquet")
    columns = {"niche": ColumnMapping("niche", values={"Foodies": "food"})}
    with pytest.raises(
        BatchError, match="explains values of 'niche': those of Parquet are taken as they are"
    ):
        ParquetList(tmp_path / "list.parquet", columns)


def test_the_command_takes_rates(campaign, tmp_path):
    rates = MESSY / "33_rates.csv"
    done = CliRunner().invoke(
        main, ["import", str(campaign), "--out", str(tmp_path / "out"), "--rates", str(rates)]
    )
    assert done.exit_code == 0, done.output
    assert "fees: 2 in EUR, fee_usd at 1.1 USD" in done.output
    absent = [
        "import",
        str(campaign),
        "--out",
        str(tmp_path / "o"),
        "--rates",
        str(tmp_path / "absent.csv"),
    ]
    refused = CliRunner().invoke(main, absent)
    assert (refused.exit_code, "absent.csv' cannot be read" in refused.output) == (2, True)


CAMPAIGNS = {
    "English": (
        "Creator,Platform,Date,Price,Likes,Comments,Views",
        "@a,Instagram,2026-03-13,1450.5 EUR,1000,20,30000",
    ),
    "totals": (
        "Influencer,Network,Post date,Amount paid (EUR),Total likes,Comments,Shares,Impressions",
        "@a,Instagram,2026-03-13,1450.5,1000,20,7,30000",
    ),
    "German": (
        "Influencer;Plattform;Datum;Honorar (EUR);Gefällt mir;Kommentare;Aufrufe",
        "@a;Instagram;13.03.2026;1.450,50;1.000;20;30.000",
    ),
    "Spanish": (
        "Creadora;Red social;Fecha;Precio (€);Me gusta;Comentarios;Visualizaciones",
        "@a;Instagram;13/03/2026;1.450,50;1.000;20;30.000",
    ),
    "French": (
        "Influenceuse;Réseau;Date;Rémunération;Devise;J'aime;Commentaires;Vues",
        "@a;Instagram;13/03/2026;1450,50;EUR;1000;20;30000",
    ),
    "Portuguese": (
        "Criadora;Plataforma;Data;Cachê (€);Curtidas;Comentários;Visualizações",
        "@a;Instagram;13/03/2026;1.450,50;1.000;20;30.000",
    ),
    "Indonesian": (
        "Kreator;Platform;Tanggal;Harga (EUR);Suka;Komentar;Tayangan",
        "@a;Instagram;13/03/2026;1.450,50;1.000;20;30.000",
    ),
    "engagements": (
        "Creator,Platform,Date,Fee,Engagement,Views",
        "@a,Instagram,2026-03-13,€1450.50,1020,30000",
    ),
}


@pytest.mark.parametrize("name", CAMPAIGNS)
def test_a_sheet_of_past_campaigns_gives_partnerships_with_outcomes(name, tmp_path):
    path = tmp_path / "campaign.csv"
    path.write_text("\n".join(CAMPAIGNS[name]) + "\n", encoding="utf-8")
    found = imported(path, out=tmp_path / "out", rates=RATES)
    (deal,) = found["partnerships"]
    wanted = {"creator_id": "@a", "platform": "instagram", "start_at": "2026-03-13T00:00:00Z", "engagements": 1020,
              "views": 30000, "fee_usd": pytest.approx(1595.55),
              "observed_at": "2026-11-01T00:00:00Z"}  # fmt: skip
    assert {key: value for key, value in deal.items() if key != "partnership_id"} == wanted
    assert (found["posts"], found["prospects"], found.rejected) == ([], [], 0)
    summed = "outcomes: of 1 the engagements are the sum of likes and comments, on TikTok and X of shares too"
    assert (summed in found.text) == (name != "engagements")


def test_an_outcome_keeps_the_moment_at_which_it_was_read(tmp_path):
    out, head = tmp_path / "out", "partnership_id,Creator,Platform,Date,Fee USD"
    sheets = {
        "result.csv": f"{head},Engagement\nd1,@a,Instagram,2026-03-13,100,1020\n",
        "fee.csv": f"{head},Brief\nd1,@a,Instagram,2026-03-13,120,sent\n",
        "odd.csv": f"{head},Engagement\nd2,@a,Instagram,2026-05-13,100,40\n",
    }
    for (name, text), month in zip(sheets.items(), (4, 6, 5), strict=True):
        (tmp_path / name).write_text(text)
        read_at = datetime(2026, month, 1, tzinfo=UTC)
        found = imported(tmp_path / name, out=out, observed_at=read_at)
    # a fee that came later is no reading, and nothing is read before it is posted
    deals = {deal["partnership_id"]: deal for deal in found["partnerships"]}
    assert (deals["d1"]["fee_usd"], deals["d1"]["engagements"]) == (120, 1020)
    assert deals["d1"]["observed_at"] == "2026-04-01T00:00:00Z"
    assert "observed_at" not in deals["d2"]


def test_engagements_that_lack_a_part_are_unknown_and_told(tmp_path):
    path = tmp_path / "campaign.csv"
    path.write_text(
        "Creator,Platform,Date,fee_usd,Likes,Comments\n@a,TikTok,2026-03-01,450,10,2\n@b,X,2026-03-01,9,,2\n"
    )
    found = imported(path, out=tmp_path / "out")
    assert found.column("partnerships", "engagements") == [None, None]
    assert "of 2 the engagements are unknown" in found.text


def test_likes_of_a_list_that_plans_partnerships_stay_unclear(tmp_path):
    path = tmp_path / "plan.csv"
    path.write_text(
        "Creator,Platform,Followers,Start date,Price (USD),Likes\n@a,Instagram,12000,2026-03-01,450,1000\n"
    )
    found = imported(path, out=tmp_path / "out")
    assert "engagements" not in found["partnerships"][0]
    assert "UNCLEAR column 'Likes': a mean of posts, or a total?" in found.text


def test_the_id_of_a_campaign_names_none_of_its_partnerships(tmp_path):
    path = tmp_path / "campaign.csv"
    path.write_text(
        "Campaign ID,Creator,Platform,Date,fee_usd,Engagements\n"
        "S,@a,X,2026-03-01,450,10\nS,@b,X,2026-03-01,450,20\nT,@a,X,2026-03-02,450,30\n"
    )
    found = imported(path, out=tmp_path / "out")
    assert sorted(found.column("partnerships", "engagements")) == [10, 20, 30]
    assert "1 id(s) are of several partnerships each and name none of them" in found.text
    assert "T" in found.column("partnerships", "partnership_id")


def campaign_sheet(deals, path):
    """Write partnerships as a campaign manager's sheet: fees in euro with a decimal comma, days first."""
    names = {
        "partnership_id": "Deal ID",
        "creator_id": "Creator ID",
        "platform": "Plattform",
        "format": "Format",
    }
    names |= {
        "brand_niche": "brand niche",
        "deliverables": "Deliverables",
        "engagements": "Interactions",
        "views": "Views",
    }
    sheet = deals[list(names)].rename(columns=names)
    euro = (deals["fee_usd"] / 1.1).map(
        lambda fee: f"{fee:.2f}".replace(".", ","), na_action="ignore"
    )
    sheet.assign(**{"Start": deals["start_at"], "Honorar (EUR)": euro}).to_csv(
        path, sep=";", index=False
    )


def test_fees_in_euro_go_from_a_campaign_sheet_to_the_market_fees(tmp_path):
    """The way as a user goes it: sheet, import with rates, tables read for training, market fees fitted."""
    market = write_market(
        tmp_path / "market", creators=100, seed=5, market=MarketParameters(deals_per_creator=3.0)
    )
    tables = validate(read_tables(market))
    past = tables.partnerships.dropna(subset=["fee_usd"])
    campaign_sheet(past, tmp_path / "campaign.csv")
    out = tmp_path / "out"
    assert imported(tmp_path / "campaign.csv", out=out, rates=RATES).rejected == 0
    made = validate(read_tables(out))
    deals = made.partnerships.set_index("partnership_id").loc[past["partnership_id"]]
    assert made.meta["usd_per_unit"]["EUR"] == 1.1
    for name in (
        "creator_id",
        "platform",
        "format",
        "brand_niche",
        "deliverables",
        "start_at",
        "engagements",
        "views",
    ):
        assert deals[name].astype(object).where(deals[name].notna(), None).tolist() == (
            past[name].astype(object).where(past[name].notna(), None).tolist()
        ), name
    np.testing.assert_allclose(deals["fee_usd"], past["fee_usd"], atol=0.01)
    learned, original = (market_fees(tables, frame).learned for frame in (made.partnerships, past))
    assert (learned.fees, learned.creators) > (100, 30)
    assert (learned.fees, learned.creators) == (original.fees, original.creators)
    assert learned.error == pytest.approx(original.error, rel=1e-2)


def market_fees(tables, deals):
    """Fit market fees to partnerships of the creators of the market."""
    history = History.from_tables(replace(tables, partnerships=deals))
    known = completed_deals(history, deals.reset_index(drop=True), int(AS_OF.timestamp() * 1e6))
    return fit_market_fee(
        history, fit_reference(history, AS_OF), known, read_rate_card(None, CurrencyRates())
    )


# --- found by use --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "expected"), [("$12,000.50 MXN", (12000.5, "MXN")), ("MXN $450", (450, "MXN"))]
)
def test_a_sign_of_several_currencies_is_of_the_code_beside_it(sheet_of, cell, expected):
    assert money_of(sheet_of(["handle", "Fee"], ["a", cell])) == [("", *expected)]


def test_a_rate_with_words_is_a_fee_and_an_engagement_in_percent_is_a_rate(sheet_of):
    sheet = sheet_of(
        ["handle", "Rate", "Engagement"],
        ["a", "$500 per post", "2,1%"],
        ["b", "$600 per post", "3,4%"],
    )
    assert [guess.column for guess in sheet.guesses] == ["handle", "fee_usd", None]
    assert "by followers or by views?" in sheet.guesses[2].ambiguous


def test_an_account_of_another_platform_alone_is_a_fault_of_its_row(sheet_of):
    header = ["Name", "Instagram", "Instagram Followers", "TikTok", "TikTok Followers"]
    rows = ["Ana", "@ana", 45000, "@anatok", 120000], ["Cleo", "", "", "@cleo", 90000]
    sheet = sheet_of(header, *rows, platform="instagram")
    reason = "is of tiktok; the row names no account of the platform that is asked for"
    assert [(fault.line, fault.value, fault.reason) for fault in sheet.faults] == [
        (3, "@cleo", reason)
    ]


def test_outcomes_that_cannot_be_are_named_and_unknown(tmp_path):
    path = tmp_path / "campaigns.csv"
    path.write_text(
        "Creator,Platform,Date,Price (USD),Likes,Comments,Engagements,Views\n"
        "@a,instagram,2026-03-01,450,900,40,,400\n@b,instagram,2026-03-02,450,900,40,300,9000\n"
        "@c,instagram,2026-03-03,450,900,40,,9000\n"
    )
    found = imported(path, out=tmp_path / "out")
    told = {
        row["creator_id"]: (row.get("engagements"), row.get("views"))
        for row in found["partnerships"]
    }
    assert told == {"@a": (940, None), "@b": (None, 9000), "@c": (940, 9000)}
    listed = (tmp_path / "out" / "rejected.csv").read_text()
    assert "more engagements than views" in listed
    assert "fewer than the counts that make them" in listed


def test_a_second_outcome_of_one_partnership_is_told(tmp_path):
    for number, engagements in enumerate((940, 1500)):
        path = tmp_path / f"{number}.csv"
        path.write_text(
            f"Creator,Platform,Date,Price (USD),Engagements\n@a,instagram,2026-03-01,450,{engagements}\n"
        )
        found = imported(path, out=tmp_path / "out")
    assert "engagements is 940.0 and 1500.0, kept 1500.0" in found.text


@pytest.mark.parametrize("options", [{}, {"day_first": True}])
def test_followers_of_an_unread_date_are_no_followers_of_today(tmp_path, options):
    path = tmp_path / "history.csv"
    path.write_text(
        "Date,Handle,Followers\n01/06/2026,@a,12210\n01/05/2026,@a,12110\n01/04/2026,@a,12050\n"
    )
    found = imported(path, out=tmp_path / "out", platform="tiktok", **options)
    assert len(found["followers"]) == (3 if options else 0)
    assert ("has a date of reading that is not read" in found.error) == (not options)
