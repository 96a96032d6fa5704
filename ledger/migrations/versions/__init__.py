"""One file for each version of the tables, in the form of Alembic."""
