"""The gradient by hand is autograd's, whatever a plain network is made of."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from helpers.population import MemberDropout, Patches, Stack, train_population
from helpers.population._matrices import plain_layers
from helpers.population._runs import slope_at
from helpers.population._streams import MemberNoise

NETWORKS = {
    "plain": lambda: [nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 3)],
    "one layer": lambda: [nn.Linear(6, 3)],
    "no bias": lambda: [nn.Linear(6, 5, bias=False), nn.ReLU(), nn.Linear(5, 3)],
    "dropout": lambda: [
        *(nn.Linear(6, 5), nn.ReLU(), MemberDropout(0.4)),
        *(nn.Linear(5, 4), nn.ReLU(), MemberDropout(0.2), nn.Linear(4, 3)),
    ],
    "dropout at both ends": lambda: [
        *(MemberDropout(0.4), nn.Linear(6, 3), MemberDropout(0.5)),
    ],
    "dropout before ReLU": lambda: [
        *(nn.ReLU(), nn.Linear(6, 5), MemberDropout(0.4), nn.ReLU(), nn.ReLU()),
        nn.Linear(5, 3),
    ],
    "smooth": lambda: [
        *(nn.Linear(6, 5), nn.Tanh(), MemberDropout(0.4), nn.ReLU(), nn.Linear(5, 5)),
        *(nn.GELU(), nn.ReLU(), nn.Identity(), nn.Linear(5, 3), nn.Sigmoid()),
    ],
    "in place": lambda: [
        *(nn.Linear(6, 5), nn.ReLU(inplace=True), MemberDropout(0.4), nn.Linear(5, 4)),
        *(nn.SiLU(inplace=True), nn.Linear(4, 3), nn.ELU(inplace=True)),
    ],
    "nested": lambda: [
        nn.Sequential(nn.Linear(6, 5), nn.ReLU()),
        nn.Sequential(nn.Linear(5, 5), MemberDropout(0.4)),
        nn.Linear(5, 3),
    ],
    "first frozen": lambda: [
        *(nn.Linear(6, 5).requires_grad_(False), nn.ReLU(), MemberDropout(0.4)),
        *(nn.Linear(5, 5), nn.Tanh(), nn.Linear(5, 3)),
    ],
    "middle frozen": lambda: [
        *(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 5).requires_grad_(False)),
        *(nn.ReLU(), nn.Linear(5, 3)),
    ],
    "convolution": lambda: [
        *(Patches(nn.Conv2d(1, 2, 2), (1, 2, 3)), nn.ReLU(), nn.Flatten()),
        *(MemberDropout(0.4), nn.Linear(4, 3)),
    ],
    "convolution, frozen or without bias": lambda: [
        Patches(nn.Conv2d(2, 5, (1, 2), bias=False).requires_grad_(False), (2, 1, 3)),
        *(nn.Flatten(), nn.Linear(10, 3)),
    ],
    "only a bias learns": lambda: [nn.Linear(6, 5), nn.ReLU(), only_bias(5, 3)],
}


def only_bias(n_in, n_out):
    layer = nn.Linear(n_in, n_out)
    layer.weight.requires_grad_(False)
    return layer


def stacked(name, members=3, dtype=torch.float32):
    torch.manual_seed(0)
    models = [nn.Sequential(*NETWORKS[name]()).to(dtype) for _ in range(members)]
    return Stack(models, torch.zeros(1, 6, dtype=dtype), None)


def bits(stack, batch):
    noise = MemberNoise(
        range(len(stack)),
        {name: stack.noise_shapes[name] for name in stack.rates},
        batch_size=batch,
        device=torch.device("cpu"),
        batch_last=True,
    )
    return noise.draw(batch)


def test_a_convolution_as_a_matrix_product_is_the_same():
    conv = nn.Conv2d(2, 3, (3, 2), stride=(2, 1))
    x = torch.randn(5, 2, 7, 9)
    torch.testing.assert_close(Patches(conv, (2, 7, 9))(x), conv(x))


def test_a_padded_convolution_is_refused():
    with pytest.raises(ValueError, match="plain convolution"):
        Patches(nn.Conv2d(1, 1, 3, padding=1), (1, 5, 5))


def test_a_convolution_is_plain_only_as_the_first_layer():
    patches = Patches(nn.Conv2d(1, 2, 2), (1, 2, 3))
    assert plain_layers(nn.Sequential(patches, nn.ReLU())) is not None
    assert plain_layers(nn.Sequential(nn.ReLU(), patches)) is None


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", NETWORKS)
def test_it_is_autograds_gradient(name, dtype):
    stack = stacked(name, dtype=dtype)
    assert stack.matrices is not None
    for batch in (7, 4, 7):  # memory of both sizes is used again
        x = torch.randn(3, batch, 6, dtype=dtype)
        y = torch.randint(3, (3, batch))
        noise = bits(stack, batch)
        before, data = stack.flat.clone(), x.clone()
        losses = [
            F.cross_entropy(o, t) for o, t in zip(stack(x, noise), y, strict=True)
        ]
        expected = stack.differentiate(sum(losses)).clone()
        stack.gradient.fill_(torch.nan)
        stack.matrices.differentiate(
            x, noise, lambda out, y=y: slope_at(F.cross_entropy, out, y, 3)
        )
        torch.testing.assert_close(stack.gradient, expected, rtol=1e-4, atol=1e-6)
        assert torch.equal(stack.flat, before)
        assert torch.equal(x, data)


@pytest.mark.parametrize("name", ["plain", "dropout at both ends", "in place"])
def test_it_takes_any_loss(name):
    """The gradient of a sum comes as one number, spread over all outputs."""
    stack, x = stacked(name), torch.randn(3, 5, 6)
    noise = bits(stack, 5)
    expected = stack.differentiate(stack(x, noise).sum()).clone()

    def slope(out):
        return torch.ones((), dtype=out.dtype).expand_as(out)

    stack.matrices.differentiate(x, noise, slope)
    torch.testing.assert_close(stack.gradient, expected, rtol=1e-4, atol=1e-6)


def test_infinite_activations_are_dropped_like_others():
    torch.manual_seed(0)
    model = nn.Sequential(MemberDropout(0.5), nn.Linear(6, 3))
    stack, x = Stack([model], torch.zeros(1, 6), None), torch.full((1, 2, 6), torch.inf)
    low = torch.full((1, 2, 6), -(2**15), dtype=torch.int16)
    outputs = []

    def slope(out):
        outputs.append(out.clone())
        return torch.ones_like(out)

    stack.matrices.differentiate(x, {"0": low}, slope)
    expected = model[1].bias.detach().expand(1, 2, 3)
    torch.testing.assert_close(outputs[0], expected)
    assert not stack.slopes["1.weight"].any()
    torch.testing.assert_close(stack(x, {"0": low}), expected)


@pytest.mark.parametrize(
    ("out", "y", "classes"),
    [
        (torch.randn(3, 7, 4), torch.randint(4, (3, 7)), 4),
        (100 * torch.randn(3, 7, 4), torch.randint(2, (3, 7)), 2),
        (torch.randn(3, 7, 4), torch.rand(3, 7, 4), None),
        (torch.randn(3, 7, 4), torch.tensor([[1, 2, -100, 3, 0, 0, -100]] * 3), None),
    ],
)
def test_slope_of_cross_entropy(out, y, classes):
    leaf = out.clone().requires_grad_()
    losses = [F.cross_entropy(o, t) for o, t in zip(leaf, y, strict=True)]
    (expected,) = torch.autograd.grad(sum(losses), leaf)
    found = slope_at(F.cross_entropy, out, y, classes)
    torch.testing.assert_close(found, expected, atol=1e-7, rtol=1e-5)


def test_a_label_beyond_the_outputs_is_an_error_that_says_so():
    x, y = torch.randn(20, 6), torch.full((20,), 5)
    with pytest.raises(IndexError, match="Target 5 is out of bounds"):
        train_population(
            lambda: nn.Sequential(nn.Linear(6, 3)),
            (x, y),
            seeds=[0, 1],
            steps=1,
            progress=False,
        )


def test_only_plain_networks_are_taken():
    shared = nn.Linear(6, 6)
    assert plain_layers(nn.Sequential(shared, nn.ReLU(), shared)) is None
    assert plain_layers(nn.Sequential(nn.Linear(6, 6), nn.LayerNorm(6))) is None
    assert plain_layers(nn.Sequential(nn.Flatten(0), nn.Linear(6, 6))) is None
