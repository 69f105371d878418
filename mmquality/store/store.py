"""The store: one object for everything that a workspace's database answers."""

from __future__ import annotations

from mmquality.store.arrivals import ArrivalStore
from mmquality.store.audit import AuditStore
from mmquality.store.bulk import BulkStore
from mmquality.store.explanations import ExplanationStore
from mmquality.store.facets import FacetStore
from mmquality.store.kept_selections import KeptSelectionStore
from mmquality.store.label_imports import LabelImportStore
from mmquality.store.labels import LabelStore
from mmquality.store.listings import ListingStore
from mmquality.store.owner import OwnerStore
from mmquality.store.queue import QueueStore
from mmquality.store.ranking import RankingStore
from mmquality.store.recalled import RecallStore
from mmquality.store.removals import RemovalStore
from mmquality.store.reports import ReportStore
from mmquality.store.roles import RoleStore
from mmquality.store.scores import ScoreStore
from mmquality.store.second_reviews import SecondReviewStore
from mmquality.store.summary import SummaryStore
from mmquality.store.times import TimeStore
from mmquality.store.upkeep import UpkeepStore
from mmquality.store.views import ViewStore
from mmquality.store.watched import WatchStore


class Store(
    ListingStore,
    RemovalStore,
    FacetStore,
    ScoreStore,
    ArrivalStore,
    TimeStore,
    WatchStore,
    RankingStore,
    RecallStore,
    ViewStore,
    KeptSelectionStore,
    QueueStore,
    LabelStore,
    SecondReviewStore,
    ExplanationStore,
    LabelImportStore,
    BulkStore,
    ReportStore,
    AuditStore,
    SummaryStore,
    RoleStore,
    UpkeepStore,
    OwnerStore,
):
    """Listings, model versions and scores, ranking, queue, labels and import reports of one workspace.

    `Store.open(url)` gives one; it may be shared by threads, and any number of processes may open the same
    database. Every method is one transaction: it reads one state, and it writes all or nothing.
    """
