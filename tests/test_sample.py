"""The sample marketplace: whole, honest about what is planted, and the same every time."""

from __future__ import annotations

import filecmp
from collections import Counter
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from mmquality.data.sample import SampleFiles, find_sample, write_sample
from mmquality.data.sample.assortment import CATEGORIES, PRODUCT_TYPES
from mmquality.data.sample.clicks import SLATE, WRONG_PHOTO_FACTOR, co_clicked, simulate_clicks
from mmquality.data.sample.drawing.colours import NAMED
from mmquality.data.sample.drawing.photograph import COMMENT, LONG_SIDE
from mmquality.data.sample.drawing.products import SUBJECTS
from mmquality.data.sample.marketplace import PLANTED_SHARES, Kind, Offer, plan_marketplace
from mmquality.data.sample.titles import colour_names
from mmquality.data.sample.writing import FEWEST_LISTINGS, draw_photos
from mmquality.errors import InputFileError

SMALL = 60


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> SampleFiles:
    return write_sample(tmp_path_factory.mktemp("sample") / "market", listings=SMALL, seed=3)


@pytest.fixture(scope="module")
def offers() -> list[Offer]:
    return plan_marketplace(3000, 7)


@pytest.fixture(scope="module")
def impressions(offers: list[Offer]) -> pd.DataFrame:
    return simulate_clicks(offers, 7)


