import gzip
import hashlib
import importlib.util
import json
import random
import shutil
import struct
import subprocess
import sys
import urllib.error
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torchvision.datasets import mnist as torchvision_mnist

from helpers import data
from helpers.data import _mnist1d
from helpers.data import _sets as sets
from helpers.data import _shipped as shipped
from helpers.data._splits import SealedTest, Split, split_pool, stratified_order
from staff.setup.lock import locked

ROOT = Path(__file__).resolve().parents[3]
IDX_FOLDER = Path("/usr/share/datasets/fashion-mnist")  # Debian's dataset-fashion-mnist


def counts(y):
    return torch.bincount(y, minlength=10).tolist()


def same(a: Split, b: Split) -> bool:
    return torch.equal(a.x, b.x) and torch.equal(a.y, b.y)


# --- the shipped file ---------------------------------------------------------------


def test_shipped_file_has_the_promised_arrays():
    with np.load(ROOT / "data" / "fashion_mnist.npz") as file:
        arrays = {name: file[name] for name in file.files}
    assert arrays["train_images"].shape == arrays["test_images"].shape
    assert arrays["train_images"].shape == (10_000, 28, 28)
    assert all(a.dtype == np.uint8 for k, a in arrays.items() if k[-9:] != "positions")
    for part in ("train", "test"):
        assert np.bincount(arrays[f"{part}_labels"]).tolist() == [1_000] * 10
    positions = arrays["train_positions"]
    assert len(np.unique(positions)) == 10_000
    assert positions.max() < 60_000
    assert (np.diff(positions) > 0).all()


def test_readme_and_checksums_tell_the_truth_about_the_file():
    content = (ROOT / "data" / "fashion_mnist.npz").read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    sums = json.loads((ROOT / "data" / "checksums.json").read_text())
    readme = (ROOT / "data" / "README.md").read_text()
    assert sums["fashion_mnist.npz"] == digest
    assert digest in readme
    assert f"{len(content):,} bytes" in readme
    assert len(content) <= 10_000_000


@pytest.mark.slow
@pytest.mark.skipif(not IDX_FOLDER.is_dir(), reason="no official IDX files here")
def test_script_makes_the_same_file_byte_for_byte(tmp_path):
    made = tmp_path / "fashion_mnist.npz"
    script = ROOT / "data" / "make_fashion_mnist.py"
    command = [sys.executable, script, IDX_FOLDER, "--output", made]
    subprocess.run(command, check=True, capture_output=True)
    assert made.read_bytes() == (ROOT / "data" / "fashion_mnist.npz").read_bytes()
    sums = (tmp_path / "checksums.json").read_text()
    assert sums == (ROOT / "data" / "checksums.json").read_text()


