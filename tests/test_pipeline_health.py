"""Health of a live model: planted drift is named, none is not, the reference is kept with the model."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from marketplace import Marketplace, copy_of

from mmquality.cli import main
from mmquality.config import Workspace
from mmquality.encoders.cache import EmbeddingCache
from mmquality.errors import ModelFileError, WorkspaceError
from mmquality.pipeline import health
from mmquality.pipeline.health import HealthReport, look_at_health, read_report
from mmquality.pipeline.health_reference import REFERENCE, Reference, load_reference
from mmquality.pipeline.places import open_store
from mmquality.pipeline.settings import change_settings
from mmquality.records import ModelVersion
from mmquality.store import Store

TRAINED, NEW, DIM = 600, 150, 24
CATEGORIES = ("Lamps", "Mugs", "Chairs")
NewShop = Callable[..., Workspace]


def listings(
    rng: np.random.Generator, n: int, start: int, category: str = "", words: str = ""
) -> pd.DataFrame:
    """A catalogue's rows; `category` and `words` of their titles, where they are not the usual ones."""
    ids = [f"L{number:04d}" for number in range(start, start + n)]
    categories = [category or CATEGORIES[k] for k in rng.integers(0, 3, n)]
    titles = [f"{words or 'solid oak piece'} {c.lower()} {i}" for c, i in zip(categories, ids, strict=True)]
    return pd.DataFrame(
        {
            "listing_id": ids,
            "title": titles,
            "category": categories,
            "price": 1.0,
            "seller": ["grey" if start and k % 2 else f"seller {k % 5}" for k in range(n)],
            "attributes": [{} for _ in ids],
            "image": "x.jpg",
            "photo_path": "x.jpg",
            "title_hash": [hashlib.sha256(title.encode()).hexdigest() for title in titles],
            "photo_hash": [hashlib.sha256(i.encode()).hexdigest() for i in ids],
            "photo_size": 1,
            "photo_mtime_ns": 1,
        }
    )


def vectors(rng: np.random.Generator, n: int, moved: float = 0.0) -> np.ndarray:
    drawn = rng.normal(size=(n, DIM)) / np.sqrt(np.arange(1, DIM + 1))
    drawn[:, 1] += moved
    return drawn.astype(np.float32)


@pytest.fixture
def new_shop(tmp_path: Path) -> NewShop:
    """Makes a workspace with a model trained on some listings, and others that came since."""

    def make(
        seed: int = 0, titles: float = 0, photos: float = 0, scores: float = 0, kept: bool = True,
        new: int = NEW, category: str = "", words: str = "",
    ) -> Workspace:  # fmt: skip
        rng = np.random.default_rng(seed)
        workspace = Workspace.at(tmp_path / f"shop-{seed}")
        trained, later = listings(rng, TRAINED, 0), listings(rng, new, TRAINED, category, words)
        spaces = {}
        for encoder, column, moved in (("t", "title_hash", titles), ("p", "photo_hash", photos)):
            spaces[encoder] = np.concatenate([vectors(rng, TRAINED), vectors(rng, new, moved)])
            hashes = [*trained[column], *later[column]]
            EmbeddingCache(workspace.embeddings, encoder).put(hashes, spaces[encoder])
        with Store.open(workspace.database_url) as store:
            store.upsert_listings(pd.concat([trained, later], ignore_index=True))
            drawn = np.concatenate([rng.beta(1, 9, TRAINED), rng.beta(1 + scores, 9, new)])
            ranked = pd.DataFrame(
                {"listing_id": [*trained["listing_id"], *later["listing_id"]], "score": drawn}
            )
            version = ModelVersion("v1", datetime(2026, 3, 5, tzinfo=UTC), len(ranked))
            store.publish(version, ranked)
        folder = workspace.models / "v1"
        folder.mkdir(parents=True)
        (folder / "config.json").write_text(json.dumps({"text_encoder": "t", "photo_encoder": "p"}))
        (folder / "metrics.json").write_text("{}")
        known = trained[["listing_id", "title_hash", "photo_hash"]].assign(fold=0)
        known.to_parquet(folder / "trained_on.parquet")
        if kept:
            own = (spaces[encoder][:TRAINED] for encoder in ("t", "p"))
            Reference.of(*own, Counter(trained["category"])).save(folder)
        change_settings(workspace, text_encoder="t", photo_encoder="p")
        return workspace

    return make


def alerts(report: HealthReport) -> dict[str, str]:
    return {alert.part: f"{alert.what} {alert.remedy}" for alert in report.alerts}


def test_where_nothing_moved_there_is_no_alert(new_shop: NewShop) -> None:
    report = look_at_health(new_shop())
    assert not report.alerts and (report.trained, report.new) == (TRAINED, NEW)
    assert [look.part for look in report.looks] == ["categories", "titles", "photos", "scores"]
    assert read_report(new_shop(seed=1), "v1") is None


def test_a_report_is_kept_with_its_version(new_shop: NewShop) -> None:
    workspace = new_shop()
    assert read_report(workspace, "v1") is None
    assert look_at_health(workspace) == read_report(workspace, "v1")
    health.report_path(workspace, "v2").write_text("{}")
    with pytest.raises(WorkspaceError, match="mmquality health"):
        read_report(workspace, "v2")


