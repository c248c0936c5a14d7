"""The face: every name is seen, made from what its signature says, and refuses what is wrong."""

import doctest
import inspect
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import neurosim as ns
from neurosim.blocks.block import Block
from neurosim.blocks.classes import classes_of
from neurosim.errors import NeurosimError

BLOCKS = [n for n in dir(ns) if inspect.isclass(v := getattr(ns, n)) and issubclass(v, Block)]
ERRORS = [n for n in dir(ns) if inspect.isclass(v := getattr(ns, n)) and issubclass(v, Exception)]
# Python says what is wrong where nothing is taken.
NOTHING = ["load_digits", "shipped_profiles"]
OTHERS = [name for name in dir(ns) if name not in {*BLOCKS, *ERRORS, *NOTHING}]
WRONG = (object(), 1 + 2j, b"\x00", {1, 2})
LINE = re.compile(r"[^\n]+ must [^\n]+ but is [^\n]+")


@pytest.fixture(scope="module")
def right(tmp_path_factory):
    """An argument of every name that is right."""
    profile = ns.load_profile("ideal_hopfield").with_value("layers", (64, 6))
    chip, experiment = ns.Chip(profile), ns.Experiment(updates=1, batch=4)
    images, _ = ns.load_digits()
    folder = tmp_path_factory.mktemp("right")
    return {
        "profile": profile,
        "chip": chip,
        "experiment": experiment,
        "data": images,
        "source": ns.Trained(chip, experiment),
        "n": 7,
        "known": images[:1],
        "axes": {"sampling.t_end": [0.1]},
        "name": "digits",
        "name_or_path": "ideal_hopfield",
        "path": folder / "w.csv",
        "out": folder / "run",
        "thing": images[:1],
        "inputs": images[:1],
        "rows": [],
        "settings": (),
        "measure": (),
    }


def arguments(name):
    return inspect.signature(getattr(ns, name)).parameters.values()


@pytest.mark.parametrize("name", OTHERS)
def test_a_wrong_type_in_place_of_any_argument_is_told_in_one_line(name, right, tmp_path):
    for argument in arguments(name):
        needed = {a.name: right[a.name] for a in arguments(name) if a.default is a.empty}
        for wrong in WRONG:
            with pytest.raises(NeurosimError) as found:
                getattr(ns, name)(**needed | {argument.name: wrong})
            assert LINE.fullmatch(str(found.value)), str(found.value)
            assert "; " in str(found.value)


@pytest.mark.parametrize("name", BLOCKS)
def test_a_wrong_type_in_place_of_any_field_is_told_in_one_line(name):
    cls = getattr(ns, name)
    for field in cls.model_fields:
        with pytest.raises(ns.ProfileError) as found:
            cls(**{field: object()})
        lines = str(found.value).splitlines()
        told = [line for line in lines if line.startswith(f"{name}.{field}")]
        assert told
        assert "must" in told[0]
    with pytest.raises(ns.ProfileError, match=f"{name} must be given its fields by name, but is"):
        cls(6)


def test_what_is_wrong_at_a_door_says_what_to_do_in_one_line():
    for call, said in [
        (lambda: ns.train({}, ns.Experiment()), r"train.chip must be a Chip, a Profile, a text or"),
        (lambda: ns.Chip(3), "Chip.profile must be a profile or the name of one, but is 3; load"),
        (lambda: ns.evaluate(7), "evaluate.source must be a Trained, .* but is 7; give what neur"),
        (lambda: ns.Adc(bits="x"), "Adc.bits: must be a whole number or None, but is 'x'"),
        (lambda: ns.Adc(bit=6), "Adc.bit: unknown field 'bit'; did you mean 'bits'?"),
        (lambda: ns.Trainer(3, ns.Experiment(), np.zeros((1, 64))), "Trainer.chip must be a chip"),
    ]:
        with pytest.raises(NeurosimError, match=said.replace("?", r"\?")):
            call()


def blocks_within(cls):
    inside = [inner for field in cls.model_fields.values() for inner in classes_of(field)]
    return {cls}.union(*map(blocks_within, inside))


def test_every_block_of_a_profile_and_of_an_experiment_has_a_name():
    """Not laws, amplifiers and networks, which files name by a word, nor a source."""
    found = blocks_within(ns.Profile) | blocks_within(ns.Experiment)
    rooms = ("neurosim.circuit", "neurosim.patterns", "neurosim.blocks")
    names = {cls.__name__ for cls in found if not cls.__module__.startswith(rooms)}
    assert names <= set(dir(ns))
    assert len(names) > 30


