from decimal import Decimal

import pytest
from babel.numbers import format_decimal
from hypothesis import given
from hypothesis import strategies as st

from ingest.sheets import read_sheet
from ingest.sheets.decimal_marks import DecimalMarks, decide_marks
from ingest.sheets.guess_lines import unclear_lines
from ingest.sheets.number_parser import ParsedNumber, number_value, parse_number_text
from ingest.sheets.number_stats import NumberStats

LOCALES = ("en", "de", "fr", "es", "pt", "id", "de_CH", "en_IN", "it", "nl", "sv")


@pytest.mark.parametrize(
    ("text", "decimal", "value"),
    [
        ("10.4M", ".", 10_400_000),
        ("977.2K", ".", 977_200),
        ("0.89k", ".", 890),
        ("4.630000000000001k", ".", 4_630),
        ("1767.3k", ".", 1_767_300),
        ("57.4b", ".", 57_400_000_000),
        ("1.234,5", ",", Decimal("1234.5")),
        ("1 234", ".", 1234),
        ("1 234,5", ",", Decimal("1234.5")),
        ("1\u202f234\u00a0567", ".", 1_234_567),
        ("1'234", ".", 1234),
        ("1’234.50", ".", Decimal("1234.5")),
        ("1.234.567", ",", 1_234_567),
        ("12,34,567", ".", 1_234_567),
        ("0", ".", 0),
        ("-5", ".", -5),
        ("1,2 mi", ",", 1_200_000),
        ("1,5 Mio.", ",", 1_500_000),
        ("10 mil", ".", 10_000),
        ("12 rb", ".", 12_000),
        ("1,2 jt", ",", 1_200_000),
        ("3,2 тыс", ",", 3_200),
        ("~12k", ".", 12_000),
        ("10k+", ".", 10_000),
        ("1.2E+6", ".", 1_200_000),
        ("１２３", ".", 123),
        (".5", ".", Decimal("0.5")),
        ("12,- €", ",", 12),
        ("450.-", ".", 450),
        ("(1,200)", ".", -1200),
        ("$ (1,200.50)", ".", Decimal("-1200.5")),
        ("1,200-", ".", -1200),
        ("1200 (approx)", ".", 1200),
    ],
)
def test_a_number_as_people_write_it(text, decimal, value):
    assert number_value(parse_number_text(text), decimal) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "abc",
        "1-2",
        "10k-20k",
        "1 2",
        "12.3.4",
        "1,2,3",
        "k",
        "1kk",
        "$5€",
        "5%%",
        "--3",
        "1e999999",
        "1/2",
        "12k¹",
        "12,000¹",
        "1200½",
        "12①",
        "12,000*",
        "2.9‰",
        "0x10",
        "12:30",
    ],
)
def test_what_is_no_number(text):
    found = parse_number_text(text)
    assert found is None or found.proven_mark == "!"


@pytest.mark.parametrize(
    ("text", "currency", "value"),
    [
        ("$450", "USD", 450),
        ("450 USD", "USD", 450),
        ("USD 1,200.50", "USD", Decimal("1200.5")),
        ("US$ 1.5k", "USD", 1500),
        ("€ 1.200,50", "EUR", Decimal("1200.5")),
        ("1.200,50€", "EUR", Decimal("1200.5")),
        ("R$ 300", "BRL", 300),
        ("Rp 2.000.000", "IDR", 2_000_000),
        ("Rp2.000.000", "IDR", 2_000_000),
        ("2k€", "EUR", 2000),
        ("MX$100", "MXN", 100),
        ("£99", "GBP", 99),
        ("300", None, 300),
    ],
)
def test_amounts_keep_their_currency(text, currency, value):
    found = parse_number_text(text)
    assert (found.currency, number_value(found, found.proven_mark or ".")) == (currency, value)


@pytest.mark.parametrize(
    ("text", "proof"),
    [
        ("1.234", "?"),
        ("1,234", "?"),
        ("12.5", "."),
        ("12,5", ","),
        ("1234.567", "."),
        ("0.123", "."),
        ("1.234.567", ","),
        ("1,234.5", "."),
        ("987", ""),
        ("1 234", ""),
    ],
)
def test_what_a_number_proves_of_the_decimal_mark(text, proof):
    assert parse_number_text(text).proven_mark == proof


@pytest.mark.parametrize(
    ("texts", "whole", "others", "marks", "unclear"),
    [
        (["1.234"], True, {}, DecimalMarks(None, None, True), "1.234"),
        (["1.234", "987"], False, {}, DecimalMarks(None, None), "1.234"),
        (["1.234", "1.234.567"], True, {}, DecimalMarks(",", ",", True), None),
        (["1.234", "12.5"], False, {}, DecimalMarks(".", "."), None),
        (["1.234", "12.5"], True, {}, DecimalMarks(".", ".", True), "1.234"),
        (["120.000", "1.2jt"], True, {}, DecimalMarks(None, ".", True), "120.000"),
        (["120.000", "1,2jt"], True, {}, DecimalMarks(",", ",", True), None),
        (["125.400", "3.210,5", "1.2M"], False, {}, DecimalMarks(",", "."), None),
        (["1.234,5", "1,234.5"], False, {}, DecimalMarks(None, None), None),
        (["1,234"], True, {".": "ER"}, DecimalMarks(".", ".", True), None),
        (["1.234"], True, {".": "ER"}, DecimalMarks(None, ".", True), "1.234"),
        (["1.234"], False, {".": "ER"}, DecimalMarks(None, "."), "1.234"),
        (["1,234"], True, {".": "ER", ",": "fee"}, DecimalMarks(None, None, True), "1,234"),
        (["1.234k"], True, {".": "ER"}, DecimalMarks(None, ".", True), None),
        (
            ["42.300", "1.205", "23.555", "310.000", "9.100"],
            True,
            {},
            DecimalMarks(",", ",", True),
            None,
        ),
        (
            ["42.300", "1.205", "23.555", "310.000", "9.10"],
            True,
            {},
            DecimalMarks(".", ".", True),
            "42.300",
        ),
        (
            ["42.300", "1.205", "23.555", "310.000", "9,100"],
            True,
            {},
            DecimalMarks(None, None, True),
            "9,100",
        ),
        (
            ["42.300", "1.205", "23.555", "310.000"],
            True,
            {},
            DecimalMarks(None, None, True),
            "42.300",
        ),
        (["12", "3 456"], True, {}, DecimalMarks(None, None, True), None),
    ],
)
def test_the_decimal_mark_of_a_column(texts, whole, others, marks, unclear):
    survey = NumberStats()
    survey.add(dict.fromkeys(texts, 1))
    found, _, told = decide_marks(survey, whole, others)
    assert (found, told and told.split("'")[1]) == (marks, unclear)


