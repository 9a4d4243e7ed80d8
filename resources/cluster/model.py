"""SAIM in PyTorch (Qi et al., "Exploring Stochastic Autoregressive Image Modeling for Visual Representation"), under the
names of the authors' state_dict. The twin of src-main/model/objectives: saim.ts, target.ts and the loss of pretrain.ts.

Settings `h` are those of run.json, by the names of src-shared/settings/hyperparameters.ts. B images of side S have
N = (S / p)^2 patches; tokens are C wide."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

Settings = dict[str, Any]


class Attention(nn.Module):
    """softmax(q k^T / sqrt(D) + mask) v, where the mask of a causal one is the triangle: row i sees rows 0 .. i."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.q, self.k, self.v, self.proj = (nn.Linear(width, width) for _ in range(4))

    def forward(self, x: Tensor, context: Tensor, causal: bool) -> Tensor:
        """x and context [B, T, C] -> [B, T, C]"""
        q, k, v = (
            part(t).unflatten(2, (self.heads, -1)).transpose(1, 2)  # [B, heads, T, D]
            for part, t in ((self.q, x), (self.k, context), (self.v, context))
        )
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=causal)
        return self.proj(mixed.transpose(1, 2).flatten(2))


class Mlp(nn.Module):
    def __init__(self, width: int, outputs: int) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, outputs)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(F.gelu(self.fc1(x)))


def layer_norm(width: int) -> nn.LayerNorm:
    return nn.LayerNorm(width, eps=1e-6)


class Block(nn.Module):
    """Pre-norm transformer block; x [B, T, C] attends to context [B, T, C], which may be x itself."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = layer_norm(width), layer_norm(width)
        self.attn, self.mlp = Attention(width, heads), Mlp(width, width)

    def forward(self, x: Tensor, context: Tensor, causal: bool = False) -> Tensor:
        query = self.norm1(x)
        x = x + self.attn(query, query if context is x else self.norm1(context), causal)
        return x + self.mlp(self.norm2(x))


class PatchEmbed(nn.Module):
    def __init__(self, width: int, patch: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(3, width, patch, patch)

    def forward(self, images: Tensor) -> Tensor:
        """[B, 3, S, S] -> [B, N, C], row-major"""
        return self.proj(images).flatten(2).transpose(1, 2)


class TransformerHead(nn.Module):
    def __init__(self, width: int, heads: int, pixels: int) -> None:
        super().__init__()
        self.block, self.fc = Block(width, heads), nn.Linear(width, pixels)

    def forward(self, g: Tensor) -> Tensor:
        return self.fc(self.block(g, g, causal=True))


def prediction_head(h: Settings, pixels: int) -> nn.Module:
    """LN(g) [B, N, C] -> pixels of each patch [B, N, p * p * 3]."""
    if h["head"] == "mlp":
        return Mlp(h["width"], pixels)
    if h["head"] == "linear":
        return nn.Linear(h["width"], pixels)
    return TransformerHead(h["width"], h["heads"], pixels)


def position_embedding(grid: int, width: int) -> Tensor:
    """Fixed sine-cosine embedding [grid^2, C]: of the column in the first half of the width, of the row in the second."""
    omega = 10000 ** (-torch.arange(width // 4, dtype=torch.float64) / (width // 4))
    rows, columns = torch.meshgrid(torch.arange(grid), torch.arange(grid), indexing="ij")
    angles = [place.reshape(-1, 1) * omega for place in (columns, rows)]
    return torch.cat([part for angle in angles for part in (angle.sin(), angle.cos())], 1).float()


def sort_tokens(x: Tensor, order: Tensor) -> Tensor:
    """Puts tokens [B, N, C] into the order [B, N]."""
    return x.gather(1, order[:, :, None].expand(-1, -1, x.shape[2]))


class Saim(nn.Module):
    """SAIM's two streams in sorted-token form (paper, section 3).

    Each image's patches are first put into its order, so that both attention masks become one triangle:
      content stream  [class, t1 .. t(N-1)]: token i sees itself and every token before it
      query stream           [q1 .. qN]:     query i sees [class, t1 .. t(i-1)]
    No query sees tN, so that it is left out."""

    def __init__(self, h: Settings) -> None:
        super().__init__()
        self.h = h
        width, heads, patch = h["width"], h["heads"], h["patchSize"]
        self.patch_embed = PatchEmbed(width, patch)
        self.cls_token = nn.Parameter(torch.randn(1, 1, width) * 0.02)
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(h["depth"]))
        if not h["shareWeights"]:
            self.query_blocks = nn.ModuleList(Block(width, heads) for _ in range(h["queryDepth"]))
        self.norm = layer_norm(width)
        self.prediction_head = prediction_head(h, patch**2 * 3)
        self.fixed = position_embedding(h["imageSize"] // patch, width)  # no buffer: nothing to keep or to exchange
        if h.get("positions") == "learned":
            self.pos_embed = nn.Parameter(torch.cat((torch.zeros_like(self.fixed[:1]), self.fixed))[None])

    def positions(self) -> Tensor:
        """Position embedding of the patches [N, C]: fixed, or learned and kept among the weights."""
        if hasattr(self, "pos_embed"):
            return self.pos_embed[0, 1:]
        return self.fixed.to(self.cls_token.device)

    def class_tokens(self, count: int) -> Tensor:
        """[count, 1, C], with their own position where positions are learned"""
        token = self.cls_token + self.pos_embed[:, :1] if hasattr(self, "pos_embed") else self.cls_token
        return token.expand(count, -1, -1)

    def tokens(self, images: Tensor) -> Tensor:
        """[B, 3, S, S] -> the patches with their positions [B, N, C], row-major"""
        return self.patch_embed(images) + self.positions()

    def predict(self, images: Tensor, order: Tensor) -> Tensor:
        """images [B, 3, S, S], order [B, N] -> predicted patches in the order, [B, N, p * p * 3]"""
        # x_0 = [class, E(patches) + position]
        tokens = sort_tokens(self.tokens(images), order)
        x = torch.cat((self.class_tokens(len(tokens)), tokens[:, :-1]), 1)
        # g_0 = position; after every step-th block h: g = QueryBlock(g, h)
        g = self.positions()[order]
        queries = self.blocks if self.h["shareWeights"] else self.query_blocks
        step = self.h["depth"] // self.h["queryDepth"] if self.h["queryDepth"] else self.h["depth"] + 1
        for layer, block in enumerate(self.blocks, 1):
            x = self.run(block, x, x)
            if layer % step == 0:
                g = self.run(queries[layer // step - 1], g, x)
        if self.h["queryDepth"] == 0:
            g = g + x
        return self.prediction_head(self.norm(g))

    def run(self, block: nn.Module, x: Tensor, context: Tensor) -> Tensor:
        """A causal block, computed once more in the backward pass with gradient checkpointing, which older runs lack."""
        if self.h.get("gradientCheckpointing"):
            return checkpoint(block, x, context, True, use_reentrant=False)
        return block(x, context, causal=True)

    def features(self, images: Tensor) -> Tensor:
        """The tokens of the last block where every token sees every other, [B, 1 + N, C]."""
        x = torch.cat((self.class_tokens(len(images)), self.tokens(images)), 1)
        for block in self.blocks:
            x = block(x, x)
        return x

    def forward(self, images: Tensor, order: Tensor) -> Tensor:
        """The loss of each image [B]: mean over patches and pixels of the squared (L2) or absolute (L1) difference."""
        difference = self.predict(images, order) - sort_tokens(target(self.h, images)[0], order)
        return (difference.square() if self.h["loss"] == "L2" else difference.abs()).mean((1, 2))


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
