"""SAIM in PyTorch, written independently of src-main/saim: unsorted tokens and additive masks, under the names of
the authors' code. Checked against reference data by `python saim.py FOLDER`."""

import json
import sys
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.q, self.k, self.v, self.proj = (nn.Linear(width, width) for _ in range(4))

    def forward(self, x, context, mask):
        b, n, width = x.shape
        q, k, v = (
            linear(t).reshape(b, n, self.heads, width // self.heads).transpose(1, 2)
            for linear, t in ((self.q, x), (self.k, context), (self.v, context))
        )
        scores = q @ k.transpose(-2, -1) * (width // self.heads) ** -0.5
        if mask is not None:
            scores = scores + mask
        return self.proj((scores.softmax(-1) @ v).transpose(1, 2).reshape(b, n, width))


class Mlp(nn.Module):
    def __init__(self, width, outputs):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, outputs)

    def forward(self, x):
        return self.fc2(F.gelu(self.fc1(x)))


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width, eps=1e-6), nn.LayerNorm(width, eps=1e-6)
        self.attn, self.mlp = Attention(width, heads), Mlp(width, width)

    def forward(self, x, context, mask=None):
        x = x + self.attn(self.norm1(x), self.norm1(context), mask)
        return x + self.mlp(self.norm2(x))


class PatchEmbed(nn.Module):
    def __init__(self, width, patch):
        super().__init__()
        self.proj = nn.Conv2d(3, width, patch, patch)

    def forward(self, images):
        return self.proj(images).flatten(2).transpose(1, 2)


class Blur(nn.Module):
    """Gaussian of 9 x 9, sigma 1, zero padding."""

    def __init__(self):
        super().__init__()
        kernel = torch.exp(-((torch.arange(9) - 4.0) ** 2) / 2)
        kernel = torch.outer(kernel, kernel)
        self.register_buffer("weight", (kernel / kernel.sum()).expand(3, 1, 9, 9).clone())

    def forward(self, images):
        return F.conv2d(images, self.weight, groups=3, padding=4)


def position_embedding(grid, width):
    """[1, 1 + grid^2, width]: zeros, then for each patch sin and cos of its column, sin and cos of its row."""
    omega = 10000 ** (-torch.arange(width // 4, dtype=torch.float64) / (width // 4))
    rows, columns = torch.meshgrid(torch.arange(grid), torch.arange(grid), indexing="ij")
    angles = [place.reshape(-1, 1) * omega for place in (columns, rows)]
    patches = torch.cat([part for a in angles for part in (a.sin(), a.cos())], 1)
    return torch.cat((torch.zeros(1, width), patches.float()))[None]


class Saim(nn.Module):
    """With the MLP head, normalised pixels and squared loss."""

    def __init__(self, image_size, patch_size, width, depth, heads, query_depth):
        super().__init__()
        self.patch, self.grid = patch_size, image_size // patch_size
        self.step = depth // query_depth
        self.patch_embed = PatchEmbed(width, patch_size)
        self.cls_token = nn.Parameter(torch.randn(1, 1, width) * 0.02)
        self.pos_embed = nn.Parameter(position_embedding(self.grid, width), requires_grad=False)
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(depth))
        self.query_blocks = nn.ModuleList(Block(width, heads) for _ in range(query_depth))
        self.norm, self.prediction_head = nn.LayerNorm(width, eps=1e-6), Mlp(width, patch_size**2 * 3)
        self.gaussian_blur = Blur()

    def tokens(self, images):
        x = self.patch_embed(images) + self.pos_embed[:, 1:]
        return torch.cat((self.cls_token.expand(len(x), -1, -1), x), 1)

    def features(self, images):
        """The last block's tokens [B, 1 + N, C], every token visible."""
        x = self.tokens(images)
        for block in self.blocks:
            x = block(x, x)
        return x

    def masks(self, noise):
        """Content and query mask [B, 1, 1 + N, 1 + N] of noise [B, N]: what each row's token may see is 0."""
        b, n = noise.shape
        earlier = noise.unsqueeze(1) <= noise.unsqueeze(2)
        strictly = noise.unsqueeze(1) < noise.unsqueeze(2)
        result = []
        for visible in (earlier, strictly):
            mask = torch.full((b, n + 1, n + 1), float("-inf"))
            mask[:, :, 0] = 0
            mask[:, 1:, 1:][visible] = 0
            result.append(mask.unsqueeze(1))
        return result

    def predict(self, images, noise):
        """Predicted patches [B, N, p * p * 3], row-major."""
        content, query = self.masks(noise)
        x, g = self.tokens(images), self.pos_embed.expand(len(images), -1, -1)
        for i, block in enumerate(self.blocks):
            x = block(x, x, content)
            if (i + 1) % self.step == 0:
                g = self.query_blocks[i // self.step](g, x, query)
        return self.prediction_head(self.norm(g))[:, 1:]

    def forward(self, images, noise):
        """The loss."""
        b, grid, patch = len(images), self.grid, self.patch
        smooth = self.gaussian_blur(images).reshape(b, 3, grid, patch, grid, patch)
        target = smooth.permute(0, 2, 4, 3, 5, 1).reshape(b, grid**2, -1)
        target = (target - target.mean(-1, keepdim=True)) / (target.var(-1, keepdim=True) + 1e-6).sqrt()
        return ((self.predict(images, noise) - target) ** 2).mean()


def check(folder):
    """The largest difference from reference data: of predictions and of the loss."""
    from safetensors.torch import load_file

    config = json.loads((folder / "manifest.json").read_text())["config"]
    names = ("img_size", "patch_size", "embed_dim", "depth", "num_heads", "query_depth")
    model = Saim(*(config[name] for name in names))
    model.load_state_dict(load_file(folder / "weights.safetensors"))
    expected = load_file(folder / "forward.safetensors")
    images, noise = expected["images"], expected["noise"].reshape(len(expected["images"]), -1)
    with torch.no_grad():
        prediction, loss = model.predict(images, noise), model(images, noise)
    return max(
        (prediction - expected["pred"][:, -prediction.shape[1] :]).abs().max().item(),
        abs(loss.item() - expected["loss"].item()),
    )


if __name__ == "__main__":
    print(check(Path(sys.argv[1])))
