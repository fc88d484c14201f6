"""Files in and out: networks by suffix; specifications in :mod:`.toml`."""

from __future__ import annotations

from pathlib import Path

from ..errors import InputError
from ..network import Network

#: Suffixes that networks are read from and written to.
SUFFIXES = (".onnx", ".safetensors", ".npz")
#: Suffixes of pickled checkpoints: loading one can run any code, so they are never opened.
PICKLED = (".pt", ".pth", ".ckpt", ".bin", ".pkl", ".pickle")


def load_network(path: Path) -> Network:
    """Read a network from ``.onnx``, ``.safetensors`` or ``.npz``.

    Raises:
        InputError: the file is missing, empty, damaged, of another kind, or holds something
            that is not a chain of layers; one line that starts with the file's name.
    """
    path = Path(path)
    try:
        _require_file(path)
        return _read(path)
    except InputError as error:
        raise located(path, error) from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from None


def save_network(network: Network, path: Path) -> Path:
    """Write ``.onnx``, ``.safetensors`` or ``.npz``, every weight exactly; returns the path.

    Raises:
        InputError: another suffix, a folder that does not exist or cannot be written, or
            numbers that the format has no exact type for.
    """
    path = Path(path)
    try:
        data = _encode(network, path)
        path.write_bytes(data)
    except InputError as error:
        raise located(path, error) from None
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror or error}") from None
    return path


def located(path: Path, error: InputError) -> InputError:
    """The same error as one line that starts with the file's name."""
    return InputError(" ".join(f"{path}: {error}".splitlines()))


def _require_file(path: Path) -> None:
    if not path.exists():
        raise InputError("no such file")
    if path.is_dir():
        raise InputError(f"is a folder; name a model file in it ({', '.join(SUFFIXES)})")
    _require_suffix(path)
    if path.stat().st_size == 0:
        raise InputError("the file is empty")


def _require_suffix(path: Path) -> None:
    suffix = path.suffix.lower()
    if suffix in PICKLED:
        name = path.stem + ".safetensors"
        raise InputError(
            "pickled checkpoints can run any code when they are opened, so they are refused; "
            f"convert once: state = torch.load('{path.name}', weights_only=True); "
            f"safetensors.torch.save_file(state, '{name}'), or from the module: "
            f"Network.from_torch(model).save('{name}')"
        )
    if suffix not in SUFFIXES:
        shown = f"unknown suffix '{path.suffix}'" if suffix else "the name has no suffix"
        raise InputError(f"{shown}; networks are kept in {', '.join(SUFFIXES)}")


def _read(path: Path) -> Network:
    # each format is imported when it is needed: onnx alone costs a third of a second
    suffix = path.suffix.lower()
    if suffix == ".onnx":
        from .onnx import read_onnx

        return read_onnx(path)
    if suffix == ".safetensors":
        from .safetensors import read_safetensors

        return read_safetensors(path)
    from .npz import read_npz

    return read_npz(path)


def _encode(network: Network, path: Path) -> bytes:
    _require_suffix(path)
    suffix = path.suffix.lower()
    if suffix == ".onnx":
        from .onnx import onnx_bytes

        return onnx_bytes(network.dense)
    if suffix == ".safetensors":
        from .safetensors import safetensors_bytes

        return safetensors_bytes(network.dense)
    from .npz import npz_bytes

    return npz_bytes(network)
