"""Who visits, and what they may do. It is the server that decides, by what reached it with the visit.

`config.AccessConfig` says how people are known. Where nobody signs in, whoever reaches the server may do
everything: it listens on this machine only. Whoever was given no role has the default one.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass

import streamlit as st

from mmquality.config import Access, AccessConfig
from mmquality.errors import MMQualityError, NotAllowedError
from mmquality.pages import operators
from mmquality.pages.components import header, notice
from mmquality.records import Role
from mmquality.store import Store

_ORDER = tuple(Role)
SECRET_HEADER = "X-Mmquality-Secret"


@dataclass(frozen=True)
class Visitor:
    """Somebody who was let in; `person` is "" where nobody signs in."""

    person: str
    role: Role

    def may(self, least: Role) -> bool:
        """Whether they may do what this role may."""
        return _ORDER.index(self.role) >= _ORDER.index(least)

    def must_be(self, least: Role, what: str) -> None:
        """Raises `NotAllowedError` unless they may do what this role may; `what` begins the sentence."""
        if not self.may(least):
            error = NotAllowedError(
                f"{what} takes the role {least}; yours is {self.role}. Who runs this dashboard can change "
                f"that: mmquality roles set {self.person} {least}."
            )
            raise operators.refused(error, self.person)


def person() -> str | None:
    """Whom the sign-in names, "" where nobody signs in; None where nobody has signed in yet."""
    config = AccessConfig.of_environment()
    if config.how is Access.LOCAL:
        return ""
    if config.how is Access.PROXY:
        return _named_by_proxy(config)
    if not st.user.get("is_logged_in") or _unverified():
        return None
    return str(st.user.get("email") or st.user.get("sub") or "").strip() or None


def visitor(store: Store | None) -> Visitor:
    """Who visits, with the role that `store` knows. Raises `NotAllowedError` where nobody has signed in."""
    who = person()
    if who is None:
        raise NotAllowedError("Nobody is signed in any more; load the page again.")
    if not who:
        return Visitor("", Role.ADMIN)
    if store is None:
        return Visitor(who, _default())
    return Visitor(store.known_as(who), store.role_of(who) or _default())


def signed_in() -> bool:
    """Whether it is known who visits; nobody is where that is set up wrongly."""
    try:
        return person() is not None
    except MMQualityError:
        return False


def let_in(store: Store | None) -> Visitor:
    """Who visits; where nobody has signed in, the page says how to and goes no further."""
    try:
        if person() is not None:
            return visitor(store)
    except MMQualityError as error:
        operators.told(error)
        header("Dashboard")
        notice("The dashboard is not set up", str(error))
        st.stop()
    header("Dashboard")
    if AccessConfig.of_environment().how is Access.OIDC:
        _sign_in()
    else:
        name = AccessConfig.of_environment().header
        operators.not_signed_in(f"A visit came without the header {name}, or without the proxy's secret.")
        notice("You are not signed in", "Come through the address that your organisation gave you.")
    st.stop()


def _sign_in() -> None:
    """How to sign in; who has done so with an address that may be anybody's can only sign out again."""
    if st.user.get("is_logged_in") and _unverified():
        email = st.user.get("email")
        notice(
            "Your e-mail address is not verified", f"Verify {email} with your provider, then sign in again."
        )
        st.button("Sign out", icon=":material/logout:", on_click=st.logout)
        return
    notice("Sign in", "This dashboard is for people who are known here.")
    st.button("Sign in", type="primary", icon=":material/login:", on_click=st.login)


def _unverified() -> bool:
    """Whether the provider gives an address and says that it is not verified (some say so in words)."""
    said = str(st.user.get("email_verified", True)).lower()
    return bool(st.user.get("email")) and said == "false"


def _named_by_proxy(config: AccessConfig) -> str | None:
    sent = st.context.headers.get(SECRET_HEADER) or ""
    if config.secret and not hmac.compare_digest(config.secret.encode(), sent.encode()):
        return None
    return (st.context.headers.get(config.header) or "").strip() or None


def _default() -> Role:
    named = AccessConfig.of_environment().default_role
    if named not in list(Role):
        raise MMQualityError(f"MMQ_DEFAULT_ROLE is {named!r}; it can be {', '.join(Role)}.")
    return Role(named)
