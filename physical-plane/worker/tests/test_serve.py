"""An instance of a function as its agent starts it: a process of its own, asked over HTTP by a client of the protocol, by many at
once, and by some that mean no good."""

import json
import signal
import socket
import threading
import time

import pytest

from serving_process import Serving, all_at_once, inputs, tensor


@pytest.fixture(scope="module")
def scale(tmp_path_factory):
    with Serving(tmp_path_factory.mktemp("scale"), "Scale", {"latencyMs": 200, "percentile": 99}) as serving:
        yield serving


def test_it_answers_as_the_protocol_says(scale):
    assert scale.ask("GET", "/v2")[1]["name"] == "cloudless"
    assert scale.ask("GET", "/v2/health/live")[1] == {"live": True}
    assert scale.ask("GET", "/v2/health/ready")[0].status == 200
    assert scale.ask("GET", "/v2/models/scale")[1]["inputs"] == [{"name": "x", "datatype": "FP32", "shape": [-1, 3]}]
    response, answer = scale.infer([1, 2, 3], id="mine")
    assert response.status == 200
    assert answer["id"] == "mine"
    assert answer["model_name"] == "scale"
    assert answer["outputs"][0] == {"name": "y", "shape": [1, 3], "datatype": "FP32", "data": [2.0, 4.0, 6.0]}


def test_data_may_be_nested_and_outputs_chosen(scale):
    body = {"inputs": [tensor([[1, 2, 3]], data=[[1, 2, 3]])], "outputs": [{"name": "y"}]}
    answer = scale.ask("POST", "/v2/models/scale/infer", body)[1]
    assert [each["name"] for each in answer["outputs"]] == ["y"]


def test_a_connection_stays_open_for_the_next_request(scale):
    connection = scale.connect()
    for factor in (1, 2, 3):
        connection.request("POST", "/v2/models/scale/infer", json.dumps({"inputs": [tensor([[factor, 0, 0]])]}))
        assert json.loads(connection.getresponse().read())["outputs"][0]["data"][0] == 2.0 * factor
    connection.close()


@pytest.mark.parametrize(
    ("body", "field", "fix"),
    [
        (b"{", "body", "is no JSON"),
        (b"[" * 100_000, "body", "is no JSON"),
        ([], "body", "is no JSON object"),
        ({}, "inputs", "send at least one tensor"),
        ({"inputs": [7]}, "inputs[0]", "send an object"),
        ({"inputs": [tensor([[1, 2, 3]])] * 2}, "inputs[1].name", "name each tensor once"),
        ({"inputs": [tensor([[1, 2, 3]])] * 65}, "inputs", "at most 64"),
        (inputs(name="z"), "inputs[0].name", "no input of the model; it has x"),
        (inputs(name=""), "inputs[0].name", "name the tensor"),
        (inputs(datatype="FP33"), "inputs[0].datatype", "use one of BOOL"),
        (inputs(datatype=["FP32"]), "inputs[0].datatype", "use one of BOOL"),
        (inputs(datatype="INT64"), "inputs[0].datatype", "the model takes FP32"),
        (inputs(shape=[3]), "inputs[0].shape", "the model takes [-1, 3]"),
        (inputs(shape=[]), "inputs[0].shape", "1 to 8 dimensions"),
        (inputs(shape=[-1, 3]), "inputs[0].shape", "at least 1"),
        (inputs(shape=[True, 3]), "inputs[0].shape", "at least 1"),
        (inputs(shape=[2**40, 2**40]), "inputs[0].shape", "send fewer"),
        (inputs(data=[1, 2]), "inputs[0].data", "send as many"),
        (inputs(data=[1, 2, 3, 4]), "inputs[0].data", "send as many"),
        (inputs(data=[[1, 2], 3]), "inputs[0].data", "nest it evenly"),
        (inputs(data=[1, 2, "3"]), "inputs[0].data[2]", "no number of type FP32"),
        (inputs(data=[1, 2, True]), "inputs[0].data[2]", "no number of type FP32"),
        (inputs(data=[1, 2, 1e300]), "inputs[0].data", "finite, smaller"),
        (b'{"inputs":[{"name":"x","shape":[1,3],"datatype":"FP32","data":[1,2,NaN]}]}', "inputs[0].data", "finite"),
        (b'{"inputs":[{"name":"x","shape":[1,3],"datatype":"FP32","data":[1,2,1' + b"0" * 400 + b"]}]}", "inputs", ""),
        (inputs(datatype="UINT8", data=[1, 2, 256]), "inputs[0].data[2]", "UINT8 takes 0 to 255"),
        ({**inputs(), "outputs": [{"name": "w"}]}, "outputs[0].name", "the model has y, rows"),
        ({**inputs(), "parameters": {"timeout_ms": -1}}, "timeout_ms", "give a number"),
    ],
)
def test_bad_input_is_answered_with_field_and_fix(scale, body, field, fix):
    response, answer = scale.ask("POST", "/v2/models/scale/infer", body)
    assert response.status == 400, answer
    assert answer["error"].startswith(field)
    assert fix in answer["error"]
    assert scale.infer([1, 2, 3])[0].status == 200


