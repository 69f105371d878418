"""Nearest neighbours among listings, exact, or by lists where they are very many."""

from mmquality.index.grown import GrownIndex
from mmquality.index.lists import Vectors
from mmquality.index.neighbours import NeighbourIndex, distance_of, unit

__all__ = ["GrownIndex", "NeighbourIndex", "Vectors", "distance_of", "unit"]
