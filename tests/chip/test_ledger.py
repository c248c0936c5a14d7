"""A chip's running totals: what adds up, and the names that older files have for them."""

from dataclasses import fields

import pytest

from neurosim.chip import Ledger


def test_the_whole_time_is_settling_driving_reading_and_writing():
    ledger = Ledger(settle_time_s=1.0, drive_time_s=2.0, read_time_s=4.0, write_time_s=8.0)
    assert ledger.time_s == ledger.totals()["time_s"] == 15.0
    assert {f.name for f in fields(ledger) if f.name.endswith("time_s")} == {
        "settle_time_s", "drive_time_s", "read_time_s", "write_time_s"
    }  # fmt: skip


def test_totals_are_restored_under_the_names_of_either_version():
    today = Ledger(settle_time_s=1.5, settles=3)
    kept = {"chip_time_s": 1.5, "settles": 3}
    assert Ledger.restored(kept) == Ledger.restored({"settle_time_s": 1.5, "settles": 3}) == today
    assert Ledger.renamed(kept | {"time_s": 2.0}) == {
        "settle_time_s": 1.5, "settles": 3, "time_s": 2.0
    }  # fmt: skip


def test_a_name_of_no_version_is_refused():
    with pytest.raises(TypeError):
        Ledger.restored({"chip_times_s": 1.5})
