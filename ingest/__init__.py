"""What people have -> the canonical tables: spreadsheets, and exports of platforms and scrapers."""
