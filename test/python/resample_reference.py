"""Writes resample-reference.json: crops of a picture as Pillow scales them, that src-main/images/pixels/resample.test.ts compares with.

    .cache/python/bin/python test/python/resample_reference.py
"""

import base64
import json
import math
import pathlib

import numpy as np
from PIL import Image

WIDTH, HEIGHT = 61, 47

# Left, top, width and height of the crop, side of the output: shrinking, enlarging, both at once, as it is, single
# pixels, edges; the last begin and end within a pixel.
CROPS = [
    [0, 0, 61, 47, 16],
    [7, 3, 50, 40, 16],
    [10, 5, 40, 33, 24],
    [3, 20, 9, 7, 20],
    [30, 30, 31, 17, 24],
    [20, 10, 24, 24, 24],
    [60, 46, 1, 1, 4],
    [0, 40, 61, 1, 8],
    [2.5, 3.25, 40.5, 30.125, 16],
    [50.75, 40.5, 10.25, 6.5, 20],
]


def picture():
    level = [
        [[int(97 * math.sin(0.9 * x + c) + 80 * math.cos(0.7 * y * (c + 1)) + 120) for c in range(3)] for x in range(WIDTH)]
        for y in range(HEIGHT)
    ]
    return Image.fromarray(np.clip(level, 0, 255).astype(np.uint8))


def scaled(image, left, top, width, height, size):
    """torchvision's resized_crop; a crop that begins within a pixel sees no more than the pixels that it touches."""
    x, y = math.floor(left), math.floor(top)
    part = image.crop((x, y, math.ceil(left + width), math.ceil(top + height)))
    box = (left - x, top - y, left - x + width, top - y + height)
    return part.resize((size, size), Image.Resampling.BICUBIC, box=box)


image = picture()
cases = [
    {"crop": crop, "pixels": base64.b64encode(scaled(image, *crop).tobytes()).decode()} for crop in CROPS
]
reference = {"width": WIDTH, "height": HEIGHT, "picture": base64.b64encode(image.tobytes()).decode(), "cases": cases}
pathlib.Path(__file__).with_name("resample-reference.json").write_text(json.dumps(reference))
