"""The base of this project's errors, and nothing else."""


class CreatorcastError(ValueError):
    """What a user can put right: one sentence that names the place, the fault and the remedy.

    The command line prints its message and ends with exit code 2. All other errors are faults of
    the program.
    """
