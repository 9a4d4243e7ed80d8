"""Opens a timm export in the two other ways that its documentation names: by its file of weights, and with a new head for
10 classes. open_timm.py FOLDER"""

import json
import sys
from pathlib import Path

import timm
import torch

folder = Path(sys.argv[1])
config = json.loads((folder / "config.json").read_text())
whole = timm.create_model(f"local-dir:{folder}", pretrained=True).eval()
by_file = timm.create_model(
    config["architecture"], checkpoint_path=folder / "model.safetensors", num_classes=0, **config["model_args"]
).eval()
with_head = timm.create_model(f"local-dir:{folder}", pretrained=True, num_classes=10).eval()

images = torch.randn(2, *config["pretrained_cfg"]["input_size"])
with torch.inference_mode():
    features = whole(images)
    assert torch.equal(by_file(images), features)
    assert torch.equal(with_head.forward_head(with_head.forward_features(images), pre_logits=True), features)
    print("the same features by file and with a new head of", with_head(images).shape[1], "classes")
