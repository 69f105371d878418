"""A listing that is not in the catalogue, as vectors: the same that it would have if it were added."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import Lock

import numpy as np
import pandas as pd

from mmquality.checkpoint import load_checkpoint
from mmquality.config import ImportLimits, Workspace
from mmquality.cores import on_every_core
from mmquality.data.photos import as_rgb, checked
from mmquality.data.values import clean_text, strip_controls
from mmquality.encoders.photo import PhotoEncoder, load_photo_encoder
from mmquality.encoders.spelling import Speller
from mmquality.encoders.text import TextEncoder, load_text_encoder
from mmquality.errors import EncoderError, QuestionError
from mmquality.index import Vectors, unit
from mmquality.network.frozen import Frozen
from mmquality.pipeline.context import Told, context_texts, context_vectors, load_centres, title_side
from mmquality.pipeline.settings import EncoderChoice, load_settings
from mmquality.pipeline.unified import unified_vectors
from mmquality.records import Space

_NAMELESS = ""  # the photo: it was sent, and is no file here


@dataclass(frozen=True)
class NewListing:
    """What a seller gives: as a row of a catalogue file, with the photo's bytes in place of its name."""

    title: str
    photo: bytes
    category: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)

    def checked(self, limits: ImportLimits) -> NewListing:
        """As an import cleans it. Raises `QuestionError` or `PhotoProblem` where one would refuse it."""
        title = clean_text(self.title)
        if not 0 < len(title) <= limits.max_title_characters:
            raise QuestionError(
                f"The title has {len(title):,} characters that can be seen; give 1 to "
                f"{limits.max_title_characters:,}."
            )
        checked(_NAMELESS, self.photo, limits)
        said = {name: text for name, value in self.attributes.items() if (text := strip_controls(value))}
        return NewListing(title, self.photo, clean_text(self.category), said)

    @property
    def frame(self) -> pd.DataFrame:
        """The listing as a catalogue of one."""
        row = {"category": self.category or None, "attributes": dict(self.attributes)}
        return pd.DataFrame([row], dtype=object)


class _Embedded:
    """Vectors that were made just now, as a cache of them would give them."""

    def __init__(self, hashes: Sequence[str], vectors: Vectors) -> None:
        self.dim = vectors.shape[1]
        self._vectors = dict(zip(hashes, vectors, strict=True))

    def missing(self, hashes: Sequence[str]) -> list[str]:
        return [key for key in hashes if key not in self._vectors]

    def get(self, hashes: Sequence[str]) -> Vectors:
        return self.placed(hashes)

    def placed(self, hashes: Iterable[str]) -> Vectors:
        found = [self._vectors[key] for key in hashes]
        return np.stack(found) if found else np.empty((0, self.dim), np.float32)


class Encoders:
    """The encoders that a workspace was encoded with. One listing at a time goes through them: they take
    every core for themselves."""

    def __init__(self, workspace: Workspace) -> None:
        """Raises `EncoderError` where its vectors were made elsewhere, or an encoder cannot be had."""
        settings = load_settings(workspace)
        self.choices = settings.text_choice, settings.photo_choice
        _check_ours(settings.text_choice, "titles")
        _check_ours(settings.photo_choice, "photos")
        self.text: TextEncoder = load_text_encoder(settings.text_choice.name)
        self.photo: PhotoEncoder = load_photo_encoder(settings.photo_choice.name)
        self._one_at_a_time = Lock()

    def encode(self, texts: Sequence[str], photo: bytes) -> tuple[Vectors, Vectors]:
        """Vectors of the texts (n, dim) and of the photo (1, photo_dim)."""
        both: list[Callable[[], Vectors]] = [
            lambda: self.text.encode(texts),
            lambda: self.photo.encode([partial(as_rgb, _NAMELESS, photo, self.photo.side)]),
        ]
        with self._one_at_a_time:
            text_vectors, photo_vectors = on_every_core(lambda encode: encode(), both)
        return text_vectors, photo_vectors


class Newcomer:
    """Reads listings as a model version does."""

    def __init__(self, workspace: Workspace, version: str, encoders: Encoders) -> None:
        """Raises `ModelFileError`, and `EncoderError` where the model reads vectors of other encoders."""
        folder = workspace.models / version
        self.version, self._encoders, checkpoint = version, encoders, load_checkpoint(folder)
        read = checkpoint.text_encoder, checkpoint.photo_encoder
        if read != (encoders.text.id, encoders.photo.id):
            raise EncoderError(
                f"Model {version} reads vectors of {read[0]} and {read[1]}, but {encoders.text.id} and "
                f"{encoders.photo.id} are installed here; install those packages, or train again."
            )
        self._network, self._config = Frozen(checkpoint.network), checkpoint.training_config
        self._fields = checkpoint.network_config.context_fields
        self._centres = load_centres(folder, self._fields)

    def vectors(self, listing: NewListing) -> dict[Space, Vectors]:
        """The unit vector (d,) of a listing that was `checked`, in each space."""
        said = context_texts(listing.frame, self._fields)
        texts, photo = self._encoders.encode([listing.title, *said.values()], listing.photo)
        titles, cache = texts[:1], _Embedded(list(said), texts[1:])
        context = context_vectors(Told.of([listing.frame], self._fields), cache, self._centres)
        side = title_side(titles, [listing.title], context[:], Speller())
        alone = np.empty((0, 2), np.int64)  # nobody has clicked it yet
        unified = unified_vectors(self._network, self._config, side, photo, alone)
        spaces = {Space.UNIFIED: unified, Space.TITLE: unit(titles), Space.PHOTO: unit(photo)}
        return {space: vectors[0] for space, vectors in spaces.items()}


def _check_ours(choice: EncoderChoice, what: str) -> None:
    if choice.vectors is not None:
        raise EncoderError(
            f"The {what} of this catalogue were encoded elsewhere ({Path(choice.vectors).name}), so new ones "
            "cannot be read here; ask for listings of the catalogue, or encode it with an encoder."
        )
