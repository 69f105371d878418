"""Who may do what: every call of the store with every role, missing and forged sign-ins, the pages."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from click.testing import CliRunner
from dashboard import button, opened, store_of, texts
from sqlalchemy import insert
from workspaces import Fixture

from mmquality.cli import main
from mmquality.errors import MMQualityError, NotAllowedError
from mmquality.pages import access, guard, session
from mmquality.pages.access import Visitor
from mmquality.pages.guard import READING, ROLES, Guard
from mmquality.records import Drawn, Reason, Role, Verdict
from mmquality.store import Order, RankingQuery, Store
from mmquality.store.roles import roles

_ORDER = list(Role)
PUBLIC = sorted(name for name in dir(Store) if not name.startswith("_") and name != "open")


class Recording:
    """A store that notes what reaches it."""

    def __init__(self) -> None:
        self.reached: list[str] = []

    def __getattr__(self, name: str) -> Callable[..., None]:
        def method(*args: Any, **kwargs: Any) -> None:
            self.reached.append(name)

        method.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [p for n, p in inspect.signature(getattr(Store, name)).parameters.items() if n != "self"]
        )
        return method

    def disputed(self, listing_ids: Any = None) -> set[str]:
        return set()

    def labelled_by(self, label_id: int | None = None, batch: str | None = None) -> set[str]:
        return {"ana"}


def arguments_of(name: str, person: str) -> dict[str, Any]:
    """Something for every argument that a method needs; who does it is `person`."""
    needed = [p for p in inspect.signature(getattr(Store, name)).parameters.values() if p.default is p.empty]
    return {p.name: person if p.name in ("analyst", "by") else None for p in needed if p.name != "self"}


def test_every_method_of_the_store_is_for_somebody() -> None:
    assert set(PUBLIC) == READING | set(ROLES) and not READING & set(ROLES)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("name", sorted(ROLES))
def test_nothing_is_done_without_the_right_to(name: str, role: Role) -> None:
    store = Recording()
    guarded = Guard(store, lambda: Visitor("ana", role))  # type: ignore[arg-type]
    call = getattr(guarded, name)
    if _ORDER.index(role) < _ORDER.index(ROLES[name][0]):
        with pytest.raises(NotAllowedError, match=rf"takes the role {ROLES[name][0]}; yours is {role}"):
            call(**arguments_of(name, "ana"))
        assert not store.reached
    else:
        call(**arguments_of(name, "ana"))
        assert store.reached == [name]


@pytest.mark.parametrize("name", sorted(READING - {"labelled_by", "disputed"}))
def test_whoever_was_let_in_may_read(name: str) -> None:
    store = Recording()
    getattr(Guard(store, lambda: Visitor("ana", Role.VIEWER)), name)()  # type: ignore[arg-type]
    assert store.reached == [name]


@pytest.mark.parametrize("role", [Role.ANALYST, Role.ADJUDICATOR])
def test_settling_and_taking_back_what_others_said_is_for_adjudicators(role: Role) -> None:
    store = Recording()
    guarded = Guard(store, lambda: Visitor("ben", role))  # type: ignore[arg-type]
    said = arguments_of("add_label", "ben") | {"drawn": Drawn.DISPUTE}
    for call in (
        lambda: guarded.add_label(**said),
        lambda: guarded.next_case("ben", RankingQuery(), order=Order.DISPUTES),
        lambda: guarded.undo_label(7, "ben"),
        lambda: guarded.undo_batch("b", "ben"),
    ):
        if role is Role.ANALYST:
            with pytest.raises(NotAllowedError, match="takes the role adjudicator"):
                call()
        else:
            call()
    assert len(store.reached) == (0 if role is Role.ANALYST else 4)


def test_nobody_writes_under_another_name_and_a_new_method_is_refused() -> None:
    guarded = Guard(Recording(), lambda: Visitor("ana", Role.ADMIN))  # type: ignore[arg-type]
    with pytest.raises(NotAllowedError, match="under another name"):
        guarded.add_label(**arguments_of("add_label", "ben"))
    assert not hasattr(Store, "bring_down")
    with pytest.raises((NotAllowedError, AttributeError)):
        _ = guarded.bring_down


class TestProxy:
    @pytest.fixture(autouse=True)
    def set_up(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MMQ_ACCESS", "proxy")
        monkeypatch.setenv("MMQ_ACCESS_HEADER", "X-Forwarded-User")
        self.headers: dict[str, str] = {}
        monkeypatch.setattr(access.st, "context", type("Context", (), {"headers": self.headers}))

    def test_the_header_names_who_visits(self) -> None:
        assert access.person() is None
        self.headers["X-Forwarded-User"] = " ana@example.com "
        assert access.person() == session.analyst() == "ana@example.com"

    def test_where_there_is_a_secret_a_header_without_it_is_nobodys(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("MMQ_PROXY_SECRET", "s3cret")
        self.headers["X-Forwarded-User"] = "ana"
        for sent in ("", "s3cre", "s3cret ", "S3cret"):
            self.headers["X-Mmquality-Secret"] = sent
            assert access.person() is None
        self.headers["X-Mmquality-Secret"] = "s3cret"
        assert access.person() == "ana"

    def test_a_role_is_the_one_of_now(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        self.headers["X-Forwarded-User"] = "ana"
        assert access.visitor(store) == Visitor("ana", Role.VIEWER)
        store.give_role("ana", Role.ADMIN, "root")
        assert access.visitor(store).may(Role.ADMIN)
        store.take_role("ana", "root")
        monkeypatch.setenv("MMQ_DEFAULT_ROLE", "analyst")
        assert access.visitor(store) == Visitor("ana", Role.ANALYST)
        said = [(row.kind, row.subject, row.what) for row in store.audit_page().rows]
        assert said == [
            ("roles", "ana", "has no role any more"),
            ("roles", "ana", "is admin now"),
        ]

    def test_a_role_is_found_however_the_name_is_spelt(self, store: Store) -> None:
        store.give_role("Ana@Example.com", Role.ANALYST, "root")
        self.headers["X-Forwarded-User"] = "ana@example.COM"
        assert access.visitor(store) == Visitor("Ana@Example.com", Role.ANALYST)
        store.give_role("ana@example.com", Role.ADMIN, "root")
        assert store.roles() == {"Ana@Example.com": Role.ADMIN}
        store.take_role("ANA@example.com", "root")
        assert store.roles() == {} and access.visitor(store).role is Role.VIEWER

    def test_a_letter_that_only_looks_alike_is_another_person(self, store: Store) -> None:
        store.give_role("kim", Role.ADMIN, "root")
        self.headers["X-Forwarded-User"] = "\N{KELVIN SIGN}im"
        assert access.visitor(store) == Visitor("\N{KELVIN SIGN}im", Role.VIEWER)

    def test_two_spellings_of_before_keep_their_roles(self, store: Store) -> None:
        with store._write() as connection:
            since = datetime.now(UTC)
            rows = [
                {"person": x, "role": r, "since": since} for x, r in (("Ana", "admin"), ("ana", "viewer"))
            ]
            connection.execute(insert(roles), rows)
        assert [store.role_of(name) for name in ("Ana", "ana", "ANA")] == [
            Role.ADMIN,
            Role.VIEWER,
            Role.VIEWER,
        ]
        store.give_role("ANA", Role.ANALYST, "root")
        assert store.roles() == {"Ana": Role.ANALYST, "ana": Role.ANALYST}

    def test_what_is_set_up_wrongly_is_said(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MMQ_DEFAULT_ROLE", "boss")
        self.headers["X-Forwarded-User"] = "ana"
        with pytest.raises(MMQualityError, match="MMQ_DEFAULT_ROLE is 'boss'"):
            access.visitor(None)
        monkeypatch.delenv("MMQ_ACCESS_HEADER")
        with pytest.raises(MMQualityError, match="names no header to trust"):
            access.person()
        monkeypatch.setenv("MMQ_ACCESS", "everybody")
        with pytest.raises(MMQualityError, match="it can be local, proxy, oidc"):
            access.person()


class TestPages:
    @pytest.fixture
    def visit(self, fresh: Fixture, monkeypatch: pytest.MonkeyPatch) -> Callable[[Role | None], Fixture]:
        """Let every visit of the dashboard be that of somebody with this role, or of nobody."""

        def become(role: Role | None) -> Fixture:
            monkeypatch.setenv("MMQ_ACCESS", "proxy")
            monkeypatch.setenv("MMQ_ACCESS_HEADER", "X-User")
            monkeypatch.setattr(access, "person", lambda: "ana" if role else None)
            if role:
                with store_of(fresh) as store:
                    store.give_role("ana", role)
            return fresh

        return become

    def test_who_has_not_signed_in_sees_nothing(self, visit: Callable[[Role | None], Fixture]) -> None:
        visit(None)
        app = opened("ranking")
        assert "You are not signed in" in texts(app) and "L0" not in texts(app)

    def test_a_viewer_looks_on(self, visit: Callable[[Role | None], Fixture]) -> None:
        visit(Role.VIEWER)
        app = opened("listing", id="L001")
        assert "You look on" in " ".join([texts(app), *(c.value for c in app.caption)])
        assert not [b for b in app.button if b.label == "Match"] and not app.exception
        assert "Reviewing takes the role analyst" in texts(opened("review"))
        assert button(opened("models"), "Train again").disabled

    def test_an_analyst_labels_under_the_name_that_signed_in(
        self, visit: Callable[[Role | None], Fixture]
    ) -> None:
        fixture = visit(Role.ANALYST)
        app = opened("listing", id="L001")
        button(app, "Match").click().run()
        with store_of(fixture) as store:
            assert [p.label.analyst for p in store.label_history("L001")] == ["ana"]
        assert button(opened("models"), "Train again").disabled

    def test_two_spellings_are_one_analyst(
        self, visit: Callable[[Role | None], Fixture], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fixture = visit(Role.ANALYST)
        for name, listing in ((" ANA ", "L001"), ("Ana", "L002")):
            monkeypatch.setattr(access, "person", lambda name=name: name)
            button(opened("listing", id=listing), "Match").click().run()
        with store_of(fixture) as store:
            assert store.analysts() == ["ana"]  # as the role is spelt

    def test_a_key_that_was_pressed_before_the_role_was_taken_does_nothing(
        self, visit: Callable[[Role | None], Fixture]
    ) -> None:
        fixture = visit(Role.ANALYST)
        app = opened("listing", id="L001")
        with store_of(fixture) as store:
            store.give_role("ana", Role.VIEWER)
        button(app, "Match").click().run()
        with store_of(fixture) as store:
            assert not store.label_history("L001")
        assert not app.exception and "Labelling takes the role analyst" in texts(app)

    def test_a_disagreement_of_others_is_not_settled_by_an_analyst_however_it_was_opened(
        self, visit: Callable[[Role | None], Fixture]
    ) -> None:
        fixture = visit(Role.ANALYST)
        with store_of(fixture) as store:
            store.add_label("L001", Verdict.MISMATCH, Reason.OTHER, "", "ben")
            store.add_label("L001", Verdict.MATCH, None, "", "cleo")
            assert store.disputed() == {"L001"}
        app = opened("listing", id="L001")
        button(app, "Match").click().run()
        assert "Settling a disagreement takes the role adjudicator" in texts(app)
        with store_of(fixture) as store:
            assert store.disputed() == {"L001"}
            store.give_role("ana", Role.ADJUDICATOR)
        button(opened("listing", id="L001"), "Match").click().run()
        with store_of(fixture) as store:
            assert not store.disputed()

    def test_others_verdicts_are_not_taken_back_by_an_analyst(
        self, visit: Callable[[Role | None], Fixture]
    ) -> None:
        fixture = visit(Role.ANALYST)
        with store_of(fixture) as store:
            store.add_label("L001", Verdict.MISMATCH, Reason.OTHER, "", "ben")
        app = opened("listing", id="L001")
        button(app, "Undo").click().run()
        with store_of(fixture) as store:
            assert store.label_history("L001")[0].withdrawn_at is None
        assert "Taking back what somebody else said takes the role adjudicator" in texts(app)


def test_work_that_outlives_a_visit_is_done_as_its_visitor(monkeypatch: pytest.MonkeyPatch) -> None:
    visitors = iter([Visitor("ana", Role.ANALYST)])
    store = Recording()
    bound = guard.for_this_visit(Guard(store, lambda: next(visitors)))  # type: ignore[arg-type]
    bound.note("export", "ana", "labels.csv", "3 labels")  # type: ignore[arg-type]
    bound.note("export", "ana", "labels.csv", "3 labels")  # type: ignore[arg-type]
    assert store.reached == ["note", "note"]


def test_the_commands_give_list_and_take_roles(fresh: Fixture) -> None:
    def roles(*words: str) -> str:
        result = CliRunner().invoke(main, ["roles", *words, "-w", str(fresh.workspace.root)])
        return result.output if result.exit_code == 0 else f"{result.exit_code}: {result.stderr}"

    assert roles("set", "ana@example.com", "analyst") == "ana@example.com is analyst now.\n"
    assert json.loads(roles("list", "--json")) == {"roles": {"ana@example.com": "analyst"}}
    assert "no role any more" in roles("remove", "ana@example.com")
    assert roles("remove", "ana@example.com").startswith("1: Error: 'ana@example.com' has no role")
    assert roles("set", "ana", "boss").startswith("2: ")
