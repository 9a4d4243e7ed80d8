"""Prints the features of an image: python example.py image.jpg

Needs: pip install timm safetensors. The weights have the names of the authors' code, whose own scripts load
checkpoint.pth as it is; here timm's vision transformer stands for their encoder.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from timm.models.vision_transformer import VisionTransformer

from reading import middle_square

here = Path(__file__).parent
about = json.loads((here / "saim.json").read_text())
settings = about["hyperparameters"]


def load_weights():
    if (here / "checkpoint.pth").exists():
        return torch.load(here / "checkpoint.pth", map_location="cpu", weights_only=True)["model"]
    from safetensors.torch import load_file

    return load_file(here / "model.safetensors")


def load_model():
    model = VisionTransformer(
        img_size=settings["imageSize"],
        patch_size=settings["patchSize"],
        embed_dim=settings["width"],
        depth=settings["depth"],
        num_heads=settings["heads"],
        reg_tokens=settings["registers"],
        num_classes=0,
        global_pool="avg",
        final_norm=False,
    )
    weights = load_weights()
    # timm keeps query, key and value as one matrix.
    for i in range(settings["depth"]):
        for kind in ("weight", "bias"):
            parts = [weights[f"blocks.{i}.attn.{name}.{kind}"] for name in "qkv"]
            weights[f"blocks.{i}.attn.qkv.{kind}"] = torch.cat(parts)
    if settings["registers"]:
        # timm has a position for each register as well: zeros.
        weights["reg_token"], table = weights["register_tokens"], weights["pos_embed"]
        zeros = torch.zeros_like(weights["reg_token"])
        weights["pos_embed"] = torch.cat((table[:, :1], zeros, table[:, 1:]), 1)
    # Without the decoder: query blocks, norm and prediction head.
    model.load_state_dict({name: weights[name] for name in model.state_dict()})
    return model.eval()


model = load_model()


def features(images):
    """images [batch, 3, S, S], normalised -> class_token and pooled [batch, C], patches [batch, N, C]."""
    with torch.inference_mode():
        tokens = model.forward_features(torch.from_numpy(images)).numpy()
    patches = tokens[:, model.num_prefix_tokens :]
    return {"class_token": tokens[:, 0], "pooled": patches.mean(1), "patches": patches}


def read(path):
    image = middle_square(path).resize((settings["imageSize"],) * 2, Image.Resampling.BICUBIC)
    pixels = (np.asarray(image, np.float32) / 255 - about["mean"]) / about["deviation"]
    return pixels.astype(np.float32).transpose(2, 0, 1)[None]


if __name__ == "__main__":
    for name, values in features(read(sys.argv[1])).items():
        print(name, values.shape, values.ravel()[:5])
