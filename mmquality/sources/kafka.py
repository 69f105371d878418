"""A Kafka topic: its messages are listings as JSON, its tombstones say that one is gone."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from mmquality.data.json_rows import json_row
from mmquality.errors import SourceError
from mmquality.sources.seam import Batch, Change, Letter, batch_of, change_of

if TYPE_CHECKING:
    from confluent_kafka import Consumer, Message

_ANSWER = 10.0  # seconds that a broker has to say how far a partition goes

_log = logging.getLogger(__name__)


class Topic:
    """One consumer of a group; the position of each partition is the offset of its next message.

    Positions are those of the workspace's database. They are committed to Kafka after they are stored there,
    for whoever looks at the group's lag; a consumer that is given a partition goes on from the database's.
    """

    def __init__(
        self,
        servers: str,
        topic: str,
        group: str,
        deleted: str = "deleted",
        settings: Mapping[str, str] | None = None,
        consumer: Callable[[dict[str, Any]], Consumer] | None = None,
    ) -> None:
        """`consumer` makes one of its settings; by default confluent_kafka's."""
        self._topic, self._deleted = topic, deleted
        self.name = f"kafka {servers} {topic}"
        self._positions: dict[str, str] = {}
        self._given: list[Any] = []  # partitions
        self._consumer = (consumer or _consumer)(
            {
                "bootstrap.servers": servers, "group.id": group, "auto.offset.reset": "earliest",
                **(settings or {}), "enable.auto.commit": False,
            }
        )  # fmt: skip

    def open(self, positions: Mapping[str, str]) -> None:
        self._positions = dict(positions)
        self._consumer.subscribe([self._topic], on_assign=self._assigned)

    def read(self, most: int, wait: float) -> Batch | None:
        read: list[Change | Letter] = []
        for message in self._consumer.consume(num_messages=most, timeout=wait):
            self._check(message)
            if message.error() is None:
                read.append(self._change(message))
                self._positions[str(message.partition())] = str((message.offset() or 0) + 1)
        return batch_of(read, dict(self._positions)) if read else None

    def unread(self) -> bool:
        """Whether partitions were not given yet, or hold more than was read."""
        return not self._given or any(self._is_behind(partition) for partition in self._given)

    def stored(self, batch: Batch) -> None:
        try:
            self._consumer.commit(offsets=self._offsets(batch.positions), asynchronous=False)
        except Exception as error:  # noqa: BLE001 - the client's own kinds; the database's positions count
            _log.warning(
                "Kafka did not take the positions of %s (%s); the next ones follow.", self.name, error
            )

    def close(self) -> None:
        self._consumer.close()

    def _is_behind(self, partition: Any) -> bool:
        low, high = self._consumer.get_watermark_offsets(partition, timeout=_ANSWER)
        return int(self._positions.get(str(partition.partition), low)) < high

    def _assigned(self, consumer: Any, partitions: list[Any]) -> None:
        self._given = partitions
        for partition in partitions:
            stored = self._positions.get(str(partition.partition))
            if stored is not None:
                partition.offset = int(stored)
        consumer.assign(partitions)

    def _offsets(self, positions: Mapping[str, str]) -> list[Any]:
        from confluent_kafka import TopicPartition

        return [TopicPartition(self._topic, int(part), int(offset)) for part, offset in positions.items()]

    def _check(self, message: Message) -> None:
        """Raises `SourceError` for what does not pass by itself."""
        error: Any = message.error()
        if error is not None and (error.fatal() or not error.retriable()) and not _passes(error):
            raise SourceError(
                f"The {self.name} cannot be read ({error.str()}). See that the topic is there and may be "
                "read, then start again: what was stored is kept."
            )

    def _change(self, message: Message) -> Change | Letter:
        place = f"{self._topic}[{message.partition()}], offset {message.offset()}"
        key, value = (
            bytes(part or b"").decode("utf-8", "replace") for part in (message.key(), message.value())
        )
        if message.value() is None:
            gone = Letter(place, "is a tombstone without a key that names the listing")
            return Change(key, None, place, time.time()) if key else gone
        row = json_row(value)
        if isinstance(row, str):
            return Letter(place, f"the message {row}", value, key)
        row.setdefault("listing_id", key)
        return change_of(row, self._deleted, place, time.time())


def _passes(error: Any) -> bool:
    """What a client tells and mends by itself."""
    from confluent_kafka import KafkaError

    return error.code() in (KafkaError._PARTITION_EOF, KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN)


def _consumer(settings: dict[str, Any]) -> Consumer:
    try:
        from confluent_kafka import Consumer
    except ModuleNotFoundError as error:
        raise SourceError(
            "Kafka needs the package confluent-kafka; install mmquality[kafka] and start again."
        ) from error
    return Consumer(settings)
