"""The workspace's database: listings, scores by model version, labels, import reports."""

from mmquality.store.arrivals import Arrival, Moved
from mmquality.store.audit import AUDIT_COLUMNS, MOST_DEEDS, AuditPage, AuditQuery
from mmquality.store.bulk import MOST_AT_ONCE, Batch
from mmquality.store.conditions import LabelFilter, RankingQuery
from mmquality.store.draw import LEASE, Case, Order
from mmquality.store.events import Deed
from mmquality.store.explanations import Explanation, ExplanationUse
from mmquality.store.export import EXPORT_ENDINGS, export_audit, export_labels, export_problems
from mmquality.store.facets import Facet
from mmquality.store.label_imports import Fate, Taken
from mmquality.store.label_pages import LabelledListing, LabelQuery, LabelsPage, PastLabel
from mmquality.store.owner import Owner
from mmquality.store.ranking import RankingPage
from mmquality.store.reports import ImportReport, ProblemsPage
from mmquality.store.selection import MOST_COUNTED
from mmquality.store.sorting import RANKING_SORTS
from mmquality.store.standing import second_draw
from mmquality.store.store import Store
from mmquality.store.summary import Flagged, GroupRate, Groups
from mmquality.store.upserting import UpsertCounts
from mmquality.store.views import SavedView
from mmquality.store.watched import DeadLetter, Intake, LettersPage, LetterState

__all__ = [
    "AUDIT_COLUMNS",
    "Arrival",
    "AuditPage",
    "Moved",
    "AuditQuery",
    "DeadLetter",
    "Deed",
    "EXPORT_ENDINGS",
    "Explanation",
    "ExplanationUse",
    "MOST_AT_ONCE",
    "MOST_DEEDS",
    "MOST_COUNTED",
    "Batch",
    "Facet",
    "Fate",
    "SavedView",
    "Taken",
    "LEASE",
    "Order",
    "Owner",
    "RANKING_SORTS",
    "Case",
    "Flagged",
    "GroupRate",
    "Groups",
    "ImportReport",
    "Intake",
    "LabelFilter",
    "LetterState",
    "LettersPage",
    "LabelQuery",
    "LabelledListing",
    "LabelsPage",
    "PastLabel",
    "ProblemsPage",
    "RankingPage",
    "RankingQuery",
    "Store",
    "UpsertCounts",
    "export_audit",
    "export_labels",
    "export_problems",
    "second_draw",
]
