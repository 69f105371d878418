"""Nearest neighbours among listings, exact, or by lists where they are very many."""

from mmquality.index.joining import nearest_of_all
from mmquality.index.lists import Vectors
from mmquality.index.neighbours import NeighbourIndex, distance_of, unit

__all__ = ["NeighbourIndex", "Vectors", "distance_of", "nearest_of_all", "unit"]
