"""A visitor of the dashboard without a browser: speaks Streamlit's protocol to a real server, and waits.

What is measured is the time from an address or a click to the last message of the run it causes: the server's
work, made into messages and sent. What a browser then does with them is not in it.
"""

from __future__ import annotations

import time
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets import Subprotocol
from websockets.sync.client import connect

_PATIENCE = 120.0  # seconds
Params = Mapping[str, object]


@dataclass
class Run:
    """What a run of the page came to."""

    seconds: float = 0.0
    bytes: int = 0
    errors: list[str] = field(default_factory=list)
    html: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)  # the addresses' queries of all links


class Visitor:
    """One person with one tab after the other; `with Visitor(port) as visitor`."""

    def __init__(self, port: int, headers: Mapping[str, str] | None = None) -> None:
        self._port, self._headers = port, headers
        self._session = ""
        self._pages: dict[str, str] = {}  # address → hash
        self._page = ""
        self._query = ""
        self.widgets: dict[str, str] = {}  # key → id
        self._files: dict[str, str] = {}  # a download's key → the file that it would make
        self._values: dict[str, WidgetState] = {}  # what the widgets hold, by id

    def __enter__(self) -> Self:
        self._connect()
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        self._socket.close()

    def open(self, page: str, params: Params | None = None) -> Run:
        """Open a page ("" = the first one) in a tab of its own."""
        self._socket.close()
        self._connect()
        self._query = urlencode({k: v for k, v in (params or {}).items()}, doseq=True)
        self._values.clear()
        self._page = self._pages.get(page, "")
        return self._rerun(page_name="" if page in self._pages else page)

    def set(self, key: str, kind: str, value: Any) -> Run:
        """Give the widget with this key a value: `kind` is the protocol's name of its type."""
        state = WidgetState(id=self.widgets[key])
        if kind in ("trigger", "bool", "int", "string"):
            setattr(state, f"{kind}_value", value)
        else:
            getattr(state, f"{kind}_value").data.extend(value)
        self._values[state.id] = state
        run = self._rerun()
        if kind == "trigger":
            del self._values[state.id]
        return run

    def click(self, key: str) -> Run:
        """Press the button with this key."""
        return self.set(key, "trigger", True)

    def has(self, key: str) -> bool:
        """Whether the page shows a widget with this key."""
        return key in self.widgets

    def fetch(self, key: str) -> bytes:
        """Press the download with this key and read the file. Raises `RuntimeError` where there is none."""
        message = BackMsg()
        asked = message.backend_operation_request
        asked.request_id, asked.session_id = key, self._session
        asked.deferred_file.file_id = self._files[key]
        self._socket.send(message.SerializeToString())
        while True:
            answer = ForwardMsg.FromString(bytes(self._socket.recv(timeout=_PATIENCE)))
            if answer.WhichOneof("type") == "backend_operation_response":
                break
        if answer.backend_operation_response.error_msg:
            raise RuntimeError(f"{key}: {answer.backend_operation_response.error_msg}")
        address = answer.backend_operation_response.deferred_file.url
        with urllib.request.urlopen(f"http://127.0.0.1:{self._port}{address}", timeout=_PATIENCE) as file:
            return bytes(file.read())

    def can_fetch(self, key: str) -> bool:
        """Whether the page offers this download."""
        return key in self._files

    def _connect(self) -> None:
        address = f"ws://127.0.0.1:{self._port}/_stcore/stream"
        self._socket = connect(
            address,
            subprotocols=[Subprotocol("streamlit")],
            max_size=None,
            compression=None,
            additional_headers=self._headers,
        )

    def _rerun(self, page_name: str = "") -> Run:
        message = BackMsg()
        state = message.rerun_script
        state.query_string, state.page_script_hash, state.page_name = self._query, self._page, page_name
        state.context_info.url = f"http://127.0.0.1:{self._port}/{page_name}"
        state.context_info.timezone = "UTC"
        state.widget_states.widgets.extend(self._values.values())
        self.widgets, self._files = {}, {}
        run, started = Run(), time.perf_counter()
        self._socket.send(message.SerializeToString())
        while not self._take(run, self._socket.recv(timeout=_PATIENCE)):
            pass
        run.seconds = time.perf_counter() - started
        return run

    def _take(self, run: Run, data: Any) -> bool:
        """Read one message; whether it is the run's last."""
        message = ForwardMsg.FromString(data)
        run.bytes += len(data)
        kind = message.WhichOneof("type")
        if kind == "new_session":
            self._page = message.new_session.page_script_hash
            self._session = message.new_session.initialize.session_id
        elif kind == "navigation":
            self._pages = {page.url_pathname: page.page_script_hash for page in message.navigation.app_pages}
        elif kind == "page_info_changed":
            self._query = message.page_info_changed.query_string
        elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
            self._see(run, message.delta.new_element)
        elif kind == "delta" and message.delta.add_block.popover.id:
            self._remember(message.delta.add_block.popover)
        return kind == "script_finished" and message.script_finished in (
            ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_WITH_COMPILE_ERROR,
        )  # fmt: skip

    def _see(self, run: Run, element: Any) -> None:
        kind = element.WhichOneof("type")
        shown = getattr(element, kind)
        if kind == "exception":
            run.errors.append(f"{shown.type}: {shown.message}")
        elif kind == "html":
            run.html.append(shown.body)
        elif kind == "page_link":
            run.links.append(shown.query_string)
        if "id" in shown.DESCRIPTOR.fields_by_name and shown.id:
            self._remember(shown)
        if kind == "download_button":
            self._files[shown.id.split("-", 2)[-1]] = shown.deferred_file_id

    def _remember(self, widget: Any) -> None:
        """By its key, which ends its id ($$ID-hash-key), or by its label."""
        key = widget.id.split("-", 2)[-1]
        self.widgets[key if key != "None" else widget.label] = widget.id
