"""Vision transformers of timm and Hugging Face with random weights, saved as these libraries save them, and what each makes of
two images before its last LayerNorm: class token and patches.

library_vits.py FOLDER NAME ...: NAME.pth or NAME.safetensors, NAME.truth.safetensors with images and features
"""

import sys
from pathlib import Path

import timm
import torch
from safetensors.torch import save_file
from timm.models.vision_transformer import VisionTransformer
from transformers import DeiTConfig, DeiTModel, Dinov2Config, Dinov2Model, Dinov2WithRegistersConfig, Dinov2WithRegistersModel
from transformers import DINOv3ViTConfig, DINOv3ViTModel, ViTConfig, ViTModel

# Widths, blocks and heads of ViT-Ti, -S, -B and -L.
SIZES = {"tiny": (192, 12, 3), "small": (384, 12, 6), "base": (768, 12, 12), "large": (1024, 24, 16)}
LITTLE = {"img_size": 32, "patch_size": 8, "embed_dim": 64, "depth": 3, "num_heads": 1, "num_classes": 0}


def hugging_face(model, config, size: str | None = None, **more):
    width, depth, heads = SIZES[size] if size else (64, 3, 1)
    patch, image = (16, 224) if size else (8, 32)
    sizes = {"hidden_size": width, "num_hidden_layers": depth, "num_attention_heads": heads}
    return model(config(image_size=image, patch_size=patch, **sizes, **more))


MODELS = {
    **{f"timm-{size}": lambda size=size: timm.create_model(f"vit_{size}_patch16_224") for size in SIZES},
    **{
        f"hf-{size}": lambda size=size: hugging_face(
            ViTModel, ViTConfig, size, intermediate_size=4 * SIZES[size][0]
        )
        for size in SIZES
    },
    "timm-layer-scale": lambda: VisionTransformer(**LITTLE, init_values=1e-5),
    "timm-no-qkv-bias": lambda: VisionTransformer(**LITTLE, qkv_bias=False),
    "timm-mean": lambda: VisionTransformer(**LITTLE, global_pool="avg"),
    "timm-no-embed-class": lambda: VisionTransformer(**LITTLE, no_embed_class=True),
    "timm-dinov2-registers": lambda: VisionTransformer(**LITTLE, init_values=1, reg_tokens=4, no_embed_class=True),
    "timm-registers": lambda: VisionTransformer(**LITTLE, reg_tokens=4),
    "timm-no-class-token": lambda: VisionTransformer(**LITTLE, class_token=False, global_pool="avg"),
    "timm-pre-norm": lambda: VisionTransformer(**LITTLE, pre_norm=True),
    "timm-qk-norm": lambda: VisionTransformer(**LITTLE, qk_norm=True),
    "timm-distilled": lambda: timm.create_model("deit_tiny_distilled_patch16_224", depth=2),
    "hf-distilled": lambda: hugging_face(DeiTModel, DeiTConfig, intermediate_size=256),
    "timm-dinov2": lambda: timm.create_model("vit_small_patch14_dinov2", num_classes=0, img_size=224),
    "timm-dinov3": lambda: timm.create_model("vit_small_patch16_dinov3", num_classes=0),
    "hf-dinov2": lambda: hugging_face(Dinov2Model, Dinov2Config),
    "hf-dinov3": lambda: hugging_face(DINOv3ViTModel, DINOv3ViTConfig, intermediate_size=256, num_register_tokens=4),
    "hf-dinov2-registers": lambda: hugging_face(Dinov2WithRegistersModel, Dinov2WithRegistersConfig),
}


def trained(model: torch.nn.Module) -> torch.nn.Module:
    """No bias is 0, no factor 1, no token 0, as after training."""
    for name, weight in model.named_parameters():
        if weight.ndim == 1 or "token" in name or "pos" in name:
            weight.data += 0.2 * torch.randn_like(weight)
    return model.eval()


def tokens_of(model: torch.nn.Module, images: torch.Tensor) -> torch.Tensor:
    """What leaves the last block, registers left out. [B, 1 + N, C]"""
    lists = [m for m in model.modules() if isinstance(m, (torch.nn.ModuleList, torch.nn.Sequential))]
    blocks = max(lists, key=len)
    seen = []
    blocks[-1].register_forward_hook(lambda _module, _inputs, output: seen.append(output))
    with torch.inference_mode():
        model(images)
    tokens = seen[0][0] if isinstance(seen[0], tuple) else seen[0]
    patches = (images.shape[-1] // patch_size(model)) ** 2
    return torch.cat((tokens[:, :1], tokens[:, -patches:]), 1)


def patch_size(model: torch.nn.Module) -> int:
    embedding = next(module for module in model.modules() if isinstance(module, torch.nn.Conv2d))
    return embedding.kernel_size[0]


def save(folder: Path, name: str, model: torch.nn.Module) -> None:
    """The weights as its library saves them, and what the model makes of two images."""
    if name.startswith("hf-"):
        model.save_pretrained(folder / name)
        (folder / name / "model.safetensors").rename(folder / f"{name}.safetensors")
        side = model.config.image_size
    else:
        torch.save(model.state_dict(), folder / f"{name}.pth")
        side = model.patch_embed.img_size[0]
    images = torch.randn(2, 3, side, side)
    features = tokens_of(model, images).contiguous()
    save_file({"images": images, "features": features}, folder / f"{name}.truth.safetensors")


if __name__ == "__main__":
    for name in sys.argv[2:]:
        torch.manual_seed(0)
        save(Path(sys.argv[1]), name, trained(MODELS[name]()))
