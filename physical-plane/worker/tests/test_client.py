"""Without a server: waiting has an end, and the error says where and how long."""

import pytest
import torch

import cloudless
import cloudless.session


def test_a_parameter_server_that_never_comes_is_an_error_after_the_deadline(monkeypatch, tmp_path):
    address = f"unix:{tmp_path}/none.sock"
    monkeypatch.setenv("CLOUDLESS_PARAMETER_SERVER", address)
    monkeypatch.setattr(cloudless.session, "START_SECONDS", 1.0)
    model = torch.nn.Linear(1, 1)
    with pytest.raises(cloudless.ParameterServerUnavailable, match=f"no parameter server at {address} after 1 s"):
        cloudless.join(model, torch.optim.SGD(model.parameters(), lr=0.1))
