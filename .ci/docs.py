"""Build the API pages: `python .ci/docs.py FOLDER`. Any warning is an error."""

from __future__ import annotations

import os
import sys
import warnings
from contextlib import suppress
from dataclasses import is_dataclass
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from types import SimpleNamespace
from typing import Any, get_type_hints

import pdoc
import pdoc.extract

import neurosim
from neurosim import torch_arrays

FILES = [module.name for module in walk_packages(neurosim.__path__, "neurosim.")]


def modules() -> list[str]:
    """Every module; a face with `__all__` names no files, so that each is named here."""
    found: list[str] = []
    named: set[str] = set()
    for name in ("neurosim", *FILES):
        if name not in named:
            found.append(name)
            named.update(pdoc.extract.walk_specs([name]))
    return found


def resolve() -> None:
    """Set what pdoc cannot find by itself."""
    # The face loads its names at first use, and pdoc looks only at those that are there.
    vars(neurosim).update({name: getattr(neurosim, name) for name in neurosim.__all__})
    # Annotations name PyTorch, which need not be here.
    if torch_arrays.torch is None:
        torch_arrays.torch = SimpleNamespace(Tensor=Any, device=Any)
    # What makes a named tuple or a data class does not know the modules in which the annotations
    # of its fields, some of them inherited, have a meaning.
    for name in FILES:
        for value in list(vars(import_module(name)).values()):
            if isinstance(value, type) and issubclass(value, tuple) and hasattr(value, "_fields"):
                value.__new__.__annotations__ = get_type_hints(value)
            elif isinstance(value, type) and is_dataclass(value) and "__init__" in vars(value):
                # A name imported for the type checker alone is found by pdoc, where it is written.
                with suppress(NameError):
                    hints = get_type_hints(value)
                    annotations = value.__init__.__annotations__
                    annotations.update({key: hints[key] for key in annotations if key in hints})


def build(folder: Path) -> list[str]:
    """Write a page for each module of the package; return what pdoc warns of."""
    resolve()
    pdoc.render.configure(docformat="numpy", math=True, show_source=False)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        pdoc.pdoc(*modules(), output_directory=folder)
    return sorted({str(warning.message) for warning in caught})


if __name__ == "__main__":
    pages = Path(sys.argv[1]).resolve()
    pages.mkdir(parents=True, exist_ok=True)
    # Beside a checkout pdoc asks whether the folder or the installed package is meant.
    os.chdir(pages)
    sys.exit("\n".join(build(pages)) or None)
