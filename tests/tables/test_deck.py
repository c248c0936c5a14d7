"""A network written down and solved from its table and data sheet alone.

`Deck` knows nothing of the package: a reader of the two files has NumPy, and what the sheet's
`circuit` says. Its answer is held against the operating point that the package finds of the chip
itself, and at any other state against the chip's currents.
"""

import csv
import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import brentq

from neurosim.chip import Chip
from neurosim.circuit import DrivenCircuit
from neurosim.errors import DataError
from neurosim.host import Experiment, initial_weights
from neurosim.profile import load_profile, shipped_profiles
from neurosim.runs import Run, export_weights
from neurosim.solvers import OperatingPoint, settle
from neurosim.tables import WeightTable, check_table, export, read_table, table
from neurosim.tables.equations import circuit_of

SIZES = (6, 5, 4)
RECIPE = {"stiffness": 15.0, "alpha": 2.0, "beta": 4e-3, "phases": "centred"}


class Deck:
    """The circuit of a CSV table and its sheet, by the equations of the sheet."""

    def __init__(self, path):
        self.sheet = json.loads(path.with_suffix(".sheet.json").read_text())
        self.design, self.recipe = self.sheet["circuit"], self.sheet["recipe"]
        with path.open(newline="") as stream:
            rows = list(csv.DictReader(stream))
        sizes = list(self.sheet["layers"].values())
        self.n, self.n_visible = sum(sizes), sizes[0]
        starts = np.cumsum([0, *sizes])
        # Of G+ and G- from node j to node i, and to the reference.
        self.plus, self.minus = np.zeros((2, self.n, self.n))
        self.bias_plus, self.bias_minus = np.zeros((2, self.n))
        self.node = {name: np.zeros(self.n) for name in ("leak_S", "gain", "offset_V", "spring")}
        for row in rows:
            layer, i = int(row["layer"]), int(row["row"])
            if row["kind"] == "b":
                at = starts[layer] + i
                self.bias_plus[at], self.bias_minus[at] = self.pair(row, "")
                for name, values in self.node.items():
                    values[at] = float(row[name])
                continue
            above, below = starts[layer + 1] + i, starts[layer] + int(row["column"])
            odd, even = (above, below) if layer % 2 == 0 else (below, above)
            self.plus[odd, even], self.minus[odd, even] = self.pair(row, "")
            other = "back_" if self.sheet["directions"] == "separate" else ""
            self.plus[even, odd], self.minus[even, odd] = self.pair(row, other)

    def pair(self, row, way):
        """Conductances of a pair: what a column says of the present, times its factor."""
        found = []
        for side in ("plus", "minus"):
            last = f"back_{side}_S" if way else f"achieved_{side}_S"
            if last not in row:  # A single device.
                found.append(0.0)
                continue
            held = row.get(f"present_{way}{side}_S", row[last])
            found.append(float(held) * float(row.get(f"factor_{way}{side}", 1)))
        return found

    def outputs(self, u):
        """Output and slope of every node."""
        unit, k = self.sheet["unit_V"], self.n_visible
        driven = (self.plus + self.minus).sum(axis=0)
        f = 1 / (1 + self.design["output_Ohm"] * driven / 2)
        z = self.node["gain"] * (u + self.node["offset_V"]) / unit
        rail = self.design["visible_rail_V"]
        limit = np.inf if rail is None else rail / unit
        v, slope = np.clip(z, -limit, limit), (np.abs(z) <= limit).astype(float)
        hidden = self.design["equations"]["hidden output"]
        v[k:], slope[k:] = {
            "v = u": lambda z: (z, np.ones_like(z)),
            "v = f unit_V tanh(z)": lambda z: (np.tanh(z), 1 - np.tanh(z) ** 2),
            "v = 10 f unit_V tanh(z / (1 + exp(-z)) / 10)": silu,
        }[hidden](z[k:])
        return f * unit * v, f * slope * self.node["gain"]

    def current(self, u, spring, source):
        """What charges each node's capacitor."""
        if "oscillator" in self.design:
            return self.turning(u, spring, source)
        if "between" in self.design:
            return self.lifted(u, spring, source)
        bent = self.design["cubic_per_V2"]

        def d(v):
            return v * (1 + bent * v**2)

        v, slope = self.outputs(u)
        reference = self.sheet["reference_V"]
        total = (self.plus - self.minus) @ d(v) + (self.bias_plus - self.bias_minus) * d(reference)
        w = {"w = 1": 1.0, "w = dv/du": slope}[self.design["equations"]["weight"]]
        load = (self.plus + self.minus).sum(axis=1) + self.bias_plus + self.bias_minus
        decay = self.node["leak_S"] + self.design["loading"] * load
        pull = np.zeros(self.n)
        pull[: self.n_visible] = spring * (source - u[: self.n_visible])
        return w * total - decay * u + pull - self.through_diodes(u)

    def lifted(self, u, spring, source):
        """The same of resistors with amplifiers between their layers."""
        sizes = list(self.sheet["layers"].values())
        layer = np.repeat(np.arange(len(sizes)), sizes)
        has = (layer > 0) & (layer < len(sizes) - 1)
        gain = np.where(has, self.design["between"]["gain"] * self.node["gain"], 1.0)
        offset = np.where(has, self.node["offset_V"], 0.0)
        total = self.bias_plus * (self.sheet["reference_V"] - u) - self.node["leak_S"] * u
        for j, i in np.argwhere(self.plus * (layer[:, None] > layer)):
            current = self.plus[j, i] * (gain[i] * (u[i] + offset[i]) - u[j])
            total[j] += current
            total[i] -= current / gain[i]
        total[: self.n_visible] += spring * (source - u[: self.n_visible])
        return total - self.through_diodes(u)

    def turning(self, u, spring, source):
        """The same of phases, whose natural frequencies are no column's."""
        unit, law = self.sheet["unit_V"], self.design["oscillator"]
        if law["graded"] is not None:
            return self.turning_in_degrees(u, spring, source)
        angle, phase = law["angle_rad"], u / unit
        total = (self.plus - self.minus) * np.sin(phase - phase[:, None] - angle)
        total = total.sum(axis=1) + (self.bias_plus - self.bias_minus) * np.sin(-phase - angle)
        k = self.n_visible
        total[:k] += spring * np.sin(source / unit - phase[:k] - angle)
        return unit * (total - law["sync"] * self.sheet["unit_S"] * np.sin(2 * phase))

    def turning_in_degrees(self, u, spring, source):
        """The same where waves count from the reference's; visible phases have their own unit."""
        unit, law, k = self.sheet["unit_V"], self.design["oscillator"], self.n_visible
        graded, angle, g = law["graded"], law["angle_rad"], self.sheet["unit_S"]
        radian = np.full(self.n, unit)
        radian[:k] /= graded["visible_rad"]
        t, dg = u / radian, self.plus - self.minus
        sine = dg @ (radian * np.sin(t)) + (self.bias_plus - self.bias_minus) * unit
        cosine = dg @ (radian * (1 - np.cos(t))) - graded["field"] * g * radian
        total = np.cos(t + angle) * sine + np.sin(t + angle) * cosine
        total[:k] += spring * radian[:k] * np.sin(source / radian[:k] - t[:k] - angle)
        return total - law["sync"] * g * radian * np.sin(2 * t)

    def through_diodes(self, u):
        """What the diodes of layers 1 and up take."""
        taken, diode = np.zeros(self.n), self.design.get("diode")
        if diode is None:
            return taken
        start = self.n_visible
        for size in list(self.sheet["layers"].values())[1:]:
            for i in range(start, start + size):
                side = -1 if i - start < -(-size // 2) else 1
                taken[i] = side * DIODES[diode["current"]](diode, side * u[i])
            start += size
        return taken

    def at_rest(self, x, start, sign=0, y=0.0):
        """Newton's iteration from `start`, with the Jacobian of differences."""
        r, unit_V = self.recipe, self.sheet["unit_V"]
        k = sign * r["beta"] * (r["alpha"] * r["stiffness"]) ** 2
        stiffness = r["stiffness"] + k
        spring = self.node["spring"][: self.n_visible] * stiffness * self.sheet["unit_S"]
        source = unit_V * (x + k / stiffness * y / (r["alpha"] * r["stiffness"]))
        u, h = start.copy(), 1e-6 * unit_V
        for _ in range(40):
            now = self.current(u, spring, source)
            columns = [
                (self.current(u + e, spring, source) - self.current(u - e, spring, source)) / 2 / h
                for e in h * np.eye(self.n)
            ]
            step = np.linalg.solve(np.stack(columns, axis=1), -now)
            u += step
            if np.abs(step).max() < 1e-13 * unit_V:
                break
        return u


def shockley(diode, v):
    """The root of v = n V_T ln(1 + I / I_s) + R I."""
    i_s, slope, ohm = (diode[key] for key in ("saturation_A", "slope_V", "series_Ohm"))

    def excess(log):
        return slope * log + ohm * i_s * np.expm1(log) - v

    return i_s * np.expm1(brentq(excess, -700, 700, xtol=1e-300, rtol=1e-15))


def of_points(diode, v):
    at, current = np.array(diode["points"]).T
    k = np.clip(np.searchsorted(at, v) - 1, 0, len(at) - 2)
    return current[k] + (v - at[k]) * (current[k + 1] - current[k]) / (at[k + 1] - at[k])


DIODES = {
    "v = slope_V ln(1 + I / saturation_A) + series_Ohm I": shockley,
    "straight lines between points, and on beyond the first and the last": of_points,
}


def silu(z):
    s = 1 / (1 + np.exp(-z))
    v = 10 * np.tanh(z * s / 10)
    return v, (1 - (v / 10) ** 2) * s * (1 + z * (1 - s))


def made(profile, seed=3):
    chip = Chip(profile, seed)
    chip.program(initial_weights(chip.die.layers, 0.5, np.random.default_rng(0)))
    return chip


def point_V(chip, x, sign=0, y=0.0):
    """The package's operating point of a free or a nudged phase, with ideal sources."""
    unit_V, unit_S = chip.data_sheet.unit_V, chip.data_sheet.unit_S
    k = sign * RECIPE["beta"] * (RECIPE["alpha"] * RECIPE["stiffness"]) ** 2
    stiffness = RECIPE["stiffness"] + k
    target = x + k / stiffness * y / (RECIPE["alpha"] * RECIPE["stiffness"])
    chip.precharge(x[None] * unit_V)
    chip.drive(target[None] * unit_V, stiffness * unit_S)
    system = chip.system()
    # At rest an output is where it tends to, however slowly.
    circuit = replace(system.circuit, amplifier_tau_s=0.0)
    quiet = DrivenCircuit(circuit, system.springs, system.tau_s)
    u_V = settle(quiet, chip.u_V, 1.0, OperatingPoint()).u_V[0]
    # It leaves a rate of 1e-8 of a unit per tau; one step of Newton's leaves none.
    jacobian = circuit.jacobian_vector_A(u_V, np.eye(len(u_V)), system.springs).T
    rest_A = circuit.current_A(u_V[None], system.springs)[0]
    step_V = np.linalg.solve(jacobian, -rest_A)
    assert np.abs(step_V).max() < 1e-7 * unit_V
    return in_layers(chip, u_V + step_V)


def in_layers(chip, values):
    """What a chip has layer by layer, in the order of its own."""
    layers = chip.die.layers
    return np.concatenate([values[layers.nodes(k)] for k in range(len(layers.sizes))])


EFFECTS = {
    "separate devices that drift": ("pcm_hermes_14nm", {"coupling.directions": "separate"}),
    "an output resistance": ("cmos_rc_6bit", {"node.output_Ohm": 2e3}),
    "a passive node": ("board_mosfet_clln", {"node.loading": 0.5}),
    "a lagging amplifier": ("cmos_rc_6bit", {"node.bandwidth_Hz": 1e7}),
    "sub-harmonic locking": ("ideal_oscillator", {"node.law.sync": 0.2}),
    "amplifiers between layers": (
        "rram_1t1r_resistive",
        {
            "node.law.gain": 3.0,
            "node.source": "assumed: of a test",
            "mismatch.gain": 0.05,
            "mismatch.offset_V": 1e-3,
            "mismatch.source": "assumed: of a test",
        },
    ),
    "graded oscillators": ("ideal_oscillator_flow", {"node.law.angle_rad": 0.1}),
}


def profiles():
    # Newton's iteration of a deck knows no inequalities: there an ideal diode is left out.
    linear = {"node.law": {"law": "resistive", "diode": "none"}}
    for found in shipped_profiles():
        still = {"node.law.detuning_Hz": 0.0} if found.startswith("oim_") else {}
        yield found, linear if found == "ideal_resistive" else still
    yield from EFFECTS.values()


@pytest.mark.every(5)
@pytest.mark.parametrize(("name", "changes"), list(profiles()), ids=str)
def test_a_deck_from_the_files_alone_rests_where_the_chip_does(tmp_path, name, changes):
    # What the DACs add is not in the table: they set what the host says.
    ideal_dac = {"dac.bits": None, "dac.range_V": None, "dac.noise_V": 0.0, "dac.channels": None}
    changes = {"layers": SIZES} | ideal_dac | changes
    chip = made(load_profile(name).with_values(changes))
    rng = np.random.default_rng(1)
    x, y = rng.uniform(-1, 1, (2, SIZES[0]))
    chip.precharge(np.zeros((1, SIZES[0])))
    chip.drive(np.zeros((1, SIZES[0])), 1e-6 * chip.data_sheet.unit_S)
    chip.settle(1e-9)
    export(chip, tmp_path / "w.csv", recipe=RECIPE)
    deck = Deck(tmp_path / "w.csv")
    for sign in (0, 1, -1):
        expected_V = point_V(chip, x, sign, y)
        # From beside it: where there are several, Newton's iteration stays in this one's bowl.
        found_V = deck.at_rest(x, expected_V + 1e-3 * deck.sheet["unit_V"], sign, y)
        assert np.abs(found_V - expected_V).max() < 1e-9
    u_V = deck.sheet["unit_V"] * rng.uniform(-1, 1, deck.n)
    theirs = np.empty(deck.n, dtype=int)
    theirs[in_layers(chip, np.arange(deck.n))] = np.arange(deck.n)
    ours_A = in_layers(chip, chip.system().circuit.current_A(u_V[theirs]))
    theirs_A = deck.current(u_V, 0.0, 0.0)
    np.testing.assert_allclose(theirs_A, ours_A, atol=1e-12 * np.abs(ours_A).max())


def test_a_run_puts_its_recipe_into_the_sheet(plain, tmp_path):
    run = Run.open(plain)
    export_weights(run, tmp_path / "w.csv")
    flow = run.experiment.flow.on(run.chip().data_sheet)
    recipe = Deck(tmp_path / "w.csv").recipe
    assert recipe == {name: getattr(flow, name) for name in recipe}
    assert {"stiffness", "alpha", "beta"} < set(recipe)
    assert isinstance(run.experiment, Experiment)


@pytest.mark.parametrize(
    ("block", "column"),
    [("W0", "factor_plus"), ("b1", "leak_S"), ("b2", "offset_V"), ("b0", "spring"), ("b1", "gain")],
)
def test_mismatch_of_another_die_is_refused(block, column):
    profile = load_profile("cmos_rc_6bit").with_value("layers", SIZES)
    found, other = table(made(profile, 3)), table(made(profile, 4))
    check_table(found, profile)
    blocks = {name: dict(columns) for name, columns in found.blocks.items()}
    blocks[block][column] = other.blocks[block][column]
    with pytest.raises(DataError, match=rf"^{block}.* {column} must be that of die 3"):
        check_table(WeightTable(found.sheet, blocks), profile)
    unknown = WeightTable(found.sheet | {"die_seed": -1}, blocks)
    check_table(unknown, profile)
    if column != "offset_V":
        blocks[block][column] = -blocks[block][column]
        with pytest.raises(DataError, match=f"{column} must be finite and not below 0"):
            check_table(unknown, profile)


def test_a_table_of_version_010_without_these_columns_is_read(tmp_path):
    """It says no more of the die than its faults."""
    profile = load_profile("cmos_rc_6bit").with_value("layers", SIZES)
    found = table(made(profile))
    newer = ("factor_", "leak_S", "capacitance_F", "gain", "offset_V", "spring", "present_back")
    blocks = {
        name: {k: v for k, v in columns.items() if not k.startswith(newer)}
        for name, columns in found.blocks.items()
    }
    sheet = {key: value for key, value in found.sheet.items() if key != "circuit"}
    check_table(WeightTable(sheet, blocks), profile)
    with pytest.raises(DataError, match="must be that of cmos_rc_6bit, but its circuit is not"):
        check_table(WeightTable(sheet | {"circuit": {}}, blocks), profile)


@pytest.mark.parametrize("recipe", [[], {"beta": -1.0}, {"beta": float("nan")}, {"beta": None}])
def test_a_recipe_that_is_none_is_refused(recipe):
    profile = load_profile("cmos_rc_6bit").with_value("layers", SIZES)
    found = table(made(profile), RECIPE)
    check_table(found, profile)
    with pytest.raises(DataError, match="The recipe of the data sheet must be numbers above 0"):
        check_table(WeightTable(found.sheet | {"recipe": recipe}, found.blocks), profile)


def test_every_element_of_a_shipped_chip_has_an_equation():
    for found in shipped_profiles():
        said = circuit_of(load_profile(getattr(found, "name", found)))["equations"]
        assert all("class" not in text for text in said.values())


def test_node_columns_are_empty_for_couplings_and_come_back(tmp_path):
    profile = load_profile("cmos_rc_6bit").with_value("layers", SIZES)
    made_table = table(made(profile))
    export(made(profile), tmp_path / "w.csv")
    with (tmp_path / "w.csv").open(newline="") as stream:
        for row in csv.DictReader(stream):
            assert (row["leak_S"] == "") is (row["kind"] == "W")
    back = read_table(tmp_path / "w.csv")
    for name, columns in made_table.blocks.items():
        assert set(back.blocks[name]) == set(columns)
        for column, values in columns.items():
            np.testing.assert_array_equal(back.blocks[name][column], values)