def test_what_is_not_there_or_not_meant_so_is_said(scale):
    assert scale.ask("GET", "/v2/models/other")[0].status == 404
    assert scale.ask("GET", "/v2/models/scale/infer")[0].status == 405


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"POST /v2/models/scale/infer HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n", 501),
        (b"POST /v2/models/scale/infer HTTP/1.1\r\ncontent-length: 99999999999\r\n\r\n", 413),
        (b"POST /v2/models/scale/infer HTTP/1.1\r\ncontent-length: -1\r\n\r\n", 400),
        (b"POST /v2/models/scale/infer HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n", 400),
        (b"GET /v2 HTTP/1.1\r\nbad header\r\n\r\n", 400),
        (b"GET /v2 HTTP/1.1\r\nx: " + b"y" * 20_000 + b"\r\n\r\n", 431),
    ],
)
def test_what_is_no_request_is_refused_and_the_connection_closed(scale, data, status):
    assert scale.raw(data).startswith(f"HTTP/1.1 {status} ".encode())
    assert scale.infer([1, 2, 3])[0].status == 200


def test_clients_that_go_away_harm_nobody(scale):
    for _ in range(20):
        with socket.create_connection((scale.host, scale.port)) as connection:
            connection.sendall(b"POST /v2/models/scale/infer HTTP/1.1\r\ncontent-length: 100\r\n\r\n{")
    assert scale.infer([1, 2, 3])[0].status == 200


def test_a_client_that_goes_while_it_waits_is_not_answered(tmp_path):
    with Serving(tmp_path, "Scale", batch_max=1, SECONDS="0.5") as serving:
        body = json.dumps(inputs()).encode()
        request = b"POST /v2/models/scale/infer HTTP/1.1\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)
        first = socket.create_connection((serving.host, serving.port))
        first.sendall(request)
        time.sleep(0.1)
        for _ in range(10):
            with socket.create_connection((serving.host, serving.port)) as connection:
                connection.sendall(request)
        time.sleep(0.1)
        began = time.monotonic()
        assert serving.infer([1, 2, 3])[0].status == 200
        # Of those ten none was answered before it.
        assert time.monotonic() - began < 4.0
        first.close()


