"""Numbers as a reader wants them: four digits, thousands apart, bounds as laboratories write them."""

import math

from ingest.tally.contents import Bounds

THIN = "\u202f"
MASSES = ((1e6, "kt"), (1e3, "t"), (1.0, "kg"), (1e-3, "g"), (1e-6, "mg"))


def number(value: float, digits: int = 4) -> str:
    """`0.05`, `18.1`, `1 840`: rounded to significant digits, without an exponent from 1e-6 to 1e15."""
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else "∞"
    if not 1e-6 <= abs(value) < 1e15:
        return f"{value:.{digits}g}"
    decimals = max(digits - 1 - math.floor(math.log10(abs(value))), 0)
    whole, point, part = f"{value:,.{decimals}f}".replace(",", THIN).partition(".")
    part = part.rstrip("0")
    return f"{whole}{point}{part}" if part else whole


def count(value: int) -> str:
    """A whole number, thousands apart."""
    return f"{value:,}".replace(",", THIN)


def share(part: int, whole: int) -> str:
    """A part in percent; what is neither nothing nor all is never rounded to it."""
    if not part or part == whole:
        return "0 %" if not part else "100 %"
    percent = 100 * part / whole
    if percent < 0.1 or percent > 99.9:
        return "< 0.1 %" if percent < 0.1 else "> 99.9 %"
    return f"{percent:.1f} %" if percent < 10 else f"{percent:.0f} %" if percent < 99.5 else f"{percent:.1f} %"


def bounds(value: Bounds) -> str:
    """`18.1`, or between which numbers it lies: `<0.05`, `>1 000`, `0.01–0.03`."""
    lower, upper = value["lower"], value["upper"]
    if upper is None:
        return f">{number(lower)}"
    if lower == upper:
        return number(lower)
    return f"<{number(upper)}" if lower == 0 else f"{number(lower)}–{number(upper)}"


def mass(kg: float) -> str:
    """A mass in the unit that suits it: `1.84 t`, `0.35 g`."""
    size, unit = next((pair for pair in MASSES if abs(kg) >= pair[0]), MASSES[-1] if kg else (1.0, "kg"))
    return f"{number(kg / size)} {unit}"


def degrees(value: float, step: float, names: tuple[str, str]) -> str:
    """A coordinate with as many decimals as the step between two of them has: `5.74° E`."""
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    wrapped = value - 360 if value > 180 else value
    side = "" if round(wrapped, 9) in (0, 180, -180) else f" {names[wrapped < 0]}"
    return f"{abs(wrapped):.{decimals}f}°{side}"
