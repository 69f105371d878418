"""What an import keeps on disk until it writes comes back as it was, as often as one likes."""

from __future__ import annotations

from catalogues import frame, row

from mmquality.pipeline.spool import Spool


def test_listings_come_back_as_they_were_in_their_order() -> None:
    parts = [
        frame([row(n, title="Straße, 猫", attributes='{"k":"x\\u0000y","é":""}') for n in range(3)]),
        frame([]),
        frame([row(9, category=None, seller=None, price=None, attributes="{}")]),
    ]
    with Spool() as spool:
        for part in parts:
            spool.add(part)
        assert len(spool) == 3
        for _ in range(2):
            for found, part in zip(spool, parts, strict=True):
                plain = [table.astype(object).where(table.notna(), None) for table in (found, part)]
                assert plain[0].to_dict("records") == plain[1].to_dict("records")
