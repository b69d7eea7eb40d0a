"""Has the C library give large blocks back to the system as soon as they are free."""

import ctypes
from contextlib import suppress

LARGE_BYTES = 1 << 20
M_MMAP_THRESHOLD = -3  # of malloc.h


def give_back_large_blocks() -> None:
    """For processes that hold a registry's page for a moment, some 20 MB, and then not again for a while.

    glibc raises the size from which blocks are the system's own with each large one that is freed, up to 32 MB: from
    then on pages lie in the heap, between what stays. Told a size, it keeps to it. Other C libraries have no such call.
    """
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, LARGE_BYTES)
