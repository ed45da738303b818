"""Frames of the bell, and message classes built from the descriptor set."""

import struct

import pytest

from cloudless import bell, wire
from cloudless.errors import Unsupported


def test_a_step_frame_is_laid_out_as_the_document_says():
    frame = bell.encode_request(bell.STEP, 7, 640, 64, 0.25, [0.1, 0.01])
    assert len(frame) == 64 + 16
    assert struct.unpack_from("<IHHQIIdI", frame) == (0x4C424C43, 1, 2, 7, 640, 64, 0.25, 2)
    assert struct.unpack_from("<2d", frame, 64) == (0.1, 0.01)


def test_a_hello_frame_holds_the_session_id_padded_with_zeros():
    frame = bell.encode_request(bell.HELLO, session_id=b"abc")
    assert len(frame) == 64
    assert frame[36:] == b"abc" + bytes(25)


def test_ids_and_groups_that_do_not_fit_are_refused():
    with pytest.raises(Unsupported, match="session id of 29 bytes; at most 28"):
        bell.encode_request(bell.HELLO, session_id=b"x" * 29)
    with pytest.raises(Unsupported, match="65 parameter groups; at most 64"):
        bell.encode_request(bell.STEP, learning_rates=[0.1] * 65)


def test_an_answer_head_is_decoded():
    head = struct.pack("<IHHQIId", bell.MAGIC, 1, bell.REFUSED, 9, 5, 1, 0.0)
    assert len(head) == 32
    assert bell.decode_answer(head) == (bell.REFUSED, 9, 5, 1)


def test_answers_of_another_protocol_or_with_endless_text_are_refused():
    with pytest.raises(ValueError, match="magic 0x1 version 1"):
        bell.decode_answer(struct.pack("<IHHQIId", 1, 1, 0, 0, 0, 0, 0.0))
    with pytest.raises(ValueError, match="1000000 bytes of text"):
        bell.decode_answer(struct.pack("<IHHQIId", bell.MAGIC, 1, 0, 0, 1_000_000, 0, 0.0))


def test_every_method_of_the_service_has_its_classes():
    for name in ("Join", "LeaseSamples", "PushGradient", "PullParameters", "ReportEvaluation", "Leave"):
        path, request, response = wire.method(name)
        assert path == f"/cloudless.v1.WorkerService/{name}"
        assert response.FromString(response().SerializeToString()) == response()
        assert request().SerializeToString() == b""


def test_messages_of_imported_files_are_there():
    chunk = wire.message("Chunk")(offset=3, data=b"xy", crc32=1)
    assert wire.message("PushGradientRequest")(chunk=chunk).chunk.offset == 3
    assert wire.enum("LeaseOutcome")["LEASE_OUTCOME_FINISHED"] == 3


def test_an_unknown_message_is_an_error():
    with pytest.raises(KeyError):
        wire.message("Nonsense")
