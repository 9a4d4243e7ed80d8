"""Writes a timm vision transformer with learned positions, and its features at its own image size and a larger one, with
positions interpolated as the authors do it. learned_positions.py FOLDER: weights.pth, truth.safetensors"""

import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from timm.models.vision_transformer import VisionTransformer
from torch.nn.functional import interpolate


def model_of(size: int) -> VisionTransformer:
    sizes = {"img_size": size, "patch_size": 8, "embed_dim": 128, "depth": 2, "num_heads": 2}
    return VisionTransformer(**sizes, num_classes=0, global_pool="avg", final_norm=False).eval()


folder = Path(sys.argv[1])
torch.manual_seed(0)
model = model_of(32)
torch.nn.init.normal_(model.pos_embed)
weights = model.state_dict()
torch.save({"model": weights}, folder / "weights.pth")

grid = weights["pos_embed"][:, 1:].reshape(1, 4, 4, 128).permute(0, 3, 1, 2)
larger = interpolate(grid, (6, 6), mode="bicubic").flatten(2).transpose(1, 2)
model_48 = model_of(48)
model_48.load_state_dict(weights | {"pos_embed": torch.cat((weights["pos_embed"][:, :1], larger), 1)})
truth = {}
with torch.inference_mode():
    for size, one in ((32, model), (48, model_48)):
        truth[f"images_{size}"] = torch.randn(2, 3, size, size)
        truth[f"features_{size}"] = one.forward_features(truth[f"images_{size}"])
save_file(truth, folder / "truth.safetensors")
