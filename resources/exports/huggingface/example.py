"""Prints the features of an image: python example.py image.jpg

Needs: pip install transformers torch pillow
"""

import sys
from pathlib import Path

import torch
from transformers import AutoConfig, AutoImageProcessor, AutoModel

from reading import middle_square

here = Path(__file__).parent
registers = getattr(AutoConfig.from_pretrained(here), "num_register_tokens", 0)
model = AutoModel.from_pretrained(here, **({} if registers else {"add_pooling_layer": False})).eval()


def features(images):
    """images [batch, 3, S, S], normalised -> class_token and pooled [batch, C], patches [batch, N, C]."""
    with torch.inference_mode():
        tokens = model(torch.from_numpy(images), output_hidden_states=True).hidden_states[-1].numpy()
    patches = tokens[:, 1 + registers :]
    return {"class_token": tokens[:, 0], "pooled": patches.mean(1), "patches": patches}


def read(path):
    processor = AutoImageProcessor.from_pretrained(here)
    return processor(middle_square(path), return_tensors="np")["pixel_values"]


if __name__ == "__main__":
    for name, values in features(read(sys.argv[1])).items():
        print(name, values.shape, values.ravel()[:5])
