"""Makes test/fixtures/pixels: small images of every kind that people have, and what Pillow sees in them.

pip install pillow numpy tifffile imagecodecs; python test/python/pixel_fixtures.py

pillow.json holds for each file either `pixels` (RGB, 8 bits, deflated, base64; `width`) or `refused`, words that the reason
must have. Where Pillow cannot tell (float, 16 bits of colour), the pixels are those of the scene that was saved.
"""
import base64, io, json, os, shutil, struct, zlib

import imagecodecs, numpy as np, tifffile
from PIL import Image, ImageCms, ImageOps, TiffImagePlugin

out = os.path.join(os.path.dirname(__file__), '../fixtures/pixels')
shutil.rmtree(out, ignore_errors=True)
os.makedirs(out)
known = {}
W, H = 32, 24
y, x = np.mgrid[0:H, 0:W].astype(float)
x, y = x / (W - 1), y / (H - 1)
rgb = np.stack([40 + 190 * x, 30 + 200 * y, 220 - 150 * x * y], -1)
rgb[: H // 4, : W // 4], rgb[-H // 4 :, -W // 4 :], rgb[: H // 4, -W // 4 :] = [250] * 3, [10] * 3, [230, 20, 20]
rgb = rgb.round().astype(np.uint8)
image = Image.fromarray(rgb)
grey = np.array(image.convert('L'))
grey3 = np.repeat(grey[..., None], 3, -1)
alpha = (255 * x).round().astype(np.uint8)
rgba, la = np.dstack([rgb, alpha]), np.dstack([grey, alpha])
deep = lambda a: a.astype(np.uint16) * 257
over = lambda c, a: (c * (a[..., None] / 255.0) + 255 * (1 - a[..., None] / 255.0)).round().astype(np.uint8)
srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile('sRGB')).tobytes()


def put(name, data, pixels=None, refused=None):
    if data is not None:
        open(os.path.join(out, name), 'wb').write(data)
    if pixels is None:
        known[name] = {'refused': refused}
    else:
        packed = base64.b64encode(zlib.compress(np.ascontiguousarray(pixels).tobytes(), 9)).decode()
        known[name] = {'width': pixels.shape[1], 'pixels': packed}


def saved(picture, format, **options):
    file = io.BytesIO()
    picture.save(file, format, **options)
    return file.getvalue()


def seen(data):
    picture = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    pixels = np.array(picture.convert('RGBA'))
    return over(pixels[..., :3], pixels[..., 3]) if picture.has_transparency_data else np.array(picture.convert('RGB'))


def pillow(name, picture, format, **options):
    data = saved(picture, format, **options)
    put(name, data, seen(data))
    return data


def tiff(name, samples, pixels=None, refused=None, **options):
    tifffile.imwrite(os.path.join(out, name), samples, software=None, metadata=None, **options)
    put(name, None, pixels, refused)


def orientation(value):
    exif = Image.Exif()
    exif[0x0112] = value
    return exif.tobytes()


# JPEG
jpeg = pillow('baseline.jpg', image, 'JPEG', quality=95)
pillow('444.jpg', image, 'JPEG', quality=95, subsampling=0)
pillow('progressive.jpg', image, 'JPEG', quality=95, progressive=True)
pillow('grey.jpg', image.convert('L'), 'JPEG', quality=95)
pillow('rgb.jpg', image, 'JPEG', quality=95, keep_rgb=True)
pillow('profile.jpg', image, 'JPEG', quality=95, icc_profile=srgb)
pillow('cmyk.jpg', image.convert('CMYK'), 'JPEG', quality=95)
for value in range(2, 9):
    pillow(f'exif-{value}.jpg', image, 'JPEG', quality=95, exif=orientation(value))


def with_orientation(value, kind, order):
    """EXIF by hand, with an orientation of type `kind`: 3 is SHORT, 4 is LONG."""
    number = struct.pack(order + 'HH', value, 0) if kind == 3 else struct.pack(order + 'I', value)
    body = (b'MM\0*' if order == '>' else b'II*\0') + struct.pack(order + 'IHHHI', 8, 1, 0x0112, kind, 1) + number
    segment = b'Exif\0\0' + body + bytes(4)
    return jpeg[:2] + b'\xff\xe1' + struct.pack('>H', len(segment) + 2) + segment + jpeg[20:]


for value, order in [(6, '<'), (3, '>'), (8, '>')]:
    put(f'exif-{value}-long.jpg', with_orientation(value, 4, order), seen(with_orientation(value, 3, order)))
