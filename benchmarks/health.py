"""Does `mmquality health` keep still where nothing moved, and speak where something did?

    python benchmarks/health.py --listings DIR --workspaces DIR   all catalogues; writes docs/benchmarks.md
    python benchmarks/health.py --short                the sample marketplace alone, a fifth of the draws

On the embeddings and scores of each workspace (built where there is none). Nothing moved: 200 times 150
listings drawn at random are new, the rest trained on. Moved, 20 times each: the new ones are all of one
category, where there are several; the photos of 75 new ones are grey; the titles of 75 new ones are in no
language that the others are in: each word is spelt backwards.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import catalogues
import numpy as np
import pandas as pd
import report
from catalogues import Built
from PIL import Image

from mmquality.config import Workspace
from mmquality.evaluation.drift import drifted
from mmquality.pipeline.health import compared
from mmquality.pipeline.health_reference import Reference, some_of
from mmquality.pipeline.live_listings import LiveListings
from mmquality.pipeline.places import open_store
from mmquality.pipeline.settings import load_settings

DRAWS, PLANTED, NEW = 200, 20, 150
SHORT = 5  # times fewer draws


@dataclass(frozen=True)
class Known:
    """Everything of a catalogue, row by row."""

    listings: pd.DataFrame
    titles: np.ndarray
    photos: np.ndarray
    scores: np.ndarray

    def split(self, new: np.ndarray) -> LiveListings:
        """As if these rows had come later."""
        old = np.setdiff1d(np.arange(len(self.listings)), new)
        some = old[some_of(len(old))]
        made = Reference.of(
            self.titles[some], self.photos[some], Counter(self.listings["category"].iloc[old])
        )
        scores = {"trained": self.scores[old], "new": self.scores[new]}
        frame = self.listings.iloc[new].reset_index(drop=True)
        return LiveListings(
            frame, self.titles[new], self.photos[new], len(new), len(old), [], scores, {}, made, True
        )


def known(workspace: Workspace) -> Known:
    """Of the version in force."""
    from mmquality.encoders.cache import EmbeddingCache
    from mmquality.pipeline.scored import load_scores

    with open_store(workspace) as store:
        version = store.current_version()
        assert version is not None
        listings = store.catalogue_frame(
            ["listing_id", "title", "category", "seller", "title_hash", "photo_hash", "image"]
        ).fillna({"category": "", "seller": ""})
    scores = load_scores(workspace.models / version.name).set_index("listing_id")["score"]
    listings = listings[listings["listing_id"].isin(scores.index)].reset_index(drop=True)
    settings = load_settings(workspace)
    titles = EmbeddingCache(workspace.embeddings, settings.text_encoder).get(listings["title_hash"].tolist())
    photos = EmbeddingCache(workspace.embeddings, settings.photo_encoder).get(listings["photo_hash"].tolist())
    return Known(listings, titles, photos, scores.reindex(listings["listing_id"]).to_numpy(np.float64))


def still(all_of_it: Known, seed: int, draws: int) -> float:
    """The share of draws of which something is said, though nothing moved."""
    rng = np.random.default_rng(seed)
    drawn = (rng.permutation(len(all_of_it.listings))[:NEW] for _ in range(draws))
    return float(np.mean([bool(drifted(compared(all_of_it.split(new)))) for new in drawn]))


def found(
    all_of_it: Known, part: str, moved: Callable[[np.ndarray], LiveListings], seed: int, draws: int
) -> float:
    """The share of draws in which the part that moved is named."""
    rng = np.random.default_rng(seed)
    drawn = (rng.permutation(len(all_of_it.listings))[:NEW] for _ in range(draws))
    return float(np.mean([part in drifted(compared(moved(new))) for new in drawn]))


def measure(catalogue: Built, seed: int, fewer: int) -> dict[str, Any]:
    """One row."""
    from mmquality.encoders.photo import load_photo_encoder
    from mmquality.encoders.text import load_text_encoder

    own = known(Workspace.at(catalogue.workspace))
    photo_encoder, text_encoder = load_photo_encoder(), load_text_encoder()
    some = np.random.default_rng(seed).permutation(len(own.listings))[: 2 * NEW]
    grey, backwards = own.photos.copy(), own.titles.copy()
    paths = [catalogue.folder / image for image in own.listings["image"].iloc[some]]
    grey[some] = photo_encoder.encode(Image.open(path).convert("L").convert("RGB") for path in paths)
    backwards[some] = text_encoder.encode([spelt_backwards(t) for t in own.listings["title"].iloc[some]])

    several = own.listings["category"].nunique() > 1

    def category(new: np.ndarray) -> LiveListings:
        names = own.listings["category"]
        name = names.iloc[new[0]]
        return own.split(np.flatnonzero(names == name)[:NEW])

    def of(changed: Known) -> Callable[[np.ndarray], LiveListings]:
        def moved(new: np.ndarray) -> LiveListings:
            rows = np.unique(some[new % len(some)])[: NEW // 2]
            return replace(own.split(rows), titles=changed.titles[rows], photos=changed.photos[rows])

        return moved

    planted = PLANTED // fewer
    return {
        "catalogue": catalogue.name,
        "listings": len(own.listings),
        "false alarms": still(own, seed, DRAWS // fewer),
        "one category found": found(own, "categories", category, seed, planted) if several else None,
        "grey photos found": found(own, "photos", of(replace(own, photos=grey)), seed, planted),
        "other spelling found": found(own, "titles", of(replace(own, titles=backwards)), seed, planted),
    }


def spelt_backwards(title: str) -> str:
    """Words that no language has, as long as its own."""
    return " ".join(word[::-1] for word in title.split())


def main() -> None:
    """Run it."""
    given = catalogues.arguments(__doc__)
    with catalogues.built(given) as everyone:
        rows = [measure(catalogue, given.seed, SHORT if given.short else 1) for catalogue in everyone]
    bars = {f"{row['catalogue']}: false alarms": report.bar(row["false alarms"], 0.05, False) for row in rows}
    for name in ("one category found", "grey photos found", "other spelling found"):
        told = [row for row in rows if row[name] is not None]
        bars |= {f"{row['catalogue']}: {name}": report.bar(row[name], 0.9) for row in told}
    report.finish(rows, bars, given.seed, given.json, None if given.short else "health")


if __name__ == "__main__":
    main()
