"""The command line. Exit status: 0 done, 1 it failed and says why, 2 the call is wrong."""

from mmquality.cli.root import main

__all__ = ["main"]
