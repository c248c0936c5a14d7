"""The command `neurosim`, and `python -m neurosim`."""

from neurosim.signals import leave, on_signals

__all__ = ["run"]


def run() -> None:
    """Run the command line; whatever ends it before it has begun ends it by one line."""
    with on_signals(leave):
        from neurosim.cli import main

        main()


if __name__ == "__main__":
    run()
