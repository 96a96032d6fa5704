"""The canonical tables: their schema, the checks of it, and the files that hold them."""
