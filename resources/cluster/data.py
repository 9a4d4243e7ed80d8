"""Images of a run as its one-machine training draws them (src-main/images/batches.ts, src-main/images/pixels/reduction.ts,
src-main/model/objectives/order.ts, src-main/model/augment/crop.ts): which images a batch holds, how each is cropped and in
which order its patches are predicted depends on (seed, epoch, image) alone. Decoded by Pillow, whose
bicubic crops src-main/images/pixels/resample.ts has the bytes of."""

import json
import math
import os
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, NamedTuple

import numpy as np
from PIL import Image, ImageOps

from philox import permutation, uniforms
from run_folder import Record, RunError

Settings = Record

AHEAD = 3
"""Updates whose images are prepared ahead."""

UNREADABLE = (OSError, ValueError, SyntaxError, Image.DecompressionBombError)
"""What Pillow raises of files that are no images, or damaged ones."""

Image.init()
FORMATS = [name for name in ("AVIF", "BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP") if name in Image.OPEN]
"""Those that the application reads: Pillow knows more, and runs other programs for some."""


def require_allowed(path: Path) -> None:
    """Raises PermissionError where an image lies outside of the folders that may be used, as src-main/platform/roots.ts tells."""
    roots = os.environ.get("SAIM_ROOTS")
    if roots is None:
        return
    real = Path(os.path.realpath(path))
    if not any(real.is_relative_to(os.path.realpath(root)) for root in json.loads(roots)):
        raise PermissionError("a link out of the folders that may be used")


class Crop(NamedTuple):
    """A part of an image in pixels."""

    left: float
    top: float
    width: float
    height: float


def rounded(value: float) -> int:
    """As JavaScript rounds: halves up."""
    return math.floor(value + 0.5)


