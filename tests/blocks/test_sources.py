"""Numbers that have no source but the code that states them."""

from neurosim.blocks.files import dump_block, parse_block
from neurosim.blocks.sources import stated_in_code
from neurosim.converters import Adc, Channels
from neurosim.devices import Mismatch
from neurosim.profile import Profile, load_profile
from shipped import shipped


@shipped
def test_a_shipped_profile_has_a_source_for_every_number(name):
    assert stated_in_code(load_profile(name)) == []


def test_numbers_of_blocks_made_in_python_are_found_by_their_paths():
    adc = Adc(bits=6, visible_range_V=0.3, hidden_range_V=0.1, channels=Channels(gain=0.01))
    sources = {"leak": "a paper", "gain": "stated in code"}
    mismatch = Mismatch(leak=0.03, gain=0.01, source=sources)
    profile = load_profile("ideal_hopfield").with_values({"adc": adc, "mismatch": mismatch})
    found = ["mismatch.gain", "adc.bits", "adc.visible_range_V", "adc.hidden_range_V"]
    assert stated_in_code(profile) == [*found, "adc.channels.gain"]
    again = parse_block(dump_block(profile), Profile, "my.yaml")
    assert again == profile
    assert stated_in_code(again) == stated_in_code(profile)


def test_a_number_that_is_changed_in_python_says_so_in_its_file():
    profile = load_profile("cmos_rc_6bit").with_value("adc.bits", 6)
    again = parse_block(dump_block(profile), Profile, "my.yaml")
    assert again.adc.source["bits"] == "assumed: set in place of 8"
    assert stated_in_code(again) == []
