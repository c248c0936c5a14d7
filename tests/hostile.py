"""Text that would do harm if a program obeyed it."""

from neurosim.profile import load_profile

BREAKS = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"
# Ends comments, begins lines of every language, and hides: each part alone breaks something.
EVIL = (
    "*/ @ int evil; /* ??/ <script>alert(1)</script> \x1b[2J \u202e \x00 \ud800"
    + "".join(f"{c}.include /etc/passwd{c}@0{c}zz{c}#error{c}" for c in BREAKS)
    + "*/ \\"
)


def hostile(sizes=(3, 5, 4)):
    """A profile that says it wherever it may."""
    plain = load_profile("cmos_rc_6bit")
    changes = {f"{block}.source": EVIL for block in ("node", "coupling", "adc", "dac", "supply")}
    changes |= {"layers": sizes, "summary": "*/ @ /* <script>alert(1)</script> \\"}
    return plain.with_values(changes | {"description": EVIL})
