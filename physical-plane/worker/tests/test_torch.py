"""The adapter: which tensors are synchronised, where they lie, and what is refused."""

import json

import numpy as np
import pytest
import torch

import cloudless
import cloudless.torch
from cloudless.torch import TorchAdapter


def sgd(model, **options):
    return torch.optim.SGD(model.parameters(), lr=0.1, **options)


def bound(model, optimizer):
    adapter = TorchAdapter(model, optimizer)
    parameters = np.zeros(adapter.layout.elements, dtype="<f4")
    gradient = np.full(adapter.layout.elements, 9, dtype="<f4")
    adapter.bind(parameters, gradient)
    adapter.spread()
    return adapter, parameters, gradient


class Tied(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = torch.nn.Embedding(4, 3)
        self.norm = torch.nn.BatchNorm1d(3)
        self.frozen = torch.nn.Linear(3, 3).requires_grad_(False)
        self.head = torch.nn.Linear(3, 4, bias=False)
        self.head.weight = self.embedding.weight
        self.register_buffer("scratch", torch.zeros(2), persistent=False)


def test_layout_has_parameters_then_buffers_tied_ones_once_without_frozen_integer_and_scratch_ones():
    model = Tied()
    layout = TorchAdapter(model, sgd(model)).layout
    assert [(t.name, t.offset, t.length, t.is_buffer) for t in layout.tensors] == [
        ("embedding.weight", 0, 12, False),
        ("norm.weight", 12, 3, False),
        ("norm.bias", 15, 3, False),
        ("norm.running_mean", 18, 3, True),
        ("norm.running_var", 21, 3, True),
    ]
    assert layout.elements == 24
    assert layout.parameter_elements == 18
    assert layout.to_message().optimiser.kind == "sgd"


def test_groups_and_hyperparameters_reach_the_layout():
    model = torch.nn.Linear(2, 2)
    optimizer = torch.optim.AdamW(
        [{"params": [model.bias], "lr": 0.5}, {"params": [model.weight], "weight_decay": 0.0}], lr=0.1, eps=1e-6
    )
    layout = TorchAdapter(model, optimizer).layout
    assert [(t.name, t.group) for t in layout.tensors] == [("weight", 1), ("bias", 0)]
    message = layout.to_message().optimiser
    assert message.kind == "adamw"
    assert [(g.learning_rate, g.weight_decay, g.beta2, g.epsilon) for g in message.groups] == [
        (0.5, 0.01, 0.999, 1e-6),
        (0.1, 0.0, 0.999, 1e-6),
    ]


def test_parameters_and_gradients_live_in_the_flat_arrays():
    model = torch.nn.Linear(2, 1)
    before = model.weight.detach().clone()
    adapter, parameters, gradient = bound(model, sgd(model))
    assert np.array_equal(parameters[:2], before.numpy().ravel())
    parameters[:] = [1, 2, 3]
    assert model(torch.tensor([10.0, 100.0])).item() == 213
    model(torch.tensor([5.0, 7.0])).sum().backward()
    adapter.collect()
    assert gradient.tolist() == [5, 7, 1]
    adapter.spread()
    assert gradient.tolist() == [0, 0, 0]


def test_gradients_that_the_user_replaced_or_cleared_are_taken_all_the_same():
    model = torch.nn.Linear(2, 1)
    adapter, _, gradient = bound(model, sgd(model))
    gradient[:] = 4
    model.weight.grad = torch.tensor([[8.0, 9.0]])
    model.bias.grad = None
    adapter.collect()
    assert gradient.tolist() == [8, 9, 0]


def test_buffers_send_their_change_since_the_last_pull():
    model = torch.nn.BatchNorm1d(1, momentum=0.5)
    adapter, parameters, gradient = bound(model, sgd(model))
    model(torch.tensor([[2.0], [4.0]]))
    adapter.collect()
    assert gradient[2:].tolist() == [1.5, 0.5]
    parameters[2:] = [7, 8]
    adapter.spread()
    assert model.running_mean.item() == 7
    adapter.collect()
    assert gradient[2:].tolist() == [0, 0]


def test_other_dtypes_are_cast_both_ways():
    model = torch.nn.Linear(2, 1, bias=False).to(torch.bfloat16)
    adapter, parameters, gradient = bound(model, sgd(model))
    parameters[:] = [1, 2]
    adapter.spread()
    assert model.weight.tolist() == [[1, 2]]
    model(torch.tensor([3, 5], dtype=torch.bfloat16)).sum().backward()
    adapter.collect()
    assert gradient.tolist() == [3, 5]
    assert adapter.layout.tensors[0].dtype == "bfloat16"


def test_release_gives_the_model_memory_of_its_own():
    model = torch.nn.Linear(2, 1)
    adapter, parameters, _ = bound(model, sgd(model))
    parameters[:] = 5
    adapter.release()
    parameters[:] = 6
    assert model.weight.tolist() == [[5, 5]]


def test_rates_follow_a_schedule_and_other_changes_are_refused():
    model = torch.nn.Linear(2, 1)
    optimizer = sgd(model, momentum=0.9)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 1, gamma=0.5)
    adapter, _, _ = bound(model, optimizer)
    schedule.step()
    assert adapter.learning_rates() == [0.05]
    optimizer.param_groups[0]["momentum"] = 0.5
    with pytest.raises(cloudless.Unsupported, match="parameter group 0 changed from .* only lr may change"):
        adapter.learning_rates()


