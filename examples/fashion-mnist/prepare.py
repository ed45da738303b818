"""Puts real images into one shard per region: Fashion-MNIST, or scikit-learn's digits where it is not to be had.

    python prepare.py --out ../data/fashion-mnist --split 3:2:1

Looks, in this order, for the four IDX files in --source, for Debian's package dataset-fashion-mnist (installed, or
fetched and unpacked without root by apt-get), for torchvision's download, for scikit-learn's bundled digits.
The last line on standard output is one JSON object; what it does goes to standard error.
"""

from __future__ import annotations

import argparse
import gzip
import json
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

import numpy as np

FILES = {
    "train-images": ("train-images-idx3-ubyte.gz", 0x00000803, (60000, 28, 28)),
    "train-labels": ("train-labels-idx1-ubyte.gz", 0x00000801, (60000,)),
    "test-images": ("t10k-images-idx3-ubyte.gz", 0x00000803, (10000, 28, 28)),
    "test-labels": ("t10k-labels-idx1-ubyte.gz", 0x00000801, (10000,)),
}
INSTALLED = [Path("/usr/share/datasets/fashion-mnist"), Path("/usr/share/dataset-fashion-mnist")]
FETCH_SECONDS = 120


class BadData(Exception):
    """A file or an argument is not what it should be; the message says what was found and what was expected."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder for the shards, outside of the function's folder")
    parser.add_argument("--split", default="3:2:1", help="share of each region, for example 3:2:1")
    parser.add_argument("--source", type=Path, help="folder with the four IDX files, gzipped or not")
    parser.add_argument("--dataset", choices=("auto", "fashion-mnist", "digits"), default="auto")
    parser.add_argument("--samples", type=int, help="take only the first N training images")
    arguments = parser.parse_args()
    try:
        shares = shares_of(arguments.split)
        name, images, labels, held_images, held_labels = load(arguments.dataset, arguments.source, arguments.out)
        if arguments.samples is not None:
            images, labels = images[: arguments.samples], labels[: arguments.samples]
        if len(labels) < len(shares):
            raise BadData(f"--samples leaves {len(labels)} images for {len(shares)} regions: take at least one each")
        print(json.dumps(write(arguments.out, name, shares, images, labels, held_images, held_labels)))
        return 0
    except (BadData, OSError) as error:
        print(f"prepare: {error}", file=sys.stderr)
        return 1


def shares_of(text: str) -> list[int]:
    """The numbers of `3:2:1`."""
    try:
        shares = [int(part) for part in text.split(":")]
    except ValueError:
        shares = []
    if not shares or min(shares) < 1:
        raise BadData(f"--split is {text!r}: whole numbers of at least 1 with colons are expected, for example 3:2:1")
    return shares


def load(dataset: str, source: Path | None, out: Path) -> tuple[str, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Name, training images and labels, held-out images and labels; images uint8, n × 28 × 28."""
    if dataset != "digits":
        folder = source or installed() or by_apt(out) or by_torchvision(out)
        if folder is not None:
            say(f"Fashion-MNIST from {folder}")
            return ("fashion-mnist", *(read_idx(folder / file, magic, shape) for file, magic, shape in FILES.values()))
        say("Fashion-MNIST is not to be had")
    if dataset == "fashion-mnist":
        raise BadData("Fashion-MNIST is not to be had: install Debian's dataset-fashion-mnist or give --source FOLDER")
    return digits()


def read_idx(path: Path, magic: int, shape: tuple[int, ...]) -> np.ndarray:
    """One IDX file of unsigned bytes; BadData names the file, what was found and what was expected."""
    plain = path.with_suffix("")
    try:
        if not path.exists() and plain.exists():
            path, data = plain, plain.read_bytes()
        else:
            with gzip.open(path) as file:
                data = file.read()
    except (OSError, EOFError, zlib.error) as error:
        raise BadData(f"{path}: {error}") from error
    head = 4 + 4 * len(shape)
    found = int.from_bytes(data[:4], "big")
    if found != magic:
        raise BadData(f"{path}: magic number is 0x{found:08x}, expected 0x{magic:08x}")
    if len(data) < head:
        raise BadData(f"{path}: {len(data)} bytes, expected a head of {head}")
    sizes = struct.unpack(f">{len(shape)}I", data[4:head])
    if sizes != shape:
        raise BadData(f"{path}: sizes are {sizes}, expected {shape}")
    if len(data) - head != np.prod(shape):
        raise BadData(f"{path}: {len(data) - head} bytes of data, expected {np.prod(shape)}")
    return np.frombuffer(data, np.uint8, offset=head).reshape(shape)


