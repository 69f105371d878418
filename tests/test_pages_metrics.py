"""Figures for Prometheus: what they are read from, what is counted, and where they are to be had."""

from __future__ import annotations

import re
import socket
import urllib.request
from pathlib import Path

import pytest
from dashboard import button, opened, store_of
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.registry import REGISTRY
from workspaces import Fixture

from mmquality.errors import NotAllowedError
from mmquality.pages import frame, metrics, operators
from mmquality.pages.access import Visitor
from mmquality.records import Reason, Role, Verdict


def figures() -> dict[str, float]:
    """What a scrape of the workspace's state says, by name (and label)."""
    registry = CollectorRegistry()
    registry.register(metrics.State())
    lines = generate_latest(registry).decode().splitlines()
    return {name: float(value) for name, value in (line.split() for line in lines if line[0] != "#")}


def counted(name: str, **labels: str) -> float:
    """How often something happened in this process."""
    return REGISTRY.get_sample_value(name, labels) or 0.0


def test_the_state_is_that_of_the_workspace_at_every_scrape(fresh: Fixture) -> None:
    first = figures()
    with store_of(fresh) as store:
        waiting = int((store.version_scores("v1")["score"] >= 0.5).sum())
        worst = store.version_scores("v1")["listing_id"].iloc[0]
        assert first["mmquality_up"] == 1 and first["mmquality_listings"] == 60
        assert (first["mmquality_queue_listings"], first["mmquality_model_version"]) == (waiting, 1)
        created = store.versions()[0].created_at.timestamp()
        assert first["mmquality_last_retrain_timestamp_seconds"] == created
        store.add_label(worst, Verdict.MISMATCH, Reason.OTHER, "", "ana")
    then = figures()
    assert then["mmquality_queue_listings"] == waiting - 1
    assert then['mmquality_labelled_listings{verdict="mismatch"}'] == 1


def test_a_workspace_that_cannot_be_read_is_down(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MMQ_WORKSPACE", str(tmp_path / "none"))
    assert figures() == {"mmquality_up": 0}


def test_pages_verdicts_and_refusals_are_counted(fresh: Fixture) -> None:
    runs = counted("mmquality_page_seconds_count", page="Listing")
    verdicts = counted("mmquality_verdict_seconds_count")
    refused = counted("mmquality_errors_total", kind="refused")
    button(opened("listing", id="L002"), "Match").click().run()
    assert counted("mmquality_page_seconds_count", page="Listing") == runs + 2
    assert counted("mmquality_verdict_seconds_count") == verdicts + 1
    with pytest.raises(NotAllowedError):
        Visitor("vera", Role.VIEWER).must_be(Role.ANALYST, "Labelling")
    assert counted("mmquality_errors_total", kind="refused") == refused + 1


def test_a_fault_of_ours_is_counted_and_says_where_it_is() -> None:
    before = counted("mmquality_errors_total", kind="unexpected")
    try:
        raise KeyError("nothing")
    except KeyError as error:
        operators.unexpected(error)
        assert re.search(r"test_pages_metrics\.py:\d+$", operators._place_of(error))
    assert counted("mmquality_errors_total", kind="unexpected") == before + 1


def test_no_label_grows_with_people_or_catalogues(shown: Fixture) -> None:
    titles = set(re.findall(r'title="([^"]+)"', Path(frame.__file__).read_text()))
    opened("overview")
    registry = CollectorRegistry()
    registry.register(metrics.State())
    for family in (*REGISTRY.collect(), *registry.collect()):
        for sample in family.samples if family.name.startswith("mmquality") else ():
            bounded = {"page": titles, "verdict": set(Verdict), "kind": {"refused", "told", "unexpected"}}
            assert all(name == "le" or value in bounded[name] for name, value in sample.labels.items())


def test_prometheus_gets_them_on_a_port_of_their_own(shown: Fixture) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server, thread = metrics.serve("127.0.0.1", port, CollectorRegistry())
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            assert "mmquality_listings 60.0" in answer.read().decode()
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