@pytest.mark.parametrize("name", ERRORS)
def test_errors_have_one_base(name):
    assert issubclass(getattr(ns, name), ns.NeurosimError)


@pytest.mark.parametrize("name", dir(ns))
def test_the_signature_of_a_name_hides_nothing(name):
    if name in ERRORS:
        return
    signature = inspect.signature(getattr(ns, name))
    kinds = {parameter.kind for parameter in signature.parameters.values()}
    assert not kinds & {inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL}


@pytest.mark.parametrize("name", sorted({*BLOCKS, *OTHERS, *NOTHING}))
def test_a_name_has_an_example_in_its_docstring(name):
    value = getattr(ns, name)
    assert "Examples\n" in inspect.getdoc(value)
    runs = bool(doctest.DocTestFinder(recurse=False).find(value, name)[0].examples)
    # Of folders that a reader has, examples are text.
    assert runs or name in {"Run", "resume", "write_report"}


def test_what_a_notebook_holds_shows_itself_in_one_line(tmp_path):
    profile = ns.load_profile("ideal_hopfield").with_value("layers", (64, 6))
    chip, experiment = ns.Chip(profile), ns.Experiment(updates=1, batch=4)
    trained = ns.train(chip, experiment, keep=tmp_path / "run")
    shown = [repr(thing) for thing in (profile, chip, experiment, trained, trained.run)]
    assert shown[:3] == [
        "Profile('ideal_hopfield', changed=['layers'])",
        "Chip('ideal_hopfield', seed 0, 64-6)",
        "Experiment(updates=1, batch=4)",
    ]
    assert all(len(text.splitlines()) == 1 for text in shown)
    assert repr(ns.load_profile("ideal_hopfield")) == "Profile('ideal_hopfield')"
    trainer = ns.Trainer(chip, experiment, ns.load_digits()[0])
    assert repr(trainer) == f"Trainer({chip!r}, 0 of 1 update done)"
    assert shown[3].startswith("Trained(Chip(")
    assert shown[4].startswith("Run('")


PROGRAM = """
import neurosim as ns

profile: ns.Profile = ns.load_profile("cmos_rc_6bit").with_values({{"adc.bits": 6}})
chip = ns.Chip(profile, seed=0)
trained: ns.Trained = ns.train(chip, ns.Experiment(updates=2))
ns.plot(trained.draw(100))
table = ns.sweep(trained, {{"sampling.settle_tau": [10, 30]}}, n=200)
names = [{names}]
{wrong}
"""
WRONG_PROGRAM = ["ns.Chipp", "ns.Adc(bit=6)", 'ns.Adc(bits="x")', "ns.train({}, 3)", "chip.nodes()"]


def checked_by_mypy(folder, wrong):
    names = ", ".join(f"ns.{name}" for name in dir(ns))
    file = folder / "program.py"
    quiet = ["--ignore-missing-imports", "--follow-imports=silent"]
    file.write_text(PROGRAM.format(names=names, wrong="\n".join(wrong)))
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file=", *quiet, str(file)],
        cwd=folder, env={"MYPYPATH": str(Path(ns.__file__).parents[1]), "PATH": ""},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.stdout


@pytest.mark.slow
def test_a_type_checker_sees_every_name_and_what_is_wrong(tmp_path):
    """Without the plug-in of pydantic, as a reader's editor is."""
    assert "Success" in checked_by_mypy(tmp_path, [])
    said = checked_by_mypy(tmp_path, WRONG_PROGRAM)
    first = PROGRAM.splitlines().index("{wrong}") + 1
    lines = {int(line) for line in re.findall(r"program\.py:(\d+): error", said)}
    assert lines == {first + k for k in range(len(WRONG_PROGRAM))}, said


def test_the_stub_names_what_is_there():
    stub = (Path(ns.__file__).parent / "__init__.pyi").read_text("utf-8")
    names = re.findall(r"^from \.\w+ import (\w+) as \1$", stub, re.M)
    assert sorted(names) == sorted(dir(ns))
    assert len(names) == len([line for line in stub.splitlines() if line.startswith("from")])
    assert len(names) > 50
