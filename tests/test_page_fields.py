"""Numbers as people type them into the forms, read in a real browser: what is clear is read, and
what may be two numbers is refused with both.
"""

import pytest
from page_browser import opened

READ = """(cases) => import("./page/app/fields.js").then(({ numberOf, numberFault }) =>
  cases.map(([text, currency]) =>
    [String(numberOf(text, { currency })), numberFault(text, { currency }) ?? null]))"""
CLEAR = {
    "": "null",
    "0": "0",
    "1,234.5": "1234.5",
    "1,200": "1200",
    "1 200": "1200",
    "1'200": "1200",
    "1\u00a0200\u00a0000": "1200000",
    "1.20": "1.2",
    "1200.125": "1200.125",
    "0.012": "0.012",
    "0.125": "0.125",
    "12.5k": "12500",
    "1.2 M": "1200000",
    "3.1250": "3.125",
}
UNCLEAR = {
    "1.000": "1.000 may be 1000 or 1: write 1000 or 1.00",
    "1.200": "1.200 may be 1200 or 1.2: write 1200 or 1.20",
    "85.000": "85.000 may be 85000 or 85: write 85000 or 85.00",
    "3.125": "3.125 may be 3125 or 3.125: write 3125 or 3.1250",
    "1.200.000": "1.200.000 is unclear: write 1200000",
    "1.200,50": "1.200,50 is unclear: decimals begin with a point: write 1200.50",
    "12,5": "12,5 is unclear: decimals begin with a point: write 12.5",
    "12 apples": "12 apples is no number: write it as 1234.5",
    "$500": "$500 is no number: write it as 1234.5",
    "--5": "--5 is no number: write it as 1234.5",
}
OF_MONEY = {
    ("$500", "USD"): "500",
    ("500 USD", "USD"): "500",
    ("1,200.50 usd", "USD"): "1200.5",
    ("€1200", "EUR"): "1200",
    ("1200 EUR", "EUR"): "1200",
    ("£2k", "GBP"): "2000",
}
OF_OTHER_MONEY = {
    ("€1200", "USD"): "€1200 is not in USD: choose its currency, or write the amount in USD",
    ("500 GBP", "EUR"): "500 GBP is not in EUR: choose its currency, or write the amount in EUR",
    ("$1.200", "USD"): "$1.200 may be 1200 or 1.2: write 1200 or 1.20",
}


@pytest.fixture(scope="module")
def read(browser, starter_service):
    """Give a function that reads [text, currency] pairs as forms do: [number, fault] of each."""
    with opened(browser, starter_service.address) as page:
        page.wait_for_selector("#creator h1")
        yield lambda cases: page.evaluate(READ, [list(case) for case in cases])


def test_a_clear_number_is_read(read):
    got = read([(text, None) for text in CLEAR])
    assert got == [[value, None] for value in CLEAR.values()]
    assert read(OF_MONEY) == [[value, None] for value in OF_MONEY.values()]


def test_a_number_that_may_be_two_is_refused_with_both(read):
    got = read([(text, None) for text in UNCLEAR])
    assert got == [["NaN", fault] for fault in UNCLEAR.values()]
    assert read(OF_OTHER_MONEY) == [["NaN", fault] for fault in OF_OTHER_MONEY.values()]


def test_a_number_of_the_service_is_read_back_as_it_is(read, browser, starter_service):
    with opened(browser, starter_service.address) as page:
        texts = page.evaluate(
            """import("./page/app/fields.js").then(({ numberText }) =>
            [3.125, 123.457, 1200, 0.125, 12.5].map(numberText))"""
        )
    assert [float(value) for value, _ in read([(text, None) for text in texts])] == [
        *(3.125, 123.457, 1200, 0.125, 12.5)
    ]


def test_the_fault_stands_at_its_field(browser, starter_service):
    with opened(browser, starter_service.address) as page:
        for field, typed, fault in (
            ("followers", "85.000", "may be 85000 or 85"),
            ("fee", "€500", "is not in USD"),
        ):
            box = page.locator(f"#creator-{field}")
            box.fill(typed)
            page.locator("#creator .fault", has_text=fault).first.wait_for()
            assert box.get_attribute("aria-invalid") == "true"
        faults = page.evaluate(
            """Promise.all(["request", "form_state"].map((name) => import(`./page/app/plan/${name}.js`)))
            .then(([{ readForm }, { EMPTY_FORM }]) => readForm({ ...EMPTY_FORM, budget: "5.000" }).faults)"""
        )
        assert faults["budget"] == "5.000 may be 5000 or 5: write 5000 or 5.00"
