"""An objective per token: the number comes from the handler, and what is told of its latencies is of one token."""

import time

import numpy
import pytest

from cloudless.serve.tokens import TOKENS_HEADER, TOKENS_OUTPUT, fault_of
from serving_process import Serving

PER_TOKEN = {"latencyMs": 20, "percentile": 90, "per": "token"}


def test_an_objective_per_token_counts_what_each_token_took(tmp_path):
    with Serving(tmp_path, "Words", PER_TOKEN, SECONDS="0.1") as serving:
        # Of several rows the longest counts; the client need not ask for the number, and an answer without tokens took as long as one.
        serving.infer([1, 0, 0], [50, 0, 0])
        response, _ = serving.infer([50, 0, 0], outputs=[{"name": "text"}])
        # So that a gateway hears it too.
        assert response.getheader(TOKENS_HEADER) == "50"
        deadline = time.monotonic() + 20
        while serving.status()["requests"] < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        status = serving.status()
        assert (status["requests"], status["overSlo"], status["errors"]) == (2, 0, 0)
        assert 2 <= status["latencyMs"] < 20
        serving.infer([0, 0, 0])
        while serving.status()["requests"] < 3 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert serving.status()["overSlo"] == 1


@pytest.mark.parametrize(
    ("handler", "why"),
    [("Scale", "predict() gave rows, y; an objective per token needs output 'output_tokens'"), ("Words", "has -1 tokens")],
)
def test_a_handler_that_does_not_count_its_tokens_is_told_to(tmp_path, handler, why):
    with Serving(tmp_path, handler, PER_TOKEN) as serving:
        response, answer = serving.infer([-1, 0, 0])
        assert response.status == 500
        assert why in answer["error"]


@pytest.mark.parametrize("tokens", [[1.5, 2.0], [[1, 2], [3, 4]], [1]])
def test_numbers_of_tokens_are_one_whole_number_per_row(tokens):
    fault = fault_of({TOKENS_OUTPUT: numpy.array(tokens)}, 2)
    assert fault is not None and "each of the 2 rows got, as whole numbers" in fault
    assert fault_of({TOKENS_OUTPUT: numpy.array([[3], [0]], dtype=numpy.uint8)}, 2) is None
