"""Similar listings, for a listing of the catalogue or for a title and a photo that are not in it."""

from mmquality.recall.asked import Asked, Mismatch, Treatment
from mmquality.recall.newcomer import NewListing
from mmquality.recall.recall import Found, Recall, Similar
from mmquality.recall.users import mixed, user_vector

__all__ = [
    "Asked", "Found", "Mismatch", "NewListing", "Recall", "Similar", "Treatment", "mixed", "user_vector",
]  # fmt: skip