def installed() -> Path | None:
    """Where Debian's package put its files."""
    return next((folder for folder in INSTALLED if has_files(folder)), None)


def by_apt(out: Path) -> Path | None:
    """Debian's package, downloaded and unpacked below `out`: needs no root, and leaves the system as it is."""
    unpacked = out / "dataset-fashion-mnist"
    for known in INSTALLED:
        if has_files(unpacked / known.relative_to("/")):
            return unpacked / known.relative_to("/")
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        return None
    say("fetching Debian's package dataset-fashion-mnist (30 MB)")
    with tempfile.TemporaryDirectory() as folder:
        try:
            run(["apt-get", "download", "dataset-fashion-mnist"], folder)
            package = next(Path(folder).glob("dataset-fashion-mnist_*.deb"))
            unpacked.mkdir(parents=True, exist_ok=True)
            run(["dpkg-deb", "--extract", str(package), str(unpacked.resolve())], folder)
        except (subprocess.SubprocessError, StopIteration) as error:
            say(f"apt-get could not fetch it: {getattr(error, 'stderr', None) or error}")
            return None
    return by_apt(out) if any(has_files(unpacked / known.relative_to("/")) for known in INSTALLED) else None


def by_torchvision(out: Path) -> Path | None:
    """torchvision's own download, where torchvision is installed."""
    try:
        from torchvision.datasets import FashionMNIST
    except ImportError:
        return None
    say("downloading Fashion-MNIST by torchvision")
    try:
        FashionMNIST(str(out / "torchvision"), download=True)
    except (OSError, RuntimeError) as error:
        say(f"torchvision could not download it: {error}")
        return None
    folder = out / "torchvision/FashionMNIST/raw"
    return folder if has_files(folder) else None


def digits() -> tuple[str, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """scikit-learn's 1,797 digits of 8 × 8, each pixel tripled and padded to 28 × 28; every sixth is held out."""
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise BadData(
            "no images are to be had: install Debian's dataset-fashion-mnist, or torchvision with access to the "
            "network, or scikit-learn (pip install scikit-learn) for its bundled digits"
        ) from error
    say("handwritten digits bundled with scikit-learn")
    data = load_digits()
    large = np.kron(data.images * 15, np.ones((1, 3, 3))).astype(np.uint8)
    images = np.pad(large, ((0, 0), (2, 2), (2, 2)))
    labels = data.target.astype(np.uint8)
    is_held_out = np.arange(len(labels)) % 6 == 5
    return "digits", images[~is_held_out], labels[~is_held_out], images[is_held_out], labels[is_held_out]


def write(
    out: Path,
    name: str,
    shares: list[int],
    images: np.ndarray,
    labels: np.ndarray,
    held_images: np.ndarray,
    held_labels: np.ndarray,
) -> dict:
    """Writes shard-0.npz, shard-1.npz, ... and holdout.npz; the split is the same every time."""
    out.mkdir(parents=True, exist_ok=True)
    order = np.argsort(np.random.PCG64(2026).random_raw(len(labels)), kind="stable")
    ends = [len(order) * sum(shares[: i + 1]) // sum(shares) for i in range(len(shares))]
    shards = []
    for index, (start, end) in enumerate(zip([0, *ends], ends, strict=False)):
        chosen = order[start:end]
        shards.append(save(out / f"shard-{index}.npz", images[chosen], labels[chosen]))
    return {"dataset": name, "shards": shards, "holdout": save(out / "holdout.npz", held_images, held_labels)}


def save(path: Path, images: np.ndarray, labels: np.ndarray) -> dict:
    np.savez(path, images=images, labels=labels)
    say(f"{path}: {len(labels)} images")
    return {"path": str(path.resolve()), "samples": len(labels)}


def has_files(folder: Path) -> bool:
    return all((folder / file).is_file() or (folder / file).with_suffix("").is_file() for file, _, _ in FILES.values())


def run(command: list[str], folder: str) -> None:
    subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True, timeout=FETCH_SECONDS)


def say(text: str) -> None:
    print(f"prepare: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
