"""Opens a .pth file as the authors' main_finetune.py does, in a vision transformer with separate query, key and value,
and in the pre-training model. open_pth.py FILE IMAGE_SIZE PATCH WIDTH DEPTH HEADS QUERY_DEPTH"""

import sys

import torch
from timm.models.vision_transformer import VisionTransformer
from torch import nn

from authors_format import fixed_weights, saim
from vit import Block

size, patch, width, depth, heads, query_depth = map(int, sys.argv[2:8])
weights = torch.load(sys.argv[1], map_location="cpu")["model"]
model = saim(size, patch, width, depth, heads, query_depth)
fixed = fixed_weights(model)
model.load_state_dict({name: weight for name, weight in weights.items() if name not in fixed})
assert all(torch.allclose(weights[name], weight, atol=1e-6) for name, weight in fixed.items())

finetuned = VisionTransformer(
    img_size=size, patch_size=patch, embed_dim=width, depth=depth, num_heads=heads, num_classes=10, global_pool="avg"
)
finetuned.blocks = nn.Sequential(*(Block(width, heads) for _ in range(depth)))
missing = finetuned.load_state_dict(weights, strict=False).missing_keys
print("all weights fit; missing for fine-tuning:", ", ".join(sorted({name.split(".")[0] for name in missing})))
