"""Writes the sample marketplace into a folder: all of it or nothing."""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import as_completed
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from mmquality.data.sample.album import photo_of
from mmquality.data.sample.clicks import Shop, co_clicked, shop_of, simulate_clicks
from mmquality.data.sample.marketplace import Offer, plan_marketplace
from mmquality.errors import InputFileError
from mmquality.processes import Workers

Progress = Callable[[int, int], None]  # photos done, photos in all

FEWEST_LISTINGS = 50
SOURCE = "mmquality sample marketplace (drawn, not real)"
_VERSION = 1
_POOL_FROM = 200  # fewer photos are drawn sooner than a process pool starts
_CHUNK = 25
_README = """\
# A sample marketplace

Nothing here is real: the photos are drawn by mmquality, the brands, sellers and titles are invented, the
clicks are simulated. It exists so that the dashboard has something to show on a machine without internet.
{listings:,} listings, seed {seed}. docs/sample.md of mmquality says what was assumed.
"""


@dataclass(frozen=True)
class SampleFiles:
    """Where the parts of a written sample marketplace lie."""

    listings: Path  # listings.csv
    images: Path  # the folder to which the column `image` is relative
    impressions: Path  # impressions.parquet
    co_clicks: Path  # also_clicked.csv: pairs clicked in one session
    planted: Path  # planted.csv: which photos are wrong, and how; for evaluation only
    split: Path  # split.csv: train, valid, test

    @classmethod
    def below(cls, folder: Path) -> SampleFiles:
        """The files' places in a sample's folder."""
        return cls(
            listings=folder / "listings.csv",
            images=folder,
            impressions=folder / "impressions.parquet",
            co_clicks=folder / "also_clicked.csv",
            planted=folder / "planted.csv",
            split=folder / "split.csv",
        )


def find_sample(folder: str | Path) -> SampleFiles | None:
    """The sample marketplace in `folder`; None where there is no whole one."""
    folder = Path(folder)
    return SampleFiles.below(folder) if _marker(folder).is_file() else None


def sample_truth(files: SampleFiles) -> tuple[list[str], Shop]:
    """The ids of a written sample's listings, and what they truly are, row by row. For evaluation only.

    Raises InputFileError where the sample was written by another version.
    """
    marker = _marker(files.images)
    try:
        facts = json.loads(marker.read_text(encoding="utf-8"))
        if facts["version"] != _VERSION:
            raise ValueError(f"it is of version {facts['version']}")
        offers = plan_marketplace(int(facts["listings"]), int(facts["seed"]))
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise InputFileError(f"{marker} cannot be used ({error}); draw the sample again.") from error
    return [offer.listing_id for offer in offers], shop_of(offers, int(facts["seed"]))


