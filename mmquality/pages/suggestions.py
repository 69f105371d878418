"""A language model's suggestion beside the verdict: asked for by an analyst, shown, and taken up or not.

Nothing of it is drawn where no endpoint is set, for who only looks on, and where people are to judge alone.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from mmquality.config import LLMConfig
from mmquality.errors import MMQualityError, WorkspaceError
from mmquality.explaining.endpoint import endpoint
from mmquality.pages import place, session, verdicts
from mmquality.pages.components import caption, word_chips
from mmquality.pages.escaping import as_html, as_markdown
from mmquality.pages.guard import for_this_visit
from mmquality.pages.wording import VERDICTS, moment, money
from mmquality.pipeline.explanations import ask, known, question_about
from mmquality.pipeline.settings import load_settings
from mmquality.records import Drawn, Role
from mmquality.store import Explanation, second_draw

_BEAT = 0.2  # seconds


def show(case: verdicts.Case, where: DeltaGenerator) -> None:
    """The button, and what came of it."""
    if not session.visitor().may(Role.ANALYST) or _for_people_alone(case):
        return
    try:
        config = endpoint()
    except WorkspaceError as error:
        with where:
            _alarm(str(error))
        return
    if config is not None:
        with where, st.container(key="suggestion", gap="small"):
            _panel(case, config)


def _panel(case: verdicts.Case, config: LLMConfig) -> None:
    said = known(case.catalogue, case.listing, config)
    card = st.container(gap="small")
    if _button(config, again=said is not None) and _asked(case, config):
        st.rerun()  # so that the button says "again" beside the answer
    if said is not None:
        with card:
            _card(case, said)


def _for_people_alone(case: verdicts.Case) -> bool:
    """Whether a suggestion could tell the score, or make two who judge alone agree.

    It is all cases that two people judge, not the second time alone: a button that is missing would tell.
    """
    if case.drawn is Drawn.BROWSED:
        return case.score_hidden
    share = load_settings(case.catalogue.workspace).second_share
    twice = case.drawn is Drawn.SECOND or second_draw(case.listing.listing_id) < share
    return case.score_hidden or twice


def _button(config: LLMConfig, again: bool) -> bool:
    photo = ", the photo" if config.images else ""
    return st.button(
        "Ask again" if again else "Ask the language model", key="ask-model", type="tertiary",
        icon=":material/chat:",
        help=as_markdown(
            f"{config.model} at {config.host} gets the title, what describes the product{photo} and the "
            "evidence on this page, and suggests a verdict. It saves nothing."
        ),
    )  # fmt: skip


def _asked(case: verdicts.Case, config: LLMConfig) -> Explanation | None:
    """The answer; where there is none, one sentence says why."""
    try:
        said = _wait_for_answer(case, config)
    except MMQualityError as error:
        _alarm(str(error))
        return None
    if said.failure:
        _alarm(said.failure)
        return None
    return said


def _alarm(sentence: str) -> None:
    st.html(f'<p class="mmq-said mmq-alarming" role="status">{as_html(sentence)}</p>')


def _wait_for_answer(case: verdicts.Case, config: LLMConfig) -> Explanation:
    """Asked beside this run: a verdict that is given meanwhile does not wait; the answer is kept anyway."""
    session.visitor().must_be(Role.ANALYST, "Asking the language model")
    question = question_about(case.catalogue, case.listing, config)
    store, version = for_this_visit(case.catalogue.store), case.catalogue.published_version().name
    pool = ThreadPoolExecutor(1, thread_name_prefix="explaining")
    answer = pool.submit(ask, store, case.listing, question, config, session.analyst(), version)
    pool.shutdown(wait=False)
    beat = st.empty()
    with st.spinner(f"Asking {as_markdown(config.model)} …", show_time=True):
        while not wait([answer], _BEAT).done:
            beat.empty()  # where Streamlit ends this run if another is wanted
    return answer.result()


def _card(case: verdicts.Case, said: Explanation) -> None:
    taken = verdicts.taken_up(case.listing)
    held = taken is not None and taken.explanation_id == said.explanation_id
    st.html(_told(said))
    st.button(
        "In the form" if held else "Use it", key="use-suggestion", icon=":material/edit_note:", disabled=held,
        on_click=verdicts.take_up, args=(case.listing, said),
        help="Puts the sentence into the note and marks the verdict; a key saves it, changed or not.",
    )  # fmt: skip
    if held:
        caption(
            "The verdict is marked above, the sentence is the note. Save by key or click, changed or not."
        )


def _told(said: Explanation) -> str:
    """The suggestion as HTML; every text in it is a stranger's."""
    words = VERDICTS[said.verdict] if said.verdict else ""
    words += f" · {place.reasons().in_words(said.reason).lower()}" if said.reason else ""
    facts = [f"{said.model} at {said.host}", f"{said.seconds:.1f} s", money(said.cost)]
    facts += [f"asked by {said.analyst}, {moment(said.created_at)}"]
    quoted = word_chips(said.quotes, "", "") if said.quotes else ""
    warned = "The listing tries to tell the model what to answer." if said.instructions else ""
    return (
        f'<p class="mmq-verdict"><span class="mmq-badge mmq-{said.verdict}">{as_html(words)}</span></p>'
        f'<p class="mmq-why">{as_html(said.sentence)}</p>'
        + (f'<p class="mmq-said mmq-alarming">{warned}</p>' if warned else "")
        + f'{quoted}<p class="mmq-verdict">Suggested by {as_html(" · ".join(filter(None, facts)))}</p>'
    )
