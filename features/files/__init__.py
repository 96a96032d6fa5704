"""Files of any content: written whole or not at all, guarded against change, Parquet, CSV formulas."""
