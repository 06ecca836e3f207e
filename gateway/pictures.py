"""Drawing a stranger's picture anew, so that what a browser shows is ours: decoded, made smaller, encoded, nothing else kept.

Decoders are the part of a server that malformed files break. So it happens in a process of its own that may use little memory and
little time; run as `python -m gateway.pictures IN OUT`, it holds neither settings nor keys.
"""

from __future__ import annotations

import asyncio
import resource
import sys
from pathlib import Path

#: Pixels of the larger side, pixels of a source, seconds of processor, bytes of memory, seconds altogether.
SIDE = 1280
MOST_PIXELS = 50_000_000
_CPU = 10
_MEMORY = 1024 * 1024 * 1024
_SECONDS = 20.0
_FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP", "AVIF")
MEDIA_TYPE = "image/webp"
#: Two at a time: a flood of pictures must not take every core.
_turn = asyncio.Semaphore(2)


async def redraw(source: Path, target: Path) -> bool:
    """Write the picture in `source` as a WebP of at most SIDE x SIDE to `target`; False when it cannot be drawn."""
    async with _turn:
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", str(Path(__file__)), str(source), str(target)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            env={},
        )
        try:
            async with asyncio.timeout(_SECONDS):
                return await child.wait() == 0 and target.is_file()
        except TimeoutError:
            return False
        finally:
            if child.returncode is None:
                child.kill()
                await child.wait()


def draw(source: Path, target: Path) -> None:
    """What the child does. Raises for a file that is no picture, too large, or broken."""
    from PIL import Image, ImageOps

    Image.MAX_IMAGE_PIXELS = None  # we count ourselves, before anything is decoded
    with Image.open(source, formats=_FORMATS) as picture:
        if picture.width * picture.height > MOST_PIXELS:
            raise ValueError("too many pixels")
        # A JPEG can be decoded small at once.
        picture.draft("RGB", (SIDE, SIDE))
        upright = ImageOps.exif_transpose(picture)
        clear = upright.mode in {"RGBA", "LA", "PA"} or "transparency" in upright.info
        drawn = upright.convert("RGBA" if clear else "RGB")
        drawn.thumbnail((SIDE, SIDE))
        # A fresh picture: no colour profile, no EXIF, no comment comes along.
        fresh = Image.new(drawn.mode, drawn.size)
        fresh.paste(drawn)
        fresh.save(target, "WEBP", quality=82, method=3)


def _main() -> int:
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU, _CPU))
    resource.setrlimit(resource.RLIMIT_FSIZE, (32 * 1024 * 1024,) * 2)
    try:
        draw(Path(sys.argv[1]), Path(sys.argv[2]))
    except Exception:  # noqa: BLE001 - decoders raise anything; the answer is the same
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(_main())
