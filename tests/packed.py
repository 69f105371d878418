"""Unpacks the archives that tests keep."""

from __future__ import annotations

import tarfile
from pathlib import Path


def unpack(packed: Path, folder: Path) -> None:
    """Unpack an archive of ours into `folder`.

    Filters came with Python 3.11.4, and Debian 12 has 3.11.2; later ones warn where none is named.
    """
    with tarfile.open(packed) as archive:
        archive.extractall(folder, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