def test_requests_that_are_sent_without_waiting_are_answered_in_order(scale):
    parts = []
    for factor in (1, 2, 3):
        body = json.dumps({"inputs": [tensor([[factor, 0, 0]])]}).encode()
        parts.append(b"POST /v2/models/scale/infer HTTP/1.1\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body))
    parts.append(b"GET /v2/health/live HTTP/1.1\r\nconnection: close\r\n\r\n")
    answers = scale.raw(b"".join(parts)).decode()
    found = [answers.index(text) for text in ("[2.0,0.0,0.0]", "[4.0,0.0,0.0]", "[6.0,0.0,0.0]", '"live"')]
    assert found == sorted(found)


def test_requests_that_wait_are_answered_together_each_with_its_own(tmp_path):
    with Serving(tmp_path, "Scale", SECONDS="0.2") as serving:
        results = all_at_once(17, lambda place: serving.infer([place, 0, 0], [place, 1, 1])[1]["outputs"])
        assert [outputs[0]["data"] for outputs in results] == [[2.0 * n, 0, 0, 2.0 * n, 2, 2] for n in range(17)]
        # Rows of the batch that each was in: more than its own two, never of more than eight requests.
        rows = [outputs[1]["data"][0] for outputs in results]
        assert max(rows) > 2
        assert max(rows) <= 16


def test_too_many_are_told_to_come_again_and_late_ones_that_it_took_too_long(tmp_path):
    with Serving(tmp_path, "Scale", batch_max=1, SECONDS="0.05") as serving:

        def ask(place: int):
            timeout = {"x-request-timeout-ms": "300"} if place % 2 else {}
            return serving.ask("POST", "/v2/models/scale/infer", inputs(), timeout)[0]

        responses = all_at_once(120, ask)
        statuses = [response.status for response in responses]
        assert set(statuses) == {200, 429, 504}
        refused = next(response for response in responses if response.status == 429)
        assert int(refused.headers["retry-after"]) >= 1
        assert serving.infer([1, 2, 3])[0].status == 200


def test_a_model_that_hangs_holds_nobody_longer_than_they_wait(tmp_path):
    with Serving(tmp_path, "Scale", SECONDS="3600") as serving:
        began = time.monotonic()
        response, answer = serving.ask("POST", "/v2/models/scale/infer", inputs(), {"x-request-timeout-ms": "200"})
        assert (response.status, "0.200 s" in answer["error"]) == (504, True)
        assert time.monotonic() - began < 20
        first = serving.status()["beat"]
        while serving.status()["beat"] < first + 2:
            time.sleep(0.05)


def test_the_status_tells_how_it_answers(tmp_path):
    with Serving(tmp_path, "Scale", {"latencyMs": 20, "percentile": 90}, SECONDS="0.05") as serving:
        for _ in range(4):
            serving.infer([1, 2, 3])
        deadline = time.monotonic() + 20
        while serving.status()["requests"] < 4 and time.monotonic() < deadline:
            time.sleep(0.05)
        status = serving.status()
        assert status["attempt"] == 3
        assert (status["requests"], status["overSlo"], status["errors"]) == (4, 4, 0)
        assert status["latencyMs"] >= 50
        assert 0 < status["capacityPerSecond"] <= 20


def test_sigterm_ends_what_was_begun_and_takes_nothing_more(tmp_path):
    with Serving(tmp_path, "Scale", SECONDS="0.5") as serving:
        first: list = []
        thread = threading.Thread(target=lambda: first.append(serving.infer([1, 2, 3])[0].status))
        thread.start()
        time.sleep(0.2)
        kept = serving.connect()
        kept.request("GET", "/v2/health/ready")
        assert kept.getresponse().read()
        serving.process.send_signal(signal.SIGTERM)
        time.sleep(0.1)
        kept.request("POST", "/v2/models/scale/infer", json.dumps(inputs()))
        assert kept.getresponse().status == 503
        thread.join()
        assert first == [200]
        out, _ = serving.process.communicate(timeout=20)
        assert serving.process.returncode == 0
        assert "ends after" in out
        assert serving.status()["isReady"] is False
        assert serving.status()["endpoint"] == ""


@pytest.mark.parametrize(
    ("handler", "why"),
    [
        ("Missing", "module model has no Missing"),
        ("NoPredict", "has no method predict"),
        ("Broken", "weights.npy is missing"),
    ],
)
def test_a_handler_that_can_not_be_used_ends_with_the_reason(tmp_path, handler, why):
    serving = Serving(tmp_path, handler)
    _, errors = serving.process.communicate(timeout=60)
    assert serving.process.returncode == 1
    assert why in errors


@pytest.mark.parametrize(("handler", "why"), [("Fails", "out of memory, say"), ("Wrong", "must have 1 rows")])
def test_a_model_that_fails_is_said_to_and_goes_on(tmp_path, handler, why):
    with Serving(tmp_path, handler) as serving:
        for _ in range(2):
            response, answer = serving.infer([1, 2, 3])
            assert response.status == 500
            assert why in answer["error"]


def test_text_and_every_number_type_go_there_and_back(tmp_path):
    sent = [
        {"name": "text", "shape": [2], "datatype": "BYTES", "data": ["ä", ""]},
        {"name": "yes", "shape": [2, 1], "datatype": "BOOL", "data": [True, False]},
        {"name": "large", "shape": [2], "datatype": "UINT64", "data": [2**64 - 1, 0]},
        {"name": "half", "shape": [2], "datatype": "FP16", "data": [0.5, -2.0]},
    ]
    with Serving(tmp_path, "Echo") as serving:
        response, answer = serving.ask("POST", "/v2/models/scale/infer", {"inputs": sent})
        assert response.status == 200, answer
        assert answer["outputs"] == sent
        uneven = [sent[0], {**sent[2], "shape": [1], "data": [1]}]
        response, answer = serving.ask("POST", "/v2/models/scale/infer", {"inputs": uneven})
        assert (response.status, "first dimensions differ" in answer["error"]) == (400, True)
