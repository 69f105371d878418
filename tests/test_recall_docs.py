"""What docs/recall.md shows runs: its Python as it stands, its addresses against the service."""

from __future__ import annotations

import functools
import re
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from marketplace import Marketplace, copy_of
from workspaces import small_workspace

from mmquality.config import RecallConfig
from mmquality.data.sample.marketplace import plan_marketplace
from mmquality.recall import Recall
from mmquality.recall.service.app import create_app
from mmquality.recall.weights import Weight, keep_weight

WRITTEN = (Path(__file__).parents[1] / "docs" / "recall.md").read_text(encoding="utf-8")
SMALL = {  # what a small workspace has instead of the demo's
    "sample-00351": "L014", "sample-00230": "L052", '"workspace"': '"shop"',
    '"product_type": "lamp"': '"category": "Lamps"', "product_type=lamp": "category=Lamps",
}  # fmt: skip
TEXT = functools.reduce(lambda text, pair: text.replace(*pair), SMALL.items(), WRITTEN)
PYTHON = re.findall(r"^```python\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)


def test_the_demo_has_what_is_asked_for() -> None:
    offers = {offer.listing_id: offer for offer in plan_marketplace(3000, 7)}
    named = set(re.findall(r"sample-\d+", WRITTEN))
    assert len(named) == 3
    assert {offers[name].item.product_type for name in named} == {"lamp"}
    assert {"red", "teal"} <= {x.item.colour for x in offers.values() if x.item.product_type == "lamp"}


def test_the_catalogues_listings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small_workspace(tmp_path / "shop")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    exec(PYTHON[0], names)
    assert len(names["found"].listings) == 20  # type: ignore[attr-defined]


def test_a_new_listing(marketplace: Marketplace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy_of(marketplace, tmp_path / "shop")
    (tmp_path / "lamp.jpg").write_bytes(next(marketplace.files.images.rglob("*.jpg")).read_bytes())
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    exec(PYTHON[0].splitlines()[0] + "\n" + PYTHON[1], names)
    assert len(names["found"].listings) == 20  # type: ignore[attr-defined]


def test_addresses(tmp_path: Path) -> None:
    workspace = small_workspace(tmp_path / "shop").workspace
    keep_weight(workspace, Weight(0.2, 2.0))
    queries = re.findall(r"`(\?[^`]+)`", TEXT) + re.findall(r"similar/L014(\?[^']+)'", TEXT)
    assert len(queries) == 2
    with Recall.open(workspace) as recall, TestClient(create_app(recall, RecallConfig())) as client:
        for query in queries:
            answer = client.get(f"/similar/L014{query}")
            assert answer.status_code == 200, answer.text
            assert re.findall(r'"(\w+)":', answer.text)[:7] == re.findall(r'"(\w+)":', _shown())[:7]
        routes = re.findall(r"^\| `(?:GET|POST) (/[^`]*)`", TEXT, re.MULTILINE)
        assert set(routes) == {*client.get("/openapi.json").json()["paths"], "/openapi.json"}


def _shown() -> str:
    return re.findall(r"^```json\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)[0]
