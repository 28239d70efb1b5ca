#!/usr/bin/env python3
"""Writes the files beside this one with NumPy and Pillow, the independent check of our readers.

Made with NumPy 2.4.6 and Pillow 12.3.0: python3 make_fixtures.py
"""
import os
import numpy as np
from PIL import Image

os.chdir(os.path.dirname(os.path.abspath(__file__)))
rng = np.random.default_rng(7)

# NumPy arrays. Element (i, j, k) is 100 i + 10 j + k, so that any mistake of order shows.
cube = np.fromfunction(lambda i, j, k: 100 * i + 10 * j + k, (3, 2, 4)).astype(np.float32)
ids = np.arange(12, dtype=np.int64).reshape(3, 4) - 5
labels = np.array([2, 0, 1], dtype=np.int32)
for name, save in (("stored", np.savez), ("deflated", np.savez_compressed)):
    save(f"{name}.npz", cube=cube, ids=ids, labels=labels, rate=np.int64(16000))
np.save("fortran.npy", np.asfortranarray(cube.astype(np.float64)))
np.save("big-endian.npy", cube.astype(">i2"))
np.save("half.npy", np.array([[0.5, -2, 65504, 6e-8]], dtype=np.float16))
np.save("bool.npy", np.array([[True, False], [False, True]]))
np.save("complex.npy", np.array([1 + 2j]))
np.save("strings.npy", np.array(["a", "b"]))
np.save("records.npy", np.zeros(2, dtype=[("a", "<f4"), ("b", "<i4")]))
# Several parts in one file, as Keras has MNIST; labels as floats.
np.savez("parts.npz", x_train=cube[:2], y_train=np.array([1, 0]), x_test=cube, y_test=np.array([2.0, 0, 1]))
for version in ((2, 0), (3, 0)):
    with open(f"version{version[0]}.npy", "wb") as f:
        np.lib.format.write_array(f, cube, version=version)

# Images: a smooth gradient with noise, 23 rows x 31 columns.
y, x = np.mgrid[0:23, 0:31]
rgb = np.stack([x * 8, y * 11, 255 - x * 4 - y * 5], -1) + rng.integers(-20, 20, (23, 31, 3))
rgb = np.clip(rgb, 0, 255).astype(np.uint8)
image = Image.fromarray(rgb)
grey = image.convert("L")
image.save("rgb.png")
image.save("rgb.jpg", quality=90, subsampling=0)
grey.save("grey.png")
grey.save("grey.jpg", quality=95)
image.quantize(32).save("palette.png")
image.convert("RGBA").save("rgba.png")
grey.convert("LA").save("grey-alpha.png")
Image.fromarray(np.asarray(grey).astype(np.uint16) * 256 + 17).save("grey16.png")


def resized(im, h, w):
    return np.asarray(im.resize((w, h), Image.BILINEAR))


# As torchvision's Resize(side) and CenterCrop(crop) on PIL images.
def shorter(im, side):
    w, h = im.size
    return resized(im, side, side * w // h) if h <= w else resized(im, side * h // w, side)


def crop(a, h, w):
    top, left = int(round((a.shape[0] - h) / 2.0)), int(round((a.shape[1] - w) / 2.0))
    return a[top:top + h, left:left + w]


np.savez_compressed(
    "images-expected.npz",
    rgb=rgb[None],
    grey=np.asarray(grey)[None],
    palette=np.asarray(Image.open("palette.png").convert("RGB"))[None],
    rgb_jpg=np.asarray(Image.open("rgb.jpg"))[None],
    grey_jpg=np.asarray(Image.open("grey.jpg"))[None],
    down_9x11=resized(image, 9, 11)[None],
    up_40x50=resized(image, 40, 50)[None],
    mixed_40x7=resized(image, 40, 7)[None],
    grey_10x10=resized(grey, 10, 10)[None],
    shorter_16=shorter(image, 16)[None],
    shorter_16_crop_12=crop(shorter(image, 16), 12, 12)[None],
    tall_shorter_10=shorter(image.transpose(Image.TRANSPOSE), 10)[None],
    crop_6x9=crop(rgb, 6, 9)[None],
)
