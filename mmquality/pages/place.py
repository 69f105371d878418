"""Which workspace this dashboard shows, and what it calls things."""

from __future__ import annotations

import os

from mmquality.config import Workspace
from mmquality.pipeline.label_reasons import Reasons, label_reasons
from mmquality.pipeline.places import workspace_at


def workspace() -> Workspace:
    """The workspace of this dashboard: `MMQ_WORKSPACE`, by default `./workspace`."""
    return workspace_at(os.environ.get("MMQ_WORKSPACE") or "workspace")


def reasons() -> Reasons:
    """Its reasons for a mismatch."""
    return label_reasons(workspace())
