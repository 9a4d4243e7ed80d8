"""Prints the most likely classes of an image: python example.py image.jpg

Needs: pip install onnxruntime numpy pillow
"""

import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime

from reading import as_scored

session = onnxruntime.InferenceSession(Path(__file__).parent / "classifier.onnx", providers=["CPUExecutionProvider"])
about = {name: json.loads(value) for name, value in session.get_modelmeta().custom_metadata_map.items()}
size = session.get_inputs()[0].shape[2]


def classify(images):
    """images [batch, 3, S, S], normalised -> logits and probabilities [batch, classes]."""
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, {"images": images})))


def read(path):
    pixels = (np.asarray(as_scored(path, size), np.float32) / 255 - about["mean"]) / about["deviation"]
    return pixels.astype(np.float32).transpose(2, 0, 1)[None]


if __name__ == "__main__":
    probabilities = classify(read(sys.argv[1]))["probabilities"][0]
    for i in np.argsort(-probabilities)[:5]:
        print(f"{probabilities[i]:.1%} {about['classes'][i]}")
