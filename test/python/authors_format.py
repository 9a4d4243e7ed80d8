"""Models of resources/cluster, which is on Python's path, as the authors' code knows them."""

import torch
from objectives import Saim
from torch import Tensor
from vit import position_embedding

FIXED = ("pos_embed", "gaussian_blur.weight")


def saim(image_size: int, patch: int, width: int, depth: int, heads: int, query_depth: int) -> Saim:
    """The paper's model of some size: MLP head, normalised pixels, squared loss, blur of 9 x 9 with sigma 1."""
    sizes = {"imageSize": image_size, "patchSize": patch, "width": width, "depth": depth, "heads": heads}
    method = {"blurSize": 9, "blurSigma": 1, "normalizePixels": True, "loss": "L2", "head": "mlp", "shareWeights": False}
    return Saim({**sizes, **method, "queryDepth": query_depth, "precision": "float32"})


def with_class_token(positions: Tensor) -> Tensor:
    """Positions [N, C] with zeros for the class token, [1, 1 + N, C]."""
    return torch.cat((torch.zeros_like(positions[:1]), positions))[None]


def fixed_weights(model: Saim) -> dict[str, Tensor]:
    """What the authors' state_dict holds beside what is trained."""
    kernel = torch.exp(-((torch.arange(9) - 4.0) ** 2) / 2)
    kernel = torch.outer(kernel, kernel)
    grid = model.h["imageSize"] // model.h["patchSize"]
    positions = with_class_token(position_embedding(grid, model.h["width"]))
    return dict(zip(FIXED, (positions, (kernel / kernel.sum()).expand(3, 1, 9, 9).clone())))
