"""Writes a checkpoint as the authors' training script does, and what the model in it predicts.

authors_checkpoint.py FOLDER IMAGE_SIZE PATCH WIDTH DEPTH HEADS QUERY_DEPTH: checkpoint.pth (zip format), legacy.pth
(the format before PyTorch 1.6, of the class token alone), truth.safetensors with images, noise, prediction, features.
"""

import argparse
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

from authors_format import fixed_weights, saim
from vit import sort_tokens

folder = Path(sys.argv[1])
torch.manual_seed(0)
model = saim(*map(int, sys.argv[2:8])).eval()
for name, parameter in model.named_parameters():
    if parameter.ndim == 1:  # as after training: no weight is 1, no bias 0
        parameter.data += 0.02 * torch.randn_like(parameter)
size, patches = int(sys.argv[2]), (int(sys.argv[2]) // int(sys.argv[3])) ** 2
images, noise = torch.randn(1, 3, size, size), torch.rand(1, patches)
optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-3)
model.cls_token.grad = torch.ones_like(model.cls_token)
optimizer.step()  # so that the checkpoint has moments, for one tensor; all of them would only make it larger

with torch.no_grad():
    order = noise.argsort(1)
    prediction = sort_tokens(model.predict(images, order), order.argsort(1))
    features = model.features(images)
save_file(
    {"images": images, "noise": noise, "prediction": prediction, "features": features.contiguous()},
    folder / "truth.safetensors",
)
scaler = torch.amp.GradScaler("cpu")
checkpoint = {
    "model": model.state_dict() | fixed_weights(model),
    "optimizer": optimizer.state_dict(),
    "epoch": 799,
    "scaler": scaler.state_dict(),
    "args": argparse.Namespace(
        model="saim_base", batch_size=256, blr=2e-4, norm_pix_loss=True, output_dir="./pretrain", resume=""
    ),
}
torch.save(checkpoint, folder / "checkpoint.pth")
small = {"model": {"cls_token": model.state_dict()["cls_token"], "half": torch.arange(4).half()}}
torch.save(small, folder / "legacy.pth", _use_new_zipfile_serialization=False)