def make_script():
    path = ROOT / "data" / "make_fashion_mnist.py"
    spec = importlib.util.spec_from_file_location("make_fashion_mnist", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def idx(array: np.ndarray) -> bytes:
    header = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
    return header + array.astype(np.uint8).tobytes()


def test_script_reads_idx_plain_and_gzipped_and_refuses_the_rest(tmp_path):
    make = make_script()
    array = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    (tmp_path / "plain").write_bytes(idx(array))
    (tmp_path / "packed.gz").write_bytes(gzip.compress(idx(array)))
    (tmp_path / "wrong").write_bytes(b"\x00\x00\x0d\x01" + bytes(8))
    assert (make.read_idx(tmp_path, "plain") == array).all()
    assert (make.read_idx(tmp_path, "packed") == array).all()
    with pytest.raises(ValueError, match="wrong: expected an IDX file"):
        make.read_idx(tmp_path, "wrong")
    with pytest.raises(FileNotFoundError, match="absent"):
        make.read_idx(tmp_path, "absent")


def test_script_takes_the_first_of_each_class_in_order():
    make = make_script()
    labels = np.tile(np.arange(10), 5)
    assert make.stratified(labels, 2).tolist() == list(range(20))
    with pytest.raises(ValueError, match="at least 6"):
        make.stratified(labels, 6)


@pytest.fixture
def moved_data(tmp_path, monkeypatch):
    """A copy of the data folder that tests may damage; caches are emptied around it."""
    for name in ("fashion_mnist.npz", "checksums.json"):
        shutil.copy(ROOT / "data" / name, tmp_path)
    monkeypatch.setattr(sets, "verified", lambda name: shipped.verified(name))
    monkeypatch.setattr(shipped, "data_folder", lambda: tmp_path)
    sets._shipped_fashion_mnist.cache_clear()
    yield tmp_path
    sets._shipped_fashion_mnist.cache_clear()


def test_missing_file_says_what_to_do(moved_data):
    (moved_data / "fashion_mnist.npz").unlink()
    with pytest.raises(FileNotFoundError, match="missing. Restore it"):
        data.fashion_mnist(10, 10)


def test_one_damaged_byte_is_noticed(moved_data):
    path = moved_data / "fashion_mnist.npz"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(FileNotFoundError, match=r"damaged: expected sha256 \w+….*git"):
        data.fashion_mnist(10, 10)


def test_an_undamaged_copy_loads(moved_data):
    assert data.fashion_mnist(10, 10).train.x.shape == (10, 1, 28, 28)


def test_folder_is_found_beside_helpers_else_in_the_installed_package(
    tmp_path, monkeypatch
):
    assert data.data_folder() == ROOT / "data"
    monkeypatch.setattr(shipped, "PACKAGE", "course_data_of_this_test")
    alone = tmp_path / "site" / "helpers" / "data" / "_shipped.py"
    monkeypatch.setattr(shipped, "__file__", str(alone))
    with pytest.raises(FileNotFoundError, match="package course_data_of_this_test"):
        data.data_folder()
    package = tmp_path / "other" / shipped.PACKAGE
    package.mkdir(parents=True)
    (package / "checksums.json").write_text("{}")
    monkeypatch.syspath_prepend(package.parent)
    assert data.data_folder() == package


# --- Fashion-MNIST ------------------------------------------------------------------


def test_fashion_mnist_shapes_dtypes_and_scale():
    train, val, test = data.fashion_mnist(500, 200, n_test=300)
    sealed = test.open("a test of the loader")
    for part, n in ((train, 500), (val, 200), (sealed, 300)):
        assert part.x.shape == (n, 1, 28, 28)
        assert part.x.dtype == torch.float32
        assert part.y.shape == (n,)
        assert part.y.dtype == torch.int64
        assert counts(part.y) == [n // 10] * 10
    assert abs(train.x.mean().item()) < 1e-4
    assert abs(train.x.std().item() - 1) < 1e-4
    assert val.x.min() == train.x.min()  # black, scaled by the training part's numbers


def test_fashion_mnist_uses_all_of_both_sources_at_most():
    splits = data.fashion_mnist(8_000, 2_000)
    assert len(splits.test) == 10_000
    assert counts(splits.train.y) == [800] * 10
    rows = {row.numpy().tobytes() for part in splits[:2] for row in part.x}
    assert len(rows) > 9_950  # no overlap, but for a few images that exist twice


def test_pixels_are_those_of_the_shipped_file():
    train = data.fashion_mnist(300, 0, flat=True).train
    with np.load(ROOT / "data" / "fashion_mnist.npz") as file:
        pixels, labels = file["train_images"], file["train_labels"]
    low, high = train.x.min(), train.x.max()
    grey = ((train.x - low) / (high - low) * 255).round().to(torch.uint8).numpy()
    known = {p.tobytes(): y for p, y in zip(pixels, labels, strict=True)}
    assert [known[g.tobytes()] for g in grey] == train.y.tolist()


def test_size_14_is_the_mean_of_2_by_2_pixels():
    large, small = (data.fashion_mnist(100, 20, size=s).train.x for s in (28, 14))
    pooled = large.unfold(2, 2, 2).unfold(3, 2, 2).mean(dim=(-1, -2))
    pooled = (pooled - pooled.mean()) / pooled.std(correction=0)
    assert small.shape == (100, 1, 14, 14)
    torch.testing.assert_close(small, pooled, atol=1e-5, rtol=0)


def test_flat_is_the_same_numbers():
    image, flat = (data.fashion_mnist(50, 20, flat=f) for f in (False, True))
    assert flat.val.x.shape == (20, 784)
    assert torch.equal(image.val.x.reshape(20, 784), flat.val.x)


def test_split_seed_alone_decides_the_split():
    torch.manual_seed(1)
    first = data.fashion_mnist(50, 50, n_test=50)
    torch.manual_seed(2)
    again = data.fashion_mnist(50, 50, n_test=50)
    other = data.fashion_mnist(50, 50, n_test=50, split_seed=1)
    assert same(first.train, again.train)
    assert same(first.val, again.val)
    assert not torch.equal(first.train.x, other.train.x)


def test_validation_part_does_not_depend_on_the_training_size():
    small, large = (data.fashion_mnist(n, 100) for n in (50, 5_000))
    assert torch.equal(small.val.y, large.val.y)
    assert torch.equal(small.train.y, large.train.y[:50])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_train": 0}, "n_train ≥ 1"),
        ({"n_train": 9_000, "n_val": 1_001}, "at most 10,000"),
        ({"n_val": -1}, "n_val ≥ 0"),
        ({"n_test": 10_001}, "n_test: expected 1 to 10,000"),
        ({"size": 7}, "size: expected 28 or 14"),
    ],
)
def test_impossible_requests_are_clear_errors(arguments, message):
    with pytest.raises(ValueError, match=message):
        data.fashion_mnist(**{"n_train": 10, "n_val": 10, **arguments})


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
def test_data_live_on_cuda():
    splits = data.fashion_mnist(100, 100, device="cuda")
    host = data.fashion_mnist(100, 100)
    assert splits.train.x.is_cuda
    assert splits.test.open("device").y.is_cuda
    torch.testing.assert_close(splits.train.x.cpu(), host.train.x)


