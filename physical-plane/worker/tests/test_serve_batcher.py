"""When a batch waits for more requests, without a server around it."""

import asyncio
import math

import numpy

from cloudless.serve.batcher import Batcher


class Plain:
    def load(self) -> None:
        pass

    def predict(self, batch: dict) -> dict:
        return batch


def batch_of(rows: int) -> dict:
    return {"x": numpy.zeros((rows, 1), dtype=numpy.float32)}


def run(work):
    async def around():
        batcher = Batcher(Plain(), batch_max=8, slo_seconds=10.0, hang_seconds=60.0)
        running = asyncio.create_task(batcher.run())
        try:
            return await work(batcher)
        finally:
            running.cancel()
            batcher.close()

    return asyncio.run(around())


def test_who_asks_one_after_another_waits_for_nobody():
    async def work(batcher: Batcher) -> None:
        for _ in range(5):
            await batcher.answer(batch_of(1), 60)
            while not batcher.is_idle:
                await asyncio.sleep(0)
            assert math.isinf(batcher._gap)

    run(work)


def test_requests_that_come_while_others_are_here_say_how_soon_the_next_may_come():
    async def work(batcher: Batcher) -> None:
        answers = [batcher.answer(batch_of(1 + n), 60) for n in range(3)]
        assert not math.isinf(batcher._gap)
        outputs = await asyncio.gather(*answers)
        assert [len(each["x"]) for each in outputs] == [1, 2, 3]

    run(work)