def write_sample(
    folder: str | Path, listings: int = 3000, seed: int = 7, progress: Progress | None = None
) -> SampleFiles:
    """Draws and writes a sample marketplace of `listings` listings into `folder`.

    The same arguments give the same bytes, however many processor cores there are. `progress` is told the
    photos done and the photos in all. Everything is made in a hidden folder beside `folder` and renamed at
    the end, so that an interrupted run leaves no half sample; a sample that was there before is replaced.

    Raises InputFileError where `folder` holds anything else, ValueError for fewer than 50 listings.
    """
    if listings < FEWEST_LISTINGS:
        raise ValueError(f"A sample marketplace needs at least {FEWEST_LISTINGS} listings, not {listings}.")
    folder = Path(folder).absolute()
    _refuse_foreign_folder(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = folder.parent / f".{folder.name}.{secrets.token_hex(4)}.partial"
    try:
        _write_into(partial, listings, seed, progress)
        _put_in_place(partial, folder)
    finally:
        if partial.exists():
            shutil.rmtree(partial)
    return SampleFiles.below(folder)


def _marker(folder: Path) -> Path:
    return folder / "sample.json"


def _refuse_foreign_folder(folder: Path) -> None:
    if folder.is_dir() and any(folder.iterdir()) and not _marker(folder).is_file():
        raise InputFileError(
            f"{folder} holds files that are no sample marketplace; choose an empty or a new folder."
        )
    if folder.exists() and not folder.is_dir():
        raise InputFileError(
            f"{folder} is a file; the sample marketplace needs a folder, choose another path."
        )


def _put_in_place(partial: Path, folder: Path) -> None:
    """Renames the finished folder; the one it replaces is gone afterwards."""
    if folder.is_dir():
        old = partial.with_suffix(".old")
        folder.rename(old)
        partial.rename(folder)
        shutil.rmtree(old)
    else:
        partial.rename(folder)


def _write_into(folder: Path, listings: int, seed: int, progress: Progress | None) -> None:
    files = SampleFiles.below(folder)
    (folder / "images").mkdir(parents=True)
    offers = plan_marketplace(listings, seed)
    draw_photos(offers, folder, seed, progress)
    _listings(offers).to_csv(files.listings, index=False, lineterminator="\n")
    _planted(offers).to_csv(files.planted, index=False, lineterminator="\n")
    split = pd.DataFrame(
        {"listing_id": [offer.listing_id for offer in offers], "split": [offer.split for offer in offers]}
    )
    split.to_csv(files.split, index=False, lineterminator="\n")
    impressions = simulate_clicks(offers, seed)
    impressions.to_parquet(files.impressions, index=False)
    co_clicked(impressions).to_csv(files.co_clicks, index=False, lineterminator="\n")
    (folder / "README.md").write_text(_README.format(listings=listings, seed=seed), encoding="utf-8")
    facts = {"what": SOURCE, "version": _VERSION, "listings": listings, "seed": seed}
    _marker(folder).write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")


def _listings(offers: list[Offer]) -> pd.DataFrame:
    return pd.DataFrame([
        {
            "listing_id": offer.listing_id,
            "title": offer.title,
            "category": offer.category,
            "image": offer.image,
            "price": f"{offer.price:.2f}",
            "seller": offer.seller,
            "product_type": offer.item.product_type,
            "colour": offer.item.colour,
            "brand": offer.item.brand,
            "condition": offer.item.condition,
            "listed_at": offer.listed_at.isoformat(),
            "source": SOURCE,
        }
        for offer in offers
    ])  # fmt: skip


def _planted(offers: list[Offer]) -> pd.DataFrame:
    """`photo_of` is the listing whose photo was copied; `shows` the product type in the photo, if any."""
    rows = []
    for offer in offers:
        if offer.wrong is None:
            continue
        owner = offers[offer.photo_of] if offer.photo_of is not None else None
        shown = owner.item if owner else offer.shown
        rows.append(
            {
                "listing_id": offer.listing_id,
                "kind": offer.wrong.value,
                "photo_of": owner.listing_id if owner else "",
                "shows": shown.product_type if shown else "",
            }
        )
    return pd.DataFrame(rows, columns=["listing_id", "kind", "photo_of", "shows"])


_Task = tuple[Offer, Offer | None]  # an offer, and the one whose photo it copies


def draw_photos(
    offers: list[Offer], folder: Path, seed: int, progress: Progress | None, workers: int | None = None
) -> None:
    """Draws every offer's photo below `folder`, on all processor cores unless `workers` says otherwise."""
    tasks: list[_Task] = [
        (offer, offers[offer.photo_of] if offer.photo_of is not None else None) for offer in offers
    ]
    chunks = [tasks[start : start + _CHUNK] for start in range(0, len(tasks), _CHUNK)]
    workers = workers or (_cores() if len(tasks) >= _POOL_FROM else 1)
    done = 0
    for count in _drawn(chunks, folder, seed, workers):
        done += count
        if progress is not None:
            progress(done, len(tasks))


def _cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _drawn(chunks: list[list[_Task]], folder: Path, seed: int, workers: int) -> Iterator[int]:
    """The size of each chunk as soon as it is drawn."""
    if workers == 1:
        yield from (_draw_chunk(chunk, folder, seed) for chunk in chunks)
        return
    with Workers(workers) as pool:
        futures = [pool.submit(_draw_chunk, chunk, folder, seed) for chunk in chunks]
        for future in as_completed(futures):
            yield future.result()


def _draw_chunk(chunk: list[_Task], folder: Path, seed: int) -> int:
    for offer, owner in chunk:
        (folder / offer.image).write_bytes(photo_of(offer, owner, seed))
    return len(chunk)
