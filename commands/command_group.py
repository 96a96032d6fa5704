"""How commands are parsed, and how the project's own errors reach the user."""

from typing import Any

import click


class Command(click.Command):
    """A command that refuses an option that is given twice: click itself would take the last."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse as click does. Raises UsageError for a repeated option."""
        _, _, parameters = self.make_parser(ctx).parse_args(list(args))
        for number, option in enumerate(parameters):
            if not isinstance(option, click.Option) or option.is_eager:
                continue
            if option in parameters[:number]:
                names = "/".join([*option.opts, *option.secondary_opts])
                raise click.UsageError(f"{names} is given twice: give it once", ctx)
        return super().parse_args(ctx, args)


class CommandGroup(click.Group):
    """Commands whose CreatorcastError becomes one message on standard error and exit code 2."""

    def invoke(self, ctx: click.Context) -> Any:
        """Invoke the command that the arguments name."""
        from features.errors import CreatorcastError

        try:
            return super().invoke(ctx)
        except CreatorcastError as error:
            click.echo(f"creatorcast: {error}", err=True)
            ctx.exit(2)
        except KeyboardInterrupt as stopped:
            if stopped.args:  # says how to continue
                click.echo(f"\ncreatorcast: {stopped}", err=True)
            raise
