"""Reads images as training does."""

from PIL import Image, ImageOps

Image.init()
FORMATS = [name for name in ("AVIF", "BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP") if name in Image.OPEN]
"""Those that the application reads: Pillow knows more, and runs other programs for some."""


def middle_square(path):
    """The centre square of an image, upright by its EXIF orientation, transparency on white."""
    image = ImageOps.exif_transpose(Image.open(path, formats=FORMATS)).convert("RGBA")
    image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    return image.crop((left, top, left + side, top + side))
