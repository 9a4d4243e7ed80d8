"""What an encoder is pre-trained by, under the names of the authors' state_dict (of SAIM or of MAE). The twin of
src-main/model/objectives: saim.ts, mae.ts, target.ts and the loss of pretrain.ts.

Settings `h` are those of run.json, by the names of src-shared/settings/hyperparameters.ts. B images of side S have
N = (S / p)^2 patches; tokens are C wide."""

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from precision import autocast
from vit import Block, Mlp, PatchEmbed, layer_norm, position_embedding, sort_tokens

Settings = dict[str, Any]

HEAD_WIDTH = 32
"""Width of the heads of MAE's decoder, 16 of 512 in its paper."""


class Objective(nn.Module):
    """An encoder, and what predicts patches by it."""

    visible = 0
    """Patches of the order that the encoder is given before the first that is predicted."""

    def __init__(self, h: Settings) -> None:
        super().__init__()
        self.h = h
        width, patch = h["width"], h["patchSize"]
        self.patch_embed = PatchEmbed(width, patch)
        self.cls_token = nn.Parameter(torch.randn(1, 1, width) * 0.02)
        self.registers = h.get("registers", 0)  # older runs have none
        if self.registers:
            self.register_tokens = nn.Parameter(torch.randn(1, self.registers, width) * 0.02)
        self.blocks = nn.ModuleList(Block(width, h["heads"]) for _ in range(h["depth"]))
        self.fixed = position_embedding(h["imageSize"] // patch, width)  # no buffer: nothing to keep or to exchange
        if h.get("positions") == "learned":
            self.pos_embed = nn.Parameter(torch.cat((torch.zeros_like(self.fixed[:1]), self.fixed))[None])

    def predicted(self, images: Tensor, order: Tensor) -> Tensor:
        """images [B, 3, S, S], order [B, N] -> patches after the visible ones as predicted, in the order, [B, n, p * p * 3]"""
        raise NotImplementedError

    def positions(self) -> Tensor:
        """Position embedding of the patches [N, C]: fixed, or learned and kept among the weights."""
        if hasattr(self, "pos_embed"):
            return self.pos_embed[0, 1:]
        return self.fixed.to(self.cls_token.device)

    def prefix_tokens(self, count: int) -> Tensor:
        """The class token, with its own position where positions are learned, and R registers [count, 1 + R, C]"""
        token = self.cls_token + self.pos_embed[:, :1] if hasattr(self, "pos_embed") else self.cls_token
        if self.registers:
            token = torch.cat((token, self.register_tokens), 1)
        return token.expand(count, -1, -1)

    def without_registers(self, x: Tensor) -> Tensor:
        """[B, 1 + R + T, C] -> [B, 1 + T, C]"""
        return torch.cat((x[:, :1], x[:, 1 + self.registers :]), 1) if self.registers else x

    def tokens(self, images: Tensor) -> Tensor:
        """[B, 3, S, S] -> the patches with their positions [B, N, C], row-major"""
        return self.patch_embed(images) + self.positions()

    def run(self, block: nn.Module, x: Tensor, context: Tensor, causal: bool = False) -> Tensor:
        """A block, computed once more in the backward pass with gradient checkpointing, which older runs lack."""
        if self.h.get("gradientCheckpointing"):
            return checkpoint(block, x, context, causal, use_reentrant=False)
        return block(x, context, causal)

    def features(self, images: Tensor) -> Tensor:
        """The tokens of the last block where every token sees every other, [B, 1 + N, C]."""
        x = torch.cat((self.prefix_tokens(len(images)), self.tokens(images)), 1)
        for block in self.blocks:
            x = block(x, x)
        return self.without_registers(x)

    def predict(self, images: Tensor, order: Tensor) -> Tensor:
        """What is predicted, in float32, whatever its products were computed in."""
        with autocast(self.h["precision"], images.device.type):
            return self.predicted(images, order).float()

    def reconstruct(self, images: Tensor, order: Tensor) -> Tensor:
        """Normalised pixels of all patches as predicted, those that the encoder sees as they are: [B, N, p * p * 3], row-major."""
        patches, mean, deviation = target(self.h, images)
        seen = sort_tokens(patches, order[:, : self.visible])
        whole = torch.cat((seen, self.predict(images, order)), 1)
        return sort_tokens(whole, order.argsort(1)) * deviation + mean

    def forward(self, images: Tensor, order: Tensor) -> Tensor:
        """The loss of each image [B]: mean over predicted patches and pixels of the squared (L2) or absolute (L1) difference."""
        goal = sort_tokens(target(self.h, images)[0], order[:, self.visible :])
        difference = self.predict(images, order) - goal
        return (difference.square() if self.h["loss"] == "L2" else difference.abs()).mean((1, 2))


class TransformerHead(nn.Module):
    def __init__(self, width: int, heads: int, pixels: int) -> None:
        super().__init__()
        self.blocks, self.fc = nn.ModuleList(Block(width, heads) for _ in range(2)), nn.Linear(width, pixels)

    def forward(self, g: Tensor) -> Tensor:
        for block in self.blocks:
            g = block(g, g, causal=True)
        return self.fc(g)


def prediction_head(h: Settings, pixels: int) -> nn.Module:
    """LN(g) [B, N, C] -> pixels of each patch [B, N, p * p * 3]."""
    if h["head"] == "mlp":
        return Mlp(h["width"], pixels)
    if h["head"] == "linear":
        return nn.Linear(h["width"], pixels)
    return TransformerHead(h["width"], h["heads"], pixels)


class Saim(Objective):
    """SAIM's two streams in sorted-token form (paper, section 3).

    Each image's patches are first put into its order, so that both attention masks become one triangle:
      content stream  [class, t1 .. t(N-1)]: token i sees itself and every token before it
      query stream           [q1 .. qN]:     query i sees [class, t1 .. t(i-1)]
    Registers stand after the class token and, so that the triangle stays, before the queries.
    No query sees tN, so that it is left out. ViT-iGPT is the same in raster order and without query stream."""

    def __init__(self, h: Settings) -> None:
        super().__init__(h)
        if not h["shareWeights"]:
            self.query_blocks = nn.ModuleList(Block(h["width"], h["heads"]) for _ in range(h["queryDepth"]))
        self.norm = layer_norm(h["width"])
        self.prediction_head = prediction_head(h, h["patchSize"] ** 2 * 3)

    def predicted(self, images: Tensor, order: Tensor) -> Tensor:
        # x_0 = [class, E(patches) + position]
        tokens = sort_tokens(self.tokens(images), order)
        x = torch.cat((self.prefix_tokens(len(tokens)), tokens[:, :-1]), 1)
        # g_0 = position; after every step-th block h: g = QueryBlock(g, h)
        g = self.positions()[order]
        if self.registers:
            g = torch.cat((self.register_tokens.expand(len(g), -1, -1), g), 1)
        queries = self.blocks if self.h["shareWeights"] else self.query_blocks
        step = self.h["depth"] // self.h["queryDepth"] if self.h["queryDepth"] else self.h["depth"] + 1
        for layer, block in enumerate(self.blocks, 1):
            x = self.run(block, x, x, causal=True)
            if layer % step == 0:
                g = self.run(queries[layer // step - 1], g, x, causal=True)
        if self.h["queryDepth"] == 0:
            g = g + x
        return self.prediction_head(self.norm(g[:, self.registers :]))


class Mae(Objective):
    """MAE (He et al. 2022, section 3), to compare SAIM with: the encoder sees the first V patches of a random order, and a
    small decoder of its own predicts the N - V others. Tokens stay in the order."""

    def __init__(self, h: Settings) -> None:
        super().__init__(h)
        width, count = h["decoderWidth"], len(self.fixed)
        self.visible = math.floor(count * (1 - h["maskRatio"]))
        self.norm = layer_norm(h["width"])
        self.mask_token = nn.Parameter(torch.zeros(1, 1, width))
        self.decoder_embed = nn.Linear(h["width"], width)
        self.decoder_blocks = nn.ModuleList(Block(width, width // HEAD_WIDTH) for _ in range(h["decoderDepth"]))
        self.decoder_norm = layer_norm(width)
        self.decoder_pred = nn.Linear(width, h["patchSize"] ** 2 * 3)
        self.decoder_fixed = F.pad(position_embedding(math.isqrt(count), width), (0, 0, 1, 0))  # none of the class token

    def predicted(self, images: Tensor, order: Tensor) -> Tensor:
        # x = LN(Encoder([class, E(visible) + position]))   [B, 1 + V, C]
        seen = sort_tokens(self.tokens(images), order[:, : self.visible])
        x = torch.cat((self.prefix_tokens(len(seen)), seen), 1)
        for block in self.blocks:
            x = self.run(block, x, x)
        x = self.decoder_embed(self.norm(self.without_registers(x)))
        # y = Decoder([class, W x, mask .. mask] + position)   [B, 1 + N, D]
        masks = self.mask_token.expand(len(x), order.shape[1] - self.visible, -1)
        places = F.pad(order + 1, (1, 0))
        y = torch.cat((x, masks), 1) + self.decoder_fixed.to(x.device)[places]
        for block in self.decoder_blocks:
            y = self.run(block, y, y)
        return self.decoder_pred(self.decoder_norm(y[:, 1 + self.visible :]))


OBJECTIVES: dict[str, type[Objective]] = {"saim": Saim, "mae": Mae, "igpt": Saim}


def model_of(h: Settings) -> Objective:
    """The model that the settings name."""
    return OBJECTIVES[h["objective"]](h)


def smooth(h: Settings, images: Tensor) -> Tensor:
    """Gaussian blur with zero padding, of normalised images [B, 3, S, S] (paper, section 3.4)."""
    size, sigma = h["blurSize"], h["blurSigma"]
    if size == 0:
        return images
    distance = torch.arange(size, device=images.device) - (size - 1) / 2
    kernel = torch.exp(-((distance / sigma) ** 2) / 2)
    kernel = kernel / kernel.sum()
    for shape in ((1, size), (size, 1)):
        weight = kernel.reshape(1, 1, *shape).expand(3, -1, -1, -1)
        images = F.conv2d(images, weight, groups=3, padding=(shape[0] // 2, shape[1] // 2))
    return images


def patchify(images: Tensor, patch: int) -> Tensor:
    """[B, 3, S, S] -> [B, N, p * p * 3]; within a patch: row, column, channel"""
    grid = images.shape[2] // patch
    return images.reshape(-1, 3, grid, patch, grid, patch).permute(0, 2, 4, 3, 5, 1).reshape(len(images), grid**2, -1)


def target(h: Settings, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """What is predicted of images [B, 3, S, S], row-major [B, N, p * p * 3], and the mean and deviation [B, N, 1] that
    norm_pix took from each patch: (x - mean) / sqrt(var + 1e-6), var unbiased."""
    patches = patchify(smooth(h, images), h["patchSize"])
    mean, deviation = torch.zeros_like(patches[:, :, :1]), torch.ones_like(patches[:, :, :1])
    if h["normalizePixels"]:
        mean, deviation = patches.mean(-1, keepdim=True), (patches.var(-1, keepdim=True) + 1e-6).sqrt()
    return (patches - mean) / deviation, mean, deviation
