"""What drivers take from the supply, by hand."""

import pytest

from neurosim.blocks.files import dump_block, parse_block
from neurosim.devices.drivers import ClassA, ClassAB
from neurosim.devices.supply import Supply
from neurosim.errors import ProfileError


def test_a_class_ab_stage_takes_its_rail_times_the_charge_that_it_delivers():
    # 2 mA for 1 ms into 100 Ohm: 0.4 uJ of heat there, and 0.9 V x 2 uC from the supply.
    taken = ClassAB(rail_V=0.9).taken(5e-6, 0.4e-6, 0.4e-6, 2e-6)
    assert taken.amplifiers_J == 5e-6
    assert taken.drivers_J == pytest.approx(1.8e-6 - 0.4e-6)


def test_a_class_a_stage_takes_the_same_whatever_it_delivers():
    for heat_J in (0.0, 1e-6, 4e-6):
        taken = ClassA(rail_V=0.9).taken(5e-6, heat_J, heat_J, 2e-6)
        assert taken.amplifiers_J + heat_J == pytest.approx(5e-6)
        assert taken.drivers_J == 0
    # It cannot give more than it has.
    assert ClassA(rail_V=0.9).taken(5e-6, 9e-6, 9e-6, 2e-6).amplifiers_J == 0


@pytest.mark.parametrize("driver", [ClassA(rail_V=0.9, most_A=1e-4), ClassAB(rail_V=2.5), None])
def test_a_supply_with_any_driver_comes_back_from_its_file(driver):
    supply = Supply(amplifier_W=1e-6, driver=driver)
    assert parse_block(dump_block(supply), Supply, "my.yaml") == supply


def test_a_driver_of_no_known_kind_is_refused():
    with pytest.raises(ProfileError, match="must be one of class_a, class_ab, but is 'class_b'"):
        parse_block("{driver: {kind: class_b}}", Supply, "my.yaml")


def test_bits_cost_their_steps_and_what_does_not_depend_on_them():
    supply = Supply(adc_J=1e-12, adc_step_J=20e-15, dac_step_J=1e-15, read_s=1e-7, read_step_s=1e-9)
    assert supply.reading_J(8) == pytest.approx(1e-12 + 256 * 20e-15)
    assert supply.reading_J(None) == 1e-12
    assert supply.setting_J(10) == pytest.approx(1024e-15)
    assert supply.turn_s(8) == pytest.approx(1e-7 + 256e-9)
