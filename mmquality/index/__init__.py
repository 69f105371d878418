"""Nearest neighbours among listings, exact, or by lists where they are very many; here or in a database."""

from mmquality.index.grown import GrownIndex
from mmquality.index.joining import nearest_of_all
from mmquality.index.lists import Vectors
from mmquality.index.neighbours import NeighbourIndex, nearest_rows
from mmquality.index.seam import VectorIndex, distance_of, unit

__all__ = [
    "GrownIndex", "NeighbourIndex", "VectorIndex", "Vectors", "distance_of", "nearest_of_all",
    "nearest_rows", "unit",
]  # fmt: skip
