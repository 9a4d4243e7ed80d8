"""Writes transforms-reference.json: what torchvision and timm make of images and how they draw, for the tests of crops, of
random erasing and of the images that are scored.

    .cache/python/bin/python test/python/transforms_reference.py
"""

import hashlib
import json
import math
import pathlib
import random

import numpy as np
import torch
from PIL import Image
from timm.data.random_erasing import RandomErasing
from torchvision import transforms
from torchvision.transforms import functional

DRAWS = 100_000


def picture(width, height):
    """Made again by the tests."""
    y, x, c = np.mgrid[0:height, 0:width, 0:3]
    return Image.fromarray(((7 * x + 13 * y + 29 * c + x * y % 251) % 256).astype(np.uint8))


def histogram(values):
    """How often each whole number occurs: [[number, times], ...]"""
    found, counts = np.unique(np.asarray(values), return_counts=True)
    return [[int(value), int(count)] for value, count in zip(found, counts)]


class OneDraw(transforms.RandomResizedCrop):
    """As the authors of MAE, and after them of SAIM, crop for the linear probe (util/crop.py)."""

    @staticmethod
    def get_params(img, scale, ratio):
        width, height = functional.get_image_size(img)
        area = height * width
        target_area = area * torch.empty(1).uniform_(scale[0], scale[1]).item()
        log_ratio = torch.log(torch.tensor(ratio))
        aspect_ratio = torch.exp(torch.empty(1).uniform_(log_ratio[0], log_ratio[1])).item()
        w = min(int(round(math.sqrt(target_area * aspect_ratio))), width)
        h = min(int(round(math.sqrt(target_area / aspect_ratio))), height)
        i = torch.randint(0, height - h + 1, size=(1,)).item()
        j = torch.randint(0, width - w + 1, size=(1,)).item()
        return i, j, h, w


def crops(kind, width, height, smallest):
    torch.manual_seed(0)
    image = Image.new("RGB", (width, height))
    boxes = [kind.get_params(image, (smallest, 1.0), (3 / 4, 4 / 3)) for _ in range(DRAWS)]
    parts = dict(zip(("top", "left", "height", "width"), zip(*boxes)))
    return {
        "kind": "one draw" if kind is OneDraw else "torchvision",
        "image": [width, height],
        "smallest": smallest,
        "histograms": {name: histogram(values) for name, values in parts.items()},
    }


def scored(width, height, size):
    """The authors' transform of images that are scored."""
    share = 224 / 256 if size <= 224 else 1.0
    steps = [transforms.Resize(int(size / share), interpolation=Image.BICUBIC), transforms.CenterCrop(size)]
    made = transforms.Compose(steps)(picture(width, height))
    return {"image": [width, height], "size": size, "sha256": hashlib.sha256(made.tobytes()).hexdigest()}


def erased(side):
    """Boxes that timm erases in square images: [top, left, height, width]."""
    random.seed(0)
    torch.manual_seed(0)
    erasing = RandomErasing(probability=0.25, mode="pixel", max_count=1, device="cpu")
    boxes, values = [], []
    for _ in range(DRAWS // 5):
        image = erasing(torch.full((3, side, side), 100.0))
        hit = (image != 100.0).any(0)
        if not hit.any():
            continue
        rows, columns = hit.any(1).nonzero().flatten(), hit.any(0).nonzero().flatten()
        boxes.append((rows[0], columns[0], rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1))
        if len(values) < 200_000:
            values.extend(image[:, hit].flatten().tolist())
    parts = dict(zip(("top", "left", "height", "width"), zip(*boxes)))
    return {
        "side": side,
        "images": DRAWS // 5,
        "erased": len(boxes),
        "mean": float(np.mean(values)),
        "deviation": float(np.std(values)),
        "histograms": {name: histogram(values) for name, values in parts.items()},
    }


reference = {
    "versions": {name: __import__(name).__version__ for name in ("torchvision", "timm", "PIL")},
    "crops": [
        crops(transforms.RandomResizedCrop, 500, 400, 0.67),
        crops(transforms.RandomResizedCrop, 64, 64, 0.67),
        crops(transforms.RandomResizedCrop, 224, 300, 0.08),
        crops(transforms.RandomResizedCrop, 300, 70, 0.67),
        crops(transforms.RandomResizedCrop, 40, 160, 0.67),
        crops(OneDraw, 300, 200, 0.08),
    ],
    "scored": [
        *(scored(61, 47, size) for size in (16, 17, 40, 47)),
        *(scored(47, 62, size) for size in (16, 33)),
        scored(256, 256, 224),
        scored(500, 375, 224),
        scored(333, 500, 224),
        scored(100, 40, 64),
        scored(401, 300, 240),
    ],
    "erasing": erased(32),
}
pathlib.Path(__file__).with_name("transforms-reference.json").write_text(json.dumps(reference))
