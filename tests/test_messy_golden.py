"""Inputs in forms that people have and that are read rightly: they must stay so, figure by figure.

`make golden-messy` writes messy_read_rightly.json anew; read its difference before it is committed.
"""

import json
from pathlib import Path

import pytest
from messy_cases import READ_RIGHTLY, imported

GOLDEN = Path(__file__).parent / "messy_read_rightly.json"
EXPECTED = json.loads(GOLDEN.read_text(encoding="utf-8")) if GOLDEN.exists() else {}
WAYS = ("alone", "named")
#: How the name of a file begins -> its platform; of all others it is Instagram.
PLATFORMS = {
    "x_": "x",
    "yt_": "youtube",
    "tiktokapi": "tiktok",
    "tt_": "tiktok",
    "apify_tt": "tiktok",
}
FILES = sorted(path.name for path in READ_RIGHTLY.iterdir())


def outcome(name: str, way: str, out: Path) -> dict:
    """Import a file without a word ("alone"), or with its platform and a creator as the user would name them."""
    platform = next(
        (platform for start, platform in PLATFORMS.items() if name.startswith(start)), "instagram"
    )
    named = {"platform": platform, "creator": "@somebody"} if way == "named" else {}
    found = imported(READ_RIGHTLY / name, out=out, **named)
    return (
        {"refused": True} if found.error else {"tables": found.tables, "rejected": found.rejected}
    )


def test_every_file_is_judged():
    assert sorted(EXPECTED) == FILES


@pytest.mark.parametrize("way", [pytest.param("alone", marks=pytest.mark.slow), "named"])
@pytest.mark.parametrize("name", FILES)
def test_it_is_read_as_before(name, way, tmp_path):
    assert outcome(name, way, tmp_path / "out") == EXPECTED[name][way]


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        made = {
            name: {way: outcome(name, way, Path(folder) / f"{name}-{way}") for way in WAYS}
            for name in FILES
        }
    GOLDEN.write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
