"""Pictures of what a checkpoint predicts of a few fixed images, as src-main/jobs/train/reconstructions.ts draws them: a row
for each (original, smoothed target, prediction, error) and sheet.png with all rows and titles."""

import io
import math
from typing import Callable

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from data import ImageFiles, orders, rounded
from objectives import Objective, smooth
from run_folder import Record, RunFolder, write_folder

COUNT = 8
PANEL_SIDE = 160
"""Panels are enlarged by whole factors to at least this side, in pixels."""
GAP = 4
HEADER = 56
ERROR_LIMIT = 0.5
"""The error that is shown white, as a share of the whole range of a pixel."""


class Reconstructions:
    def __init__(self, folder: RunFolder, run: Record, files: ImageFiles) -> None:
        self.folder, self.h = folder, run["hyperparameters"]
        self.mean, self.deviation = (np.array(run["statistics"][name]) for name in ("mean", "deviation"))
        chosen = evenly_spread(files.of("train"), COUNT)
        size = self.h["imageSize"]
        black = np.zeros((size, size, 3), np.uint8)  # in place of those that cannot be read
        found = [files.centred(image) for image in chosen.tolist()]
        self.pixels = torch.from_numpy(np.stack([black if pixels is None else pixels for pixels in found]))
        places = np.arange(len(chosen))
        self.order = torch.from_numpy(orders(self.h, self.h["seed"], np.zeros_like(places), places))

    @torch.no_grad()
    def write(self, step: int, model: Objective, normalised: Callable[[Tensor], Tensor]) -> None:
        images = normalised(self.pixels)
        order = self.order.to(images.device)
        loss = model(images, order).mean().item()
        smoothed = channels_last(smooth(self.h, images))
        predicted = unpatchify(model.reconstruct(images, order), self.h["patchSize"])
        rows = [self.row(*panels) for panels in zip(channels_last(images), smoothed, predicted)]
        pictures = {f"{i:02d}.png": png(row) for i, row in enumerate(rows)}
        sheet = png(self.sheet(rows, f"Step {step}, loss {loss:.4f}."))
        write_folder(self.folder.reconstructions(step), {**pictures, "sheet.png": sheet})

    def row(self, original: np.ndarray, smoothed: np.ndarray, prediction: np.ndarray) -> np.ndarray:
        """Normalised pixels [S, S, 3] of an image as panels side by side."""
        shown = [255 * (panel * self.deviation + self.mean) for panel in (original, smoothed, prediction)]
        level = (np.abs(smoothed - prediction) * self.deviation).mean(2, keepdims=True) / ERROR_LIMIT
        heat = 255 * (3 * level - np.arange(3))  # black, red, yellow, white
        return joined([enlarged(as_bytes(panel)) for panel in (*shown, heat)], axis=1)

    def sheet(self, rows: list[np.ndarray], caption: str) -> np.ndarray:
        body = joined(rows, axis=0)
        sheet = Image.new("RGB", (body.shape[1], HEADER + body.shape[0]), "white")
        sheet.paste(Image.fromarray(body), (0, HEADER))
        note = " Mean and deviation of each patch are the image's own." if self.h["normalizePixels"] else ""
        draw = ImageDraw.Draw(sheet)
        draw.text((0, 4), caption + note, "#222", ImageFont.load_default(14))
        panel = (body.shape[1] - 3 * GAP) / 4
        titles = ("original", "smoothed target", "prediction", f"error (black 0, white {ERROR_LIMIT})")
        for i, title in enumerate(titles):
            draw.text((i * (panel + GAP), 34), title, "#222", ImageFont.load_default(12))
        return np.asarray(sheet)


def evenly_spread(items: np.ndarray, n: int) -> np.ndarray:
    """`n` of the items from the first to the last, evenly."""
    length = min(n, len(items))
    step = (len(items) - 1) / max(1, length - 1)
    return items[[rounded(i * step) for i in range(length)]]


def channels_last(images: Tensor) -> np.ndarray:
    return images.permute(0, 2, 3, 1).cpu().numpy()


def unpatchify(patches: Tensor, patch: int) -> np.ndarray:
    """[B, N, p * p * 3] -> [B, S, S, 3]"""
    batch, count, _ = patches.shape
    grid = math.isqrt(count)
    pixels = patches.reshape(batch, grid, grid, patch, patch, 3).permute(0, 1, 3, 2, 4, 5)
    return pixels.reshape(batch, grid * patch, grid * patch, 3).cpu().numpy()


def as_bytes(values: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def enlarged(picture: np.ndarray) -> np.ndarray:
    factor = max(1, math.ceil(PANEL_SIDE / picture.shape[1]))
    return picture.repeat(factor, 0).repeat(factor, 1)


def joined(pictures: list[np.ndarray], axis: int) -> np.ndarray:
    """Pictures of one size with white between them."""
    white = np.full_like(pictures[0][:, :GAP] if axis == 1 else pictures[0][:GAP], 255)
    return np.concatenate([part for picture in pictures for part in (white, picture)][1:], axis)


def png(picture: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "png")
    return buffer.getvalue()
