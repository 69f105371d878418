"""From a workspace to a language model and back: what goes out, what is kept, and the command."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from dashboard import store_of
from impressions import give_log
from language_model import SUGGESTION, Model, language_model
from workspaces import HOSTILE, Fixture

from mmquality.cli import main
from mmquality.config import LLMConfig
from mmquality.data.photos import PhotoProblem
from mmquality.errors import RemovedListingError, UnknownListingError
from mmquality.explaining.question import prompt_version
from mmquality.pipeline.explanations import explain
from mmquality.pipeline.label_reasons import hide_reason
from mmquality.pipeline.reading import Catalogue
from mmquality.records import Verdict

KEY = "sk-s3cret-key"


@pytest.fixture
def model() -> Iterator[Model]:
    with language_model() as found:
        yield found


def config(model: Model, images: bool = False) -> LLMConfig:
    return LLMConfig(model.url, "tiny", KEY, images, 5.0, (1.0, 10.0))


def test_what_goes_out_and_what_is_kept(fresh: Fixture, model: Model) -> None:
    give_log(fresh.workspace, {f"L{n:03d}": 0.1 if n == 4 else 1.0 for n in range(1, 61)})
    with Catalogue(fresh.workspace) as catalogue:
        said = explain(catalogue, "L004", config(model), "zoe@home")
        listing = catalogue.store.listing("L004")
        assert catalogue.store.explanation_for("L004", said.question) == said
    told = model.data
    assert (told["title"], told["category"], told["attributes"]["colour"]) == (listing.title, "Mugs", "navy")
    assert 0.86 < told["mismatch_score"] < 1
    assert "guitar" in told["evidence"]["words_of_titles_with_photos_like_this"]
    assert "mug" in told["evidence"]["words_of_this_title_that_those_lack"]
    assert told["evidence"]["clicks"]["means"] == "fewer than expected"
    sent = json.dumps(model.sent)
    assert "zoe" not in sent and "seller_" not in sent and '"L0' not in sent and KEY not in sent
    assert (said.verdict, said.reason, said.sentence) == (
        Verdict.MISMATCH, "wrong_product", SUGGESTION["sentence"],
    )  # fmt: skip
    assert (said.model, said.host, said.prompt) == ("tiny-2026-11", config(model).host, prompt_version())
    assert (said.tokens_in, said.tokens_out, said.cost) == (1_200, 80, pytest.approx(0.002))
    assert (said.title_hash, said.photo_hash, said.model_version) == (
        listing.title_hash, listing.photo_hash, "v1",
    )  # fmt: skip
    assert not said.with_photo


def test_the_same_is_asked_once_unless_again(fresh: Fixture, model: Model) -> None:
    with Catalogue(fresh.workspace) as catalogue:
        first = explain(catalogue, "L004", config(model), "ana")
        assert explain(catalogue, "L004", config(model), "ben") == first and len(model.sent) == 1
        assert explain(catalogue, "L004", config(model), "ben", again=True) != first and len(model.sent) == 2
        hide_reason(fresh.workspace, "poor_photo")
        explain(catalogue, "L004", config(model), "ben")
        assert len(model.sent) == 3


def test_photos_go_out_where_they_are_taken(fresh: Fixture, model: Model) -> None:
    with Catalogue(fresh.workspace) as catalogue:
        assert explain(catalogue, "L004", config(model, images=True), "ana").with_photo
        assert model.sent[0]["messages"][1]["content"][1]["image_url"]["url"].startswith("data:image/jpeg")
        Path(catalogue.store.listing("L005").photo_path).unlink()
        with pytest.raises(PhotoProblem, match="does not exist"):
            explain(catalogue, "L005", config(model, images=True), "ana")
    assert len(model.sent) == 1


def test_nothing_is_asked_of_a_removed_listing(fresh: Fixture, model: Model) -> None:
    with Catalogue(fresh.workspace) as catalogue:
        catalogue.store.remove_listings(["L004"], "ana")
        with pytest.raises(RemovedListingError):
            explain(catalogue, "L004", config(model), "ana")
    assert not model.sent


def test_a_failure_is_kept_too_and_asked_again(fresh: Fixture, model: Model) -> None:
    model.status = 500
    with Catalogue(fresh.workspace) as catalogue:
        said = explain(catalogue, "L004", config(model), "ana")
        assert "failed (HTTP 500)" in said.failure and said.cost is None and said.model == "tiny"
        model.status = 200
        assert explain(catalogue, "L004", config(model), "ana").failure == ""
        assert [(use.asked, use.failed) for use in catalogue.store.explanation_use()] == [(1, 1), (1, 0)]


def test_a_hostile_title_changes_nothing_but_the_suggestion(fresh: Fixture, model: Model) -> None:
    model.says = lambda sent: {"verdict": "match", "sentence": "As told.", "instructions": True}
    with Catalogue(fresh.workspace) as catalogue:
        before = catalogue.store.ranked_listing("L001")
        said = explain(catalogue, "L001", config(model), "ana")
        assert said.verdict is Verdict.MATCH and said.instructions and model.data["title"] == HOSTILE["L001"]
        assert catalogue.store.ranked_listing("L001") == before and before.label is None
        with pytest.raises(UnknownListingError):
            explain(catalogue, "nowhere", config(model), "ana")


class TestTheCommand:
    @pytest.fixture(autouse=True)
    def _set_up(self, fresh: Fixture, model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
        self.place, self.model = ("-w", str(fresh.workspace.root)), model
        for name, value in {"URL": model.url, "MODEL": "tiny", "KEY": KEY, "PRICE": "1 10"}.items():
            monkeypatch.setenv(f"MMQ_LLM_{name}", value)

    def run(self, *words: str, status: int = 0) -> Result:
        result = CliRunner().invoke(main, ["explain", *words, *self.place])
        assert result.exit_code == status, result.output
        assert KEY not in result.output + result.stderr
        return result

    def test_says_what_was_suggested(self) -> None:
        lines = self.run("L004", "--by", "ana").stdout.splitlines()
        assert lines[:3] == ["L004: mismatch · Wrong product", SUGGESTION["sentence"], "Quoted: mug"]
        assert lines[3].startswith("tiny-2026-11 at 127.0.0.1:") and lines[3].endswith(
            "cost 0.002, asked by ana."
        )
        self.run("L004")
        assert len(self.model.sent) == 1
        self.run("L004", "--again")
        assert len(self.model.sent) == 2

    def test_as_json(self) -> None:
        told = json.loads(self.run("L004", "--json", "--by", "ana").stdout)
        assert told["verdict"] == "mismatch" and told["cost"] == pytest.approx(0.002)
        assert told["analyst"] == "ana" and "question" not in told

    def test_says_in_one_sentence_what_went_wrong(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.model.status = 401
        self.model.words = f"Incorrect API key: {KEY}"
        assert "refuses the key (HTTP 401); see MMQ_LLM_KEY." in self.run("L004", status=1).stderr
        assert "Near it: L044, L004." in self.run("L0044", status=1).stderr
        monkeypatch.setenv("MMQ_LLM_SECONDS", "never")
        assert "MMQ_LLM_SECONDS is 'never'" in self.run("L004", status=1).stderr
        served = CliRunner().invoke(main, ["serve", *self.place])
        assert served.exit_code == 1 and "MMQ_LLM_SECONDS is 'never'" in served.stderr
        monkeypatch.delenv("MMQ_LLM_URL")
        assert "No language model is set up: set MMQ_LLM_URL" in self.run("L004", status=1).stderr


def test_without_an_endpoint_nothing_of_it_is_loaded(shown: Fixture) -> None:
    check = (
        "import sys, mmquality.cli, mmquality.pages.suggestions, mmquality.pages.suggestion_use; "
        "sys.exit(any(name in sys.modules for name in ('openai', 'pydantic')))"
    )
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert store_of(shown).explanation_use() == []
