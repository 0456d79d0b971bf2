"""Room on the disk that only the closing documents of a run may use."""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from typing import Protocol

# What a file system says that can't do it, NFS 3 and ZFS among them.
REFUSALS = (errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL)
# How much more than the reserve is taken at once: a thousand events pass until the disk is asked again.
STEP = 1 << 20  # [bytes]
FALLOC_FL_KEEP_SIZE = 1


class Reserve(Protocol):
    """Room for one open file; every method raises OSError when the disk has none, or fails."""

    def admit(self, end: int) -> None:
        """Make sure that the file can be written up to `end` [bytes]."""
        ...

    def top_up(self, end: int) -> None:
        """Make the reserve whole again, for a file that was written up to `end`."""
        ...

    def cut(self, end: int) -> None:
        """Cut the file at `end`; the reserve goes with what was cut off."""
        ...


class Preallocated:
    """Blocks behind the end of the file, which its size does not count: readers see a plain file.

    Parameters
    ----------
    descriptor
        Of the file, open for writing.
    size
        Of the reserve [bytes].
    """

    def __init__(self, descriptor: int, size: int) -> None:
        self._descriptor, self._size, self._end = descriptor, size, 0

    def admit(self, end: int) -> None:
        """See `Reserve`."""
        if end > self._end:
            _allocate(self._descriptor, self._end, end - self._end)
            self._end = end

    def top_up(self, end: int) -> None:
        """See `Reserve`."""
        if self._end - end >= self._size:
            return
        try:
            self.admit(end + self._size + STEP)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            self.admit(end + self._size)

    def cut(self, end: int) -> None:
        """See `Reserve`."""
        os.ftruncate(self._descriptor, end)
        self._end = end


class FreeSpace:
    """Where nothing can be preallocated: room that is free, and that others may take first.

    Parameters
    ----------
    descriptor, size
        See `Preallocated`.
    """

    def __init__(self, descriptor: int, size: int) -> None:
        self._descriptor, self._size = descriptor, size

    def admit(self, end: int) -> None:
        """Leave it to the write itself."""

    def top_up(self, end: int) -> None:
        """See `Reserve`."""
        disk = os.fstatvfs(self._descriptor)
        if disk.f_bavail * disk.f_frsize < self._size:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def cut(self, end: int) -> None:
        """See `Reserve`."""
        os.ftruncate(self._descriptor, end)


def make_reserve(descriptor: int, size: int) -> Reserve:
    """Reserve `size` bytes for a new file, the best way its file system has.

    Raises
    ------
    OSError
        If they are not to be had.
    """
    reserve: Reserve = Preallocated(descriptor, size)
    try:
        reserve.top_up(0)
    except OSError as error:
        if error.errno not in REFUSALS:
            raise
        reserve = FreeSpace(descriptor, size)
        reserve.top_up(0)
    return reserve


def _allocate(descriptor: int, offset: int, length: int) -> None:
    if sys.platform != "linux":
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    # Not os.posix_fallocate: it changes the size of the file.
    allocate = ctypes.CDLL(None, use_errno=True).fallocate
    allocate.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64]
    while allocate(descriptor, FALLOC_FL_KEEP_SIZE, offset, length):
        if (code := ctypes.get_errno()) != errno.EINTR:
            raise OSError(code, os.strerror(code))