def test_what_cannot_be_synchronised_is_refused_by_name():
    model = torch.nn.Linear(2, 2)
    cases = [
        (torch.optim.Adam(model.parameters()), "optimizer Adam is not supported: use torch.optim.SGD or torch.optim.AdamW"),
        (torch.optim.AdamW(model.parameters(), amsgrad=True), r"AdamW\(amsgrad=True\) is not supported"),
        (torch.optim.SGD(model.parameters(), lr=1, maximize=True), r"SGD\(maximize=True\) is not supported"),
        (sgd(torch.nn.Linear(2, 2)), "optimizer holds 2 parameters that are not of the model"),
        (sgd(model, foreach=False), None),
    ]
    for optimizer, message in cases:
        if message is None:
            TorchAdapter(model, optimizer)
            continue
        with pytest.raises(cloudless.Unsupported, match=message):
            TorchAdapter(model, optimizer)
    with pytest.raises(cloudless.Unsupported, match="nothing to train"):
        TorchAdapter(model.requires_grad_(False), sgd(model))


def test_sparse_gradients_are_refused_by_name():
    model = torch.nn.Embedding(4, 2, sparse=True)
    adapter, _, _ = bound(model, sgd(model))
    model.weight.grad = None
    model(torch.tensor([1])).sum().backward()
    with pytest.raises(cloudless.Unsupported, match="gradient of weight is sparse: use sparse=False"):
        adapter.collect()


def save_safetensors(path, tensors):
    header, body = {}, b""
    for name, values in tensors.items():
        end = len(body) + values.nbytes
        header[name] = {"dtype": "F32", "shape": list(values.shape), "data_offsets": [len(body), end]}
        body += values.astype("<f4").tobytes()
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + body)


def test_a_trained_model_is_loaded_by_name(tmp_path):
    path = tmp_path / "model.safetensors"
    save_safetensors(path, {"weight": np.ones((1, 2), "f4"), "bias": np.full(1, 3, "f4")})
    assert cloudless.load_safetensors(path)["bias"].tolist() == [3]
    model = torch.nn.Linear(2, 1)
    cloudless.torch.load_model(model, path)
    assert model(torch.tensor([1.0, 1.0])).item() == 5


def test_a_model_file_that_does_not_fit_is_refused_by_tensor(tmp_path):
    path = tmp_path / "model.safetensors"
    save_safetensors(path, {"weight": np.ones((2, 2), "f4"), "bias": np.ones(1, "f4")})
    with pytest.raises(cloudless.CloudlessError, match=r"weight has shape \(2, 2\) in the file, \(1, 2\) in the model"):
        cloudless.torch.load_model(torch.nn.Linear(2, 1), path)
    save_safetensors(path, {"other": np.ones(1, "f4")})
    with pytest.raises(cloudless.CloudlessError, match=r"unknown tensors \['other'\], missing tensors \['bias', 'weight'\]"):
        cloudless.torch.load_model(torch.nn.Linear(2, 1), path)


@pytest.mark.parametrize("data", [b"", b"\xff" * 20, b"\x02" + bytes(7) + b"[]", (9).to_bytes(8, "little") + b'{"a":{}} '])
def test_files_that_are_not_safetensors_are_refused(tmp_path, data):
    path = tmp_path / "bad"
    path.write_bytes(data)
    with pytest.raises(cloudless.CloudlessError, match="safetensors file"):
        cloudless.load_safetensors(path)
