"""Examples of requests that bring a list, which work when pasted."""

_LIST = (
    "Creator\tPlatform\tFollowers\tAvg likes\tAvg comments\tFee\n"
    "Ana\tInstagram\t25.4k\t900\t40\t450 USD\n"
    "Ben\tTikTok\t80k\t\t\t300 USD\n"
)
LIST_READ_EXAMPLES = {
    "pasted": {
        "summary": "Cells pasted from a spreadsheet",
        "value": {"file": {"name": "pasted", "text": _LIST}, "use": "score"},
    },
    "corrected": {
        "summary": "A column that is not read, and the platform of all rows",
        "value": {
            "file": {"name": "creators.csv", "text": "Account;Followers;Fee\nana;25400;450\n"},
            "use": "plan",
            "sheet": {
                "platform": "instagram",
                "columns": {"Account": "handle", "Fee": {"column": "fee_usd", "unit": "USD"}},
            },
        },
    },
}
LIST_SCORE_EXAMPLES = {
    "pasted": {
        "summary": "Cells pasted from a spreadsheet",
        "value": {"file": {"name": "pasted", "text": _LIST}},
    }
}
LIST_FILE_EXAMPLES = {
    "workbook": {
        "summary": "A workbook to forward",
        "value": {"file": {"name": "pasted", "text": _LIST}, "answer": "xlsx"},
    }
}
