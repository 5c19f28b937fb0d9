"""Make fashion_mnist.npz: a stratified subset of Fashion-MNIST in one file.

Usage: python data/make_fashion_mnist.py FOLDER [--output data/fashion_mnist.npz]

FOLDER holds the four official IDX files, gzipped or not. Kept are the first 1,000
training images of each class, in the official order, and all 10,000 test images.
The same input gives the same bytes: time stamps in the archive are fixed, the order
of its members too. (Another deflate library than zlib may compress differently; the
arrays inside are the same.)
"""

import argparse
import gzip
import hashlib
import io
import json
import struct
import zipfile
from pathlib import Path

import numpy as np

PER_CLASS = 1_000
CLASSES = 10


def read_idx(folder: Path, name: str) -> np.ndarray:
    """Return the uint8 array in FOLDER/name or FOLDER/name.gz."""
    plain, packed = folder / name, folder / f"{name}.gz"
    if plain.is_file():
        content = plain.read_bytes()
    elif packed.is_file():
        content = gzip.decompress(packed.read_bytes())
    else:
        raise FileNotFoundError(f"expected {plain} or {packed.name} beside it")
    zero, kind, ndim = struct.unpack(">HBB", content[:4])
    if zero != 0 or kind != 0x08:
        raise ValueError(f"{name}: expected an IDX file of unsigned bytes")
    shape = struct.unpack(f">{ndim}I", content[4 : 4 + 4 * ndim])
    return np.frombuffer(content, np.uint8, offset=4 + 4 * ndim).reshape(shape)


def stratified(labels: np.ndarray, per_class: int) -> np.ndarray:
    """Return the sorted positions of the first `per_class` of each class, int32."""
    found = [np.flatnonzero(labels == k)[:per_class] for k in range(CLASSES)]
    if any(len(positions) < per_class for positions in found):
        raise ValueError(f"expected at least {per_class} labels of each class")
    return np.sort(np.concatenate(found)).astype(np.int32)


def pack(arrays: dict[str, np.ndarray]) -> bytes:
    """Return the arrays as the bytes of an .npz file, the same every time."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, array in arrays.items():
            member = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            member.compress_type = zipfile.ZIP_DEFLATED
            member.create_system = 3  # Unix, whatever this runs on
            member.external_attr = 0o644 << 16
            content = io.BytesIO()
            np.lib.format.write_array(content, array, version=(1, 0))
            archive.writestr(member, content.getvalue(), compresslevel=9)
    return buffer.getvalue()


def subset(folder: Path) -> dict[str, np.ndarray]:
    """Return the five arrays of the subset, made from the IDX files in `folder`."""
    labels = read_idx(folder, "train-labels-idx1-ubyte")
    kept = stratified(labels, PER_CLASS)
    return {
        "train_images": read_idx(folder, "train-images-idx3-ubyte")[kept],
        "train_labels": labels[kept],
        "train_positions": kept,
        "test_images": read_idx(folder, "t10k-images-idx3-ubyte"),
        "test_labels": read_idx(folder, "t10k-labels-idx1-ubyte"),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="folder with the four IDX files")
    here = Path(__file__).resolve().parent
    parser.add_argument("--output", type=Path, default=here / "fashion_mnist.npz")
    options = parser.parse_args()

    content = pack(subset(options.folder))
    digest = hashlib.sha256(content).hexdigest()
    options.output.write_bytes(content)
    sums = options.output.with_name("checksums.json")
    sums.write_text(json.dumps({options.output.name: digest}, indent=2) + "\n")
    print(f"{options.output}: {len(content):,} bytes, sha256 {digest}")


if __name__ == "__main__":
    main()
