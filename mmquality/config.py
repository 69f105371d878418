"""Where a workspace keeps its things, and what the environment says (`MMQ_…`)."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class ImportLimits:
    """What is refused at the door; a photo or title beyond a limit becomes a row of the import report."""

    max_photo_bytes: int = 20_000_000
    max_photo_pixels: int = 50_000_000
    max_title_characters: int = 2_000


@dataclass(frozen=True)
class Workspace:
    """One catalogue = one folder. This class knows names of places only; it reads and writes nothing."""

    root: Path
    database_url: str

    @classmethod
    def at(cls, root: str | Path, database_url: str | None = None) -> Workspace:
        """The workspace in `root`; its database is `database_url`, `MMQ_DATABASE_URL`, or a SQLite file inside."""
        root = Path(root).absolute()
        url = database_url or os.environ.get("MMQ_DATABASE_URL") or f"sqlite:///{root / 'mmquality.db'}"
        return cls(root, url)

    @property
    def embeddings(self) -> Path:
        """Cached embeddings, one folder per encoder."""
        return self.root / "embeddings"

    @property
    def clicks(self) -> Path:
        """The cleaned click log: `impressions.parquet` and `co_clicks.parquet`."""
        return self.root / "clicks"

    @property
    def models(self) -> Path:
        """Model versions, one folder each: checkpoint, scores, unified embeddings, index."""
        return self.root / "models"

    @property
    def thumbnails(self) -> Path:
        """Small JPEGs for the dashboard, named by the photo's content hash."""
        return self.root / "thumbnails"
