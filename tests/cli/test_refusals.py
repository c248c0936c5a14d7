"""What no command takes: one line that says why, exit status 2, and no file made or changed."""

import shutil

import numpy as np
import pytest

from commands import one_line, run


def files(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


@pytest.fixture
def refused(plain, tmp_path):
    """Run a command in which RUN and TMP stand for folders; its one line."""

    def refuse(command):
        before = files(plain), files(tmp_path)
        places = {"RUN": str(plain), "TMP": str(tmp_path)}
        words = [places.get(w, w.replace("TMP/", f"{tmp_path}/")) for w in command.split()]
        line = one_line(run(*words))
        assert (files(plain), files(tmp_path)) == before
        return line

    return refuse


@pytest.mark.parametrize(
    ("command", "line"),
    [
        ("sample RUN --class 12", "has not; train one with --labels"),
        ("sample RUN --start noise", "--start is for images to complete; give --inpaint too"),
        ("sample RUN --inpaint digits --class 3", "has not; train one with --labels"),
        ("sample RUN --out /proc/x.png", "The folder of /proc/x.png must be open to be written"),
        ("sample RUN --out TMP/none/x.png", "x.png must exist, but does not; make it first"),
        ("sample TMP", "must be a run folder"),
        ("sample RUN -n 1000000000000000", "there is not enough memory"),
        ("evaluate TMP", "must be a run folder"),
        ("report TMP", "must be a run folder"),
        ("report TMP/none", "must be a run folder"),
        ("export RUN --to TMP/x.cir --tile 8x8", "--tile is for a weight table, but --to asks"),
        ("export RUN --to TMP/x.csv --row 4", "--row is for a netlist, but --to asks for a weight"),
        ("export RUN --to TMP/x.csv --noise", "--noise is for a netlist"),
        ("export RUN --to TMP/x.csv --format xyz", "c, param, nir, cir, but is 'xyz'"),
        ("export RUN --to TMP/x.xyz", ".h, .param, .inc, .nir, .cir, but is x.xyz"),
        ("import TMP/x.csv --format cir", "hdf5, safetensors, mem, hex, but is 'cir'"),
        ("export RUN --to /proc/x.csv", "The folder of /proc/x.csv must be open to be written"),
        ("export RUN --to TMP/none/x.csv", "x.csv must exist, but does not; make it first"),
        ("export RUN --to TMP --format csv", "must be a file, but is a folder"),
        ("import TMP/none/x.csv", "x.csv must be readable, but is not (No such file"),
        ("import TMP/x.csv --experiment TMP/e.yaml", "give --out too"),
        ("plan TMP/none --to TMP/x.csv", "must be a run folder or the file of a weight table"),
        ("plan RUN --from TMP/none --to TMP/x.csv", "must be a run folder or the file of a weig"),
        ("profiles noise ideal_hopfield --age -5s", "--age must be at least 0 s, but is -5s"),
        ("profiles fit TMP/none.csv", "must be a table of text, but cannot be read (No such file"),
        ("profiles check TMP/none.yaml", "must be a file that can be read, but is not"),
        ("train --profile oim_ring_65nm --engine operating_point", "leave --engine out, or write"),
        ("train --profile ideal_hopfield --from TMP", "must be a run folder"),
        ("train --profile ideal_hopfield --layers 64", "is not a list of sizes"),
        ("train --profile ideal_hopfield --layers 64,x", "is not a list of sizes"),
        ("train --profile ideal_hopfield --layers 64,1000000000000000", "layers: must fit into th"),
        ("train --profile ideal_hopfield --dataset TMP", "must be a folder of PNG files, or of"),
        ("train --profile ideal_hopfield --out /proc/x", "must be a folder that can be made"),
        ("sweep TMP/none.yaml", "must be a file that can be read, but is not"),
        ("sweep TMP/none.yaml --shard 5/3", "5/3 must be i/n with i from 1 to n"),
        ("sweep TMP/none.yaml --workers 2 --dask tcp://x:1", "give --workers or --dask, not both"),
    ],
)
def test_a_mistake_is_one_line_and_leaves_no_trace(refused, command, line):
    assert line in refused(command)


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        ("x.npz", b"no archive", "cannot be read (it is no NPZ file)"),
        ("x.npy", b"no array", "cannot be read (it is no NPY file)"),
        ("x.txt", b"1 2 3", "cannot be read (it is no .txt file)"),
        ("x.npz", {"pixels": np.zeros((2, 64))}, "cannot be read (it holds pixels)"),
        ("x.npz", {"images": np.zeros((0, 64))}, "its images are float64 of shape (0, 64)"),
        ("x.npz", {"images": np.zeros((2, 64))}, "must have unknown pixels, but has none"),
        ("x.npz", {"images": np.full((2, 30), np.nan)}, "images of 64 pixels, as the run has lear"),
        ("x.csv", b"a,b\n1,\n", "line 1, column 1 is 'a'"),
    ],
)
def test_a_file_that_holds_no_images_to_complete_says_what_it_is(
    refused, tmp_path, name, content, line
):
    path = tmp_path / name
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        np.savez(path, **content)
    assert line in refused(f"sample RUN --inpaint TMP/{name}")