# --- the full set -------------------------------------------------------------------


@pytest.fixture
def small_local_copy(tmp_path):
    """A folder as torchvision expects it, with 60 + 20 random images."""
    raw = tmp_path / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for name, n in (("train", 60), ("t10k", 20)):
        images = rng.integers(0, 256, (n, 28, 28))
        (raw / f"{name}-images-idx3-ubyte").write_bytes(idx(images))
        (raw / f"{name}-labels-idx1-ubyte").write_bytes(idx(np.arange(n) % 10))
    return tmp_path


def test_full_set_comes_from_a_local_copy(small_local_copy):
    splits = data.fashion_mnist_full(small_local_copy, n_val=20)
    assert splits.train.x.shape == (40, 1, 28, 28)
    assert counts(splits.val.y) == [2] * 10
    assert len(splits.test) == 20


def test_torchvision_dataset_applies_transforms(small_local_copy):
    dataset = data.torchvision_fashion_mnist(
        small_local_copy, train=False, transform=lambda image: image.size
    )
    assert len(dataset) == 20
    assert dataset[3] == ((28, 28), 3)


def test_without_network_and_copy_the_error_says_what_to_do(tmp_path, monkeypatch):
    def offline(*_args, **_kwargs):
        raise urllib.error.URLError("no network in this test")

    monkeypatch.setattr(torchvision_mnist, "download_and_extract_archive", offline)
    with pytest.raises(FileNotFoundError, match=r"raw.*Connect to a network, or copy"):
        data.fashion_mnist_full(tmp_path)


@pytest.mark.slow
@pytest.mark.skipif(not IDX_FOLDER.is_dir(), reason="no official IDX files here")
def test_full_set_from_the_official_files(tmp_path):
    raw = tmp_path / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    for packed in IDX_FOLDER.glob("*.gz"):
        (raw / packed.stem).write_bytes(gzip.decompress(packed.read_bytes()))
    splits = data.fashion_mnist_full(tmp_path, size=14)
    assert counts(splits.train.y) == [5_500] * 10
    assert counts(splits.val.y) == [500] * 10
    assert len(splits.test) == 10_000


