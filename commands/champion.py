"""Commands about which bundle is the champion: promote, rollback, bundles."""

from pathlib import Path

import click

from commands.command_group import Command
from commands.environment import home_folder, report_progress, tracking_address
from commands.options import NO_REGISTRY
from commands.parameter_types import FOLDER
from commands.registry import announce_champion, bring_registry_in_step


@click.command(cls=Command)
@click.argument("version", required=False)
@click.option(
    "--data",
    type=FOLDER,
    help="Tables whose later posts both are asked about. Default: the bundle's own.",
)
@click.option(
    "--force",
    is_flag=True,
    help="Promote even what fails a criterion or cannot be compared. Needs --reason.",
)
@click.option("--reason", metavar="TEXT", help="Why it is forced; it is kept.")
@click.option(
    "--dry-run", is_flag=True, help="Compare and tell what would be done; change nothing."
)
@click.option("--all-cells", is_flag=True, help="Print every criterion, also those that passed.")
@NO_REGISTRY
@click.pass_context
def promote(
    ctx: click.Context,
    version: str | None,
    data: Path | None,
    force: bool,
    reason: str | None,
    dry_run: bool,
    all_cells: bool,
    no_log: bool,
) -> None:
    """Make the bundle VERSION (default: the last made) the champion, if it is not worse on what
    both were asked alike: CRPS, coverage in every cell, creators that trained neither.

    VERSION is that of a bundle, or its number in MLflow's registry (creatorcast bundles lists
    both). Exit code 0: promoted; 3: refused, as it fails a criterion or nothing is comparable; 2:
    unusable. See docs/promotion.md.
    """
    from training.promote.promote import PromotionRefused, ReasonMissing
    from training.promote.promote import promote as promote_bundle
    from training.registry import registered_bundle

    if reason is not None and not force:
        raise ReasonMissing("--reason without --force: a reason is kept of forced promotions only")
    if version is not None and version.isdecimal():
        version = registered_bundle(home_folder(), tracking_address(), int(version))
    try:
        promotion = promote_bundle(
            home_folder(), version, reason or "" if force else None, data, dry_run, report_progress
        )
    except PromotionRefused as refusal:
        click.echo(refusal.promotion.text(all_cells))
        click.echo(f"creatorcast: {refusal}", err=True)
        ctx.exit(3)
    if text := promotion.text(all_cells):
        click.echo(text)
    if promotion.forced is not None:
        click.echo(
            f"forced, although it failed {len(promotion.forced.failed)}: {promotion.forced.reason}"
        )
    elif force:
        click.echo("--force was not needed: its reason is not kept")
    if dry_run:
        version = promotion.bundle.version
        is_champion = version == promotion.previous_version
        outcome = "is the champion already" if is_champion else "would be the champion"
        click.echo(f"{version} {outcome}; nothing was changed")
    else:
        announce_champion("now", promotion.bundle, no_log)


@click.command(cls=Command)
@click.option(
    "--dry-run", is_flag=True, help="Tell which bundle would be champion again; change nothing."
)
@NO_REGISTRY
def rollback(dry_run: bool, no_log: bool) -> None:
    """Make the champion before the present one champion again. Repeated, it goes back further."""
    from training.promote.promote import rollback as restore_previous

    bundle, current = restore_previous(home_folder(), dry_run, report_progress)
    if dry_run:
        click.echo(
            f"{bundle.version} would be the champion again, in place of {current}; "
            "nothing was changed"
        )
    else:
        announce_champion("again", bundle, no_log)


@click.command(cls=Command)
def bundles() -> None:
    """List the bundles, the last made first: data, record, version in MLflow's registry, and which
    one is the champion.
    """
    from models.champion_history import ChampionHistoryError
    from training.bundle_list import bundles_text
    from training.registry import RegistryError, is_in_step, registered_bundles

    home, address = home_folder(), tracking_address()
    registered: dict[int, str] = {}
    note = None
    try:
        registered = registered_bundles(home, address)
        if not is_in_step(home, address, registered):
            note = bring_registry_in_step()
            registered = registered_bundles(home, address)
    except (RegistryError, ChampionHistoryError) as error:
        note = str(error)
    click.echo(bundles_text(home, registered, () if note is None else (note,)))
