"""Figures for Prometheus, on a port of their own: what stands in the workspace is read when they are asked
for, what happens in this process is counted as it happens.

No label takes values that people or catalogues can add to.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from wsgiref.simple_server import WSGIServer

from prometheus_client import Counter, Histogram, start_http_server
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import REGISTRY, Collector, CollectorRegistry

from mmquality.errors import MMQualityError
from mmquality.logs import event
from mmquality.pages.place import workspace
from mmquality.pipeline.monitoring import Figures, figures
from mmquality.pipeline.places import open_store
from mmquality.records import FLAGGED
from mmquality.store import Store

_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)
PAGE_SECONDS = Histogram(
    "mmquality_page_seconds", "A run of a page, on the server.", ["page"], buckets=_SECONDS
)
VERDICT_SECONDS = Histogram(
    "mmquality_verdict_seconds", "A verdict, until it is in the database.", buckets=_SECONDS
)
ERRORS = Counter(
    "mmquality_errors",
    "What went wrong on pages: refused (not allowed), told (with what to do), unexpected (a fault of ours).",
    ["kind"],
)
for _kind in ("refused", "told", "unexpected"):
    ERRORS.labels(_kind)  # a counter that is there from the start can be compared with later


class State(Collector):
    """The workspace's figures, read anew at every scrape; `mmquality_up` is 0 where they cannot be."""

    def __init__(self) -> None:
        self._store: Store | None = None

    def describe(self) -> Iterable[Metric]:
        """Nothing: registering is not to open a database."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """One family for each figure."""
        try:
            self._store = self._store or open_store(workspace())
            found = figures(self._store)
        except MMQualityError as error:
            event("failure", where="metrics", sentence=str(error))
            return [_gauge("up", "Whether the workspace's database can be read.", 0)]
        return [_gauge("up", "Whether the workspace's database can be read.", 1), *_families(found)]


def serve(
    address: str, port: int, registry: CollectorRegistry = REGISTRY
) -> tuple[WSGIServer, threading.Thread]:
    """Answer on this port as long as the process lives. Raises `OSError` where it is taken."""
    registry.register(State())
    return start_http_server(port, addr=address, registry=registry)


def _families(found: Figures) -> Iterable[Metric]:
    waiting = f"Listings with a score of {FLAGGED} or more that have no label."
    yield _gauge("listings", "Listings in the catalogue.", found.listings)
    yield _gauge("unscored_listings", "Listings that the model in force does not rank.", found.unscored)
    yield _gauge("queue_listings", waiting, found.waiting)
    yield _gauge("disputed_listings", "Listings that analysts disagree on.", found.disputed)
    verdicts = GaugeMetricFamily(
        "mmquality_labelled_listings", "Listings by the verdict that counts.", labels=["verdict"]
    )
    for verdict, number in found.verdicts.items():
        verdicts.add_metric([verdict.value], number)
    yield verdicts
    yield _gauge("model_version", "The number of the model in force, 0 before the first.", found.version)
    yield _gauge("model_published_timestamp_seconds", "When the model in force was made.", found.published)
    yield _gauge("last_retrain_timestamp_seconds", "When the last model was made.", found.trained)


def _gauge(name: str, what: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"mmquality_{name}", what, value=value)
