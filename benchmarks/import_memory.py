"""The memory that an import of a large export takes: JSON Lines of posts, made in a temporary folder, then imported.

    python benchmarks/import_memory.py [GIGABYTES] [FOLDER]

Prints size, records, seconds and the peak memory of the process that imports, twice: into a new folder, and again
into the same one, where every post is there already. Needs room for about twice the file.
"""

import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

IMPORT = """
import resource, sys
from pathlib import Path
from ingest.exports.importer import import_files
report = import_files([Path(sys.argv[1])], Path(sys.argv[2]))
print(report.tables["posts"], report.tables["creators"], report.rejected)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
WORDS = [
    f"{a}{b}" for a in ("lo", "mi", "ka", "re", "su", "ta") for b in ("ra", "ne", "li", "vo", "pu")
]
CREATORS = 50_000
BROKEN_EVERY = 10_000


def write_export(path: Path, size: int) -> int:
    """Write posts of X as its API gives them, one a line, up to a size in bytes; give their number."""
    rng = random.Random(0)
    written = records = 0
    with path.open("w", encoding="utf-8") as stream:
        while written < size:
            records += 1
            line = (
                "{broken\n"
                if records % BROKEN_EVERY == 0
                else json.dumps(_post(rng, records)) + "\n"
            )
            written += stream.write(line)
    return records


def _post(rng: random.Random, number: int) -> dict:
    words = rng.choices(WORDS, k=rng.randrange(10, 60))
    tags = rng.choices(WORDS, k=rng.randrange(4))
    return {
        "id": str(1_500_000_000_000_000_000 + number),
        "author_id": str(10_000 + rng.randrange(CREATORS)),
        "created_at": f"2024-{rng.randrange(1, 13):02d}-{rng.randrange(1, 29):02d}T{rng.randrange(24):02d}:15:00.000Z",
        "text": " ".join([*words, *(f"#{tag}" for tag in tags)]),
        "lang": "en",
        "conversation_id": str(1_500_000_000_000_000_000 + number),
        "context_annotations": [{"domain": {"id": "65", "name": word}, "entity": {"id": "1"}} for word in words[:6]],
        "entities": {"hashtags": [{"start": 0, "end": 5, "tag": tag} for tag in tags]},
        "public_metrics": {
            "retweet_count": rng.randrange(100), "reply_count": rng.randrange(50), "like_count": rng.randrange(5000),
            "quote_count": rng.randrange(10), "bookmark_count": rng.randrange(20),
            "impression_count": 6_000 + rng.randrange(100_000),  # as many as likes, or the views are doubted
        },
    }  # fmt: skip


def main(gigabytes: float = 2.0, folder: Path | None = None) -> None:
    with tempfile.TemporaryDirectory(dir=folder) as work:
        export = Path(work) / "posts.jsonl"
        records = write_export(export, int(gigabytes * 1e9))
        print(f"{export.stat().st_size / 1e9:.2f} GB, {records:,} records of {CREATORS:,} creators")
        for what in ("into a new folder", "the same again"):
            began = time.monotonic()
            command = [sys.executable, "-c", IMPORT, str(export), str(Path(work) / "out")]
            said = subprocess.run(
                command, check=True, capture_output=True, text=True
            ).stdout.split()
            posts, creators, rejected, peak = map(int, said)
            print(
                f"{what}: {posts:,} posts, {creators:,} creators, {rejected:,} rejected; "
                f"{time.monotonic() - began:.0f} s, peak memory {peak / 1024:,.0f} MB"
            )


if __name__ == "__main__":
    main(*(kind(value) for kind, value in zip((float, Path), sys.argv[1:], strict=False)))
