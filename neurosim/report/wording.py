"""Names of figures and of settings as pictures and tables write them."""

from __future__ import annotations

from neurosim.sweeps.axes import DOTTED

__all__ = ["headed", "named", "unit_of", "worded"]

_WORDS = {
    "frechet_feature": "feature Frechet distance",
    "frechet_pixel": "pixel Frechet distance",
    "nn_two_sample": "1-NN two-sample accuracy",
    "w2": "Wasserstein distance",
    "class_entropy": "entropy of classes",
    "smallest_class": "share of the smallest class",
    "nearest_distance": "distance to the nearest",
    "explained": "explained variance",
    "test_explained": "test explained variance",
    "energy_per_decision_J": "energy of a decision [J]",
    "time_per_decision_s": "time of a decision [s]",
}
_HEADS = {
    "frechet_feature": "feature Frechet",
    "frechet_pixel": "pixel Frechet",
    "nn_two_sample": "1-NN",
    "w2": "W2",
    "explained": "explained",
    "test_explained": "test explained",
}
# Of settings: what the last part of a path is, where it does not say so itself.
_SETTINGS = {
    "age_s": "age of the weights",
    "batch": "rows of a batch",
    "beta": "strength of the nudge",
    "die": "seed of the die",
    "dt": "step of the sampler",
    "hidden_start": "where hidden nodes begin",
    "mismatch_scale": "factor on every mismatch",
    "mode": "way of drawing",
    "n": "number of samples",
    "noise_scale": "factor on every noise",
    "release_ratio": "C_x / C_h of a released chip",
    "settle_tau": "settling time",
    "t_end": "generation time",
    "weight_bits": "bits of a weight",
}
_BLOCKS = {"adc": "ADC", "dac": "DAC"}
# Blocks that a field's name needs no word of.
_SILENT = {"flow", "host", "node", "sampling", "thermal"}
_UNITS = {"V", "S", "F", "A", "s", "K", "J", "W", "Hz", "Ohm", "rad", "tau"}


def worded(figure: str) -> str:
    """A figure of an evaluation in words.

    Examples
    --------
    >>> worded("frechet_feature"), worded("flow_loss")
    ('feature Frechet distance', 'flow loss')
    """
    return _WORDS.get(figure, figure.replace("_", " "))


def headed(figure: str) -> str:
    """A figure of samples as the head of a column.

    Examples
    --------
    >>> headed("nn_two_sample"), headed("coverage")
    ('1-NN', 'coverage')
    """
    return _HEADS.get(figure, worded(figure))


def named(column: str) -> str:
    """A setting of a sweep in words, without its unit; what is no path is named as it is.

    Examples
    --------
    >>> named("experiment.flow.beta"), named("profile.adc.bits"), named("chip")
    ('strength of the nudge', 'ADC bits', 'chip')
    >>> named("deploy.coupling.idle_S"), named("profile.thermal.temperature_K")
    ('coupling idle', 'temperature')
    """
    if not _is_path(column):
        return column
    _, *blocks, field = column.split(".")
    if field in _SETTINGS:
        return _SETTINGS[field]
    words = [_BLOCKS.get(block, block) for block in blocks[-1:] if block not in _SILENT]
    return " ".join([*words, field.removesuffix(f"_{unit_of(column)}")]).replace("_", " ")


def unit_of(column: str) -> str:
    """Unit of a setting, by the end of its name; empty where it has none.

    Examples
    --------
    >>> unit_of("profile.node.leak_S"), unit_of("experiment.flow.settle_tau"), unit_of("my_S")
    ('S', 'tau', '')
    """
    end = column.rpartition("_")[2]
    return end if _is_path(column) and end in _UNITS else ""


def _is_path(column: str) -> bool:
    return column.partition(".")[0] in DOTTED and "." in column
