"""mmquality finds marketplace listings whose title and cover photo do not belong together."""

__version__ = "0.1.0"
