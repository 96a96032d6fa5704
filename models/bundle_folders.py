"""The folders of bundles in a home: `artifacts/bundles/VERSION`, one for each bundle."""

from pathlib import Path

from models.bundle_files import MANIFEST_FILE, BundleError

#: Bundles that a message names; the others are counted.
MAX_VERSIONS_SHOWN = 5


def bundles_folder(home: Path) -> Path:
    """Return the folder that holds the bundles of a home."""
    return Path(home) / "artifacts" / "bundles"


def bundle_folder(home: Path, version: str) -> Path:
    """Return the folder of the bundle with this version. Raises BundleError where there is none."""
    versions, folder = bundle_versions(home), bundles_folder(home)
    if version in versions:
        return folder / version
    more = ""
    if len(versions) > MAX_VERSIONS_SHOWN:
        more = f" and {len(versions) - MAX_VERSIONS_SHOWN:,} older"
    there = f"there are {', '.join(versions[:MAX_VERSIONS_SHOWN])}{more} (creatorcast bundles)"
    if not versions:
        there = "there is none yet: run creatorcast train DATA first"
    if Path(version).name != version:
        raise BundleError(
            f"{version!r} is a path, expected the version of a bundle in {str(folder)!r}: {there}"
        )
    raise BundleError(f"{str(folder / version)!r} is no bundle: {there}")


def bundle_versions(home: Path) -> list[str]:
    """Return the names of the folders of all bundles, the newest first: also of broken bundles, but
    not of unfinished ones.
    """
    folder = bundles_folder(home)
    if not folder.is_dir():
        return []
    names = [path.name for path in folder.iterdir() if not path.name.startswith(".")]
    return sorted(names, reverse=True)


def latest_bundle(home: Path) -> Path:
    """Return the folder of the newest bundle. Raises BundleError where there is none."""
    for version in bundle_versions(home):
        folder = bundles_folder(home) / version
        if (folder / MANIFEST_FILE).is_file():
            return folder
    raise BundleError(
        f"no bundle in {str(bundles_folder(home))!r}: run creatorcast train DATA first"
    )
