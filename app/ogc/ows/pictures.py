"""Pictures that only map services hand out: on a background, and of a legend."""

import io
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from PIL import Image, ImageColor, ImageDraw, ImageFont

from tiles.legend import Legend

BOX, GAP, MARGIN, SIZE = 18, 8, 8, 13
INK = "#1b1f23"


def on_background(png: bytes, size: tuple[int, int], colour: str | None) -> bytes:
    """A picture of that size (columns, rows), on a colour where there is one, transparent else; nothing is empty."""
    if png and colour is None:
        return png
    ground = Image.new("RGBA", size, (0, 0, 0, 0) if colour is None else (*ImageColor.getrgb(colour)[:3], 255))
    if png:
        ground.alpha_composite(Image.open(io.BytesIO(png)).convert("RGBA"))
    return _bytes(ground if colour is None else ground.convert("RGB"))


def legend_picture(legend: Legend, title: str) -> bytes:
    """The classes with their colours, the highest at the top."""
    font = ImageFont.truetype(_font(), SIZE)
    classes = legend.classes()[::-1]
    heading = title if legend.unit == "1" else f"{title} ({legend.unit})"
    labels = [str(each["label"]) for each in classes]
    widths = [font.getlength(heading), *(BOX + GAP + font.getlength(label) for label in labels)]
    height = 2 * MARGIN + SIZE + GAP + len(classes) * (BOX + 2)
    picture = Image.new("RGB", (int(max(widths)) + 2 * MARGIN + 1, height), "white")
    pen = ImageDraw.Draw(picture)
    pen.text((MARGIN, MARGIN - 2), heading, INK, font)
    for number, each in enumerate(classes):
        top = MARGIN + SIZE + GAP + number * (BOX + 2)
        pen.rectangle((MARGIN, top, MARGIN + BOX, top + BOX), each["colour"], INK)
        pen.text((MARGIN + BOX + GAP, top + 1), labels[number], INK, font)
    return _bytes(picture)


@lru_cache(maxsize=1)
def _font() -> Path:
    """DejaVu Sans, which comes with matplotlib and has the signs of legends; finding it must not import that."""
    found = find_spec("matplotlib")
    if found is None or found.origin is None:
        raise FileNotFoundError("matplotlib, whose font the legends are written in, is not installed")
    return Path(found.origin).parent / "mpl-data" / "fonts" / "ttf" / "DejaVuSans.ttf"


def _bytes(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()
