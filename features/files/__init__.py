"""Files of any content: atomic writing, guards against change, Parquet, formulas in CSV."""