# --- MNIST-1D -----------------------------------------------------------------------


def test_mnist1d_shapes_shares_and_scale():
    train, val, test = data.mnist1d()
    assert train.x.shape == (3_000, 40)
    assert train.x.dtype == torch.float32
    assert max(counts(val.y)) - min(counts(val.y)) < 20
    assert len(test) == 1_000
    everything = torch.cat([train.x, val.x, test.open("scale").x])
    assert abs(everything.mean().item()) < 1e-5
    assert abs(everything.std().item() - 1) < 1e-3


def test_mnist1d_is_the_packages_own_data_and_leaves_global_seeds_alone():
    from mnist1d.data import get_dataset_args, make_dataset

    made = make_dataset(get_dataset_args())
    sets._generated_mnist1d.cache_clear()
    np.random.seed(5)
    random.seed(5)
    torch.manual_seed(5)
    expected = np.random.rand(), random.random(), torch.rand(1).item()
    np.random.seed(5)
    random.seed(5)
    torch.manual_seed(5)
    splits = data.mnist1d(4_000, 0)
    assert (np.random.rand(), random.random(), torch.rand(1).item()) == expected
    ours = {row.numpy().tobytes() for row in splits.train.x}
    assert ours == {row.tobytes() for row in made["x"].astype(np.float32)}
    assert splits.val.x.shape == (0, 40)


@pytest.fixture(scope="module")
def made():
    from mnist1d.data import get_dataset_args, make_dataset

    return make_dataset(get_dataset_args())


def test_mnist1d_is_what_the_course_was_measured_on(made):
    assert _mnist1d.checksum(made) == _mnist1d.SHA256
    assert _mnist1d.SHA256 in (ROOT / "data" / "README.md").read_text()
    versions = locked(ROOT, "3.11")
    assert versions["mnist1d"] == _mnist1d.VERSION


@pytest.mark.parametrize("part", ["x", "x_test"])
def test_mnist1d_of_another_processor_is_the_same(part, made):
    noise = np.random.default_rng(0).uniform(-1e-12, 1e-12, made[part].shape)
    assert _mnist1d.checksum(made | {part: made[part] + noise}) == _mnist1d.SHA256


@pytest.mark.parametrize("part", ["x", "y", "x_test", "y_test"])
def test_other_mnist1d_is_said(part, made, monkeypatch):
    changed = made[part].copy()
    changed[7] = changed[7] + 0.01 if part.startswith("x") else 9 - changed[7]
    other = made | {part: changed}
    monkeypatch.setattr("mnist1d.data.make_dataset", lambda arguments: other)
    sets._generated_mnist1d.cache_clear()
    with pytest.warns(UserWarning, match=r"checksum .*, got .* pip install mnist1d=="):
        data.mnist1d(100, 100)
    data.mnist1d(100, 100)  # said once
    sets._generated_mnist1d.cache_clear()


def test_mnist1d_cannot_be_spoiled_through_a_returned_split():
    first = data.mnist1d(100, 100)
    kept = first.train.x.clone()
    first.train.x.zero_()
    assert torch.equal(data.mnist1d(100, 100).train.x, kept)


def test_mnist1d_too_many():
    with pytest.raises(ValueError, match="at most 4,000"):
        data.mnist1d(3_500, 501)


# --- splits and the sealed test part ------------------------------------------------


@settings(deadline=None)
@example(sizes=[15, 30], seed=0, ends=(0, 30))  # rare class first would give 15 + 15
@given(
    sizes=st.lists(st.integers(1, 30), min_size=2, max_size=6),
    seed=st.integers(0, 2**31),
    ends=st.tuples(st.integers(0, 180), st.integers(0, 180)),
)
def test_every_slice_has_the_shares_of_the_whole(sizes, seed, ends):
    labels = torch.repeat_interleave(torch.arange(len(sizes)), torch.tensor(sizes))
    order = stratified_order(labels, seed)
    assert sorted(order.tolist()) == list(range(len(labels)))
    part = labels[order[min(ends) : max(ends)]]
    share = torch.tensor(sizes) / len(labels) * len(part)
    off = torch.bincount(part, minlength=len(sizes)) - share
    # each end adds less than (1 - q) + q (K - 1) for a class of share q
    assert off.abs().max() < 2 * (len(sizes) - 1)


