"""Encoders: titles and photos in, vectors out; no listing, database or trained model is known here."""

from collections.abc import Callable

Progress = Callable[[int, int], None]  # (done, total); total is 0 where it is not known
