"""What a workspace remembers between steps, in `workspace.json`: its name, its photos, its encoders,
the columns that are read beside the title."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import uuid4

from mmquality.config import Workspace
from mmquality.errors import WorkspaceError
from mmquality.pipeline.folders import replace_text
from mmquality.pipeline.locking import alone_in

FORMAT = 1  # raised when an older program would lose what a newer one wrote


@dataclass(frozen=True)
class EncoderChoice:
    """An encoder by name or folder, or, before both, vectors that were made elsewhere."""

    name: str = "default"
    vectors: Path | None = None  # .npy with `ids`, or Parquet
    ids: Path | None = None


@dataclass(frozen=True)
class CatalogueSettings:
    """An empty value is not known yet."""

    name: str = ""  # of the catalogue, for people
    workspace_id: str = ""  # by which a database elsewhere knows this folder
    images: str = ""  # the folder of its photos, for an import that names none
    text_encoder: str = ""  # ids of the encoders whose vectors the next training reads, …
    photo_encoder: str = ""
    context_fields: tuple[str, ...] = ()  # columns whose values it reads beside the title
    control_share: float = 0.05  # of the queue's cases, how many are drawn at random from the whole catalogue
    second_share: float = 0.1  # of the cases judged, how many a second analyst judges unseen
    reasons: tuple[tuple[str, str], ...] = ()  # for a mismatch: code and words, in their order …
    hidden_reasons: tuple[str, ...] = ()  # … and codes that are no longer offered, see `label_reasons`
    text_choice: EncoderChoice = field(default_factory=EncoderChoice)  # … and how they were asked for
    photo_choice: EncoderChoice = field(default_factory=EncoderChoice)


def load_settings(workspace: Workspace) -> CatalogueSettings:
    """The workspace's settings; empty ones where nothing was imported yet. Raises `WorkspaceError`."""
    path = settings_path(workspace)
    try:
        stat = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return CatalogueSettings()
    return _settings(path, (stat.st_ino, stat.st_mtime_ns, stat.st_size))


@lru_cache(maxsize=8)  # a page asks for each label that it shows
def _settings(path: Path, written: tuple[int, int, int]) -> CatalogueSettings:
    """The settings in a file as it was `written`."""
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        _check_format(path, stored.get("format", FORMAT))
        return CatalogueSettings(
            name=_text(stored, "name"),
            workspace_id=_text(stored, "workspace_id"),
            images=_text(stored, "images"),
            text_encoder=_text(stored, "text_encoder"),
            photo_encoder=_text(stored, "photo_encoder"),
            context_fields=_texts(stored, "context_fields"),
            control_share=_share(stored, "control_share"),
            second_share=_share(stored, "second_share"),
            reasons=tuple((str(code), str(words)) for code, words in stored.get("reasons", [])),
            hidden_reasons=_texts(stored, "hidden_reasons"),
            text_choice=_choice(stored.get("text_choice", {})),
            photo_choice=_choice(stored.get("photo_choice", {})),
        )
    except (OSError, ValueError, AttributeError, TypeError, RecursionError) as error:
        raise WorkspaceError(
            f"{path} cannot be read ({error}). Delete it, then run `mmquality encode`."
        ) from error


def change_settings(workspace: Workspace, **changed: str | EncoderChoice | tuple[Any, ...] | float) -> None:
    """Write these settings in one atomic step; the others stay as they were."""
    with alone_in(workspace):
        _write(workspace, replace(load_settings(workspace), **changed))  # type: ignore[arg-type]


def workspace_id(workspace: Workspace) -> str:
    """The name by which its database knows it; it is given one where it has none."""
    with alone_in(workspace):
        settings = load_settings(workspace)
        if not settings.workspace_id:
            settings = replace(settings, workspace_id=uuid4().hex)
            _write(workspace, settings)
    return settings.workspace_id


def _write(workspace: Workspace, settings: CatalogueSettings) -> None:
    content = json.dumps({"format": FORMAT} | asdict(settings), indent=2, ensure_ascii=False, default=str)
    replace_text(settings_path(workspace), content + "\n")


def _check_format(path: Path, found: object) -> None:
    if found != FORMAT:
        raise WorkspaceError(
            f"{path} was written by a newer mmquality (its format is {found!r}, this one reads {FORMAT}); "
            "install that version, or choose another workspace."
        )


def settings_path(workspace: Workspace) -> Path:
    return workspace.root / "workspace.json"


def _choice(stored: dict[str, Any]) -> EncoderChoice:
    vectors, ids = stored.get("vectors"), stored.get("ids")
    return EncoderChoice(
        name=_text(stored, "name") or EncoderChoice.name,
        vectors=Path(vectors) if vectors else None,
        ids=Path(ids) if ids else None,
    )


def _text(stored: dict[str, Any], name: str) -> str:
    value = stored.get(name, "")
    if not isinstance(value, str):
        raise ValueError(f"{name} is not a text")
    return value


def _share(stored: dict[str, Any], name: str) -> float:
    value = stored.get(name, getattr(CatalogueSettings, name))
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ValueError(f"{name} is not a share between 0 and 1")
    return float(value)


def _texts(stored: dict[str, Any], name: str) -> tuple[str, ...]:
    values = stored.get(name, [])
    if not (isinstance(values, list) and all(isinstance(value, str) for value in values)):
        raise ValueError(f"{name} is not a list of texts")
    return tuple(values)
