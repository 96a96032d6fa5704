"""What request bodies cost a worker: CPU time and peak memory of hostile bodies beside plain ones.

    python benchmarks/request_body_cost.py HOME [NAME ...]

Each body is answered by the app in a process of its own, over the champion of HOME, after a plain
one; names are those of BODIES. CPU time is that of the whole process.
"""

import json
import os
import resource
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

from starlette.applications import Starlette

from models.bundle import load_bundle
from models.champion import champion_folder
from serving.http.model_store import LoadedModel
from serving.http.routes import build_app
from serving.scoring.scorer import Scorer

with warnings.catch_warnings():  # starlette would rather have httpx2
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

PROFILE = {
    "platform": "instagram", "followers": 48_000, "niche": "food", "avg_likes": 1150, "avg_comments": 31,
    "format": "carousel", "deliverables": 2, "fee_usd": 900,
}  # fmt: skip
POST = {"posted_at": "2026-05-02T18:00:00Z", "format": "image", "likes": 100, "comments": 4}
AS_OF = "2026-06-10T00:00:00Z"
#: Most bytes of a body, less what surrounds its filling.
ROOM = 8 * 2**20 - 2048
REPEATED = '"a":1'


def request_of(rows: list, **others) -> bytes:
    return json.dumps(
        {"as_of": AS_OF, "partnerships": rows, **others}, ensure_ascii=False, separators=(",", ":")
    ).encode()


def raw(row: str) -> bytes:
    return f'{{"as_of": "{AS_OF}", "partnerships": [{row}]}}'.encode()


def rows(count: int, **others) -> list[dict]:
    return [{**PROFILE, **others} for _ in range(count)]


def unknown(count: int, start: str = "k") -> dict:
    return {f"{start}{number}": 1 for number in range(count)}


def posts(count: int, **others) -> list[dict]:
    return [{**POST, "post_id": f"p{number}", **others} for number in range(count)]


