"""Making a bundle the champion: where both were asked alike, it must not be worse."""
