"""The README names only commands, options and targets that exist."""

import contextlib
import re
import shlex
from pathlib import Path

import click
import pytest

from creatorcast import main

ROOT = Path(__file__).parents[1]
LINES = re.sub(r"\\\n\s*", "", (ROOT / "README.md").read_text()).splitlines()
COMMANDS = [line[2:] for line in LINES if line.startswith("$ creatorcast")]
MAKES = [line[2:] for line in LINES if line.startswith("$ make")]
SHELL = {"&&", "&", "|", ";", ">"}


def words_of(line: str) -> list[str]:
    """Give the words of one command: up to a comment or what the shell does with it."""
    words = shlex.split(line, comments=True)
    end = next((n for n, word in enumerate(words) if word in SHELL), len(words))
    return words[1:end]


def parse(command: click.Command, words: list[str], parent: click.Context | None = None) -> None:
    """Parse words as the command line would, running nothing. Raises click.UsageError."""
    context = command.make_context(command.name, list(words), parent=parent)
    if isinstance(command, click.Group):
        _, inner, rest = command.resolve_command(context, [*context._protected_args, *context.args])
        parse(inner, rest, context)


def test_there_is_a_readme_to_hold():
    assert COMMANDS
    assert MAKES


@pytest.mark.parametrize("line", COMMANDS)
def test_the_commands_of_the_readme_parse(line):
    with contextlib.suppress(click.exceptions.Exit):  # by which --help ends
        parse(main, words_of(line))


@pytest.mark.parametrize("line", MAKES)
def test_the_targets_of_the_readme_exist(line):
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert set(words_of(line)) <= set(targets)


@pytest.mark.parametrize(
    "line",
    [
        "creatorcast nonsense",
        "creatorcast score x --out y --no-such-option",
        "creatorcast simulate",
    ],
)
def test_a_wrong_command_would_be_found(line):
    with pytest.raises(click.UsageError):
        parse(main, words_of(line))