@pytest.mark.parametrize("content", [b"no archive", {"pixels": np.zeros((2, 64))}])
def test_a_file_that_holds_no_data_set_says_what_it_is(refused, tmp_path, content):
    path = tmp_path / "x.npz"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        np.savez(path, **content)
    line = refused("train --profile ideal_hopfield --dataset TMP/x.npz")
    assert "an array `images`" in line
    assert "pickle" not in line
    said = "(it is no NPZ file)." if content == b"no archive" else "holds pixels; name them so."
    assert line.endswith(said)


@pytest.mark.parametrize(
    ("axis", "line"),
    [
        ("{path: experiment.flow.bta, values: [1]}", "did you mean 'experiment.flow.beta'?"),
        ("{path: chip.adc, values: [1]}", "a path must begin with profile."),
        ("{path: experiment.flow.beta, values: []}", "values: must have at least 1 item, but has"),
        ("{path: experiment.flow.beta, values: [x]}", "beta: must be a number, but is 'x'"),
        ("{path: profile.adc.bits, values: [8.5]}", "must be a whole number or ideal, but is 8.5"),
        ("{path: profile, values: [ideal_hopfeld]}", "did you mean ideal_hopfield?"),
    ],
)
def test_an_axis_that_means_nothing_is_refused_before_a_folder_is_made(
    refused, tmp_path, axis, line
):
    (tmp_path / "s.yaml").write_text(
        f"name: s\nsummary: x\nbase: {{profile: ideal_hopfield}}\naxes: [{axis}]\n"
    )
    assert line in refused("sweep TMP/s.yaml --out TMP/out")


ASKS = "experiment: {task: classify, updates: 1, batch: 4}"
FITS = "{path: profile.layers, values: [[64, 4, 10]]}"


@pytest.mark.parametrize(
    ("axes", "line"),
    [
        ([FITS], "The last layer must have sources, whose springs ask for the answers, but ideal"),
        (["{path: profile.sources, values: [[0, -1]]}"], "must be 64 to 10 for 64 inputs and 10"),
        ([FITS, "{path: profile.sources, values: [[0, -1]]}",
          "{path: deploy.sources, values: [[0]]}"], "The last layer must have sources, whose spr"),
        ([FITS, "{path: experiment.dataset, values: [none.npz]}"], "dataset must be digits"),
    ],
)  # fmt: skip
def test_a_sweep_of_which_every_point_would_fail_is_refused_before_a_folder_is_made(
    refused, tmp_path, axes, line
):
    (tmp_path / "s.yaml").write_text(
        f"name: s\nbase: {{profile: ideal_hopfield, {ASKS}}}\nmeasure: [test_loss]\n"
        f"axes: [{', '.join(axes)}]\n"
    )
    said = refused("sweep TMP/s.yaml --out TMP/out")
    assert line in said
    assert "such as profile.sources or experiment.dataset" in said


def test_a_point_that_can_learn_lets_the_others_fail(tmp_path):
    (tmp_path / "s.yaml").write_text(
        f"name: s\nbase: {{profile: ideal_hopfield, {ASKS}}}\nmeasure: [test_loss]\n"
        f"axes: [{FITS}, {{path: profile.sources, values: [[0], [0, -1]]}}]\n"
    )
    result = run("sweep", tmp_path / "s.yaml", "--dry-run")
    assert result.exit_code == 0
    assert "s: 2 points, 2 trainings" in result.stdout
    assert "warning: point 0 would fail: The last layer must have sources" in result.stderr


def test_the_noise_of_a_sweep_is_not_measured(refused, tmp_path):
    (tmp_path / "sweep.yaml").write_text("")
    assert "--noise is for a run" in refused("report TMP --noise")


def test_a_place_that_cannot_take_the_result_is_named_before_any_sample_is_drawn(
    plain, tmp_path, monkeypatch
):
    copy = shutil.copytree(plain, tmp_path / "copy")
    (copy / "evaluation.json").mkdir()
    monkeypatch.setattr("neurosim.runs.evaluate", None)
    assert "evaluation.json must be a file, but is a folder" in one_line(run("evaluate", copy))


def test_a_damaged_metrics_table_is_named(plain, tmp_path):
    copy = shutil.copytree(plain, tmp_path / "copy")
    (copy / "metrics.csv").write_text("update,flow_loss\n1,2,3\n")
    assert "metrics.csv must be a table of numbers, but is not" in one_line(run("report", copy))
