import pytest

torch = pytest.importorskip("torch")

from gpu_bench.models import SHAPES, make_batch, make_model  # noqa: E402


@pytest.mark.parametrize(
    ("name", "millions"),
    [("resnet152", 60.2), ("bert-large", 334), ("gpt2-medium", 355), ("gpt2-large", 774), ("decoder-1b", 1315)],
)
def test_models_have_the_published_sizes(name, millions):
    model = make_model(name, "meta")
    assert sum(parameter.numel() for parameter in model.parameters()) / 1e6 == pytest.approx(millions, rel=0.01)


@pytest.mark.parametrize("name", [name for name in SHAPES if name != "tiny"])
def test_batches_go_through_the_models(name):
    model = make_model(name, "meta").eval()
    batch = make_batch(name, 2, "cpu")
    assert model(batch.to("meta")).shape[0] == 2


def test_a_decoder_sees_no_later_token():
    torch.manual_seed(0)
    model = make_model("tiny", "cpu").eval()
    ids = make_batch("tiny", 1, "cpu")
    changed = ids.clone()
    changed[0, -1] = (changed[0, -1] + 1) % 64
    with torch.no_grad():
        assert torch.allclose(model(ids)[:, :-1], model(changed)[:, :-1], atol=1e-5)
