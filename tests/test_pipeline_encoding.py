"""Encoding: each content once, vectors made elsewhere, photos that are gone, encoders that are remembered."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from marketplace import Listening
from PIL import Image
from shop import IDS, everything, write_shop

from mmquality.config import Workspace
from mmquality.encoders.cache import CachedRows
from mmquality.encoders.photo import Photo, decoded
from mmquality.encoders.spelling import SPELLING_DIM
from mmquality.errors import EncoderError, InputFileError, WorkspaceError
from mmquality.pipeline import encoding
from mmquality.pipeline.assembling import assemble, encoded_settings
from mmquality.pipeline.encoded import encoded_catalogue
from mmquality.pipeline.encoding import EncodeSummary, encode
from mmquality.pipeline.importing import InputFiles, import_files
from mmquality.pipeline.places import open_store
from mmquality.pipeline.settings import EncoderChoice, load_settings

Progress = Callable[[int, int], None]


class FakeTitles:
    """A title's length and first letter; counts what it is asked for."""

    dim = 2

    def __init__(self, name: str, asked: list[str]) -> None:
        self.id, self._asked = f"titles-{Path(name).name}", asked

    def encode(self, titles: Sequence[str], progress: Progress | None = None) -> np.ndarray:
        self._asked += titles
        return np.array([[len(title), ord(title[0])] for title in titles], dtype=np.float32)


