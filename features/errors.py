"""The base of this project's errors, and the texts of others' errors cut short."""


class CreatorcastError(ValueError):
    """What a user can put right: one sentence that names the place, the fault and the remedy.

    The command line prints its message and ends with exit code 2. All other errors are faults of
    the program.
    """


def first_line(error: Exception) -> str:
    """Return the first line of an error's text."""
    return str(error).strip().split("\n")[0]


def short_text(error: Exception) -> str:
    """Return the first 200 characters of an error's first line, its class where it has none."""
    return (str(error).splitlines() or [""])[0][:200] or type(error).__name__
