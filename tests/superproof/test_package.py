"""One package, three ways to run it: as a wheel, as an editable install, and uninstalled.

Each is tried from a copy of the checkout, in a new environment that sees the packages of the
present one but not the project itself.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
ROOMS = ("theory", "verify", "constructions", "empirics", "superproof")
#: What pip says when it reached no package registry.
NO_REGISTRY = (
    "NewConnectionError",
    "Failed to establish a new connection",
    "Temporary failure in name resolution",
    "Network is unreachable",
    "Connection refused",
    "ConnectTimeoutError",
    "ProxyError",
    "Connection timed out",
)
#: A person's first three lines, and every room once.
USE = """
import importlib
from superproof import Network, Specification, check
network = Network.from_arrays([[[1, 1]], [[1]]], [[-1], [0]])
assert check(network, Specification(["a", "b"], {"y": "a & b"})).holds
for room in ("theory", "verify", "constructions", "empirics", "cli"):
    importlib.import_module(f"superproof.{room}")
import superproof.verify
print(superproof.__file__, superproof.verify.__file__, superproof.__version__, sep="|")
"""


@dataclass(frozen=True)
class Environment:
    """A virtual environment made for one test."""

    folder: Path

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    def install(self, *words: object) -> subprocess.CompletedProcess[str]:
        """Install with the present environment's pip, and without dependencies, in this one."""
        command = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
        command += ["--python", str(self.python), "install", "--quiet", "--no-deps"]
        # the present environment may hold the project too, which this one must not count as its own
        command += ["--ignore-installed", *map(str, words)]
        return _run(command, self.folder)

    def run(self, code: str, folder: Path) -> subprocess.CompletedProcess[str]:
        """Run Python code started in a folder."""
        return _run([str(self.python), "-c", code], folder)


def _run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "COV"))}
    return subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=folder, env=clean
    )


def _succeeds(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, f"{done.args}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout, so that building leaves nothing behind in it."""
    copy = tmp_path_factory.mktemp("source")
    for room in (*ROOMS, "tests"):
        shutil.copytree(CHECKOUT / room, copy / room, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(CHECKOUT / name, copy)
    return copy


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    """A new environment with the present one's packages, but not its .pth files."""
    folder = tmp_path / "environment"
    _succeeds(_run([sys.executable, "-m", "venv", "--without-pip", str(folder)], tmp_path))
    made = Environment(folder)
    paths = {name: sysconfig.get_path(name) for name in ("purelib", "platlib")}
    site = made.run("import sysconfig; print(sysconfig.get_path('purelib'))", tmp_path).stdout
    Path(site.strip(), "base.pth").write_text(
        "\n".join(dict.fromkeys(paths.values())), encoding="utf-8"
    )
    return made


@pytest.fixture(scope="module")
def wheel(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel built from the copy, with the build tools of the present environment."""
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out)]
    _succeeds(_run([*command, str(source)], source))
    (found,) = out.glob("*.whl")
    return found


def _location(done: subprocess.CompletedProcess[str]) -> tuple[Path, Path, str]:
    package, room, version = _succeeds(done).strip().split("|")
    return Path(package), Path(room), version


def test_the_wheel_holds_only_the_package(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        (metadata,) = [name for name in names if name.endswith(".dist-info/METADATA")]
        about = archive.read(metadata).decode()
    tops = {name.split("/")[0] for name in names}
    assert tops == {"superproof", metadata.split("/")[0]}
    assert "superproof/py.typed" in names
    assert "superproof/theory/claims.toml" in names
    assert metadata.replace("METADATA", "licenses/LICENSE") in names
    assert "\nLicense-Expression: Apache-2.0\n" in about


def test_the_wheel_holds_every_module(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if name.endswith(".py")}
    expected = set()
    for room in ROOMS:
        for path in (CHECKOUT / room).rglob("*.py"):
            inside = path.relative_to(CHECKOUT)
            expected.add(str(inside if room == "superproof" else "superproof" / inside))
    assert packed == expected


def test_the_wheel_beside_the_unrelated_package_verify(
    wheel: Path, environment: Environment, tmp_path: Path
) -> None:
    _succeeds(environment.install("--no-index", wheel))
    index = ("--retries", "1", "--timeout", "20")
    other = environment.install(*index, "verify==1.1.1", "pydash")
    if other.returncode and any(sign in other.stdout + other.stderr for sign in NO_REGISTRY):
        pytest.skip("pip reaches no package registry, so the PyPI package 'verify' is not here")
    _succeeds(other)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    both = USE + "import verify\nfrom verify import expect, Equal\nassert expect(2, Equal(2))\n"
    both += "assert not hasattr(verify, 'network'), verify.__file__\n"
    package, room, version = _location(environment.run(both, elsewhere))
    assert environment.folder in package.parents
    assert room == package.parent / "verify" / "__init__.py"
    assert version == wheel.name.split("-")[1]
    command = _run([str(environment.folder / "bin" / "superproof"), "--version"], elsewhere)
    assert _succeeds(command).split() == ["superproof", version]


def test_the_wheel_works_in_the_checkout_itself(
    wheel: Path, environment: Environment, source: Path
) -> None:
    _succeeds(environment.install("--no-index", wheel))
    # an interpreter started there finds the checkout's own folder first
    package, room, _ = _location(environment.run(USE, source))
    assert package == source / "superproof" / "__init__.py"
    assert room == source / "verify" / "__init__.py"


def test_editable(environment: Environment, source: Path, tmp_path: Path) -> None:
    flags = ("--no-build-isolation", "--no-index")
    _succeeds(environment.install(*flags, "--editable", source))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for folder in (elsewhere, source):
        package, room, version = _location(environment.run(USE, folder))
        assert package == source / "superproof" / "__init__.py"
        assert room == source / "verify" / "__init__.py"
        assert version != "0+checkout"
    probe = "import importlib.util as u; print([r for r in ('theory', 'verify') if u.find_spec(r)])"
    assert _succeeds(environment.run(probe, elsewhere)).strip() == "[]"
    command = _run([str(environment.folder / "bin" / "superproof"), "--version"], elsewhere)
    assert _succeeds(command).split() == ["superproof", version]


def test_uninstalled(environment: Environment, source: Path, tmp_path: Path) -> None:
    package, room, _ = _location(environment.run(USE, source))
    assert package == source / "superproof" / "__init__.py"
    assert room == source / "verify" / "__init__.py"
    helped = _run([str(environment.python), "-m", "superproof", "--help"], source)
    assert "check" in _succeeds(helped)
    assert environment.run("import superproof", tmp_path).returncode != 0