class FakePhotos:
    """A photo's mean colour; counts what it is asked for."""

    dim, side = 3, 8

    def __init__(self, name: str, asked: list[str]) -> None:
        self.id, self._asked = f"photos-{Path(name).name}", asked

    def encode(self, photos: Iterable[Photo], progress: Progress | None = None, total: int = 0) -> np.ndarray:
        vectors = np.array(
            [np.asarray(decoded(photo)).mean(axis=(0, 1)) for photo in photos], dtype=np.float32
        )
        self._asked += ["photo"] * len(vectors)
        return vectors.reshape(-1, 3)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the encoders, which are fakes now, were asked to encode."""
    found: list[str] = []
    monkeypatch.setattr(encoding, "load_text_encoder", lambda name: FakeTitles(name, found))
    monkeypatch.setattr(encoding, "load_photo_encoder", lambda name: FakePhotos(name, found))
    return found


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return write_shop(tmp_path / "shop")


@pytest.fixture
def workspace(shop: Path, tmp_path: Path) -> Workspace:
    made = Workspace.at(tmp_path / "workspace")
    import_files(made, everything(shop))
    return made


def title_change(shop: Path, listing_id: str, title: str) -> InputFiles:
    table = pd.read_csv(shop / "listings.csv")
    table.loc[table["listing_id"] == listing_id, "title"] = title
    table.to_csv(shop / "listings.csv", index=False)
    return InputFiles(shop / "listings.csv")


def listings_of(workspace: Workspace) -> list[str]:
    """The listings that training and scoring would see."""
    settings = encoded_settings(workspace)
    with open_store(workspace) as store:
        found = encoded_catalogue(workspace, store, settings.text_encoder, settings.photo_encoder)
    assert len(found.listings) == len(found.titles) == len(found.photos)
    return found.listings["listing_id"].tolist()


def test_each_content_is_encoded_once(workspace: Workspace, shop: Path, asked: list[str]) -> None:
    assert encode(workspace) == EncodeSummary(6, 0, 6, 0)
    assert len(asked) == 12
    assert encode(workspace) == EncodeSummary(0, 6, 0, 6)
    assert len(asked) == 12


def test_the_same_title_and_photo_are_encoded_once_for_all(tmp_path: Path, asked: list[str]) -> None:
    shop = write_shop(tmp_path / "shop")
    table = pd.read_csv(shop / "listings.csv").assign(title="One and the same", image="photos/L0.jpg")
    table.to_csv(shop / "listings.csv", index=False)
    workspace = Workspace.at(tmp_path / "workspace")
    import_files(workspace, everything(shop))
    assert encode(workspace) == EncodeSummary(1, 0, 1, 0)
    assert listings_of(workspace) == IDS


def test_a_changed_title_alone_is_encoded(workspace: Workspace, shop: Path, asked: list[str]) -> None:
    encode(workspace)
    asked.clear()
    import_files(workspace, title_change(shop, "L3", "Quite another"))
    assert encode(workspace) == EncodeSummary(1, 5, 0, 6)
    assert asked == ["Quite another"]


def test_what_was_encoded_before_a_stop_is_kept(
    workspace: Workspace, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(FakePhotos, "encode", stopped)
        encode(workspace)
    with pytest.raises(WorkspaceError, match="no embeddings yet.*mmquality encode"):
        encoded_settings(workspace)
    assert encode(workspace) == EncodeSummary(0, 6, 6, 0)


class TestPhotosThatAreGone:
    def test_are_left_out_and_told(self, workspace: Workspace, shop: Path, asked: list[str]) -> None:
        (shop / "photos" / "L1.jpg").unlink()
        Image.new("RGB", (40, 40), "red").save(shop / "photos" / "L2.jpg")  # exchanged, not imported yet
        reporter = Listening()
        assert encode(workspace, reporter=reporter) == EncodeSummary(6, 0, 4, 0, photos_gone=2)
        assert "2 listings left out" in reporter.heard[1] and "L1.jpg" in reporter.heard[1]
        assert listings_of(workspace) == ["L0", "L3", "L4", "L5"]
        with open_store(workspace) as store:  # whose clicks and pairs are left out with them
            data = assemble(workspace, store).data
        assert data.shown.sum() == 0 and data.pairs.tolist() == [[1, 2]]

    def test_are_encoded_once_they_are_imported(
        self, workspace: Workspace, shop: Path, asked: list[str]
    ) -> None:
        Image.new("RGB", (40, 40), "red").save(shop / "photos" / "L2.jpg")
        encode(workspace)
        assert import_files(workspace, InputFiles(shop / "listings.csv")).listings.updated == 1
        with pytest.raises(WorkspaceError, match="1 of 6 listings are not encoded yet"):
            listings_of(workspace)
        assert encode(workspace) == EncodeSummary(0, 6, 1, 5)
        assert listings_of(workspace) == IDS

    def test_matter_only_where_they_were_never_encoded(
        self, workspace: Workspace, shop: Path, asked: list[str]
    ) -> None:
        encode(workspace)
        shutil.rmtree(shop / "photos")
        assert encode(workspace) == EncodeSummary(0, 6, 0, 6)
        assert listings_of(workspace) == IDS

    def test_are_there_when_merely_touched(self, workspace: Workspace, shop: Path, asked: list[str]) -> None:
        os.utime(shop / "photos" / "L2.jpg", (1, 1))
        assert encode(workspace) == EncodeSummary(6, 0, 6, 0)

    def test_a_copy_elsewhere_serves_as_well(self, tmp_path: Path, asked: list[str]) -> None:
        shop = write_shop(tmp_path / "shop")
        shutil.copyfile(shop / "photos" / "L0.jpg", shop / "photos" / "L1.jpg")
        workspace = Workspace.at(tmp_path / "workspace")
        import_files(workspace, everything(shop))
        (shop / "photos" / "L0.jpg").unlink()
        assert encode(workspace) == EncodeSummary(6, 0, 5, 0)
        assert listings_of(workspace) == IDS

    def test_all_of_them_leave_nothing(self, workspace: Workspace, shop: Path, asked: list[str]) -> None:
        shutil.rmtree(shop / "photos")
        assert encode(workspace).photos_gone == 6
        with pytest.raises(WorkspaceError, match="photos of all 6 listings are gone.*mmquality import"):
            listings_of(workspace)


class TestWhatStandsBesideTheTitle:
    """The values of columns that describe, each once, by the text encoder."""

    @pytest.fixture
    def shop(self, tmp_path: Path) -> Path:
        made = write_shop(tmp_path / "shop")
        self.describe(made, ["Red", "Blue", "Red", "Blue", "Red", ""])
        return made

    def describe(self, shop: Path, colours: list[str]) -> InputFiles:
        table = pd.read_csv(shop / "listings.csv").assign(main_colour=colours, size=[1, 2] * 3)
        table.to_csv(shop / "listings.csv", index=False)
        return InputFiles(shop / "listings.csv")

    def test_is_encoded_once_for_all(self, workspace: Workspace, asked: list[str]) -> None:
        reporter = Listening()
        done = encode(workspace, reporter=reporter)
        assert (done.titles, done.values, done.values_cached) == (6, 2, 0)
        assert asked[6:8] == ["main colour: Blue", "main colour: Red"]
        assert any(line.startswith("Encoding attribute values: ") for line in reporter.heard)
        asked.clear()
        done = encode(workspace)
        assert (done.values, done.values_cached, asked) == (0, 2, [])

    def test_is_read_by_the_next_training(self, workspace: Workspace, asked: list[str]) -> None:
        encode(workspace)
        with open_store(workspace) as store:
            assembled, alone = assemble(workspace, store), assemble(workspace, store, fields=())
        assert assembled.fields == ("main_colour",) == load_settings(workspace).context_fields
        assert assembled.fingerprint["beside_the_title"] == "main colour"
        assert assembled.fingerprint["sha256"] != alone.fingerprint["sha256"]
        assert "beside_the_title" not in alone.fingerprint
        wide = 2 + SPELLING_DIM
        context = assembled.data.titles[:][:, wide:]
        assert context.shape == (6, 2) and assembled.title_vectors.shape == (6, 2)
        np.testing.assert_array_equal(assembled.data.titles[:][:, :wide], alone.data.titles)
        np.testing.assert_allclose(context[0], context[2])  # both red
        assert not np.allclose(context[0], context[1]) and not context[5].any()

    def test_of_a_new_value_waits_for_encode(
        self, workspace: Workspace, shop: Path, asked: list[str]
    ) -> None:
        encode(workspace)
        asked.clear()
        import_files(workspace, self.describe(shop, ["Red", "Green", "Red", "Green", "Red", ""]))
        with open_store(workspace) as store, pytest.raises(WorkspaceError, match="1 values of main colour"):
            assemble(workspace, store)
        assert encode(workspace).values == 1 and asked == ["main colour: Green"]

    def test_includes_what_the_model_in_force_reads(
        self, workspace: Workspace, shop: Path, asked: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        encode(workspace)
        import_files(workspace, self.describe(shop, ["Red", "Green", "Blue", "Pink", "", "Grey"]))
        monkeypatch.setattr(encoding, "fields_to_score", lambda *_: ("main_colour",))
        assert encode(workspace).values == 3  # although it does not describe any more, for it hardly repeats
        assert load_settings(workspace).context_fields == ()

    def test_is_not_there_without_an_encoder(
        self, workspace: Workspace, asked: list[str], tmp_path: Path
    ) -> None:
        vectors = np.random.default_rng(1).normal(size=(6, 5)).astype(np.float32)
        pd.DataFrame({"listing_id": IDS, "vector": list(vectors)}).to_parquet(tmp_path / "v.parquet")
        assert encode(workspace, text=EncoderChoice(vectors=tmp_path / "v.parquet")).values == 0
        with open_store(workspace) as store:
            assembled = assemble(workspace, store)
        assert assembled.fields == ()
        np.testing.assert_array_equal(assembled.title_vectors, vectors)
        assert assembled.data.titles.shape == (6, 5 + SPELLING_DIM)

    def test_vectors_are_not_read_before_somebody_asks(
        self, workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        vectors = np.random.default_rng(1).normal(size=(6, 5)).astype(np.float32)
        pd.DataFrame({"listing_id": IDS, "vector": list(vectors)}).to_parquet(tmp_path / "v.parquet")
        encode(workspace, text=EncoderChoice(vectors=tmp_path / "v.parquet"))
        read, rows_of = [], CachedRows.__getitem__
        monkeypatch.setattr(CachedRows, "__getitem__", lambda *asked: read.append(asked) or rows_of(*asked))
        with open_store(workspace) as store:
            assembled = assemble(workspace, store)
        assert not read and len(assembled.data) == 6
        for all_of_it in (assembled.in_memory().title_vectors, assembled.title_vectors[:]):
            np.testing.assert_array_equal(all_of_it, vectors)
        assert read


class TestTheEncoder:
    """Chosen once, it is used again."""

    def test_is_remembered(self, workspace: Workspace, asked: list[str]) -> None:
        encode(workspace, EncoderChoice("bert"), EncoderChoice("resnet"))
        assert (load_settings(workspace).text_encoder, load_settings(workspace).photo_encoder) == (
            "titles-bert",
            "photos-resnet",
        )
        assert encode(workspace) == EncodeSummary(0, 6, 0, 6)

    def test_can_go_back_to_the_default(self, workspace: Workspace, asked: list[str]) -> None:
        encode(workspace, EncoderChoice("bert"), EncoderChoice("resnet"))
        encode(workspace, EncoderChoice("default"))
        assert load_settings(workspace).text_encoder == "titles-default"
        assert load_settings(workspace).photo_encoder == "photos-resnet"

    def test_in_a_folder_is_found_from_anywhere(
        self, workspace: Workspace, asked: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "mine").mkdir()
        monkeypatch.chdir(tmp_path)
        encode(workspace, EncoderChoice("mine"))
        assert load_settings(workspace).text_choice.name == str(tmp_path / "mine")

    def test_that_fails_changes_no_setting(self, workspace: Workspace, asked: list[str]) -> None:
        encode(workspace)
        with pytest.raises(InputFileError):
            encode(workspace, EncoderChoice("bert"), EncoderChoice(vectors=Path("none.parquet")))
        assert load_settings(workspace).text_encoder == "titles-default"


class TestVectorsMadeElsewhere:
    @pytest.fixture
    def vectors(self) -> np.ndarray:
        return np.random.default_rng(1).normal(size=(6, 5)).astype(np.float32)

    def npy(self, folder: Path, vectors: np.ndarray, ids: list[str]) -> EncoderChoice:
        np.save(folder / "vectors.npy", vectors)
        (folder / "ids.txt").write_text("\n".join(ids) + "\n")
        return EncoderChoice(vectors=folder / "vectors.npy", ids=folder / "ids.txt")

    def parquet(self, folder: Path, vectors: np.ndarray, ids: list[str]) -> EncoderChoice:
        frame = pd.DataFrame({"listing_id": ids, "vector": list(vectors)})
        frame.to_parquet(folder / "vectors.parquet")
        return EncoderChoice(vectors=folder / "vectors.parquet")

    @pytest.mark.parametrize("form", ["npy", "parquet"])
    def test_belong_to_their_listings(
        self, workspace: Workspace, tmp_path: Path, asked: list[str], vectors: np.ndarray, form: str
    ) -> None:
        choice = getattr(self, form)(tmp_path, vectors[::-1], IDS[::-1])
        assert encode(workspace, photo=choice) == EncodeSummary(6, 0, 6, 0)
        assert "photo" not in asked
        with open_store(workspace) as store:
            assembled = assemble(workspace, store)
        assert assembled.catalogue["listing_id"].tolist() == IDS
        np.testing.assert_array_equal(assembled.data.photos, vectors)

    def test_for_both_need_no_encoder(
        self, workspace: Workspace, tmp_path: Path, vectors: np.ndarray, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def never(name: str) -> None:
            raise AssertionError(f"{name} was loaded")

        monkeypatch.setattr(encoding, "load_text_encoder", never)
        monkeypatch.setattr(encoding, "load_photo_encoder", never)
        choice = self.parquet(tmp_path, vectors, IDS)
        assert encode(workspace, choice, choice) == EncodeSummary(6, 0, 6, 0)
        assert encode(workspace) == EncodeSummary(0, 6, 0, 6)  # remembered, too

    def test_missing_for_a_listing_are_told(
        self, workspace: Workspace, tmp_path: Path, asked: list[str], vectors: np.ndarray
    ) -> None:
        with pytest.raises(EncoderError, match="1 of 6 listings have no vector.*'L5'"):
            encode(workspace, self.parquet(tmp_path, vectors[:5], IDS[:5]))

    def test_without_ids_are_told(
        self, workspace: Workspace, tmp_path: Path, asked: list[str], vectors: np.ndarray
    ) -> None:
        np.save(tmp_path / "vectors.npy", vectors)
        with pytest.raises(InputFileError, match="together with a file of ids"):
            encode(workspace, EncoderChoice(vectors=tmp_path / "vectors.npy"))


class TestWorkspaceJson:
    @pytest.mark.parametrize(
        "damage",
        ["{", "[]", "null", '{"name": 5}', '{"context_fields": "x"}', '{"text_choice": "x"}', "\xff"],
    )
    def test_damaged_is_told(self, workspace: Workspace, asked: list[str], damage: str) -> None:
        encode(workspace)
        (workspace.root / "workspace.json").write_text(damage, encoding="latin-1")
        with pytest.raises(WorkspaceError, match=r"workspace\.json cannot be read.*Delete it.*encode"):
            encode(workspace)
        (workspace.root / "workspace.json").unlink()
        assert encode(workspace) == EncodeSummary(0, 6, 0, 6)

    def test_is_replaced_whole(self, workspace: Workspace, asked: list[str]) -> None:
        encode(workspace)
        names = {path.name for path in workspace.root.iterdir()}
        assert not {name for name in names if name.endswith(".part")}

    def test_from_a_later_version_is_read(self, workspace: Workspace, asked: list[str]) -> None:
        (workspace.root / "workspace.json").write_text('{"name": "shop", "colour": {"of": "later"}}')
        assert load_settings(workspace).name == "shop"
