"""A shop of a few listings, in files: what an import reads, without anything being drawn or learnt."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from mmquality.pipeline.importing import InputFiles

IDS = [f"L{n}" for n in range(6)]
LOG = "session_id,shown_at,seed_listing_id,listing_id,position,clicked\n"


def write_shop(folder: Path) -> Path:
    """Six listings with a photo each, two impressions (L1, L2; the first clicked) and one pair (L3, L4)."""
    (folder / "photos").mkdir(parents=True)
    for n, listing_id in enumerate(IDS):
        Image.new("RGB", (40, 40), (40 * n, 90, 120)).save(folder / "photos" / f"{listing_id}.jpg")
    rows = [f"{i},Title of {i},photos/{i}.jpg,{n}.50" for n, i in enumerate(IDS)]
    (folder / "listings.csv").write_text("listing_id,title,image,price\n" + "\n".join(rows) + "\n")
    shown = ["s1,2026-01-01T10:00:00,L0,L1,1,1", "s1,2026-01-01T10:00:00,L0,L2,2,0"]
    (folder / "log.csv").write_text(LOG + "\n".join(shown) + "\n")
    (folder / "pairs.csv").write_text("listing_id,other_id\nL3,L4\n")
    return folder


def everything(shop: Path) -> InputFiles:
    """All files of a shop."""
    return InputFiles(shop / "listings.csv", shop, shop / "log.csv", shop / "pairs.csv")
