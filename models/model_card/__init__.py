"""The model card: what a model is for, what it rests on, how good it is, and its limits."""
