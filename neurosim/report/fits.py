"""The report of a device fit: a profile's blocks as text, and a picture of data and fit."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from neurosim.blocks.document import written
from neurosim.blocks.origins import assumed, is_assumed, is_measured
from neurosim.blocks.splice import spliced
from neurosim.blocks.trees import plain
from neurosim.blocks.words import as_written
from neurosim.devices.fit import DeviceFit, Part
from neurosim.profile import Profile
from neurosim.safe_text import counted

__all__ = ["fit_blocks", "fit_figure", "fit_into", "kept_of"]

# Blocks whose numbers are those of a device.
_OF_DEVICES = ("write", "faults", "pulse", "drift", "device_noise")
_COLOURS = ("#0072b2", "#d55e00")
_WIDTH = 100


def _rounded(value: Any, error: Any) -> Any:
    """Numbers to two digits more than their standard errors can tell."""
    if isinstance(value, dict):
        return {k: _rounded(v, (error or {}).get(k)) for k, v in value.items()}
    if isinstance(value, list):
        return [_rounded(v, e) for v, e in zip(value, error or value, strict=True)]
    if isinstance(value, float):
        digits = 6
        if isinstance(error, float) and error > 0 and value:
            digits = int(np.clip(np.floor(np.log10(abs(value) / error)) + 3, 2, 8))
        return float(f"{value:.{digits}g}")
    return value


def _flat(errors: dict[str, Any]) -> str:
    def text(value: Any) -> str:
        if isinstance(value, dict):
            return text(next(iter(value.values())))
        if isinstance(value, list):
            return "[" + ", ".join(f"{v:.2g}" for v in value) + "]"
        return f"{value:.2g}"

    return ", ".join(f"{name} +- {text(value)}" for name, value in errors.items())


def _sources(part: Part, source: str) -> dict[str, str]:
    """Where each field comes from that is not a word: measured, or assumed."""
    words = {"law", "pair"} - set(part.assumed)
    return {
        name: f"assumed: {part.assumed[name]}" if name in part.assumed else source
        for name in part.block
        if name not in words
    }


def _own(part: Part, profile: Profile) -> tuple[dict[str, Any], dict[str, str]]:
    """What a profile keeps of its own block, with the sources."""
    block = getattr(profile, part.name)
    if block is None:
        return {}, {}
    said = as_written(block)
    sources = said["source"]
    if isinstance(sources, str):
        sources = dict.fromkeys(part.of_profile, sources)
    kept = {name: said[name] for name in part.of_profile if name in sources}
    return kept, {name: sources[name] for name in kept}


def _part_text(part: Part, source: str, profile: Profile | None = None) -> str:
    """A block with what is to be known of it in comments below its name."""
    kept, sources = ({}, {}) if profile is None else _own(part, profile)
    block = _rounded(part.block, part.errors) | kept
    block["source"] = _sources(part, source) | sources
    name, _, body = written({part.name: block}).partition("\n")
    said = [f"{counted(part.n, 'reading')}; standard errors: {_flat(part.errors)}", *part.notes]
    said += [f"WARNING: {warning}" for warning in part.warnings]
    comments = [
        line
        for text in said
        for line in textwrap.wrap(
            text, _WIDTH, initial_indent="  # ", subsequent_indent="  #   ", break_on_hyphens=False
        )
    ]
    return "\n".join([name, *comments, body])


def fit_blocks(fit: DeviceFit, source: str) -> str:
    """Blocks of a profile as YAML, their standard errors and warnings in comments."""
    lines = [f"# conductances seen: {fit.low_S:.6g} to {fit.high_S:.6g} S"]
    lines += [f"# {remark}" for remark in fit.remarks]
    return "\n".join([*lines, "", *(_part_text(part, source) for part in fit.parts)])


def fit_into(fit: DeviceFit, source: str, profile: Profile, text: str, where: str) -> str:
    """Text of the file of `profile` with the blocks that were fitted in place of its own.

    Where pulses were fitted, the range of its couplings is that of the devices. What the profile
    keeps of other devices is said to be assumed.

    Raises
    ------
    ProfileError
        The text cannot be changed block by block.
    """
    blocks = {part.name: _part_text(part, source, profile) for part in fit.parts}
    for part in fit.parts:
        if "low_S" in part.facts:
            blocks["coupling"] = _coupling_text(part, source, profile)
    blocks |= {name: _kept_text(name, profile) for name in kept_of(fit, profile)}
    return spliced(text, blocks, where)


def kept_of(fit: DeviceFit, profile: Profile) -> list[str]:
    """Blocks of devices that a profile keeps while others are put in, for these are measured."""
    fitted = {part.name for part in fit.parts}
    return [
        name
        for name in _OF_DEVICES
        if name not in fitted and getattr(getattr(profile, name), "source", None) is not None
        and not _is_of_lab(getattr(profile, name).source)
    ]  # fmt: skip


def _is_of_lab(source: Any) -> bool:
    said = list(source.values()) if isinstance(source, Mapping) else [source]
    return all(is_measured(one) or is_assumed(one) for one in said)


def _of_another(source: Any) -> Any:
    """A source that says that its number is none of those measured."""
    if isinstance(source, Mapping):
        return {name: _of_another(one) for name, one in source.items()}
    if is_measured(source) or is_assumed(source):
        return source if isinstance(source, str) else plain(source.model_dump())
    return assumed(source, "not among what was measured")


def _kept_text(name: str, profile: Profile) -> str:
    """A block as it is, with its sources marked."""
    block = getattr(profile, name)
    said = as_written(block) | {"source": _of_another(block.source)}
    return written({name: plain(said)})


def _coupling_text(part: Part, source: str, profile: Profile) -> str:
    """The couplings of a profile with the bounds of the devices measured."""
    (low, low_error), (high, high_error) = part.facts["low_S"], part.facts["high_S"]
    low, leak_S = max(low, 0.0), profile.node.leak_S
    values = {
        "idle_S": _rounded(low, low_error) or "ideal",
        "full_scale": _rounded((high - low) / leak_S, (low_error + high_error) / leak_S),
    }
    block = as_written(profile.coupling.with_values(values))
    bounds = f"{source}; lower and upper bound of the devices"
    kept = profile.coupling.source
    if isinstance(kept, Mapping):
        block["source"] |= {name: _of_another(said) for name, said in kept.items()}
    block["source"] |= {"idle_S": bounds, "full_scale": f"{bounds}, over node.leak_S"}
    return written({"coupling": plain(block)})


def _panel(ax: Any, part: Part) -> None:
    for (x, measured, fitted, label), colour in zip(part.curves, _COLOURS, strict=False):
        ax.plot(x, measured, "o", color=colour, markersize=4, label=f"{label}, measured")
        ax.plot(x, fitted, "-", color=colour, label=f"{label}, fit")
    if part.name == "drift":
        ax.set_xscale("log")
    ax.set_title(part.name)
    ax.set_xlabel(part.x_label)
    ax.set_ylabel(part.y_label)
    ax.grid(alpha=0.3)
    ax.legend(frameon=False, fontsize=8)


def fit_figure(fit: DeviceFit) -> Figure:
    """Data and fit of every kind, a panel each."""
    fig = Figure(figsize=(4.2 * len(fit.parts), 3.6), layout="constrained")
    FigureCanvasAgg(fig)
    axes = np.atleast_1d(fig.subplots(1, len(fit.parts)))
    for ax, part in zip(axes, fit.parts, strict=True):
        _panel(ax, part)
    return fig
