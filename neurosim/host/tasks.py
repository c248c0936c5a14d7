r"""Tasks that ship: a flow of images, classes, answers.

========== ============================= =========================== ===========================
task       held                          springs stand at            velocity wanted
========== ============================= =========================== ===========================
`Flow`     labels, if there are any      x_t on a path from noise    u_t, along the path
`Classify` the inputs                    0, at each class's node     1 of its class, -1 of others
`Regress`  the inputs                    0, at each answer's node    the answer
========== ============================= =========================== ===========================

`Flow` is in `neurosim.host.flow`, the last two are in `neurosim.host.answers`.
"""

from __future__ import annotations

from typing import Annotated

from neurosim.blocks.choice import one_of
from neurosim.host.answers import Classify, Regress
from neurosim.host.flow import Flow
from neurosim.host.lessons import Labels, TaskLaw
from neurosim.host.supervised import Supervised

__all__ = ["Classify", "Flow", "Labels", "Regress", "Supervised", "Task"]

# Of an experiment: a word alone, where the task has nothing else to say.
Task = Annotated[TaskLaw, one_of(Flow, Classify, Regress, key="task", of=TaskLaw, short=True)]
