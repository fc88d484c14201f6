"""Specification files: what every key means, and every message."""

from __future__ import annotations

import random
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from superproof import InputError, Specification
from superproof.verify.readout import Argmax, Levels, Threshold

START = 'inputs = ["a", "b", "c", "d"]\n'
OUTPUTS = '[outputs]\ny0 = "a & b"\ny1 = "~c | (a ^ d)"\n'


def load(folder: Path, text: str) -> Specification:
    """The specification that a file with this text holds."""
    path = folder / "spec.toml"
    path.write_text(text, encoding="utf-8")
    return Specification.load(path)


def refused(folder: Path, text: str, *words: str) -> None:
    """Loading fails with one line that starts with the file and holds the words."""
    with pytest.raises(InputError) as error:
        load(folder, text)
    message = str(error.value)
    assert message.startswith(f"{folder / 'spec.toml'}: ")
    assert len(message.splitlines()) == 1
    for word in words:
        assert word in message


def test_the_whole_form(tmp_path: Path) -> None:
    text = (
        START
        + 'domain = { at_most = 3, one_hot = [["a","b"]], where = "a | c" }\nvalues = [-1, 1]\n'
        + OUTPUTS
        + "[readout]\ntrue_at_least = 0.75\nfalse_at_most = 0.25\n"
    )
    spec = load(tmp_path, text)
    same = Specification(
        ["a", "b", "c", "d"],
        {"y0": "a & b", "y1": "~c | (a ^ d)"},
        domain={"at_most": 3, "one_hot": [["a", "b"]], "where": "a | c"},
        readout=Levels(Fraction(3, 4), Fraction(1, 4)),
        values=[-1, 1],
    )
    assert spec.canonical() == same.canonical()
    assert spec.domain.canonical() == same.domain.canonical()


def test_the_defaults(tmp_path: Path) -> None:
    spec = load(tmp_path, "inputs = 3\n[outputs]\ny = 'x0 & x2'\n")
    assert spec.inputs == ("x0", "x1", "x2")
    assert spec.domain.is_all
    assert spec.domain.values == (0, 1)
    assert spec.readout == Threshold(Fraction(0))
    assert load(tmp_path, "\ufeffinputs = 1\n[outputs]\ny = 'x0'\n").inputs == ("x0",)


@pytest.mark.parametrize(
    ("domain", "size"),
    [
        ('"all"', 16),
        ('"at most 2"', 11),
        ('"at least 3"', 5),
        ('"exactly 2"', 6),
        ('"within 1 of 0110"', 5),
        ('"where a & ~b"', 4),
        ('["at most 2", "where a"]', 4),
        ('{ points = ["0000", "1111", "1111"] }', 2),
        ('{ within = { radius = 1, of = "0000" } }', 5),
        ("{ at_least = 1, at_most = 1 }", 4),
    ],
)
def test_domains(tmp_path: Path, domain: str, size: int) -> None:
    assert load(tmp_path, f"{START}domain = {domain}\n{OUTPUTS}").domain.size == size


def test_points_files_lie_beside_the_specification(tmp_path: Path) -> None:
    np.save(tmp_path / "points.npy", np.eye(4, dtype=np.uint8))
    (tmp_path / "points.txt").write_text("0000\n1111\n")
    for name, size in (("points.npy", 4), ("points.txt", 2)):
        text = f'{START}domain = {{ points = "{name}" }}\n{OUTPUTS}'
        assert load(tmp_path, text).domain.size == size
        text = f'{START}domain = ["at most 2", {{ points = "{name}" }}]\n{OUTPUTS}'
        assert load(tmp_path, text).domain.size == {"points.npy": 4, "points.txt": 1}[name]
    refused(tmp_path, f'{START}domain = {{ points = "no.txt" }}\n{OUTPUTS}', "cannot read points")


