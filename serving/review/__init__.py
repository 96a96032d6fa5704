"""The review of a campaign for people: in words, on the terminal, as a table and a workbook."""
