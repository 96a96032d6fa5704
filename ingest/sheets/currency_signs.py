"""Currencies as people write them: ISO 4217 codes, and signs, of which some belong to several."""

#: Sign -> ISO 4217. A bare $ is taken as US dollars, and a note says so.
CURRENCY_SIGNS = {
    "US$": "USD", "U$S": "USD", "R$": "BRL", "MX$": "MXN", "CA$": "CAD", "C$": "CAD", "AU$": "AUD",
    "A$": "AUD", "NZ$": "NZD", "S$": "SGD", "HK$": "HKD", "NT$": "TWD", "$": "USD", "€": "EUR",
    "£": "GBP", "Rp": "IDR", "RP": "IDR", "rp": "IDR", "₹": "INR", "Rs": "INR", "¥": "JPY",
    "₩": "KRW", "₺": "TRY", "zł": "PLN", "₦": "NGN", "₱": "PHP", "฿": "THB", "₫": "VND", "₽": "RUB",
    "₪": "ILS", "euro": "EUR", "euros": "EUR", "Euro": "EUR", "dollars": "USD", "dólares": "USD",
    "reais": "BRL",
}  # fmt: skip
#: Signs that several currencies have; they stand for that in CURRENCY_SIGNS only where nothing
#: names another of them.
SHARED_SIGNS = ("$", "¥", "Rs")
#: The currency that a sign alone is taken for -> those that have the same sign.
CURRENCIES_BY_SHARED_SIGN = {
    "USD": frozenset({"CAD", "AUD", "NZD", "SGD", "HKD", "TWD", "MXN", "ARS", "CLP", "COP", "UYU"}),
    "JPY": frozenset({"CNY"}),
    "INR": frozenset({"PKR", "LKR", "NPR"}),
}
_CODES = """
AED ARS AUD BGN BRL CAD CHF CLP CNY COP CZK DKK EGP EUR GBP HKD HRK HUF IDR ILS INR ISK JPY KES KRW
KWD MAD MXN MYR NGN NOK NZD PEN PHP PKR PLN QAR RON RSD RUB SAR SEK SGD THB TRY TWD UAH USD UYU VND
ZAR
"""
CURRENCY_CODES = frozenset(_CODES.split())