def files_below(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


# --- the assortment --------------------------------------------------------------------------------------


def test_assortment_is_wide_enough() -> None:
    assert len(PRODUCT_TYPES) >= 36
    assert 10 <= len(CATEGORIES) <= 14


def test_every_product_type_can_be_drawn_and_named() -> None:
    assert set(PRODUCT_TYPES) == set(SUBJECTS)
    for name, product in PRODUCT_TYPES.items():
        assert tuple(product.styles) == SUBJECTS[name].styles
        assert all(set(product.colours_of(style)) <= set(NAMED) for style in product.styles)
        assert all(len(nouns) >= 3 for nouns in product.styles.values())


def test_every_category_has_something_to_be_mistaken_for() -> None:
    sizes = Counter(product.category for product in PRODUCT_TYPES.values())
    assert min(sizes.values()) >= 2
    for product in PRODUCT_TYPES.values():
        for other in product.lookalikes:
            assert PRODUCT_TYPES[other].category == product.category


# --- the files -------------------------------------------------------------------------------------------


def test_files_are_where_the_answer_says(sample: SampleFiles) -> None:
    assert find_sample(sample.images) == sample
    for path in (sample.listings, sample.impressions, sample.co_clicks, sample.planted, sample.split):
        assert path.is_file()


def test_listings_have_unique_ids_and_a_photo_each(sample: SampleFiles) -> None:
    listings = pd.read_csv(sample.listings)
    assert len(listings) == SMALL
    assert listings["listing_id"].is_unique and listings["image"].is_unique
    assert listings[["title", "category", "price", "seller", "brand", "condition"]].notna().all(axis=None)
    photos = [path for path in files_below(sample.images) if path.endswith(".jpg")]
    assert sorted(listings["image"]) == photos


def test_everything_says_that_it_is_a_sample(sample: SampleFiles) -> None:
    listings = pd.read_csv(sample.listings)
    for column in ("listing_id", "seller"):
        assert listings[column].str.startswith("sample").all()
    assert listings["source"].str.contains("sample").all()
    assert "sample" in (sample.images / "README.md").read_text(encoding="utf-8").lower()


def test_photos_are_small_rgb_jpegs_that_say_what_they_are(sample: SampleFiles) -> None:
    for name in pd.read_csv(sample.listings)["image"]:
        with Image.open(sample.images / name) as photo:
            assert photo.format == "JPEG" and photo.mode == "RGB"
            assert 0.7 * LONG_SIDE < max(photo.size) <= LONG_SIDE
            assert photo.info["comment"] == COMMENT.encode()


def test_same_arguments_give_the_same_bytes(sample: SampleFiles, tmp_path: Path) -> None:
    again = write_sample(tmp_path / "again", listings=SMALL, seed=3)
    names = files_below(sample.images)
    assert files_below(again.images) == names
    _, different, unreadable = filecmp.cmpfiles(sample.images, again.images, names, shallow=False)
    assert different == [] and unreadable == []


def test_photos_do_not_depend_on_the_number_of_processes(sample: SampleFiles, tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    offers = plan_marketplace(SMALL, 3)
    draw_photos(offers, tmp_path, seed=3, progress=None, workers=2)
    for offer in offers:
        assert (tmp_path / offer.image).read_bytes() == (sample.images / offer.image).read_bytes()


def test_another_seed_gives_another_marketplace() -> None:
    titles = [{offer.title for offer in plan_marketplace(200, seed)} for seed in (1, 2)]
    assert len(titles[0] & titles[1]) < 10


def test_progress_counts_every_photo(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    write_sample(tmp_path / "market", FEWEST_LISTINGS, 1, lambda done, total: seen.append((done, total)))
    assert seen[-1] == (FEWEST_LISTINGS, FEWEST_LISTINGS)
    assert seen == sorted(seen)


# --- all or nothing --------------------------------------------------------------------------------------


def test_an_interrupted_run_leaves_nothing(tmp_path: Path) -> None:
    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_sample(tmp_path / "market", FEWEST_LISTINGS, 1, interrupt)
    assert list(tmp_path.iterdir()) == []
    assert find_sample(tmp_path / "market") is None


def test_a_folder_with_other_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "holiday.txt").write_text("keep me")
    with pytest.raises(InputFileError, match="choose an empty or a new folder"):
        write_sample(tmp_path, FEWEST_LISTINGS)
    assert files_below(tmp_path) == ["holiday.txt"]


def test_a_file_in_the_way_is_refused(tmp_path: Path) -> None:
    (tmp_path / "market").write_text("a file")
    with pytest.raises(InputFileError, match="needs a folder"):
        write_sample(tmp_path / "market", FEWEST_LISTINGS)


def test_an_older_sample_is_replaced(tmp_path: Path) -> None:
    first = pd.read_csv(write_sample(tmp_path / "market", FEWEST_LISTINGS, 1).listings)
    second = pd.read_csv(write_sample(tmp_path / "market", FEWEST_LISTINGS, 2).listings)
    assert first["title"].tolist() != second["title"].tolist()
    assert [path.name for path in tmp_path.iterdir()] == ["market"]


def test_too_few_listings_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least 50"):
        write_sample(tmp_path / "market", listings=10)


# --- what is planted -------------------------------------------------------------------------------------


def test_planted_shares_are_exact(offers: list[Offer]) -> None:
    kinds = Counter(offer.wrong for offer in offers if offer.wrong)
    assert kinds == {kind: round(share * len(offers)) for kind, share in PLANTED_SHARES.items()}
    assert 0.07 <= sum(kinds.values()) / len(offers) <= 0.09


def test_swaps_show_what_their_kind_says(offers: list[Offer]) -> None:
    for offer in offers:
        if offer.wrong not in (Kind.SWAP_ANY, Kind.SWAP_RELATED):
            assert offer.shown is None
            continue
        assert offer.shown is not None and offer.shown.product_type != offer.item.product_type
        if offer.wrong is Kind.SWAP_RELATED:
            assert PRODUCT_TYPES[offer.shown.product_type].category == offer.category


def test_a_toy_car_stands_in_for_a_real_one(offers: list[Offer]) -> None:
    pairs = {(offer.item.product_type, offer.shown.product_type) for offer in offers if offer.shown}
    assert ("car", "toy car") in pairs or ("toy car", "car") in pairs


def test_copies_are_of_right_photos_of_another_type(offers: list[Offer]) -> None:
    for offer in offers:
        assert (offer.photo_of is not None) == (offer.wrong is Kind.COPIED)
        if offer.photo_of is not None:
            owner = offers[offer.photo_of]
            assert owner.wrong is None and owner.item.product_type != offer.item.product_type


def test_planted_file_agrees_with_the_plan(sample: SampleFiles) -> None:
    planted = pd.read_csv(sample.planted, keep_default_na=False).set_index("listing_id")
    plan = {offer.listing_id: offer for offer in plan_marketplace(SMALL, 3) if offer.wrong}
    assert planted["kind"].to_dict() == {name: offer.wrong for name, offer in plan.items()}
    copied = planted.loc[planted["kind"] == "copied", "photo_of"]
    assert len(copied) and copied.isin(pd.read_csv(sample.listings)["listing_id"]).all()


def test_splits_have_their_shares_and_straddle_nothing(offers: list[Offer]) -> None:
    shares = pd.Series([offer.split for offer in offers]).value_counts(normalize=True)
    assert shares.to_dict() == pytest.approx({"train": 0.75, "test": 0.15, "valid": 0.10}, abs=0.01)
    split_of_title: dict[str, str] = {}
    for offer in offers:
        if offer.photo_of is not None:
            assert offer.split == offers[offer.photo_of].split
        assert split_of_title.setdefault(offer.title, offer.split) == offer.split


# --- titles ----------------------------------------------------------------------------------------------


def test_titles_are_varied_and_mostly_name_the_right_colour(offers: list[Offer]) -> None:
    titles = [offer.title for offer in offers]
    assert len(set(titles)) > 0.98 * len(titles)
    assert all(title == " ".join(title.split()) and 3 < len(title) < 160 for title in titles)
    named = [any(name in offer.title.lower() for name in colour_names(offer.item.colour)) for offer in offers]
    assert 0.75 < np.mean(named) < 0.95


# --- clicks ----------------------------------------------------------------------------------------------


def test_slates_are_of_twelve_others(impressions: pd.DataFrame) -> None:
    assert (impressions["listing_id"] != impressions["seed_listing_id"]).all()
    pages = impressions.groupby(["session_id", "shown_at"])
    assert (pages["listing_id"].nunique() == pages.size()).all()
    assert pages.size().eq(SLATE).mean() > 0.99
    assert impressions["position"].between(1, SLATE).all()


def test_times_are_utc_and_in_order(impressions: pd.DataFrame) -> None:
    assert str(impressions["shown_at"].dt.tz) == "UTC"
    assert impressions["shown_at"].is_monotonic_increasing


def test_clicks_fall_where_the_photo_is_wrong(offers: list[Offer], impressions: pd.DataFrame) -> None:
    wrong = impressions["listing_id"].isin([offer.listing_id for offer in offers if offer.wrong])
    rates = impressions.groupby(wrong)["clicked"].mean()
    assert rates[True] / rates[False] == pytest.approx(WRONG_PHOTO_FACTOR, abs=0.06)


def test_clicks_fall_with_position_and_rise_with_similarity(
    offers: list[Offer], impressions: pd.DataFrame
) -> None:
    by_position = impressions.groupby("position")["clicked"].mean()
    assert by_position[1] > 1.5 * by_position[6] > 1.5 * by_position[12]
    product = {offer.listing_id: offer.item.product_type for offer in offers}
    same = impressions["listing_id"].map(product) == impressions["seed_listing_id"].map(product)
    rates = impressions.groupby(same)["clicked"].mean()
    assert rates[True] > 2 * rates[False]


def test_every_listing_is_shown(offers: list[Offer], impressions: pd.DataFrame) -> None:
    assert impressions["listing_id"].nunique() == len(offers)


def test_co_clicks_are_the_pairs_clicked_in_one_session(impressions: pd.DataFrame) -> None:
    few = impressions.head(20_000)
    naive: Counter[tuple[str, ...]] = Counter()
    for _, session in few.groupby("session_id"):
        naive.update(combinations(sorted(session.loc[session["clicked"], "listing_id"].unique()), 2))
    pairs = co_clicked(few)
    assert {
        (row.listing_id, row.other_id): row.count_
        for row in pairs.rename(columns={"count": "count_"}).itertuples()
    } == naive


# --- what the documentation says -------------------------------------------------------------------------


def test_documentation_names_every_file_and_column(sample: SampleFiles) -> None:
    page = (Path(__file__).parents[1] / "docs" / "sample.md").read_text(encoding="utf-8")
    for path in (sample.listings, sample.co_clicks, sample.planted, sample.split):
        assert f"`{path.name}` | `{','.join(pd.read_csv(path).columns)}`" in page
    assert f"`{','.join(pd.read_parquet(sample.impressions).columns)}`" in page
    for kind, share in PLANTED_SHARES.items():
        assert f"| `{kind}` | {share:.1%} |".replace("%", " %") in page
    assert f"{len(PRODUCT_TYPES)} types in {len(CATEGORIES)} categories" in page
