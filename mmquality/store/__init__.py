"""The workspace's database: listings, scores by model version, labels, import reports."""

from mmquality.store.export import export_labels
from mmquality.store.label_pages import LabelledListing, LabelQuery, LabelsPage
from mmquality.store.listings import UpsertCounts
from mmquality.store.queue import LEASE, Case
from mmquality.store.ranking import RankingPage
from mmquality.store.reports import ImportReport, ProblemsPage
from mmquality.store.selection import RANKING_SORTS, LabelFilter, RankingQuery
from mmquality.store.store import Store

__all__ = [
    "LEASE",
    "RANKING_SORTS",
    "Case",
    "ImportReport",
    "LabelFilter",
    "LabelQuery",
    "LabelledListing",
    "LabelsPage",
    "ProblemsPage",
    "RankingPage",
    "RankingQuery",
    "Store",
    "UpsertCounts",
    "export_labels",
]
