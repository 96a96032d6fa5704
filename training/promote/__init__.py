"""Making a bundle the champion: on the same queries, it must not be worse."""
