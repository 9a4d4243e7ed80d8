"""The parts of a vision transformer, under the names of the authors' state_dict. The twin of src-main/model/vit.

B images of side S have N = (S / p)^2 patches; tokens are C wide."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


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


def position_embedding(grid: int, width: int) -> Tensor:
    """Fixed sine-cosine embedding [grid^2, C]: of the column in the first half of the width, of the row in the second."""
    omega = 10000 ** (-torch.arange(width // 4, dtype=torch.float64) / (width // 4))
    rows, columns = torch.meshgrid(torch.arange(grid), torch.arange(grid), indexing="ij")
    angles = [place.reshape(-1, 1) * omega for place in (columns, rows)]
    return torch.cat([part for angle in angles for part in (angle.sin(), angle.cos())], 1).float()


def sort_tokens(x: Tensor, order: Tensor) -> Tensor:
    """Puts tokens [B, N, C] into the order [B, N]."""
    return x.gather(1, order[:, :, None].expand(-1, -1, x.shape[2]))
