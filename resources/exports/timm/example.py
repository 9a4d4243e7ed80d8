"""Prints the features of an image: python example.py image.jpg

Needs: pip install timm
"""

import sys
from pathlib import Path

import timm
import torch

from reading import middle_square

# The same model by hand: timm.create_model(architecture, checkpoint_path="model.safetensors", **model_args) with
# both from config.json. With num_classes=10 it gets a new head for 10 classes.
model = timm.create_model(f"local-dir:{Path(__file__).parent}", pretrained=True).eval()


def features(images):
    """images [batch, 3, S, S], normalised -> class_token and pooled [batch, C], patches [batch, N, C]."""
    with torch.inference_mode():
        tokens = model.forward_features(torch.from_numpy(images))
        pooled = model.forward_head(tokens)
    return {"class_token": tokens[:, 0].numpy(), "pooled": pooled.numpy(), "patches": tokens[:, model.num_prefix_tokens :].numpy()}


def read(path):
    transform = timm.data.create_transform(**timm.data.resolve_model_data_config(model))
    return transform(middle_square(path))[None].numpy()


if __name__ == "__main__":
    for name, values in features(read(sys.argv[1])).items():
        print(name, values.shape, values.ravel()[:5])
