"""A fault that somebody could make, as a change of one place of the package."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """One wrong place.

    Parameters
    ----------
    what : str
        What is wrong then.
    file : str
        Of the package.
    find, put : str
        The right text, and the wrong one in its place.
    caught_by : str
        Of the tests.
    """

    what: str
    file: str
    find: str
    put: str
    caught_by: str

    def planted(self, text: str) -> str:
        """The file's text with the fault in it.

        Raises
        ------
        ValueError
            The right text does not stand there exactly once.
        """
        if text.count(self.find) != 1:
            raise ValueError(
                f"{self.file} must have {self.find!r} exactly once, but has it "
                f"{text.count(self.find)} times; plant {self.what!r} where that stands now."
            )
        return text.replace(self.find, self.put)
