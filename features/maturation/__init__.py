"""How the counts of a post grow after it was posted, and what a count of one age is at another."""