def of_texts(name: str, sign: str, count: int) -> bytes:
    """Return a body of rows with long texts that differ, as large as a body may be."""
    length = (ROOM // count - 250) // len(sign.encode())
    return request_of(
        [{**PROFILE, name: f"{number}{sign * length}"[:length]} for number in range(count)]
    )


def filled(piece: str, end: str = "", most: int = ROOM) -> str:
    return piece * ((most - len(end)) // len(piece)) + end


BODIES: dict[str, Callable[[], bytes]] = {
    "1 plain": lambda: request_of(rows(1)),
    "200 plain": lambda: request_of(rows(200)),
    "1,000 plain": lambda: request_of(rows(1000)),
    "1,000 plain, explained": lambda: request_of(rows(1000), explain=True, comparables=True),
    "700,000 unknown keys": lambda: request_of([{**PROFILE, **unknown(700_000)}]),
    "350,000 unknown keys": lambda: request_of([{**PROFILE, **unknown(350_000)}]),
    "350,000 unknown keys of the envelope": lambda: request_of(rows(1), **unknown(350_000)),
    "350,000 unknown keys of a post": lambda: request_of(
        rows(1, recent_posts=[{**POST, **unknown(350_000)}])
    ),
    "350,000 unknown keys in a value": lambda: request_of(rows(1, followers=unknown(350_000))),
    "350,000 unknown keys over 1,000 rows": lambda: request_of(
        [{**PROFILE, **unknown(350)}] * 1000
    ),
    "1,000 rows, 50 unknown keys each": lambda: request_of([{**PROFILE, **unknown(50)}] * 1000),
    "1,000 rows, 50 long unknown keys each": lambda: request_of(
        [{**PROFILE, **unknown(50, "followers_" * 3)}] * 1000
    ),
    "1,000 rows, 50 keys that differ each": lambda: request_of(
        [{**PROFILE, **unknown(50, f"avg_li{n}_")} for n in range(1000)]
    ),
    "1,000 rows that are faulty all over": lambda: request_of(
        [{name: [] for name in PROFILE}] * 1000
    ),
    "1,000 rows of one id": lambda: request_of(rows(1000, partnership_id="a")),
    "1,000 rows of 100 deliverables": lambda: request_of(rows(1000, deliverables=100)),
    "the same with a completion rate": lambda: request_of(
        rows(1000, deliverables=100, completion_rate=0.8, target_cpe_usd=0.5, goal_engagements=9000)
    ),
    "the same on youtube": lambda: request_of(
        [
            {
                "platform": "youtube",
                "followers": 1000 + n,
                "deliverables": 100,
                "completion_rate": 0.3 + n / 2000,
            }
            | {"fee_usd": 900, "target_cpe_usd": 0.5, "goal_engagements": 9000}
            for n in range(1000)
        ]
    ),
    "30,000 posts": lambda: request_of(rows(60, recent_posts=posts(500))),
    "30,000 posts of 1,000 rows": lambda: request_of(rows(1000, recent_posts=posts(30))),
    "60,000 posts": lambda: request_of(rows(120, recent_posts=posts(500))),
    "30,000 posts, faulty all over": lambda: request_of(
        rows(
            60,
            recent_posts=[
                {"post_id": "a", "likes": [], "views": "x", "posted_at": 1, "comments": -1}
            ]
            * 500,
        )
    ),
    "30,000 posts to come": lambda: request_of(
        rows(60, recent_posts=[{**POST, "post_id": "a", "posted_at": "2090-01-01T00:00:00Z"}] * 500)
    ),
    "30,000 readings of posts": lambda: request_of(
        rows(
            60,
            recent_posts=[
                {**POST, "post_id": "a", "posted_at": f"2026-05-0{n % 9 + 1}T00:00:00Z"}
                for n in range(500)
            ],
        )
    ),
    "30,000 posts with captions": lambda: request_of(
        rows(60, recent_posts=posts(500, text="a caption #food #travel of words "))
    ),
    "8 MiB of [": lambda: raw(filled("[")),
    "lists in lists": lambda: raw("[" * 200 + filled("[],", "[]", 350_000 * 3 // 2) + "]" * 200),
    "350,000 empty objects": lambda: raw(filled("{},", "{}", 175_000 * 3)),
    "350,000 objects of one key": lambda: raw(
        '{"bio": [' + filled("{" + REPEATED + "},", "1", 150_000 * 8) + "]}"
    ),
    "350,000 numbers": lambda: raw(f'{{"followers": [{filled("1.5,", "1", 350_000 * 4)}]}}'),
    "4,000,000 numbers": lambda: raw(f'{{"followers": [{filled("1,", "1")}]}}'),
    "a number of 8,000,000 digits": lambda: raw(
        f'{{"platform": "instagram", "followers": {filled("1")}}}'
    ),
    "a fraction of 8,000,000 digits": lambda: raw(
        f'{{"platform": "instagram", "followers": 0.{filled("1")}}}'
    ),
    "1e400": lambda: raw('{"platform": "instagram", "followers": 1e400}'),
    "150,000 repeated keys": lambda: raw("{" + filled(REPEATED + ",", REPEATED, 150_000 * 6) + "}"),
    "1,000,000 repeated keys": lambda: raw("{" + filled(REPEATED + ",", REPEATED) + "}"),
    "one repeated key beside 350,000": lambda: raw(
        json.dumps({**PROFILE, "bio": [[1, 2]] * 87_000})[:-1] + ', "fee_usd": 1, "fee_usd": 2}'
    ),
    "colons written as escapes": lambda: raw(
        json.dumps(PROFILE)[:-1] + f', "bio": "{filled(chr(92) + "u003a", "", ROOM - 500)}"}}'
    ),
    "350,000 values beside an escaped colon": lambda: raw(
        json.dumps({**PROFILE, "bio": "X", "topic": [[1, 2]] * 87_000}).replace(
            "X", chr(92) + "u003a"
        )
    ),
    "escapes": lambda: raw(
        json.dumps(PROFILE)[:-1] + f', "bio": "{filled(chr(92) + "u0001", "", ROOM - 500)}"}}'
    ),
    "quotes in a text": lambda: raw(
        json.dumps(PROFILE)[:-1] + f', "bio": "{filled(chr(92) + chr(34), "", ROOM - 500)}"}}'
    ),
    "commas in a text": lambda: raw(
        json.dumps(PROFILE)[:-1] + f', "bio": "{filled(",", "", ROOM - 500)}"}}'
    ),
    "blanks": lambda: raw(json.dumps(PROFILE) + filled(" ")),
    "a text of 8 MiB": lambda: of_texts("bio", "x", 1),
    "a text of 8 MiB and one emoji": lambda: (
        of_texts("bio", "x", 1)[:-20] + "\U0001f600".encode() + b'"}]}'
    ),
    "a value of 8 MiB where a list decides": lambda: of_texts("niche", "x", 1),
    "a time of 8 MiB": lambda: of_texts("start_at", "1", 1),
    "an unknown key of 8 MiB": lambda: raw(f'{{"{filled("followers")}": 1}}'),
    "a creator_id of 8 MiB": lambda: of_texts("creator_id", "x", 1),
    "a Cyrillic creator_id of 8 MiB": lambda: of_texts("creator_id", "я", 1),
    "a creator_id of 8 MiB of marks": lambda: of_texts("creator_id", "e\u0301", 1),
    "1,000 Cyrillic creator_ids of 512 letters": lambda: request_of(
        [{**PROFILE, "creator_id": str(number) + "я" * 500} for number in range(1000)]
    ),
    "1,000 creator_ids of 512 marks": lambda: request_of(
        [{**PROFILE, "creator_id": str(number) + "é" * 500} for number in range(1000)]
    ),
    "1,000 Cyrillic creator_ids": lambda: of_texts("creator_id", "я", 1000),
    "1,000 Latin creator_ids with an accent": lambda: of_texts("creator_id", "é", 1000),
    "1,000 creator_ids of emoji": lambda: of_texts("creator_id", "\U0001f600", 1000),
    "1,000 partnership_ids": lambda: of_texts("partnership_id", "я", 1000),
    "1,000 bios": lambda: of_texts("bio", "я", 1000),
    "1,000 topics": lambda: of_texts("topic", "я", 1000),
    "1,000 currencies": lambda: request_of(
        [{**PROFILE, "fee": 1, "currency": "я" * 4000} for _ in range(1000)]
    ),
    "1,000 formats": lambda: of_texts("format", "я", 1000),
    "1,000 rows with 8 faults of terms": lambda: request_of(
        rows(
            1000,
            fee=5,
            currency="zzz",
            start_at="2020-01-01T00:00:00Z",
            creator_id="c\u0430" * 50,
            format="live",
        )
    ),
    "1,000 rows, times in odd forms": lambda: request_of(
        rows(1000, start_at="20261120T090000,123456+0530")
    ),
    "1,000 unknown creators": lambda: request_of(
        [{"creator_id": f"unknown-{n}"} for n in range(1000)]
    ),
}


def main() -> None:
    """Print a line for each body; the app is made ready once and then forked for each."""
    app, names = ready_app(Path(sys.argv[1])), sys.argv[2:] or list(BODIES)
    print(
        f"{'body':44} {'MiB':>5} {'status':>6} {'CPU s':>6} {'peak MiB':>8} {'answer KiB':>10}  code"
    )
    for name in names:
        body = BODIES[name]()
        status, code, took, peak, size = in_child_process(answered, app, body)
        print(
            f"{name:44} {len(body) / 2**20:5.1f} {status:6} {took:6.2f} {peak:8.0f} {size / 1024:10.0f}  {code}",
            flush=True,
        )


def ready_app(home: Path) -> Starlette:
    """Return the app over the champion of a home; it has scored nothing yet, so that it can be forked."""
    bundle = load_bundle(champion_folder(home))
    return build_app(SimpleNamespace(current=LoadedModel(bundle.manifest, Scorer(bundle))))


def in_child_process(work: Callable, *arguments) -> list:
    """Do work in a process of its own, forked from this one; return its result, which JSON can hold."""
    receiver, sender = os.pipe()
    child = os.fork()
    if not child:
        os.close(receiver)
        with os.fdopen(sender, "w") as file:
            json.dump(work(*arguments), file)
        os._exit(0)
    os.close(sender)
    with os.fdopen(receiver) as file:
        result = file.read()
    os.waitpid(child, 0)
    return json.loads(result)


def answered(app: Starlette, body: bytes) -> list:
    """Answer a body after a plain one: status, code, CPU seconds, peak MiB of the process, bytes of the answer."""
    headers = {"content-type": "application/json"}
    with TestClient(app) as client:
        client.post("/v1/predict", content=request_of(rows(200)), headers=headers)
        began = time.process_time()
        response = client.post("/v1/predict", content=body, headers=headers)
        took = time.process_time() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return [
        response.status_code,
        response.json().get("code", ""),
        took,
        peak,
        len(response.content),
    ]


if __name__ == "__main__":
    main()