@settings(deadline=None)
@given(st.integers(2, 10), st.integers(1, 20), st.integers(0, 2**31))
def test_equal_classes_come_in_complete_rounds(classes, size, seed):
    labels = torch.arange(classes).repeat(size)
    rounds = labels[stratified_order(labels, seed)].reshape(size, classes)
    assert torch.equal(rounds.sort().values, labels.reshape(size, classes))


def test_stratified_order_leaves_the_global_seed_alone():
    state = torch.get_rng_state()
    stratified_order(torch.arange(10), seed=3)
    assert torch.equal(torch.get_rng_state(), state)


def test_train_and_val_never_overlap():
    pool = Split(torch.arange(40.0), torch.arange(40) % 4)
    train, val, _ = split_pool(pool, pool, (25, 15, 1), 0, "cpu")
    assert set(train.x.tolist()).isdisjoint(val.x.tolist())
    assert len(train.x) + len(val.x) == 40


def test_sealed_test_opens_silently_once_then_warns_with_the_reasons():
    sealed = SealedTest(Split(torch.zeros(3, 2), torch.zeros(3).long()))
    assert "opened 0 times" in repr(sealed)
    assert len(sealed) == 3
    assert sealed.open("the final score").x.shape == (3, 2)
    with pytest.warns(UserWarning, match=r"time 2 \(before: 'the final score'\)"):
        sealed.open("once more")
    with pytest.warns(UserWarning, match="time 3"):
        sealed.open("and again")
    assert sealed.openings == 3
    assert sealed.reasons == ("the final score", "once more", "and again")


@pytest.mark.parametrize("reason", ["", "  ", None])
def test_sealed_test_wants_a_reason(reason):
    sealed = SealedTest(Split(torch.zeros(3, 2), torch.zeros(3).long()))
    with pytest.raises(ValueError, match="expects a reason in words"):
        sealed.open(reason)
    assert sealed.openings == 0


# --- label noise --------------------------------------------------------------------


@settings(deadline=None)
@given(
    n=st.integers(0, 200),
    classes=st.integers(2, 12),
    rate=st.floats(0, 1),
    seed=st.integers(0, 2**31),
)
def test_label_noise_is_exact_and_always_changes_the_class(n, classes, rate, seed):
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(classes, (n,), generator=generator)
    before = labels.clone()
    noisy, flipped = data.corrupt_labels(labels, classes, rate, generator)
    assert torch.equal(labels, before)
    assert flipped.dtype == torch.bool
    assert int(flipped.sum()) == round(rate * n)
    assert torch.equal(flipped, noisy != labels)
    assert ((noisy >= 0) & (noisy < classes)).all()
    assert noisy.dtype == labels.dtype


def test_label_noise_is_uniform_over_positions_and_other_classes():
    generator = torch.Generator().manual_seed(0)
    labels = torch.full((50,), 2)
    hits, new = torch.zeros(50), torch.zeros(5)
    for _ in range(2_000):
        noisy, flipped = data.corrupt_labels(labels, 5, 0.2, generator)
        hits += flipped
        new += torch.bincount(noisy[flipped], minlength=5)
    # 6 standard deviations of each count: 400 +- 6*17.9 and 5,000 +- 6*61.2
    assert (hits - 400).abs().max() < 108
    assert new[2] == 0
    assert (new[[0, 1, 3, 4]] - 5_000).abs().max() < 368


def test_label_noise_repeats_with_the_state_and_uses_the_global_one_without():
    labels = torch.arange(100) % 10
    runs = [
        data.corrupt_labels(labels, 10, 0.3, torch.Generator().manual_seed(s))[0]
        for s in (0, 0, 1)
    ]
    assert torch.equal(runs[0], runs[1])
    assert not torch.equal(runs[0], runs[2])
    torch.manual_seed(0)
    first = data.corrupt_labels(labels, 10, 0.3)[0]
    assert not torch.equal(first, data.corrupt_labels(labels, 10, 0.3)[0])
    torch.manual_seed(0)
    assert torch.equal(first, data.corrupt_labels(labels, 10, 0.3)[0])


