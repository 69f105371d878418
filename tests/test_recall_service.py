"""The recall service over HTTP: answers, problems, limits, its token, and what schemathesis finds."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from click.testing import CliRunner
from fastapi.testclient import TestClient
from marketplace import Marketplace
from PIL import Image
from schemathesis.engine import from_schema
from schemathesis.engine.events import EngineFinished, FatalError, NonFatalError, ScenarioFinished
from workspaces import Fixture

from mmquality.cli import main
from mmquality.config import ImportLimits, RecallConfig
from mmquality.recall import Recall
from mmquality.recall.service.app import create_app
from mmquality.records import Space

SMALL = RecallConfig(limits=ImportLimits(max_photo_bytes=100_000, max_photo_pixels=250_000))
TOKEN = "a token for tests"


@pytest.fixture(scope="module")
def recall(marketplace: Marketplace) -> Iterator[Recall]:
    with Recall.open(marketplace.workspace) as opened:
        opened.warm_up()
        yield opened


@pytest.fixture(scope="module")
def some_id(recall: Recall) -> str:
    return str(recall._snapshot.spaces[Space.UNIFIED].ids[5])


@pytest.fixture(scope="module")
def client(recall: Recall) -> Iterator[TestClient]:
    with TestClient(create_app(recall, SMALL), raise_server_exceptions=False) as opened:
        yield opened


def photo(side: int = 64, kind: str = "JPEG") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (side, side), "teal").save(file, kind)
    return file.getvalue()


def problem_of(answer: Any, status: int) -> str:
    told = answer.json()
    assert answer.status_code == told["status"] == status, told
    assert answer.headers["content-type"] == "application/problem+json" and told["title"]
    assert told["detail"].endswith(".") and "\n" not in told["detail"]
    return str(told["detail"])


def test_listings_of_the_catalogue(client: TestClient, recall: Recall, some_id: str) -> None:
    answer = client.get(f"/similar/{some_id}", params={"k": 7, "mismatch": "drop", "threshold": 0.9})
    found = answer.json()
    assert answer.status_code == 200 and len(found["listings"]) == 7
    assert found["model"] == recall.version.name
    assert [one["position"] for one in found["listings"]] == list(range(1, 8))
    assert all(one["mismatch"] < 0.9 for one in found["listings"])
    category = recall._store.listing(some_id).category
    filtered = client.get(f"/similar/{some_id}", params={"where": [f"category={category}"], "diversity": 0.5})
    for one in filtered.json()["listings"]:
        assert recall._store.listing(one["listing_id"]).category == category


def test_a_new_listing(client: TestClient) -> None:
    form = {"title": "Desk lamp, red", "category": "Lamps", "attributes": '{"colour": "red"}'}
    answer = client.post("/similar?k=3&space=photo", data=form, files={"photo": ("p.jpg", photo())})
    assert answer.status_code == 200, answer.text
    assert len(answer.json()["listings"]) == 3


@pytest.mark.parametrize(
    "path, status, said",
    [
        ("/similar/no%2Fsuch", 404, "The catalogue has no listing 'no/such'; check the id."),
        ("/similar/{id}?k=0", 422, "query k: "),
        ("/similar/{id}?kk=1", 422, "query kk: "),
        ("/similar/{id}?where=red", 422, "where is attribute=value, as in where=colour=red;"),
        ("/similar/{id}?where==red", 422, "where is attribute=value"),
        ("/similar/{id}?threshold=0.5", 422, "threshold goes with mismatch;"),
        ("/similar/{id}?where=sound=loud", 404, "no attribute 'sound' to filter by"),
        ("/similar/{id}?clicks=x", 409, "`mmquality evaluate sessions`"),
        ("/nothing", 404, "There is nothing to GET '/nothing'; /openapi.json says what there is."),
        ("/", 404, "There is nothing to GET '/'; /openapi.json says what there is."),
        ("/similar", 405, "There is nothing to GET '/similar'; /openapi.json says what there is."),
    ],
)
def test_problems(client: TestClient, some_id: str, path: str, status: int, said: str) -> None:
    assert said in problem_of(client.get(path.replace("{id}", some_id)), status)


@pytest.mark.parametrize(
    "form, files, status, said",
    [
        (
            {"title": "A lamp"},
            {"photo": b"no photo"},
            422,
            "The photo cannot be used: it is not an image of a known",
        ),
        ({"title": "A lamp"}, {"photo": b""}, 422, "empty file"),
        ({"title": " "}, {"photo": photo()}, 422, "The title has 0 characters"),
        ({"title": "A" * 2_001}, {"photo": photo()}, 422, "The title has 2,001 characters"),
        ({"title": "A lamp"}, {"photo": photo(501)}, 422, "501 × 501 pixels; the limit is 0.25 megapixels"),
        ({"title": "A lamp"}, {"photo": bytes(100_001)}, 422, "more than 0.1 MB"),
        ({"title": "A lamp"}, {"photo": bytes(1_100_001)}, 413, "more than 1.1 MB"),
        ({"title": "A lamp"}, {"other": photo()}, 422, "has a field 'other'"),
        ({"title": "A lamp", "attributes": "{"}, {"photo": photo()}, 422, "attributes is not JSON"),
        ({"title": "A lamp", "attributes": "[1]"}, {"photo": photo()}, 422, "no object of texts"),
        ({"title": "A lamp"}, {}, 415, "multipart/form-data"),
    ],
)
def test_forms_that_cannot_be_used(
    client: TestClient, form: dict[str, str], files: dict[str, bytes], status: int, said: str
) -> None:
    assert said in problem_of(client.post("/similar", data=form, files=files), status)


def test_a_body_that_hides_its_length_is_cut_off(client: TestClient) -> None:
    head = b'--x\r\nContent-Disposition: form-data; name="photo"; filename="p"\r\n\r\n'
    pieces = (head if n == 0 else bytes(100_000) for n in range(30))
    kind = {"content-type": "multipart/form-data; boundary=x"}
    assert "more than 1.1 MB" in problem_of(client.post("/similar", content=pieces, headers=kind), 413)


def test_what_those_who_run_it_ask(client: TestClient, recall: Recall) -> None:
    assert client.get("/health").json() == {"status": "ok"}
    told = client.get("/version").json()
    assert (told["model"], told["listings"]) == (recall.version.name, recall.version.ranked)
    figures = client.get("/metrics").text
    assert 'mmq_recall_requests_total{route="/health",status="200"}' in figures
    assert f"mmq_recall_listings {recall.version.ranked:.1f}" in figures


def test_callers_show_the_token(recall: Recall, some_id: str) -> None:
    with TestClient(create_app(recall, replace(SMALL, token=TOKEN))) as client:
        for headers in ({}, {"Authorization": "Bearer another"}, {"Authorization": f"Basic {TOKEN}"}):
            for path in (f"/similar/{some_id}", "/version", "/metrics"):
                answer = client.get(path, headers=headers)
                wrong = headers.get("Authorization") == "Bearer another"
                said = "This token is not the right one" if wrong else "Send the token"
                assert said in problem_of(answer, 401)
                assert answer.headers["www-authenticate"] == "Bearer"
        known = {"Authorization": f"Bearer {TOKEN}"}
        assert client.get(f"/similar/{some_id}", headers=known).status_code == 200
        assert client.get("/health").status_code == 200


def test_who_comes_when_all_is_taken_is_told_to_come_back(recall: Recall, monkeypatch: Any) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow(*_: object, **__: object) -> object:
        begun.set()
        go_on.wait(20)
        return found

    found = recall.similar(str(recall._snapshot.spaces[Space.UNIFIED].ids[5]), k=1)
    monkeypatch.setattr(recall, "similar_to", slow)
    with TestClient(create_app(recall, replace(SMALL, encodings=1))) as client:
        sent = {"data": {"title": "A lamp"}, "files": {"photo": photo()}}
        first: list[int] = []
        asking = threading.Thread(target=lambda: first.append(client.post("/similar", **sent).status_code))
        asking.start()
        assert begun.wait(20)
        answer = client.post("/similar", **sent)
        assert "try again in a moment" in problem_of(answer, 503) and answer.headers["retry-after"] == "1"
        go_on.set()
        asking.join()
        assert first == [200] and client.post("/similar", **sent).status_code == 200


def test_what_takes_too_long_is_given_up(recall: Recall, some_id: str, monkeypatch: Any) -> None:
    go_on = threading.Event()
    monkeypatch.setattr(recall, "similar", lambda *_, **__: go_on.wait(20))
    with TestClient(create_app(recall, replace(SMALL, seconds=0.2))) as client:
        answer = client.get(f"/similar/{some_id}")
        go_on.set()
    assert "longer than 0.2 s" in problem_of(answer, 503) and answer.headers["retry-after"] == "1"


def test_an_error_of_ours_says_no_more_than_that(
    client: TestClient, recall: Recall, monkeypatch: Any
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a secret")

    monkeypatch.setattr(recall, "similar", broken)
    assert "server's log" in problem_of(client.get("/similar/x"), 500)


@pytest.mark.parametrize("address", ["0.0.0.0", "192.0.2.1", "example.com"])
def test_without_a_token_it_listens_here_alone(finished: Fixture, address: str, monkeypatch: Any) -> None:
    monkeypatch.delenv("MMQ_RECALL_TOKEN", raising=False)
    place = ["-w", str(finished.workspace.root), "--address", address]
    done = CliRunner().invoke(main, ["serve-recall", *place])
    assert done.exit_code == 1 and "MMQ_RECALL_TOKEN" in done.output


def test_without_the_packages_it_says_what_to_install(finished: Fixture, monkeypatch: Any) -> None:
    monkeypatch.setitem(__import__("sys").modules, "uvicorn", None)
    done = CliRunner().invoke(main, ["serve-recall", "-w", str(finished.workspace.root), "--port", "18600"])
    assert done.exit_code == 1 and "mmquality[recall]" in done.output
    assert done.output.startswith("Loading the model in force of ")  # before anything that takes its time


def test_schemathesis_finds_nothing(recall: Recall, some_id: str) -> None:
    """Examples, every value at its bounds and beyond, made-up ones, and answers as the next questions."""
    app = create_app(recall, SMALL)
    for parameter in app.openapi()["paths"]["/similar/{listing_id}"]["get"]["parameters"]:
        if parameter["name"] == "listing_id":
            parameter["schema"]["examples"] = [some_id]  # one that is there
    config = schemathesis.Config.from_path(Path(__file__).parents[1] / "schemathesis.toml")
    config.projects.default.generation.max_examples = 5
    schema = schemathesis.openapi.from_asgi("/openapi.json", app, config=config)
    told = list(from_schema(schema).execute())
    assert not [event for event in told if isinstance(event, NonFatalError | FatalError)]
    assert isinstance(told[-1], EngineFinished) and told[-1].failures == []
    sent = sum(len(event.recorder.interactions) for event in told if isinstance(event, ScenarioFinished))
    assert sent > 200