@pytest.mark.parametrize(
    ("texts", "others", "unclear"),
    [
        (["1.450", "2.900", "9.800", "3.100", "2.305"], {}, None),  # round
        (["1.457", "2.913", "9.802", "3.111", "610"], {}, "1.457"),  # four alone
        (["1.457", "2.913", "9.802", "3.111", "2.305", "610"], {}, None),  # another is bare
        (["1.457", "2.913", "9.802", "3.111", "2.305"], {}, "1.457"),  # means with three decimals
        (["1.450", "2.900", "9.800", "3.100", "2.300"], {".": "ER"}, "1.450"),
        (["1.450", "2.900", "9.800", "3.100", "0.300"], {}, None),
    ],
)
def test_means_have_thousands_where_three_decimals_do_not_happen(texts, others, unclear):
    survey = NumberStats()
    survey.add(dict.fromkeys(texts, 1))
    marks, _, told = decide_marks(survey, False, others, means=True)
    assert told == unclear if unclear is None else told.startswith(repr(unclear))
    if "0.300" in texts:
        assert marks.plain == "."


def test_what_proves_a_mark_may_stand_in_a_row_that_is_left_out_or_in_a_text(tmp_path):
    (tmp_path / "sum.csv").write_text(
        "Name;Handle;Follower;Honorar\nAnna;@anna;42.300;1.250 €\nBen;@ben;9.100;900 €\n"
        "Zwischensumme;;1.051.400;2.150 €\n"
    )
    (tmp_path / "text.csv").write_text(
        "handle;followers;remark\n@anna;42.300;reached 1.200.000 in May\n@ben;9.100;tel 0171.123.456\n"
    )
    (tmp_path / "phone.csv").write_text(
        "handle;followers;remark\n@anna;42.300;0171.123.456\n@ben;9.100;10.123.456.789-09\n"
    )
    by_sum, by_text, by_none = (
        read_sheet(tmp_path / name) for name in ("sum.csv", "text.csv", "phone.csv")
    )
    assert by_sum.rows["followers"].tolist() == by_text.rows["followers"].tolist() == [42300, 9100]
    assert by_sum.rows["fee"].tolist() == [1250, 900]
    assert by_text.guesses[1].note == "decimal comma, as in 'remark'"
    assert by_none.rows["followers"].isna().all()
    [line] = unclear_lines(by_none.guesses)
    assert "--decimal , if the dot stands between thousands" in line
    assert by_none.unread["followers"].all()


def test_one_line_names_all_columns_with_unclear_marks_and_comes_first(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("handle;Likes;followers;avg_likes\n@anna;3;42.300;1.450\n")
    first, *others = unclear_lines(read_sheet(path).guesses)
    assert first.startswith("UNCLEAR columns 'followers', 'avg_likes': '42.300' may be")
    assert not any("--decimal" in line for line in others)


def test_a_figure_is_taken_apart():
    assert parse_number_text("3,4 %") == ParsedNumber("3,4", percent=True)
    assert parse_number_text("~ -1.5k €") == ParsedNumber("1.5", True, 3, False, "EUR", True)


@given(
    st.decimals(0, 10**10, places=2, allow_nan=False),
    st.sampled_from(LOCALES),
    st.sampled_from([0, 2]),
)
def test_any_number_written_in_a_locales_way_comes_back(number, locale, places):
    number = round(number, places)
    text = format_decimal(number, locale=locale, decimal_quantization=False)
    survey = NumberStats()
    survey.add({text: 1, format_decimal(Decimal("1234567.5"), locale=locale): 1})
    marks, _, unclear = decide_marks(survey, whole=False, others={})
    assert (number_value(parse_number_text(text), marks.of(parse_number_text(text))), unclear) == (
        number,
        None,
    )


@given(
    st.integers(0, 10**9),
    st.integers(0, 3),
    st.sampled_from([("k", 3), ("M", 6), ("b", 9), ("mil", 3), ("jt", 6)]),
)
def test_a_suffix_multiplies_exactly(digits, places, suffix):
    text, power = suffix
    number = Decimal(digits).scaleb(-places)
    assert number_value(parse_number_text(f"{number:f}{text}"), ".") == (
        number.scaleb(power)
    ).quantize(1)


@given(st.text(alphabet="0123456789.,' kKmM%$€+-eE~\u00a0", max_size=12))
def test_no_text_breaks_it(text):
    found = parse_number_text(text)
    for decimal in ".," if found else "":
        value = number_value(found, decimal)
        assert value is None or value.is_finite()
