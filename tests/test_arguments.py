"""Arguments of the wrong type are refused; types written as aliases are their values."""

from typing import TypeVar

import numpy as np
import pytest
from typing_extensions import TypeAliasType

from neurosim.arguments import must_be
from neurosim.errors import DataError

T = TypeVar("T")
ARRAY = TypeAliasType("ARRAY", np.ndarray)
ARRAY_OF = TypeAliasType("ARRAY_OF", np.ndarray | None, type_params=(T,))


@pytest.mark.parametrize("kind", [ARRAY, ARRAY_OF[np.float64], ARRAY | str])
def test_an_alias_stands_for_its_value(kind):
    must_be(np.zeros(2), kind, "x", "give an array")
    with pytest.raises(DataError, match=r"x must be an array.*but is 3; give an array"):
        must_be(3, kind, "x", "give an array")