@pytest.mark.parametrize(
    ("written", "exact"),
    [
        ("0.1", Fraction(1, 10)),
        ("-0.0", Fraction(0)),
        ("1e-3", Fraction(1, 1000)),
        ("3", Fraction(3)),
        ("1_000.5", Fraction(2001, 2)),
        ('"1/3"', Fraction(1, 3)),
        ('"0.1"', Fraction(1, 10)),
        ("0.30000000000000000000000000000000000001", Fraction(3 * 10**37 + 1, 10**38)),
    ],
)
def test_decimals_are_exact(tmp_path: Path, written: str, exact: Fraction) -> None:
    spec = load(tmp_path, f"{START}{OUTPUTS}[readout]\nthreshold = {written}\n")
    assert spec.readout == Threshold(exact)
    values = load(tmp_path, f"{START}values = [{written}, 7]\n{OUTPUTS}").domain.values
    assert values == (exact, 7)
    table = load(tmp_path, f"{START}domain = {{ values = [{written}, 7] }}\n{OUTPUTS}")
    assert table.domain.values == (exact, 7)
    levels = f"[readout]\ntrue_at_least = 2000\nfalse_at_most = {written}\n"
    assert load(tmp_path, START + OUTPUTS + levels).readout == Levels(Fraction(2000), exact)


def test_argmax_and_an_empty_readout(tmp_path: Path) -> None:
    assert isinstance(load(tmp_path, START + OUTPUTS + '[readout]\nkind="argmax"').readout, Argmax)
    assert load(tmp_path, START + OUTPUTS + "[readout]\n").readout == Threshold()


def test_names_in_quotes(tmp_path: Path) -> None:
    text = 'inputs = ["x y", "é"]\n[outputs]\n"y.0" = "`x y` & `é`"\n"#" = "true"\n'
    assert load(tmp_path, text).outputs == ("y.0", "#")


