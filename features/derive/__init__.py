"""From what was known of an account to the columns that models learn from."""
