"""Reasons of a workspace's own: offered, renamed, hidden, never forgotten, on pages and in commands."""

from __future__ import annotations

from pathlib import Path

import pytest
from dashboard import button, opened, store_of, texts, unescaped
from workspaces import Fixture

from mmquality.cli import main
from mmquality.config import Workspace
from mmquality.errors import MMQualityError
from mmquality.pipeline.label_reasons import hide_reason, label_reasons, set_reason
from mmquality.pipeline.settings import change_settings
from mmquality.records import REASONS, Reason, Verdict


@pytest.fixture
def empty(tmp_path: Path) -> Workspace:
    return Workspace.at(tmp_path / "shop", "sqlite://")


def test_nine_to_begin_with(empty: Workspace) -> None:
    assert label_reasons(empty).offered == REASONS and len(REASONS) == len(Reason) == 9


def test_added_renamed_hidden_and_brought_back(empty: Workspace) -> None:
    change_settings(empty, name="shop")
    set_reason(empty, "wrong_size", "  Wrong   size ")
    set_reason(empty, "other", "Something else")
    hide_reason(empty, "poor_photo")
    found = label_reasons(empty)
    assert list(found.offered) == [c for c in REASONS if c != "poor_photo"] + ["wrong_size"]
    assert found.offered["wrong_size"] == "Wrong size" and found.in_words("other") == "Something else"
    assert found.in_words("poor_photo") == "Poor photo" and found.in_words("of_before") == "of_before"
    assert set_reason(empty, "poor_photo", "Blurred").offered["poor_photo"] == "Blurred"
    assert label_reasons(empty).hidden == frozenset()


def test_what_cannot_be_used_is_told(empty: Workspace) -> None:
    for code, words, told in (
        ("Wrong size", "x", "no code"), ("size", " ", "1 to 40 characters"), ("size", "x" * 41, "1 to 40"),
        ("size", "wrong PRODUCT", "Another reason is called"),
    ):  # fmt: skip
        with pytest.raises(MMQualityError, match=told):
            set_reason(empty, code, words)
    with pytest.raises(MMQualityError, match="There is no reason 'size'; there are wrong_product, wrong_"):
        hide_reason(empty, "size")
    for code in list(REASONS)[1:]:
        hide_reason(empty, code)
    with pytest.raises(MMQualityError, match="the only reason left"):
        hide_reason(empty, "wrong_product")


@pytest.fixture
def own(fresh: Fixture) -> Fixture:
    """A workspace with a reason of its own, an empty place among the nine, and a label of before."""
    store_of(fresh).add_label("L031", Verdict.MISMATCH, "poor_photo", "", "ana")
    hide_reason(fresh.workspace, "poor_photo")
    set_reason(fresh.workspace, "wrong_size", "Wrong *size* <b>")
    return fresh


def test_a_listing_offers_them_by_key(own: Fixture) -> None:
    app = opened("listing", id="L004")
    mismatches = [b for b in app.button if (b.key or "").startswith("mismatch-")]
    assert [b.proto.shortcut for b in mismatches] == [str(n) for n in range(1, 10)]
    assert unescaped(mismatches[-1].label) == "Wrong *size* <b>"
    mismatches[-1].click().run()
    label = store_of(own).ranked_listing("L004").label
    assert label is not None and label.reason == "wrong_size"
    assert "wrong *size* &lt;b&gt;" in texts(app) and "size* <b>" not in texts(app)


def test_a_tenth_has_no_key(own: Fixture) -> None:
    set_reason(own.workspace, "stolen", "Stolen photo")
    app = opened("listing", id="L004")
    assert button(app, "Stolen photo").proto.shortcut == ""


def test_labels_of_before_are_read_shown_and_found(own: Fixture) -> None:
    app = opened("labels", reason="Poor photo")
    assert app.dataframe[0].value["reason"].tolist() == ["Poor photo"]


def test_commands_know_them(own: Fixture, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    here = ["-w", str(own.workspace.root)]

    def run(*arguments: str) -> str:
        main([*arguments, *here], standalone_mode=False)
        return capsys.readouterr().out

    assert run("reasons", "set", "stolen", "Stolen photo") == "stolen: Stolen photo\n"
    assert "poor_photo        hidden  Poor photo" in run("reasons", "list")
    assert '"hidden": [\n    "poor_photo"\n  ]' in run("reasons", "list", "--json")
    assert run("reasons", "hide", "other").endswith("title_wrong, wrong_size, stolen.\n")
    said = ("label", "L005", "--analyst", "ann", "--verdict", "mismatch", "--reason")
    assert run(*said, "stolen") == "L005: mismatch, by ann.\n"
    out = str(tmp_path / "labels.jsonl")
    assert run("export", "--out", out, "--reason", "poor_photo").startswith("1 label ")
    (tmp_path / "in.csv").write_text("listing_id,verdict,reason,analyst\nL006,mismatch,Stolen photo,ann\n")
    assert run("import-labels", str(tmp_path / "in.csv")).startswith("Labels: 1 added")
    for command in ((*said, "poor_photo"), ("export", "--out", out, "--reason", "ugly")):
        with pytest.raises(SystemExit):
            main([*command, *here])
        assert "Error: There is no reason '" in capsys.readouterr().err
