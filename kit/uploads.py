"""Uploads of the console: spooled to the disk as they come, and never more of one file than the largest anybody may send."""

from __future__ import annotations

from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import StopUpload, TemporaryFileUploadHandler

#: Bytes of one file that are kept: 40 MB and one more byte, which says that it is too large.
MOST_KEPT = 40 * 1024 * 1024 + 1
#: Bytes of one file that are read at all; a proxy in front refuses long before (deploy/nginx).
MOST_READ = 128 * 1024 * 1024


class BoundedUploadHandler(TemporaryFileUploadHandler):
    """A temporary file whose `whole_size` is what was sent, and whose content ends at MOST_KEPT."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self._kept = 0
        self._read = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        self._read += len(raw_data)
        if self._read > MOST_READ:
            raise StopUpload(connection_reset=True)
        kept = raw_data[: MOST_KEPT - self._kept]
        self._kept += len(kept)
        return super().receive_data_chunk(kept, start) if kept else None

    def file_complete(self, file_size: int) -> UploadedFile[Any] | None:
        made = super().file_complete(self._kept)
        if made is not None:
            made.whole_size = self._read  # type: ignore[attr-defined]
        return made
