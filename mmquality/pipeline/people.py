"""Who is at work in this process."""

from __future__ import annotations

import getpass
import os


def whoami() -> str:
    """The analyst's name: `MMQ_ANALYST`, else the login; "" where it has none (a container's user)."""
    try:
        return os.environ.get("MMQ_ANALYST") or getpass.getuser()
    except (OSError, KeyError, ImportError):  # there is nobody to name
        return ""
