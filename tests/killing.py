"""A process that dies at a chosen step, played in this one."""

import os
from contextlib import contextmanager, suppress

import pytest

_STEPS = ("mkdir", "rename", "replace", "rmdir", "unlink")


class Killed(BaseException):
    """Nothing that the process does after it changes any folder."""


@contextmanager
def killed_at(step):
    """Let the change of a folder with this number, from 0, and all after it never happen.

    Yields a list that holds the step if the process died.
    """
    done, died = iter(range(10**9)), []

    def dying(change):
        def maybe(*args, **options):
            if next(done) >= step:
                died[:] = [step]
                raise Killed
            return change(*args, **options)

        return maybe

    with pytest.MonkeyPatch.context() as patch:
        for name in _STEPS:
            patch.setattr(os, name, dying(getattr(os, name)))
        with suppress(Killed):
            yield died
