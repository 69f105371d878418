"""The endpoint: one question goes out by the chat completions of OpenAI's protocol, one reply comes back.

Needs the package openai (`mmquality[explain]`).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any, cast

import openai
from openai import AsyncOpenAI, DefaultAsyncHttpxClient
from openai.types.chat import ChatCompletion

from mmquality.config import LLMConfig
from mmquality.errors import ExplanationError
from mmquality.explaining.answer import Answer, answer_schema, read_answer
from mmquality.explaining.question import Question
from mmquality.explaining.text import clean

_MOST_TOKENS = 4_000  # of an answer: a model that thinks aloud needs most of them
_MOST_COUNTED = 10**12  # tokens; an endpoint that counts more does not count
_PAUSE = 0.5  # seconds before the one further try
_LONGEST_WHY = 200  # characters of an endpoint's own words
_REFUSED = openai.BadRequestError, openai.UnprocessableEntityError
_FAILED = openai.APIConnectionError, openai.InternalServerError


@dataclass(frozen=True)
class Reply:
    """What came of a question: an answer, or a sentence that says why there is none."""

    seconds: float
    answer: Answer | None = None
    failure: str = ""
    model: str = ""  # as the endpoint named it
    tokens_in: int | None = None
    tokens_out: int | None = None


def ask(config: LLMConfig, question: Question) -> Reply:
    """Ask, and wait for at most `config.seconds`."""
    started, said = time.monotonic(), None
    answer, failure = None, ""
    try:
        said = asyncio.run(_completion(config, question))
        answer = read_answer(_text_of(said, config), question.reasons)
        # It is told to quote; it may make up.
        answer = answer.model_copy(update={"quotes": question.held(answer.quotes)})
    except (TimeoutError, openai.APITimeoutError):
        failure = (
            f"{config.host} gave no answer within {config.seconds:g} s; ask again, or allow more by "
            "MMQ_LLM_SECONDS."
        )
    except openai.APIError as error:
        failure = _why(error, config)
    except ValueError:  # a body that says it is JSON, and is not
        failure = str(_no_protocol(config))
    except ExplanationError as error:
        failure = str(error)
    usage = getattr(said, "usage", None)
    return Reply(
        time.monotonic() - started, answer, failure, clean(str(getattr(said, "model", None) or ""), 200),
        _tokens(usage, "prompt_tokens"), _tokens(usage, "completion_tokens"),
    )  # fmt: skip


async def _completion(config: LLMConfig, question: Question) -> ChatCompletion:
    """The first answer: of endpoints that keep to a schema, to JSON, or to neither."""
    async with asyncio.timeout(config.seconds), _client(config) as client:
        refused: openai.APIStatusError | None = None
        for form in _forms(question):
            try:
                return await _tried_twice(lambda: _asked(client, config, question, form))  # noqa: B023
            except _REFUSED as error:
                refused = error
        assert refused is not None
        raise refused


def _client(config: LLMConfig) -> AsyncOpenAI:
    """Redirects are not followed: what is sent goes where the operator said, and nowhere else."""
    client = AsyncOpenAI(
        base_url=config.url, api_key=config.key or "none", timeout=config.seconds, max_retries=0,
        http_client=DefaultAsyncHttpxClient(follow_redirects=False),
    )  # fmt: skip
    client.organization = client.project = None  # those of the environment are for OpenAI alone
    return client


def _forms(question: Question) -> Iterator[dict[str, Any]]:
    schema = {"name": "suggestion", "strict": True, "schema": answer_schema(question.reasons)}
    limit = {"max_completion_tokens": _MOST_TOKENS}
    yield {"response_format": {"type": "json_schema", "json_schema": schema}, **limit}
    yield {"response_format": {"type": "json_object"}, **limit}
    yield {}


async def _asked(
    client: AsyncOpenAI, config: LLMConfig, question: Question, form: dict[str, Any]
) -> ChatCompletion:
    messages = cast(Any, question.messages())
    said = await client.chat.completions.create(model=config.model, messages=messages, **form)
    return cast(ChatCompletion, said)


async def _tried_twice(call: Callable[[], Awaitable[ChatCompletion]]) -> ChatCompletion:
    """Once more where the way or the server failed; openai's own tries wait as long as a server says."""
    try:
        return await call()
    except openai.APITimeoutError:
        raise
    except _FAILED:
        await asyncio.sleep(_PAUSE)
        return await call()


def _text_of(said: object, config: LLMConfig) -> str:
    """What the model wrote. Raises `ExplanationError` where it wrote nothing."""
    choices = getattr(said, "choices", None)
    message = getattr(choices[0], "message", None) if isinstance(choices, list) and choices else None
    if message is None:
        raise _no_protocol(config)
    text = getattr(message, "content", None)
    if not isinstance(text, str) or not text:
        raise ExplanationError(
            "The language model did not answer; ask again, or set MMQ_LLM_MODEL to another."
        )
    return text


def _no_protocol(config: LLMConfig) -> ExplanationError:
    return ExplanationError(f"{config.host} does not speak OpenAI's protocol; see MMQ_LLM_URL.")


def _tokens(usage: object, name: str) -> int | None:
    number = getattr(usage, name, None)
    return number if isinstance(number, int) and 0 <= number <= _MOST_COUNTED else None


def _why(error: openai.APIError, config: LLMConfig) -> str:
    """One sentence, without the key: a refusal of it may repeat a part, so its words are left out."""
    host = config.host
    if not isinstance(error, openai.APIStatusError):
        return f"{host} cannot be reached; see that it runs, and MMQ_LLM_URL."
    status = error.status_code
    if status in (401, 403):
        return f"{host} refuses the key (HTTP {status}); see MMQ_LLM_KEY."
    if status == 404:
        return f"{host} knows no such model or address (HTTP 404); see MMQ_LLM_MODEL and MMQ_LLM_URL."
    if status == 429:
        return f"{host} has too much to do, or your limit there is reached (HTTP 429); ask again later."
    if status >= 500:
        return f"{host} failed (HTTP {status}); ask again, or look into its log."
    if status < 400:
        return f"{host} sends elsewhere (HTTP {status}); set MMQ_LLM_URL to where it really is."
    told = str(error.body.get("message", "")) if isinstance(error.body, dict) else ""
    told = clean(told.replace(config.key, "***") if config.key else told, _LONGEST_WHY) or "it says no more"
    return f"{host} refused the question (HTTP {status}: {told}); see MMQ_LLM_MODEL and MMQ_LLM_IMAGES."
