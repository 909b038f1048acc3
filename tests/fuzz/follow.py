"""Let atheris follow the branches of the reader: ``python -m tests.fuzz.follow CORPUS``.

Options are those of libFuzzer. Where there is no atheris for the machine, this says so.
"""

import random
import sys

try:
    import atheris
except ImportError:
    sys.exit("Atheris is not installed here: there is none for this machine.")

with atheris.instrument_imports(include=["helpdesk.lib", "helpdesk.channels.email"]):
    from tests.fuzz import target
from tests.fuzz.damage import damaged, seeds

_KNOWN = seeds(None)


def change(raw: bytes, most: int, seed: int) -> bytes:
    """Change a message: by our own damage, or as libFuzzer does it."""
    dice = random.Random(seed)
    if dice.random() < 0.5:
        return damaged(dice, [raw, *_KNOWN])[:most]
    return bytes(atheris.Mutate(raw, most))


def try_one(raw: bytes) -> None:
    """Read a message; whatever goes wrong ends the run."""
    fault = target.attempt(raw)
    if fault is not None:
        raise AssertionError(fault.what)


if __name__ == "__main__":
    atheris.Setup(sys.argv, try_one, custom_mutator=change)
    atheris.Fuzz()
