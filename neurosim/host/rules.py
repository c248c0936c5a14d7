"""Learning rules that ship, each by its word.

===================== ========================= ================================================
rule                  nudge                     gradient of
===================== ========================= ================================================
`GradEP`              springs of the answers    squared error
`Coupled`             answers are clamped       squared error, weighted by how stiff answers are
`ContrastiveHebbian`  the same, all the way     none
`CrossEntropy`        currents into answers     cross-entropy
`AsymmetricEP`        as `GradEP`, and currents squared error, where nodes act differently both ways
`ContinualEP`         as `GradEP`, but one phase  squared error, while weights hardly move
===================== ========================= ================================================

All but the third and the last are centred or one-sided, as `flow.phases` says. The last changes
weights while its nudged phase goes on.
"""

from __future__ import annotations

from typing import Annotated, Any

from neurosim.blocks.choice import one_of
from neurosim.blocks.classes import word_of_class
from neurosim.host.asymmetric import AsymmetricEP
from neurosim.host.continual import ContinualEP
from neurosim.host.coupled import ContrastiveHebbian, Coupled
from neurosim.host.gradep import GradEP, RuleLaw
from neurosim.host.injected import CrossEntropy

__all__ = [
    "AsymmetricEP",
    "ContinualEP",
    "ContrastiveHebbian",
    "Coupled",
    "CrossEntropy",
    "GradEP",
    "Rule",
    "suited_to",
]

_RULES = (GradEP, Coupled, ContrastiveHebbian, CrossEntropy, AsymmetricEP, ContinualEP)
# Of an experiment: a word alone, where the rule has nothing else to say.
Rule = Annotated[RuleLaw, one_of(*_RULES, key="rule", of=RuleLaw, short=True)]


def suited_to(word: str) -> dict[str, Any]:
    """Settings of an experiment that a shipped rule cannot do without, by path.

    Examples
    --------
    >>> suited_to("gradep"), suited_to("continual")["optimizer"]
    ({}, 'sgd')
    """
    rules = {word_of_class(rule, "rule"): rule for rule in _RULES}
    return dict(getattr(rules[word], "suits", {}))
