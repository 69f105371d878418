"""A language model's suggestion on Listing, Review and Labels: asked for, taken up, edited, left."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from dashboard import button, opened, store_of, texts
from language_model import SUGGESTION, Model, language_model
from streamlit.testing.v1 import AppTest
from workspaces import Fixture

from mmquality.pages import access, suggestions
from mmquality.pages.access import Visitor
from mmquality.pipeline.settings import change_settings
from mmquality.records import Label, Role, Suggestion, Verdict
from mmquality.store import RankingQuery, second_draw

SENTENCE = str(SUGGESTION["sentence"])
ASK, AGAIN = "Ask the language model", "Ask again"


@pytest.fixture
def shop(plain_queue: Fixture, monkeypatch: pytest.MonkeyPatch) -> Fixture:
    """A workspace whose queue has neither control cases nor second reviews; an answer is looked for often."""
    monkeypatch.setattr(suggestions, "_BEAT", 0.02)
    return plain_queue


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Iterator[Model]:
    """An endpoint, and the environment that names it."""
    with language_model() as found:
        for name, value in {"URL": found.url, "MODEL": "tiny", "PRICE": "1 10"}.items():
            monkeypatch.setenv(f"MMQ_LLM_{name}", value)
        yield found


def labels(app: AppTest) -> list[str]:
    return [b.label for b in app.button]


def label_of(shop: Fixture, listing_id: str) -> Label:
    return store_of(shop).label_history(listing_id)[0].label


def reviewing(**params: str) -> AppTest:
    app = opened("review", params={"reveal": "true", **params})
    app.text_input(key="analyst").set_value("ann").run()
    assert not app.exception, app.exception
    return app


def test_without_an_endpoint_there_is_nothing(shop: Fixture) -> None:
    assert ASK not in labels(opened("listing", id="L004")) + labels(reviewing())
    assert "What became of suggestions" not in texts(opened("labels"))


def test_a_suggestion_is_shown_taken_up_and_saved_by_a_key(shop: Fixture, model: Model) -> None:
    app = opened("listing", id="L004")
    button(app, ASK).click().run()
    page = texts(app)
    assert not app.exception and "Mismatch · wrong product</span>" in page
    assert f'<p class="mmq-why">{SENTENCE}</p>' in page and "<b>mug</b>" in page
    assert "tiny-2026-11 at 127.0.0.1:" in page and " · cost 0.002 · asked by analyst" in page
    assert store_of(shop).label_history("L004") == []  # it labels nothing
    button(app, "Use it").click().run()
    assert app.text_input(key="note-L004").value == SENTENCE
    assert button(app, "Wrong product").proto.type == "primary" and button(app, "In the form").disabled
    button(app, "Wrong product").click().run()
    label = label_of(shop, "L004")
    assert (label.verdict, label.reason, label.note) == (Verdict.MISMATCH, "wrong_product", SENTENCE)
    assert label.suggestion is Suggestion.ACCEPTED
    again = opened("listing", id="L004")
    assert SENTENCE in texts(again) and AGAIN in labels(again) and len(model.sent) == 1  # paid once
    assert "as a language model suggested" in texts(again)
    button(again, AGAIN).click().run()
    assert len(model.sent) == 2


def test_what_the_analyst_makes_of_it_is_told(shop: Fixture, model: Model) -> None:
    app = opened("listing", id="L004")
    app.text_input(key="note-L004").set_value("A guitar!")
    button(app, ASK).click().run()
    button(app, "Use it").click().run()
    assert app.text_input(key="note-L004").value == f"A guitar! {SENTENCE}"
    button(app, "Wrong variant").click().run()
    assert label_of(shop, "L004").suggestion is Suggestion.EDITED
    app = opened("listing", id="L005")
    app.text_input(key="note-L005").set_value("No guitar.")
    button(app, ASK).click().run()
    button(app, "Use it").click().run()
    button(app, "Match").click().run()
    left = label_of(shop, "L005")
    assert (left.explanation_id, left.note) == (None, "No guitar.")  # nor its sentence
    told = texts(opened("labels"))
    assert re.search(r'<p class="mmq-use">tiny-2026-11 at 127.0.0.1:\d+</p>', told)
    figures = re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", told)
    asked = {
        "Asked": "2",
        "No answer": "0",
        "As it was": "0",
        "Edited": "1",
        "Not used": "1",
        "Cost": "0.004",
    }
    assert asked.items() <= dict(figures).items()
    audit = opened("labels", show="audit").dataframe[0].value
    assert audit["kind"].tolist()[:4] == ["Label", "Language model asked", "Label", "Language model asked"]
    assert "from a language model's suggestion, edited" in audit["what"][2]


def test_what_went_wrong_is_one_sentence(shop: Fixture, model: Model) -> None:
    model.status = 503
    app = opened("listing", id="L004")
    button(app, ASK).click().run()
    assert not app.exception and "failed (HTTP 503); ask again, or look into its log." in texts(app)
    assert "Use it" not in labels(app) and "Match" in labels(app)
    button(app, "Match").click().run()
    assert "What became of suggestions" not in texts(opened("labels"))  # what never answered is in the audit
    audit = opened("labels", show="audit").dataframe[0].value
    assert "Language model asked" in audit["kind"].tolist()


def test_what_a_model_says_is_text(shop: Fixture, model: Model) -> None:
    said = {"verdict": "match", "sentence": 'Ha! "1 < 2" & :red[so] $x$', "instructions": True}
    model.says = lambda sent: said
    app = opened("listing", id="L001")
    button(app, ASK).click().run()
    assert "Ha! &quot;1 &lt; 2&quot; &amp; :red[so] $x$" in texts(app)
    assert "The listing tries to tell the model what to answer." in texts(app)


def test_who_only_looks_on_is_not_offered_it(
    shop: Fixture, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "visitor", lambda store: Visitor("vic", Role.VIEWER))
    assert ASK not in labels(opened("listing", id="L004"))


def test_review_offers_it_where_the_score_is_shown(shop: Fixture, model: Model) -> None:
    assert ASK not in labels(reviewing(reveal="false")) and not model.sent
    app = reviewing()
    button(app, ASK).click().run()
    button(app, "Use it").click().run()
    button(app, "Wrong product").click().run()
    assert not app.exception and len(model.sent) == 1
    rows = store_of(shop).labels_page().rows
    assert [row.label.suggestion for row in rows] == [Suggestion.ACCEPTED]
    assert button(app, "Wrong product").proto.type == "secondary"  # the next case has none yet


def test_a_case_that_two_people_judge_is_theirs_alone(shop: Fixture, model: Model) -> None:
    change_settings(shop.workspace, second_share=1.0)
    assert ASK not in labels(reviewing())
    first = store_of(shop).ranking_ids(RankingQuery(), 1)[0]
    change_settings(shop.workspace, second_share=second_draw(first) / 2)
    assert ASK in labels(reviewing())


def test_a_wrong_setting_is_a_sentence_on_the_page(shop: Fixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MMQ_LLM_URL", "http://localhost:1/v1")
    app = opened("listing", id="L004")
    assert "MMQ_LLM_MODEL names no model" in texts(app) and "Match" in labels(app)
