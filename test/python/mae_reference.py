"""Writes mae-reference.json: loss, predictions and gradients of MAE as transformers' ViTMAEForPreTraining has them.

    PYTHONPATH=resources/cluster .cache/python/bin/python test/python/mae_reference.py

Weights and images are waves that the tests can make again; of each gradient its norm, its product with a wave and its
first values are kept.
"""

import json
import pathlib
import re

import numpy as np
import torch
from authors_format import with_class_token
from transformers import ViTMAEConfig, ViTMAEForPreTraining
from vit import position_embedding

shape = {"imageSize": 16, "patchSize": 4, "width": 16, "depth": 2, "heads": 2, "decoderWidth": 32, "decoderDepth": 1}
batch = 2
names = [
    (r"^vit\.embeddings\.cls_token", "cls_token"),
    (r"^vit\.embeddings\.patch_embeddings\.projection", "patch_embed.proj"),
    (r"^vit\.encoder\.layer\.|^vit\.layers\.", "blocks."),
    (r"^vit\.layernorm", "norm"),
    (r"^decoder\.decoder_layers\.", "decoder_blocks."),
    (r"^decoder\.", ""),
    (r"layernorm_before", "norm1"),
    (r"layernorm_after", "norm2"),
    (r"attention\.(attention\.)?(query|q_proj)\.", "attn.q."),
    (r"attention\.(attention\.)?(key|k_proj)\.", "attn.k."),
    (r"attention\.(attention\.)?(value|v_proj)\.", "attn.v."),
    (r"attention\.(output\.dense|o_proj)\.", "attn.proj."),
    (r"intermediate\.dense|mlp\.fc1", "mlp.fc1"),
    (r"(?<!attention\.)output\.dense|mlp\.fc2", "mlp.fc2"),
]


def our_name(name):
    for pattern, ours in names:
        name = re.sub(pattern, ours, name)
    return name


def waves(*shape, start=0):
    """sin(1.7 i)"""
    count = int(np.prod(shape))
    return torch.tensor([np.sin(1.7 * (i + start)) for i in range(count)], dtype=torch.float32).reshape(shape)


def main():
    model = ViTMAEForPreTraining(
        ViTMAEConfig(
            image_size=shape["imageSize"],
            patch_size=shape["patchSize"],
            hidden_size=shape["width"],
            num_hidden_layers=shape["depth"],
            num_attention_heads=shape["heads"],
            intermediate_size=4 * shape["width"],
            decoder_hidden_size=shape["decoderWidth"],
            decoder_num_hidden_layers=shape["decoderDepth"],
            decoder_num_attention_heads=shape["decoderWidth"] // 32,
            decoder_intermediate_size=4 * shape["decoderWidth"],
            hidden_act="gelu",
            layer_norm_eps=1e-6,
            mask_ratio=0.75,
            norm_pix_loss=True,
            attn_implementation="eager",
        )
    ).eval()
    # transformers leaves the positions at zero unless a checkpoint brings them.
    for positions in (model.vit.embeddings.position_embeddings, model.decoder.decoder_pos_embed):
        grid = shape["imageSize"] // shape["patchSize"]
        positions.data = with_class_token(position_embedding(grid, positions.shape[-1]))
    trained = sorted((our_name(n), p) for n, p in model.named_parameters() if p.requires_grad)
    with torch.no_grad():
        for i, (name, p) in enumerate(trained):
            wave = 0.2 * waves(*p.shape, start=100 * i)
            p.copy_(1 + wave if re.search(r"norm\d?\.weight$", name) else wave)
    side, grid = shape["imageSize"], shape["imageSize"] // shape["patchSize"]
    images = waves(batch, side, side, 3).permute(0, 3, 1, 2)
    noise = torch.tensor([[(7 * (i + 1) * (b + 1)) % 17 for i in range(grid**2)] for b in range(batch)]).float()
    output = model(images, noise=noise)
    output.loss.backward()
    order = noise.argsort(dim=1)
    hidden = torch.gather(output.logits, 1, order[:, grid**2 // 4 :, None].expand(-1, -1, output.logits.shape[2]))
    reference = {
        "shape": shape,
        "order": order.tolist(),
        "loss": output.loss.item(),
        "prediction": [float(f"{v:.7g}") for v in hidden.flatten().tolist()],
        "gradients": {
            name: {
                "shape": list(p.shape),
                "norm": p.grad.norm().item(),
                "product": (p.grad * waves(*p.shape)).sum().item(),
                "first": p.grad.flatten()[:8].tolist(),
            }
            for name, p in trained
        },
    }
    pathlib.Path(__file__).with_name("mae-reference.json").write_text(json.dumps(reference) + "\n")


main()
