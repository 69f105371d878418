"""What a source tells, checked as an import checks it, and encoded as it comes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from json import dumps
from types import TracebackType
from typing import Self

import numpy as np
import orjson
import pandas as pd

from mmquality.anywhere import Place
from mmquality.config import ImportLimits, Workspace
from mmquality.data.catalogue import REQUIRED, check_listings
from mmquality.data.input_file import ROW
from mmquality.data.photo_stamps import PhotoStamps
from mmquality.data.photos import PhotoProblem
from mmquality.data.tables import TableChunk
from mmquality.encoders.photo import load_photo_encoder
from mmquality.encoders.text import load_text_encoder
from mmquality.engine import Local
from mmquality.errors import WorkspaceError
from mmquality.pipeline.arriving import Joiner
from mmquality.pipeline.context import context_texts
from mmquality.pipeline.encoding_work import PhotoEncoding, TitleEncoding, encode_missing
from mmquality.pipeline.settings import load_settings
from mmquality.records import RowProblem
from mmquality.sources import Change, Letter
from mmquality.store import DeadLetter, Intake

_AT_ONCE = 1_024  # texts or photos that are kept on disk together


class Checker:
    """Changes become listings, removals and letters; photos are below `images`. Use it in a `with` block."""

    def __init__(self, images: Place, limits: ImportLimits | None = None) -> None:
        self._limits = limits or ImportLimits()
        self._stamps = PhotoStamps(images, {}, self._limits, workers=1)

    def __enter__(self) -> Self:
        self._stamps.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stamps.__exit__(kind, error, trace)

    def check(self, source: str, changes: Sequence[Change], letters: Sequence[Letter]) -> Intake:
        """What of a batch can be stored; of several changes of a listing the last that can be used counts."""
        told = {number: change.row for number, change in enumerate(changes) if change.row is not None}
        checked = check_listings(source, _chunk(told), self._stamps, self._limits)
        bad = {problem.row for problem in checked.problems}
        gone = {change.listing_id: number for number, change in enumerate(changes) if change.row is None}
        numbers = (number for number in told if number not in bad)
        named = zip(checked.listings["listing_id"], numbers, strict=True)
        later = np.array([number > gone.get(listing_id, -1) for listing_id, number in named], dtype=bool)
        stay = checked.listings[later].drop_duplicates("listing_id", keep="last").reset_index(drop=True)
        dead = [DeadLetter(source, x.place, x.reason, x.payload, x.listing_id) for x in letters]
        dead += [_letter(source, changes[problem.row], problem) for problem in checked.problems]
        seen = {change.listing_id: datetime.fromtimestamp(change.seen, UTC) for change in changes}
        return Intake(source, stay, sorted(gone.keys() - set(stay["listing_id"])), dead, {}, seen)


def _chunk(told: Mapping[int, Mapping[str, str]]) -> TableChunk:
    """Rows as a file would have them, numbered by their change."""
    names = dict.fromkeys([*REQUIRED, *(name for row in told.values() for name in row)])
    columns = {name: [row.get(name, "") for row in told.values()] for name in names if name != ROW}
    frame = pd.DataFrame(columns, dtype="str")
    frame.insert(0, ROW, pd.Series(list(told), dtype="int64"))
    return TableChunk(frame, [])


def _letter(source: str, change: Change, problem: RowProblem) -> DeadLetter:
    reason = f"{problem.column} {problem.reason}"
    payload = dumps(dict(change.row or {}), ensure_ascii=False)
    return DeadLetter(source, change.place, reason, payload, change.listing_id)


@dataclass(frozen=True)
class Encoders:
    """The workspace's encoders, loaded when they are needed first, and kept."""

    text: str
    photo: str

    @classmethod
    def of(cls, workspace: Workspace) -> Encoders:
        """Raises `WorkspaceError` where vectors were made elsewhere."""
        settings = load_settings(workspace)
        if settings.text_choice.vectors or settings.photo_choice.vectors:
            raise WorkspaceError(
                "This catalogue reads vectors that were made elsewhere, so nothing here can encode what "
                "comes. Run `mmquality import`, `mmquality encode` and `mmquality arrive` instead."
            )
        return cls(settings.text_choice.name, settings.photo_choice.name)

    @cached_property
    def titles(self) -> TitleEncoding:
        return TitleEncoding(load_text_encoder, self.text)

    @cached_property
    def photos(self) -> PhotoEncoding:
        return PhotoEncoding(load_photo_encoder, self.photo)

    def load(self) -> None:
        """Have both in memory before somebody waits for them."""
        _ = self.titles, self.photos

    def encode(self, joiner: Joiner, intake: Intake) -> Intake:
        """Put what the model reads of these into its caches; those whose photo is gone are letters."""
        listings = intake.listings
        texts = dict(zip(listings["title_hash"], listings["title"], strict=True))
        read = listings.assign(attributes=[orjson.loads(text) for text in listings["attributes"]])
        texts |= context_texts(read, joiner.checkpoint.network_config.context_fields)
        if missing := joiner.titles.missing(list(texts)):
            contents = [(key, texts[key]) for key in missing]
            encode_missing(Local(), self.titles, joiner.titles, contents, _AT_ONCE, _silent)
        photos = dict(zip(listings["photo_hash"], listings["photo_path"], strict=True))
        missing = joiner.photos.missing(list(photos))
        try:
            self._encode_photos(joiner, {key: photos[key] for key in missing})
        except PhotoProblem:  # exchanged a moment ago: which one?
            return self._without_lost(joiner, intake, {key: photos[key] for key in missing})
        return intake

    def _encode_photos(self, joiner: Joiner, photos: Mapping[str, str]) -> None:
        if photos:
            contents = [(key, (path, key)) for key, path in photos.items()]
            encode_missing(Local(), self.photos, joiner.photos, contents, _AT_ONCE, _silent)

    def _without_lost(self, joiner: Joiner, intake: Intake, photos: Mapping[str, str]) -> Intake:
        why: dict[str, str] = {}
        for key, path in photos.items():
            try:
                self._encode_photos(joiner, {key: path})
            except PhotoProblem as problem:
                why[key] = problem.reason
        lost = intake.listings["photo_hash"].isin(list(why))
        letters = [
            DeadLetter(intake.source, f"listing {row['listing_id']}", f"image {why[row['photo_hash']]}", "",
                       row["listing_id"])
            for row in intake.listings[lost].to_dict("records")
        ]  # fmt: skip
        stay = intake.listings[~lost].reset_index(drop=True)
        return replace(intake, listings=stay, letters=[*intake.letters, *letters])


def _silent(done: int) -> None:
    return None
