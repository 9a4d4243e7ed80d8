"""Writes draws-reference.json: how timm draws RandAugment's operations and the shares of mixup and CutMix, for the tests of ours.

    .cache/python/bin/python test/python/draws_reference.py
"""

import json
import math
import pathlib
import random

import numpy as np
from PIL import Image
from timm.data.auto_augment import rand_augment_transform
from timm.data.mixup import Mixup

IMAGES = 50_000


def histogram(values):
    """How often each whole number occurs: [[number, times], ...]"""
    found, counts = np.unique(np.asarray(values), return_counts=True)
    return [[int(value), int(count)] for value, count in zip(found, counts)]


def rand_augment():
    """How often each operation is done, and the degrees of rotations, rounded."""
    transform = rand_augment_transform("rand-m9-mstd0.5-inc1", {})
    done = {op.name: [] for op in transform.ops}
    for op in transform.ops:
        op.aug_fn = lambda image, *arguments, name=op.name, **_: done[name].append(arguments) or image
    image = Image.new("RGB", (1, 1))
    for _ in range(IMAGES):
        transform(image)
    angles = [math.floor(angle + 0.5) for (angle,) in done["Rotate"]]
    return {"done": {name: len(found) for name, found in done.items()}, "angles": histogram(angles)}


def box(side, share):
    """Height and width of a box of CutMix, as timm drew it when the authors trained: an odd length loses a pixel, which 1.0.31 does not."""
    half = int(side * np.sqrt(1 - share)) // 2
    centre = np.random.randint(0, side, size=2)
    return np.clip(centre + half, 0, side) - np.clip(centre - half, 0, side)


def mixing(mixup, cutmix):
    """The shares of a batch's own images, in thousandths, and of CutMix the lengths of the pasted boxes in an image of 64."""
    draw = Mixup(mixup_alpha=mixup, cutmix_alpha=cutmix, num_classes=2)
    drawn = [draw._params_per_batch() for _ in range(IMAGES)]
    shares, heights = [], []
    for share, is_cut in drawn:
        if is_cut:
            height, width = box(64, share)
            heights.append(height)
            share = 1 - height * width / 64**2
        shares.append(int(1000 * share + 0.5))
    return {
        "mixup": mixup,
        "cutmix": cutmix,
        "cuts": len(heights),
        "shares": histogram(shares),
        "heights": histogram(heights),
    }


random.seed(0)
np.random.seed(0)
answers = {
    "images": IMAGES,
    "randAugment": rand_augment(),
    "mixing": [mixing(0.8, 0), mixing(0, 1), mixing(0.8, 1)],
}
pathlib.Path(__file__).with_name("draws-reference.json").write_text(json.dumps(answers) + "\n")