def test_another_mix_of_categories_is_named(new_shop: NewShop) -> None:
    told = alerts(look_at_health(new_shop(category="Kites")))
    assert set(told) == {"categories"}
    assert "Kites is 100% of the new listings, 0% before" in told["categories"]
    assert "mmquality retrain" in told["categories"]


def test_another_language_is_named_by_its_words(new_shop: NewShop) -> None:
    told = alerts(look_at_health(new_shop(titles=2.0, words="Massivholz Stück")))
    assert set(told) == {"titles"} and "massivholz" in told["titles"] and "language" in told["titles"]


def test_other_photos_are_named_with_whose_they_are(new_shop: NewShop) -> None:
    workspace = new_shop()
    later = range(TRAINED + 1, TRAINED + NEW, 2)  # those of the seller "grey"
    hashes = [hashlib.sha256(f"L{n:04d}".encode()).hexdigest() for n in later]
    moved = vectors(np.random.default_rng(9), len(hashes), moved=3.0)
    other = EmbeddingCache(workspace.embeddings, "p2")
    old = EmbeddingCache(workspace.embeddings, "p")
    with Store.open(workspace.database_url) as store:
        every = [h for h in store.catalogue_frame(["photo_hash"])["photo_hash"] if h not in set(hashes)]
    other.put(every, old.get(every))
    other.put(hashes, moved)
    config = workspace.models / "v1" / "config.json"
    config.write_text(json.dumps({"text_encoder": "t", "photo_encoder": "p2"}))
    change_settings(workspace, photo_encoder="p2")
    told = alerts(look_at_health(workspace))
    assert set(told) == {"photos"} and "seller 'grey'" in told["photos"]


def test_other_scores_are_told_with_the_share_that_is_flagged(new_shop: NewShop) -> None:
    report = look_at_health(new_shop(scores=4.0))
    told = alerts(report)
    assert set(told) == {"scores"} and "of those trained on" in told["scores"]
    assert [one.of for one in report.flagged] == ["v1", "new listings"]
    assert report.flagged[1].share > report.flagged[0].share
    assert all(sum(shares) == pytest.approx(1) for shares in report.scores.values())


def test_another_encoder_is_named_with_the_way_back(new_shop: NewShop) -> None:
    workspace = new_shop()
    change_settings(workspace, photo_encoder="resnet")
    told = alerts(look_at_health(workspace))
    assert set(told) == {"encoder"}
    assert "reads vectors of p" in told["encoder"] and "--photo-encoder" in told["encoder"]


def test_a_version_without_a_reference_gets_one_of_what_is_left(new_shop: NewShop) -> None:
    report = look_at_health(new_shop(kept=False, photos=2.0))
    assert not report.reference_kept and set(alerts(report)) == {"photos"}


def test_few_new_listings_are_not_compared(new_shop: NewShop) -> None:
    report = look_at_health(new_shop(new=20, photos=3.0))
    assert not report.looks and not report.alerts and report.new == 20


def test_a_reference_comes_back_as_it_was_kept(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    made = Reference.of(vectors(rng, 50), vectors(rng, 50), Counter({"Lamps": 3, "": 47}))
    made.save(tmp_path)
    found = load_reference(tmp_path)
    assert found is not None and found.categories == made.categories
    assert found.titles.coordinates == pytest.approx(made.titles.coordinates, abs=1e-6)
    assert (found.photos.leading.directions == made.photos.leading.directions).all()
    assert load_reference(tmp_path / "nowhere") is None
    (tmp_path / REFERENCE).write_bytes(b"PK")
    with pytest.raises(ModelFileError, match="train again"):
        load_reference(tmp_path)


def test_training_keeps_a_reference_and_the_command_ends_with_its_verdict(
    marketplace: Marketplace, tmp_path: Path
) -> None:
    assert (marketplace.workspace.models / marketplace.trained / REFERENCE).exists()
    workspace = copy_of(marketplace, tmp_path / "workspace")
    healthy = CliRunner().invoke(main, ["health", "-w", str(workspace.root)])
    assert healthy.exit_code == 0 and "Nothing to compare" in healthy.stdout
    change_settings(workspace, text_encoder="another")
    ill = CliRunner().invoke(main, ["health", "-w", str(workspace.root), "--json"])
    told = json.loads(ill.stdout)
    assert ill.exit_code == 1 and not told["healthy"] and told["alerts"][0]["part"] == "encoder"


def test_an_emptied_catalogue_has_nothing_new(marketplace: Marketplace, tmp_path: Path) -> None:
    workspace = copy_of(marketplace, tmp_path / "workspace")
    with open_store(workspace) as store:
        store.remove_listings(store.catalogue_frame(["listing_id"])["listing_id"], "ada")
    report = look_at_health(workspace)
    assert (report.trained, report.new, report.alerts, report.flagged) == (0, 0, [], [])


def test_without_a_model_it_says_what_to_run(new_shop: NewShop, tmp_path: Path) -> None:
    workspace = Workspace.at(tmp_path / "empty")
    workspace.root.mkdir()
    Store.open(workspace.database_url).close()
    with pytest.raises(WorkspaceError, match="mmquality build"):
        look_at_health(workspace)
