"""What real images and a Gaussian have, beside the panels of a sweep's figures."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from neurosim.sweeps.floors import FRESH, REAL

__all__ = ["NO_FLOORS", "Floors", "draw_floors"]

# Figures of what stands beside chips, by its name.
Floors = Mapping[str, Mapping[str, float]]
NO_FLOORS: Floors = MappingProxyType({})
_GREY = "#5a5a5a"
_APART = 0.24  # of a panel's height, between the middles of two labels of three lines
_EDGE = 0.12  # half of such a label
_MOVED = 0.03  # from where a line leads to a label


def draw_floors(axes: Axes, floors: Floors, figure: str) -> None:
    """A line for each that lies within the panel; each is named with its value beside the panel.

    A line leads to a label that had to be moved, and an arrow says where one lies that the panel
    does not reach. Where it is known what as many fresh images would have, that of half of the real
    ones is left out.
    """
    low, high = sorted(axes.get_ylim())
    axes.set_ylim(low, high)
    found: list[tuple[float, float, str]] = []
    for name, figures in floors.items():
        value = figures.get(figure)
        if value is None or (name == REAL and figure in floors.get(FRESH, {})):
            continue
        text = f"{name.replace(' ', chr(10), 1)}\n{value:.3g}"
        if low < value < high:
            axes.axhline(value, color=_GREY, ls=":", lw=1.2, zorder=1.5)
            to_figure = axes.get_yaxis_transform()
            at = axes.transAxes.inverted().transform(to_figure.transform((0, value)))
            found.append((float(at[1]), value, text))
        else:
            below = value <= low
            found.append((_EDGE if below else 1 - _EDGE, value, f"{text} {'↓' if below else '↑'}"))
    places = _spread([y for y, *_ in sorted(found)])
    moved = {
        text: (own, y)
        for y, (own, value, text) in zip(places, sorted(found), strict=True)
        if low < value < high and abs(y - own) > _MOVED
    }
    x = 1.05 if moved else 1.01
    for own, y in moved.values():
        leader = Line2D([1.0, 1.04], [own, y], lw=0.8, color=_GREY, clip_on=False)
        leader.set_transform(axes.transAxes)
        axes.add_artist(leader)
    for y, (*_, text) in zip(places, sorted(found), strict=True):
        axes.text(x, y, text, va="center", fontsize=8, transform=axes.transAxes, color=_GREY)


def _spread(places: list[float]) -> list[float]:
    """Ascending places, moved up and then down until labels there are apart and in the panel."""
    for k in range(len(places)):
        places[k] = max(places[k], places[k - 1] + _APART if k else _EDGE)
    over = max(0.0, places[-1] - (1 - _EDGE)) if places else 0.0
    for k in range(len(places) - 1, -1, -1):
        top = places[k + 1] - _APART if k + 1 < len(places) else places[k] - over
        places[k] = min(places[k], top)
    return places