def orders(h: Settings, seed: int, epochs: np.ndarray, images: np.ndarray) -> np.ndarray:
    """The order of prediction of each image, [B, N]: order[b, k] is the patch predicted k-th (paper, section 3.2)."""
    count = (h["imageSize"] // h["patchSize"]) ** 2
    if h["order"] == "raster":
        return np.tile(np.arange(count), (len(images), 1))
    return uniforms(seed, "order", epochs, images, count).argsort(1, kind="stable")


CROP_TRIES = 10
"""How often torchvision draws a crop until one fits inside the image."""

AUGMENTATION_DRAWS = 5 + 2 * (CROP_TRIES - 1)


def augmentation(width: int, height: int, h: Settings, u: np.ndarray) -> tuple[Crop, bool]:
    """torchvision's RandomResizedCrop, and the flip (paper, Table 6). u: AUGMENTATION_DRAWS numbers, area and ratio of the
    first draw, left, top, flip, then area and ratio of the further draws."""

    def between(low: float, high: float, t: float) -> float:
        return low + (high - low) * t

    flip = bool(h["flip"] and u[4] < 0.5)
    smallest, largest = h["cropRatioMinimum"], h["cropRatioMaximum"]
    for draw in range(CROP_TRIES):
        at = 3 + 2 * draw if draw else 0
        area = width * height * between(h["cropScaleMinimum"], h["cropScaleMaximum"], u[at])
        ratio = math.exp(between(math.log(smallest), math.log(largest), u[at + 1]))
        w, v = rounded(math.sqrt(area * ratio)), rounded(math.sqrt(area / ratio))
        if 0 < w <= width and 0 < v <= height:
            return Crop(math.floor(u[2] * (width - w + 1)), math.floor(u[3] * (height - v + 1)), w, v), flip
    w, v = width, height
    if width / height < smallest:
        v = round(width / smallest)
    elif width / height > largest:
        w = round(height * largest)
    return Crop((width - w) // 2, (height - v) // 2, w, v), flip


def smallest_crop(width: int, height: int, h: Settings) -> tuple[float, float]:
    """Sides that no crop of an image of this size falls below, but those of strips, which are as wide as the strip."""
    area = width * height * h["cropScaleMinimum"]
    return min(math.sqrt(area * h["cropRatioMinimum"]), width), min(math.sqrt(area / h["cropRatioMaximum"]), height)


def centre_crop(width: int, height: int) -> Crop:
    side = min(width, height)
    return Crop((width - side) // 2, (height - side) // 2, side, side)


def reduction_for(sides: tuple[float, float], size: int) -> int:
    """The factor of 8, 4, 2 and 1 by which an image is reduced before it is cropped."""
    return next(factor for factor in (8, 4, 2, 1) if factor == 1 or min(sides) / size >= factor)


def decode(path: Path, width: int, height: int, reduction: int) -> Image.Image:
    """A whole image in RGB, reduced by a factor, turned as EXIF says, alpha over white. Raises OSError or ValueError."""
    require_allowed(path)
    with Image.open(path, formats=FORMATS) as image:
        if reduction > 1:
            image.draft("RGB", (math.ceil(image.width / reduction), math.ceil(image.height / reduction)))
        image = ImageOps.exif_transpose(image)
        if image.mode.startswith("I"):  # 16 bits
            image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
        image = over_white(image) if image.has_transparency_data else image.convert("RGB")
    size = math.ceil(width / reduction), math.ceil(height / reduction)
    if reduction == 1 and image.size != size:
        raise ValueError("changed since the scan")
    return image if image.size == size else image.resize(size, Image.Resampling.BICUBIC)


def over_white(image: Image.Image) -> Image.Image:
    """With the rounding of libvips, which decodes images on one machine."""
    values = np.asarray(image.convert("RGBA"), np.uint32)
    colours, alpha = values[:, :, :3], values[:, :, 3:]
    return Image.fromarray(((colours * alpha + 255 * (255 - alpha)) // 255).astype(np.uint8))


def cropped(image: Image.Image, crop: Crop, size: int, flip: bool) -> np.ndarray:
    """A crop, which may begin and end within a pixel, scaled to [size, size, 3] bytes."""
    left, top = math.floor(crop.left), math.floor(crop.top)
    right = min(math.ceil(crop.left + crop.width), image.width)
    bottom = min(math.ceil(crop.top + crop.height), image.height)
    x, y = crop.left - left, crop.top - top
    part = image.crop((left, top, right, bottom))
    scaled = part.resize((size, size), Image.Resampling.BICUBIC, (x, y, x + crop.width, y + crop.height))
    return np.array(ImageOps.mirror(scaled) if flip else scaled)


class ImageFiles:
    """The images of a run by their places in its list, and how to read them."""

    def __init__(self, run: Record, images: list[Record]) -> None:
        self.h: Settings = run["hyperparameters"]
        self.folder = Path(run["dataset"]["folder"])
        self.paths = [image["path"] for image in images]
        self.sizes = np.array([(image["width"], image["height"]) for image in images])
        self.splits = np.array([image["split"] for image in images])

    def of(self, split: str) -> np.ndarray:
        return np.flatnonzero(self.splits == split)

    def augmented(self, image: int, epoch: int) -> np.ndarray:
        """An image as it is trained on in an epoch, [S, S, 3] bytes."""
        width, height = self.sizes[image].tolist()
        u = uniforms(self.h["seed"], "crop", np.array([epoch]), np.array([image]), AUGMENTATION_DRAWS)[0]
        crop, flip = augmentation(width, height, self.h, u)
        return self.read(image, crop, smallest_crop(width, height, self.h), flip)

    def centred(self, image: int) -> np.ndarray | None:
        """The largest square in its middle, [S, S, 3] bytes; None where it cannot be read."""
        crop = centre_crop(*self.sizes[image].tolist())
        try:
            return self.read(image, crop, (crop.width, crop.height), False)
        except UNREADABLE:
            return None

    def read(self, image: int, crop: Crop, smallest: tuple[float, float], flip: bool) -> np.ndarray:
        width, height = self.sizes[image].tolist()
        factor = reduction_for(smallest, self.h["imageSize"])
        whole = decode(self.folder / self.paths[image], width, height, factor)
        return cropped(whole, Crop(*(side / factor for side in crop)), self.h["imageSize"], flip)

    def require_folder(self) -> None:
        if not self.folder.is_dir():
            raise RunError(
                "folder-missing",
                f"The images are not in {self.folder}, as a worker sees it.",
                "Keep images and runs in folders that all machines see under the same name; then resume the run.",
            )


@dataclass
class Share:
    """The images of an update that one worker computes."""

    pixels: np.ndarray
    """[b, S, S, 3] bytes"""
    order: np.ndarray
    """[b, N]"""
    unreadable: dict[int, str]
    """Images in whose place another was taken, with the reasons."""


class Batches:
    """What one of `world` workers gets of each update: every `world`-th image of its batches, so that all together
    compute the batches of the one-machine run, however many they are."""

    def __init__(self, files: ImageFiles, rank: int, world: int, threads: int) -> None:
        self.files, self.h, self.chosen = files, files.h, files.of("train")
        self.rank, self.world = rank, world
        self.per_epoch = max(1, len(self.chosen) // self.h["batchSize"])
        self.pool = ThreadPoolExecutor(threads)
        self.shuffled: tuple[int, np.ndarray] = (-1, self.chosen)

    def order_of(self, epoch: int) -> np.ndarray:
        """The images in the order of an epoch."""
        if self.shuffled[0] != epoch:
            self.shuffled = epoch, self.chosen[permutation(len(self.chosen), self.h["seed"], "shuffle", epoch)]
        return self.shuffled[1]

    def updates(self, first_batch: int) -> Iterator[Share]:
        """The shares of all updates from a batch on, prepared ahead. Raises RunError where no image can be read."""
        size, accumulation = self.h["batchSize"], self.h["accumulation"]
        ahead: deque[list[Future]] = deque()
        while True:
            while len(ahead) < AHEAD:
                places = [(first_batch + i // size, i % size) for i in range(size * accumulation)]
                ahead.append([self.submit(*place) for place in places[self.rank :: self.world]])
                first_batch += accumulation
            yield self.share([future.result() for future in ahead.popleft()])

    def submit(self, batch: int, place: int) -> Future:
        epoch = batch // self.per_epoch
        order = self.order_of(epoch)
        first = (batch % self.per_epoch) * self.h["batchSize"] + place
        return self.pool.submit(self.fill, order, first, epoch)

    def fill(self, order: np.ndarray, first: int, epoch: int) -> tuple[int, int, np.ndarray, dict[int, str]]:
        """Epoch, place in the list and pixels of the image at a place of the order, or of the first after it that can
        be decoded; and what could not be."""
        unreadable: dict[int, str] = {}
        for tries in range(len(order)):
            image = int(order[(first + tries * self.h["batchSize"]) % len(order)])
            try:
                return epoch, image, self.files.augmented(image, epoch), unreadable
            except UNREADABLE as error:
                self.files.require_folder()
                unreadable[image] = str(error)
        raise RunError(
            "no-images",
            "No image of the data set can be decoded any more.",
            f"Check that {self.files.folder} is still there and can be read.",
        )

    def share(self, filled: list[tuple[int, int, np.ndarray, dict[int, str]]]) -> Share:
        epochs, images, pixels, unreadable = zip(*filled)
        return Share(
            np.stack(pixels),
            orders(self.h, self.h["seed"], np.array(epochs), np.array(images)),
            {image: reason for reasons in unreadable for image, reason in reasons.items()},
        )

    def centred(self, images: np.ndarray) -> list[tuple[int, np.ndarray]]:
        """Those of some images that can be read, cropped in the middle."""
        read = zip(images.tolist(), self.pool.map(self.files.centred, images.tolist()))
        return [(image, pixels) for image, pixels in read if pixels is not None]

    def close(self) -> None:
        self.pool.shutdown(cancel_futures=True)