BAD = {
    "syntax": ("inputs = [\n", ("not valid TOML", "at end of document")),
    "syntax in a line": ("inputs = 2\ndomain == 3\n", ("line 2, column 9",)),
    "key given twice": ("inputs = 2\ninputs = 3\n", ("not valid TOML", "line 2")),
    "a huge integer": (f"inputs = {'9' * 5000}\n", ("not valid TOML",)),
    "deep nesting": ("inputs = " + "[" * 100_000, ("nested too deeply",)),
    "empty output name": (f"{START}[outputs]\n'' = 'true'\n", ("outputs: ''", "usable name")),
    "output name of two lines": (
        f'{START}[outputs]\n"a\\nb" = "true"\n',
        ("outputs: 'a\\nb' is not a usable name",),
    ),
    "input name of two lines": (f'inputs = ["a\\nb"]\n{OUTPUTS}', ("'a\\nb'",)),
    "unknown key": (f"{START}domian = 'all'\n{OUTPUTS}", ("'domian'", "did you mean 'domain'?")),
    "very unknown key": (f"{START}zz = 1\n{OUTPUTS}", ("'zz'", "known keys: inputs, domain")),
    "unknown read-out key": (
        f"{START}{OUTPUTS}[readout]\ntreshold = 1\n",
        ("readout: unknown key 'treshold'; did you mean 'threshold'?",),
    ),
    "unknown domain key": (
        f"{START}domain = {{ atmost = 1 }}\n{OUTPUTS}",
        ("domain: unknown key 'atmost'; did you mean 'at_most'?",),
    ),
    "no name in the list": (f"{START}outputs = ['y0', 3]\n", ("3 in the list is not a name",)),
    "name listed twice": (f"{START}outputs = ['y', 'y']\n", ("the name 'y' is used twice",)),
    "empty list": (f"{START}outputs = []\n", ("at least one output",)),
    "outputs as text": (f"{START}outputs = 'a & b'\n", ("outputs: write a table",)),
    "no inputs": (OUTPUTS, ("missing key 'inputs'", "inputs = 20")),
    "no outputs": (START, ("missing key 'outputs'", "[outputs]")),
    "empty outputs": (START + "[outputs]\n", ("at least one output",)),
    "empty": ("", ("missing key",)),
    "formula is a number": (f"{START}[outputs]\ny0 = 3\n", ("output 'y0'", "must be text")),
    "dotted output": (f"{START}[outputs]\ny.0 = 'a'\n", ("output 'y'", 'needs quotes: "y.0"')),
    "formula syntax": (f"{START}[outputs]\ny0 = 'a & & b'\n", ("output 'y0'", "column 5")),
    "unknown input": (
        "inputs = ['alpha']\n[outputs]\ny0 = 'alpah'\n",
        ("output 'y0': ", "unknown input 'alpah'; did you mean 'alpha'?"),
    ),
    "inputs twice": (f"inputs = ['a', 'a']\n{OUTPUTS}", ("'a' is used twice",)),
    "inputs of other kind": (f"inputs = 'a'\n{OUTPUTS}", ("inputs: give a list",)),
    "inputs true": (f"inputs = true\n{OUTPUTS}", ("inputs: give a list",)),
    "inputs zero": (f"inputs = 0\n{OUTPUTS}", ("at least one input",)),
    "inputs mixed": (f"inputs = ['a', 1]\n{OUTPUTS}", ("1 is not a usable name",)),
    "inputs too many": (f"inputs = 10000000000\n{OUTPUTS}", ("beyond 1000000",)),
    "domain phrase": (
        f"{START}domain = 'at mots 2'\n{OUTPUTS}",
        ("'at mots 2' is not understood",),
    ),
    "domain of other kind": (
        f"{START}domain = 3\n{OUTPUTS}",
        ("domain: expected text or a table",),
    ),
    "domain out of range": (
        f"{START}domain = 'at most 9'\n{OUTPUTS}",
        ("out of range", "4 inputs"),
    ),
    "domain empty": (f"{START}domain = 'where a & ~a'\n{OUTPUTS}", ("domain: empty",)),
    "domain count": (f"{START}domain = {{ at_most = 1.5 }}\n{OUTPUTS}", ("whole number",)),
    "values twice": (
        f"{START}values = [0, 1]\ndomain = {{ values = [0, 1] }}\n{OUTPUTS}",
        ("values is given twice",),
    ),
    "one value": (f"{START}values = [1]\n{OUTPUTS}", ("two numbers",)),
    "equal values": (f"{START}values = [1, 1.0]\n{OUTPUTS}", ("must differ",)),
    "values of text": (f"{START}values = ['no', 'yes']\n{OUTPUTS}", ("'no' is not a finite",)),
    "a date": (f"{START}values = [1979-05-27, 1]\n{OUTPUTS}", ("not a finite number",)),
    "infinite": (f"{START}values = [0, inf]\n{OUTPUTS}", ("inf is not finite",)),
    "not a number": (f"{START}{OUTPUTS}[readout]\nthreshold = nan\n", ("nan is not finite",)),
    "a huge power": (f"{START}values = [0, 1e999999999]\n{OUTPUTS}", ("1e999999999", "powers of")),
    "a tiny power": (f"{START}values = [0, 1e-999999999]\n{OUTPUTS}", ("powers of ten",)),
    "a huge power in text": (
        f"{START}{OUTPUTS}[readout]\nthreshold = '1e999999999'\n",
        ("readout: threshold", "powers of ten"),
    ),
    "a tiny power in text": (f"{START}values = ['1e-9_999_9', 1]\n{OUTPUTS}", ("powers of ten",)),
    "division by zero": (f"{START}values = ['1/0', 1]\n{OUTPUTS}", ("not a finite number",)),
    "read-out of other kind": (f"{START}readout = 0.5\n{OUTPUTS}", ("readout: write a table",)),
    "threshold of text": (
        f"{START}{OUTPUTS}[readout]\nthreshold='high'\n",
        ("readout: threshold",),
    ),
    "threshold true": (f"{START}{OUTPUTS}[readout]\nthreshold = true\n", ("expected a number",)),
    "kind": (f"{START}{OUTPUTS}[readout]\nkind = 'max'\n", ("unknown kind 'max'", '"argmax"')),
    "argmax and threshold": (
        f"{START}{OUTPUTS}[readout]\nkind = 'argmax'\nthreshold = 1\n",
        ("argmax takes no threshold",),
    ),
    "argmax of one": (
        f"{START}[outputs]\ny = 'a'\n[readout]\nkind = 'argmax'\n",
        ("argmax needs at least two outputs",),
    ),
    "one level": (
        f"{START}{OUTPUTS}[readout]\ntrue_at_least = 1\n",
        ("true_at_least needs false_at_most",),
    ),
    "other level": (
        f"{START}{OUTPUTS}[readout]\nfalse_at_most = 1\n",
        ("false_at_most needs true_at_least",),
    ),
    "levels and threshold": (
        f"{START}{OUTPUTS}[readout]\nfalse_at_most=0\ntrue_at_least=1\nthreshold=1\n",
        ("not both",),
    ),
    "levels in the wrong order": (
        f"{START}{OUTPUTS}[readout]\nfalse_at_most = 1\ntrue_at_least = 0.5\n",
        ("false_at_most (1) must be below true_at_least (1/2)",),
    ),
    "level of text": (
        f"{START}{OUTPUTS}[readout]\nfalse_at_most = 'x'\ntrue_at_least = 1\n",
        ("readout: false_at_most",),
    ),
    "domain below the outputs": (
        f"{START}{OUTPUTS}domain = 'at most 2'\n",
        ("'domain' stands below [outputs]: move it",),
    ),
    "values below the outputs": (
        f"{START}{OUTPUTS}values = [0, 1]\n",
        ("'values' stands below [outputs]: move it",),
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_refused(tmp_path: Path, name: str) -> None:
    text, words = BAD[name]
    refused(tmp_path, text, *words)


def test_inputs_below_the_outputs(tmp_path: Path) -> None:
    refused(tmp_path, f"{OUTPUTS}inputs = 4\n", "missing key 'inputs'", "stands below [outputs]")


def test_files_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "spec.toml"
    with pytest.raises(InputError, match=r"spec\.toml: no such file"):
        Specification.load(path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match=r"spec\.toml: not a text file in UTF-8"):
        Specification.load(path)
    with pytest.raises(InputError, match="is a folder; name a specification file"):
        Specification.load(tmp_path)


@pytest.mark.parametrize("seed", range(3))
def test_damaged_text(tmp_path: Path, seed: int) -> None:
    generator = random.Random(seed)
    domain = "domain = { at_most = 3, within = '2 of 0011', where = 'a | c', values = [-1, 0.5] }\n"
    levels = "[readout]\ntrue_at_least = 0.75\nfalse_at_most = 0.25\n"
    whole = (START + domain + OUTPUTS + levels).encode()
    load(tmp_path, whole.decode())
    path = tmp_path / "spec.toml"
    refusals = 0
    for _ in range(200):
        damaged = bytearray(whole)
        for _ in range(generator.choice((1, 2, 4))):
            place = generator.randrange(len(damaged))
            damaged[place : place + generator.randrange(3)] = generator.choice(
                (b"", b"'", b"]", b"[", b"9", b"\x00", b"\xff", b"=", b"e", b".", b"-", b"a", b"\n")
            )
        path.write_bytes(damaged)
        message = outcome(path)
        assert message is None or message.startswith(f"{path}: ")
        assert message is None or len(message.splitlines()) == 1
        refusals += message is not None
    assert refusals > 50


def outcome(path: Path) -> str | None:
    """What loading complains of, None when it works; any other exception is passed on."""
    try:
        Specification.load(path)
    except InputError as error:
        return str(error)
    return None
