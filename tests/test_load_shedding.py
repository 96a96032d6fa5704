"""The turns of a worker: files keep nobody else waiting, nobody waits for ever, and who goes away
ends the work.
"""

import asyncio
import threading
import time

import pytest
from starlette.requests import ClientDisconnect, Request

from serving.http.errors import RequestRefused
from serving.http.load_shedding import LoadShedder
from serving.settings import Limits

SECONDS = 10


class Client:
    """A client that has sent a body, and goes away when it is told to."""

    def __init__(self, body=b"{}"):
        self.gone, self.body = asyncio.Event(), [body]
        self.request = Request({"type": "http", "headers": []}, self.receive)

    async def receive(self):
        if self.body:
            return {"type": "http.request", "body": self.body.pop(), "more_body": False}
        await self.gone.wait()
        return {"type": "http.disconnect"}


class Work:
    """Work that goes on until it is released, or ended."""

    def __init__(self):
        self.begun, self.release, self.ended = (threading.Event() for _ in range(3))

    def __call__(self, body, wanted):
        self.begun.set()
        try:
            until = time.monotonic() + SECONDS
            while not self.release.wait(0.005) and time.monotonic() < until:
                wanted.check()
        finally:
            self.ended.set()
        return "made"

    async def has_begun(self):
        await asyncio.to_thread(self.begun.wait, SECONDS)


def run(test, **limits):
    asyncio.run(asyncio.wait_for(test(LoadShedder(Limits(**limits))), SECONDS))


def test_a_file_keeps_neither_short_nor_long_requests_waiting():
    async def test(shedder):
        work = Work()
        making = asyncio.ensure_future(shedder.make_file(Client().request, work))
        await work.has_begun()
        for is_long in (False, True):
            assert await shedder.score(Client().request, bytes, is_long) == b"{}"
        work.release.set()
        assert await making == "made"

    run(test)


def test_who_goes_away_ends_the_work_and_the_next_has_the_turn():
    async def test(shedder):
        client, work, later = Client(), Work(), Work()
        making = asyncio.ensure_future(shedder.make_file(client.request, work))
        await work.has_begun()
        client.gone.set()
        with pytest.raises(ClientDisconnect):
            await making
        assert work.ended.is_set()
        later.release.set()
        assert await shedder.make_file(Client().request, later) == "made"

    run(test)


def test_the_work_of_a_client_that_went_away_while_it_waited_is_never_begun():
    async def test(shedder):
        first, client, second = Work(), Client(), Work()
        making = asyncio.ensure_future(shedder.make_file(Client().request, first))
        await first.has_begun()
        waiting = asyncio.ensure_future(shedder.make_file(client.request, second))
        client.gone.set()
        with pytest.raises(ClientDisconnect):
            await waiting
        first.release.set()
        assert await making == "made"
        assert not second.begun.is_set()

    run(test)


@pytest.mark.parametrize("limits", [{"turn_seconds": 0.05}, {"waiting_files": 0}])
def test_who_waits_too_long_or_behind_too_many_is_told_to_come_back(limits):
    async def test(shedder):
        work = Work()
        shedder._files._most = 1
        making = asyncio.ensure_future(shedder.make_file(Client().request, work))
        await work.has_begun()
        shedder._files._most = shedder.limits.waiting_files
        with pytest.raises(RequestRefused) as refused:
            await shedder.make_file(Client().request, Work())
        assert (refused.value.status, refused.value.code) == (503, "busy")
        work.release.set()
        assert await making == "made"

    run(test, **limits)


def test_a_file_that_takes_too_long_is_given_up():
    async def test(shedder):
        work = Work()
        with pytest.raises(RequestRefused) as refused:
            await shedder.make_file(Client().request, work)
        assert (refused.value.status, refused.value.code) == (503, "busy")
        assert work.ended.is_set()

    run(test, file_seconds=0.05)
