"""Choosing the format by suffix, and files that are no networks."""

from __future__ import annotations

import os
import random
from pathlib import Path

import numpy as np
import pytest

from superproof import InputError, Network
from superproof.verify.formats import PICKLED, SUFFIXES

NETWORK = Network.from_arrays(
    [np.array([[1, -2], [0.5, 3]], np.float32), np.array([[1, 1]], np.float32)],
    [np.array([0.25, -1], np.float32), np.array([-0.5], np.float32)],
    ["relu", "step"],
)


def complaint(path: Path) -> str:
    """The one line that loading fails with, without the file's name that it starts with."""
    with pytest.raises(InputError) as error:
        Network.load(path)
    message = str(error.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    return message.removeprefix(f"{path}: ")


def outcome(path: Path) -> str | None:
    """What loading complains of, None when it works; any other exception is passed on."""
    try:
        Network.load(path)
    except InputError as error:
        return str(error)
    return None


@pytest.mark.parametrize("suffix", [*SUFFIXES, ".ONNX", ".SafeTensors", ".Npz"])
def test_round_trip(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"model{suffix}"
    assert NETWORK.save(path) == path
    assert NETWORK.save(str(path)) == path
    again = Network.load(str(path))
    for before, after in zip(NETWORK.layers, again.layers, strict=True):
        assert after.activation == before.activation
        assert after.weight.dtype == before.weight.dtype
        assert after.weight.tolist() == before.weight.tolist()
        assert after.bias.tolist() == before.bias.tolist()


@pytest.mark.parametrize("suffix", PICKLED)
def test_pickles_are_never_opened(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"model{suffix}"
    # a pickle that would leave a file behind if it were loaded
    path.write_bytes(b"cos\nsystem\n(S'touch " + os.fsencode(tmp_path / "ran") + b"'\ntR.")
    message = complaint(path)
    for words in ("weights_only=True", "safetensors.torch.save_file", "Network.from_torch(model)"):
        assert words in message
    assert "model.safetensors" in message
    assert not (tmp_path / "ran").exists()
    with pytest.raises(InputError, match="pickled"):
        NETWORK.save(path)


@pytest.mark.parametrize("name", ["model.h5", "model", "model.onnx.gz", "model.toml"])
def test_unknown_suffixes(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"data")
    message = complaint(path)
    assert "suffix" in message
    for suffix in SUFFIXES:
        assert suffix in message
    with pytest.raises(InputError, match="suffix"):
        NETWORK.save(path)


def test_missing_files_folders_and_empty_files(tmp_path: Path) -> None:
    for suffix in SUFFIXES:
        path = tmp_path / f"model{suffix}"
        assert complaint(path) == "no such file"
        path.write_bytes(b"")
        assert complaint(path) == "the file is empty"
        path.unlink()
        path.mkdir()
        assert complaint(path).startswith("is a folder; name a model file")


def test_folders_that_cannot_be_written(tmp_path: Path) -> None:
    for suffix in SUFFIXES:
        with pytest.raises(InputError, match="cannot be written: No such file"):
            NETWORK.save(tmp_path / "missing" / f"model{suffix}")
        (tmp_path / f"folder{suffix}").mkdir()
        with pytest.raises(InputError, match="cannot be written: Is a directory"):
            NETWORK.save(tmp_path / f"folder{suffix}")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_unreadable_files(tmp_path: Path) -> None:
    for suffix in SUFFIXES:
        path = NETWORK.save(tmp_path / f"model{suffix}")
        path.chmod(0)
        assert complaint(path) == "cannot be read: Permission denied"


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_truncated_files(tmp_path: Path, suffix: str) -> None:
    whole = NETWORK.save(tmp_path / f"whole{suffix}").read_bytes()
    path = tmp_path / f"model{suffix}"
    for length in range(1, len(whole), max(1, len(whole) // 150)):
        path.write_bytes(whole[:length])
        complaint(path)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("seed", range(3))
def test_flipped_bytes(tmp_path: Path, suffix: str, seed: int) -> None:
    generator = random.Random(seed)
    whole = NETWORK.save(tmp_path / f"whole{suffix}").read_bytes()
    path = tmp_path / f"model{suffix}"
    refused = 0
    for _ in range(150):
        damaged = bytearray(whole)
        for _ in range(generator.choice((1, 1, 2, 8))):
            damaged[generator.randrange(len(damaged))] = generator.randrange(256)
        path.write_bytes(damaged)
        message = outcome(path)
        assert message is None or message.startswith(f"{path}: ")
        assert message is None or len(message.splitlines()) == 1
        refused += message is not None
    assert refused > 10


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_bytes_of_other_files(tmp_path: Path, suffix: str) -> None:
    others = [
        b"{}",
        b"\x00" * 64,
        b"\xff" * 64,
        b"PK\x03\x04" + bytes(40),
        b"\x93NUMPY\x01\x00",
        b"\x80\x02cos\nsystem\n",
        b"\x02\x00\x00\x00\x00\x00\x00\x00{}",
        b"<!DOCTYPE html><p>404 not found</p>" * 40,
    ]
    others += [NETWORK.save(tmp_path / f"other{s}").read_bytes() for s in SUFFIXES if s != suffix]
    path = tmp_path / f"model{suffix}"
    for content in others:
        path.write_bytes(content)
        complaint(path)
