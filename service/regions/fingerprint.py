"""What decides the bytes of a picture besides the model and the options."""

import hashlib
import sys
from functools import cache
from pathlib import Path

import numpy as np


@cache
def fingerprint() -> str:
    """Name the painter: this layer's own text, the libraries, the fonts of this machine.

    Returns
    -------
    str
        A SHA-256 in hexadecimal; the same bytes are painted where it is the same and the
        processor adds in the same order.
    """
    import PIL  # noqa: PLC0415 - only when pictures are asked for

    from service.regions.fonts import font_file  # noqa: PLC0415 - the same

    digest = hashlib.sha256(f"{sys.byteorder} {np.__version__} {PIL.__version__}".encode())
    fonts = [font_file("regular"), font_file("bold"), font_file("cjk")]
    own = sorted(Path(__file__).parent.glob("*.py"))
    for file in [*own, *(Path(font) for font in fonts if font is not None)]:
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()