put('trailing.jpg', jpeg + b'GARBAGE' * 50, seen(jpeg))
put('fill-bytes.jpg', jpeg[:20] + b'\xff\xff' + jpeg[20:], seen(jpeg))
put('lossless.jpg', imagecodecs.ljpeg_encode(grey), grey3)
pillow('two-pictures.mpo', image, 'MPO', save_all=True, append_images=[ImageOps.flip(image)], quality=95)
put('jpeg-named.png', jpeg, seen(jpeg))
put('12-bits.jpg', imagecodecs.jpeg_encode(grey.astype(np.uint16) * 16, level=95, bitspersample=12), refused='12-bit')
put('half-zeros.jpg', jpeg[: len(jpeg) // 2] + bytes(len(jpeg) // 2), refused='damaged')
put('cut.jpg', jpeg[: len(jpeg) * 7 // 10], refused='ends too early')

# PNG
png = pillow('rgb.png', image, 'PNG')
pillow('alpha.png', Image.fromarray(rgba), 'PNG')
pillow('grey-alpha.png', Image.fromarray(la, 'LA'), 'PNG')
pillow('1-bit.png', image.convert('1'), 'PNG')
pillow('palette-2-bits.png', image.quantize(4), 'PNG', bits=2)
pillow('palette-transparent.png', image.quantize(16), 'PNG', transparency=bytes([0, 128] + [255] * 14))
pillow('exif-6.png', image, 'PNG', exif=orientation(6))
pillow('animated.png', image, 'PNG', save_all=True, append_images=[ImageOps.flip(image)])


def chunk(kind, data):
    return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))


def png16(samples, profile=None):
    height, width = samples.shape[:2]
    kind = {1: 0, 2: 4, 3: 2, 4: 6}[1 if samples.ndim == 2 else samples.shape[2]]
    rows = b''.join(b'\0' + row.astype('>u2').tobytes() for row in samples)
    icc = chunk(b'iCCP', b'x\0\0' + zlib.compress(profile)) if profile else b''
    header = chunk(b'IHDR', struct.pack('>IIBBBBB', width, height, 16, kind, 0, 0, 0))
    return b'\x89PNG\r\n\x1a\n' + header + icc + chunk(b'IDAT', zlib.compress(rows, 9)) + chunk(b'IEND', b'')


put('grey-16.png', png16(deep(grey)), grey3)
put('rgb-16.png', png16(deep(rgb)), rgb)
put('rgb-16-profile.png', png16(deep(rgb), srgb), rgb)
put('alpha-16.png', png16(deep(rgba)), over(rgb, alpha))
put('alpha-16-profile.png', png16(deep(rgba), srgb), over(rgb, alpha))
put('png-named.jpg', png, rgb)
put('cut.png', png[: len(png) * 2 // 3], refused='ends too early')
put('svg-named.png', b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>', refused='SVG')

# WebP, GIF, AVIF
pillow('rgb.webp', image, 'WEBP', lossless=True)
pillow('alpha.webp', Image.fromarray(rgba), 'WEBP', lossless=True, exact=True)
pillow('exif-6.webp', image, 'WEBP', lossless=True, exif=orientation(6))
pillow('animated.webp', image, 'WEBP', save_all=True, append_images=[ImageOps.flip(image)], lossless=True)
pillow('transparent.gif', image.quantize(32), 'GIF', transparency=3)
pillow('animated.gif', image.quantize(32), 'GIF', save_all=True, append_images=[ImageOps.flip(image.quantize(32))])
sharp_colours = dict(quality=95, subsampling='4:4:4')
pillow('rgb.avif', image, 'AVIF', **sharp_colours)
pillow('alpha.avif', Image.fromarray(rgba), 'AVIF', **sharp_colours)
pillow('exif-6.avif', image, 'AVIF', exif=orientation(6), **sharp_colours)
put('10-bits.avif', imagecodecs.avif_encode(deep(rgb) // 64, bitspersample=10, level=100), rgb)

# TIFF
tiff('rgb.tif', rgb, rgb, photometric='rgb')
tiff('lzw.tif', rgb, rgb, photometric='rgb', compression='lzw', predictor=2)
tiff('deflate.tif', rgb, rgb, photometric='rgb', compression='deflate')
tiff('packbits.tif', rgb, rgb, photometric='rgb', compression='packbits')
tiff('webp.tif', rgb, rgb, photometric='rgb', compression='webp', compressionargs={'level': -1})
tiff('jpeg.tif', np.tile(grey, (2, 2)), np.tile(grey3, (2, 2, 1)), photometric='minisblack', compression='jpeg', compressionargs={'level': 95})
tiff('planar.tif', np.moveaxis(rgb, -1, 0).copy(), rgb, photometric='rgb', planarconfig='separate')
tiff('tiled.tif', rgb, rgb, photometric='rgb', tile=(16, 16))
tiff('big.tif', rgb, rgb, photometric='rgb', bigtiff=True)
tiff('grey-16.tif', deep(grey), grey3, photometric='minisblack')
tiff('grey-16-big-endian.tif', deep(grey), grey3, photometric='minisblack', byteorder='>')
tiff('rgb-16.tif', deep(rgb), rgb, photometric='rgb')
tiff('rgb-16-profile.tif', deep(rgb), rgb, photometric='rgb', iccprofile=srgb)
tiff('white-is-zero.tif', 255 - grey, grey3, photometric='miniswhite')
tiff('alpha.tif', rgba, over(rgb, alpha), photometric='rgb', extrasamples=['unassalpha'])
tiff('alpha-multiplied.tif', np.dstack([(rgb * (alpha[..., None] / 255.0)).round().astype(np.uint8), alpha]), over(rgb, alpha), photometric='rgb', extrasamples=['assocalpha'])
tiff('infrared.tif', np.dstack([rgb, grey]), rgb, photometric='rgb', extrasamples=['unspecified'])
tiff('infrared-16.tif', deep(np.dstack([rgb, 255 - grey])), rgb, photometric='rgb', extrasamples=['unspecified'])
tiff('pages.tif', np.stack([grey, 255 - grey]), grey3, photometric='minisblack')
pillow('fax.tif', image.convert('1'), 'TIFF', compression='group4')
pillow('palette.tif', image.quantize(64), 'TIFF')
pillow('cmyk.tif', image.convert('CMYK'), 'TIFF')
turn = TiffImagePlugin.ImageFileDirectory_v2()
turn[274] = 6
pillow('orientation-6.tif', image, 'TIFF', tiffinfo=turn)
floats = lambda a, kind: (a / 255.0).astype(kind)
for name, samples, words in [
    ('float', floats(grey, np.float32), '32-bit floating-point'),
    ('half', floats(grey, np.float16), '16-bit floating-point'),
    ('double', floats(grey, np.float64), '64-bit floating-point'),
    ('signed', grey.astype(np.int16) * 128, 'signed 16-bit'),
    ('uint32', grey.astype(np.uint32) * 16843009, '32-bit'),
]:
    tiff(f'{name}.tif', samples, refused=words, photometric='minisblack')
tiff('float-rgb.tif', floats(rgb, np.float32), refused='32-bit floating-point', photometric='rgb')
tiff('float-predicted.tif', floats(grey, np.float32), refused='32-bit floating-point', photometric='minisblack', compression='deflate', predictor=3)
for bands in (2, 5, 13):
    tiff(f'{bands}-bands.tif', np.dstack([grey] * bands), refused=f'{bands} bands', photometric='minisblack', planarconfig='contig')
tiff('rgb-5-bands.tif', np.dstack([rgb, grey, grey]), refused='5 bands', photometric='rgb', extrasamples=['unspecified'] * 2)
tiff('zstd.tif', rgb, refused='Zstandard', photometric='rgb', compression='zstd')
lab = ImageCms.profileToProfile(image, ImageCms.createProfile('sRGB'), ImageCms.createProfile('LAB'), outputMode='LAB')
put('lab.tif', saved(lab, 'TIFF'), refused='CIELab')
whole = open(os.path.join(out, 'rgb.tif'), 'rb').read()
put('cut.tif', whole[: len(whole) // 2], refused='ends too early')

# Others
pillow('1-bit.bmp', image.convert('1'), 'BMP')
pillow('palette.bmp', image.quantize(64), 'BMP')
bmp = pillow('rgb.bmp', image, 'BMP')
rows = [bmp[54 + row * W * 3 :][: W * 3] for row in range(H)]
put('top-down.bmp', bmp[:22] + struct.pack('<i', -H) + bmp[26:54] + b''.join(rows[::-1]), rgb)
pillow('alpha.bmp', Image.fromarray(rgba), 'BMP')
pillow('odd-width.bmp', image.crop((0, 0, 31, 23)), 'BMP')
pillow('rgb.ppm', image, 'PPM')
pillow('grey.pgm', image.convert('L'), 'PPM')
put('rgb-16.ppm', b'P6 # deep\n32 24\n65535\n' + deep(rgb).astype('>u2').tobytes(), rgb)
put('picture.tga', saved(image, 'TGA'), refused='TGA')
put('picture.jp2', imagecodecs.jpeg2k_encode(rgb), refused='JPEG 2000')
put('picture.jxl', imagecodecs.jpegxl_encode(rgb, lossless=True), refused='JPEG XL')
put('jp2-named.jpg', imagecodecs.jpeg2k_encode(rgb), refused='JPEG 2000')
put('picture.ico', saved(image, 'ICO'), refused='Windows icon')
put('page.jpg', b'<!DOCTYPE html><html><body>404</body></html>', refused='not an image')
put('empty.jpg', b'', refused='ends too early')

json.dump(known, open(os.path.join(out, 'pillow.json'), 'w'), indent=1)
print(len(known), 'files')
