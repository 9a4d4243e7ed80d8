"""Reads images as training does."""

from PIL import Image, ImageOps

Image.init()
FORMATS = [name for name in ("AVIF", "BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP") if name in Image.OPEN]
"""Those that the application reads: Pillow knows more, and runs other programs for some."""


def upright(path):
    """An image upright by its EXIF orientation, transparency on white."""
    image = ImageOps.exif_transpose(Image.open(path, formats=FORMATS)).convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")


def as_scored(path, size):
    """As images are read whose classes are asked for: torchvision's Resize(size / .875) and CenterCrop(size)."""
    image = upright(path)
    short = int(size / 0.875) if size <= 224 else size
    scaled = [int(short * side / min(image.size)) for side in image.size]
    left, top = (round((side - size) / 2) for side in scaled)
    return image.resize(scaled, Image.Resampling.BICUBIC).crop((left, top, left + size, top + size))


def middle_square(path):
    """The centre square of an image."""
    image = upright(path)
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    return image.crop((left, top, left + side, top + side))
