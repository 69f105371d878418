"""Which language model is to be asked, if any."""

from __future__ import annotations

from importlib.util import find_spec

from mmquality.config import LLMConfig
from mmquality.errors import WorkspaceError


def endpoint() -> LLMConfig | None:
    """The endpoint that the environment names; None where it names none.

    Raises `WorkspaceError` where it is set up wrongly, or the package that speaks to it is missing.
    """
    config = LLMConfig.of_environment()
    if config is not None and find_spec("openai") is None:
        raise WorkspaceError("MMQ_LLM_URL is set, which needs openai: pip install 'mmquality[explain]'.")
    return config