@pytest.mark.parametrize(
    ("labels", "classes", "rate", "message"),
    [
        ([0, 1], 2, 1.5, "rate: expected a fraction"),
        ([0, 1], 2, float("nan"), "rate: expected a fraction"),
        ([0, 0], 1, 0.5, "num_classes: expected at least 2"),
        ([0, 2], 2, 0.5, r"values in \[0, 2\).*values 0 to 2"),
        ([[0, 1]], 2, 0.5, r"got shape \(1, 2\)"),
    ],
)
def test_label_noise_refuses_nonsense(labels, classes, rate, message):
    with pytest.raises(ValueError, match=message):
        data.corrupt_labels(torch.tensor(labels), classes, rate)


# --- toys ---------------------------------------------------------------------------


@settings(max_examples=20, deadline=None)
@given(n=st.integers(1, 101), seed=st.integers(0, 1_000))
def test_moons_are_half_circles_of_radius_one(n, seed):
    x, y = data.two_moons(n, noise=0.0, seed=seed)
    assert x.shape == (n, 2)
    assert y.dtype == torch.int64
    centre = torch.where(y[:, None] == 0, 0.0, torch.tensor([1.0, 0.5]))
    radius = (x - centre).norm(dim=1)
    torch.testing.assert_close(radius, torch.ones(n))
    side = (x - centre)[:, 1] * torch.where(y == 0, 1, -1)
    assert (side > -1e-6).all()
    assert abs(2 * int(y.sum()) - n) <= 1


@settings(max_examples=20, deadline=None)
@given(n=st.integers(10, 200), classes=st.integers(2, 5), seed=st.integers(0, 1_000))
def test_spiral_arms_are_turned_copies(n, classes, seed):
    x, y = data.spirals(n, classes=classes, noise=0.0, seed=seed)
    radius = x.norm(dim=1)
    assert radius.max() <= 1 + 1e-6
    angle = torch.atan2(x[:, 1], x[:, 0]) - 2 * torch.pi * (1.25 * radius + y / classes)
    torch.testing.assert_close(angle.cos(), torch.ones(n), atol=1e-4, rtol=0)
    assert torch.bincount(y, minlength=classes).max() <= -(-n // classes)


def test_noisy_sine_has_the_stated_noise():
    x, y = data.noisy_sine(20_000, noise=0.3, seed=0)
    assert x.shape == (20_000, 1)
    assert y.shape == (20_000,)
    assert 0 <= x.min() < 0.01 < 0.99 < x.max() <= 1
    residual = y - torch.sin(2 * torch.pi * x[:, 0])
    # standard errors: 0.0021 of the mean, 0.0015 of the standard deviation
    assert abs(residual.mean().item()) < 0.013
    assert abs(residual.std().item() - 0.3) < 0.009


@pytest.mark.parametrize("make", [data.two_moons, data.spirals, data.noisy_sine])
def test_toys_depend_on_their_seed_only(make):
    torch.manual_seed(0)
    first = make(30, noise=0.1, seed=4)
    torch.manual_seed(1)
    again, other = make(30, noise=0.1, seed=4), make(30, noise=0.1, seed=5)
    assert torch.equal(first[0], again[0])
    assert torch.equal(first[1], again[1])
    assert not torch.equal(first[0], other[0])


@pytest.mark.parametrize("make", [data.two_moons, data.spirals, data.noisy_sine])
def test_toys_refuse_nonsense(make):
    with pytest.raises(ValueError, match="n: expected at least 1"):
        make(0, noise=0.1, seed=0)
    with pytest.raises(ValueError, match="noise: expected"):
        make(5, noise=-0.1, seed=0)


def test_spirals_need_two_classes():
    with pytest.raises(ValueError, match="classes: expected at least 2"):
        data.spirals(10, classes=1)
