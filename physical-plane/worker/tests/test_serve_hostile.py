"""Handlers that go wrong: each is told of, answers what it can, and ends where it can not go on, so that the agent starts it anew."""

import time

import pytest

from serving_process import Serving, all_at_once, inputs

MODEL = '''
import ctypes, os, sys, threading, time
import numpy

class Base:
    def load(self): self.asked = 0
    def predict(self, batch):
        self.asked += 1
        return self.answer(batch["x"])

class Hangs(Base):
    def answer(self, x):
        while x[0, 0] == 7: time.sleep(0.01)
        return {"y": x}

class LoadsForEver(Base):
    def load(self): threading.Event().wait()

class Leaks(Base):
    def load(self): self.kept = []
    def predict(self, batch):
        self.kept.append(numpy.ones(int(batch["x"][0, 0] * 2**20 / 8)))
        return {"y": batch["x"]}

class Exits(Base):
    def answer(self, x):
        if x[0, 0] == 7: sys.exit(0)
        if x[0, 0] == 8: raise KeyboardInterrupt("not really")
        if x[0, 0] == 9: os._exit(0)
        return {"y": x}

class ExitsInLoad(Base):
    def load(self): sys.exit("no weights")

class Prints(Base):
    def answer(self, x):
        for _ in range(20_000): print("y" * 100)
        return {"y": x}

class Answers(Base):
    def answer(self, x):
        return [
            None, {}, {"y": 1}, {"y": x[:0]}, {"y": numpy.vstack([x, x])}, {"y": x.astype(complex)}, {"y": [[1], [2, 3]]},
            {"y": [object()]}, {"y": numpy.array([{"a": 1}], dtype=object)}, {"y": numpy.full(x.shape, numpy.nan)},
            {1: x}, {"y": ["text"]},
        ][int(x[0, 0])]

class Reuses(Base):
    def load(self): self.buffer = numpy.zeros((64, 3), dtype=numpy.float32)
    def predict(self, batch):
        x = batch["x"]
        numpy.multiply(x, 2, out=self.buffer[: len(x)])
        return {"y": self.buffer[: len(x)]}
'''


def serving(folder, handler, **settings):
    return Serving(folder, handler, model=MODEL, settings=settings)


def ended(instance: Serving) -> str:
    _, errors = instance.process.communicate(timeout=30)
    assert instance.process.returncode == 1
    return errors


def test_a_model_that_hangs_is_given_up_and_what_waits_is_told(tmp_path):
    with serving(tmp_path, "Hangs", hangSeconds=0.5) as instance:
        assert instance.infer([1, 0, 0])[0].status == 200
        short = {"x-request-timeout-ms": "200"}
        asked = {0: ([7, 0, 0], short), 1: ([1, 0, 0], {}), 2: ([1, 0, 0], {})}

        def ask(place: int):
            time.sleep(0.1 * place)
            row, headers = asked[place]
            return instance.ask("POST", "/v2/models/scale/infer", inputs(data=row), headers)

        (first, _), (second, told), (third, _) = all_at_once(3, ask)
        assert (first.status, second.status, third.status) == (504, 503, 503)
        assert "predict() hangs" in told["error"]
        assert second.headers["retry-after"] == "1"
        assert "predict() hangs: it takes twice as long as anybody waits for it" in ended(instance)
        assert instance.status()["endpoint"] == ""


def test_a_model_whose_clients_wait_longer_has_longer(tmp_path):
    with serving(tmp_path, "Hangs", hangSeconds=0.2) as instance:
        response, _ = instance.ask("POST", "/v2/models/scale/infer", inputs(data=[7, 0, 0]), {"x-request-timeout-ms": "600"})
        assert response.status == 504
        assert instance.process.poll() is None
        assert "predict() hangs" in ended(instance)


def test_a_handler_that_loads_for_ever_is_given_up(tmp_path):
    instance = serving(tmp_path, "LoadsForEver", loadSeconds=0.5)
    assert "load() has not ended within 0.5 s" in ended(instance)
    assert instance.status()["isReady"] is False


def test_a_handler_that_ends_its_process_in_load_is_told_of(tmp_path):
    assert "load() ended with SystemExit: no weights" in ended(serving(tmp_path, "ExitsInLoad"))


def test_a_leak_ends_the_instance_once_it_holds_more_than_it_may(tmp_path):
    with serving(tmp_path, "Leaks", memoryBytes=512 * 2**20) as instance:
        statuses = []
        while instance.process.poll() is None and len(statuses) < 60:
            try:
                statuses.append(instance.infer([40, 0, 0])[0].status)
            except OSError:
                break
            time.sleep(0.02)
        errors = ended(instance)
        assert "GiB of memory, memory_gib allows 0.50" in errors
        # What it took on was answered; what came while it ended was told to ask another one.
        assert statuses.count(200) >= 8
        assert set(statuses) <= {200, 503}


def test_one_request_that_needs_too_much_is_refused_alone(tmp_path):
    with serving(tmp_path, "Leaks", memoryBytes=512 * 2**20) as instance:
        response, answer = instance.infer([8192, 0, 0])
        assert (response.status, "MemoryError" in answer["error"]) == (500, True)
        assert instance.infer([1, 0, 0])[0].status == 200


def test_a_handler_that_exits_while_it_answers_is_a_fault_or_ends_the_process(tmp_path):
    with serving(tmp_path, "Exits") as instance:
        for number, named in ((7, "SystemExit"), (8, "KeyboardInterrupt")):
            response, answer = instance.infer([number, 0, 0])
            assert (response.status, f"predict() ended with {named}" in answer["error"]) == (500, True)
        assert instance.infer([1, 0, 0])[0].status == 200
        with pytest.raises(OSError):
            instance.infer([9, 0, 0])
        assert instance.process.wait(20) == 0


def test_a_handler_that_prints_much_answers_all_the_same(tmp_path):
    instance = serving(tmp_path, "Prints")
    # As the agent does: whatever is printed goes to a file, which it keeps small.
    with (tmp_path / "log").open("wb") as log:
        instance.process.kill()
        instance.process.communicate()
        instance.status_path.unlink(missing_ok=True)
        instance.begin(tmp_path, stdout=log)
        with instance:
            assert instance.infer([1, 0, 0])[0].status == 200
            assert (tmp_path / "log").stat().st_size > 2_000_000


@pytest.mark.parametrize(
    ("number", "status", "why"),
    [
        (0, 500, "answered with NoneType"),
        (1, 500, "answered with dict"),
        (2, 500, "has shape []"),
        (3, 500, "has shape [0, 3]; it must have 1 rows"),
        (4, 500, "has shape [2, 3]; it must have 1 rows"),
        (5, 500, "has type complex"),
        (6, 500, "the model failed: ValueError"),
        (7, 500, "neither text nor bytes"),
        (8, 500, "neither text nor bytes"),
        (9, 500, "not finite"),
        (10, 200, ""),
        (11, 200, ""),
    ],
)
def test_answers_that_are_none_say_why(answers, number, status, why):
    response, answer = answers.infer([number, 0, 0])
    assert response.status == status
    assert why in answer.get("error", "")


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("answers"), "Answers") as instance:
        yield instance


def test_a_handler_may_use_its_memory_again(tmp_path):
    with serving(tmp_path, "Reuses") as instance:
        found = all_at_once(32, lambda place: instance.infer([place, 1, 2])[1]["outputs"][0]["data"])
        assert found == [[2.0 * place, 2.0, 4.0] for place in range(32)]
