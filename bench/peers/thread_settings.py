"""Thread settings of PyTorch, all of them: torch.set_num_threads does not reach OpenBLAS, whose own
threads then compete with PyTorch's and make it look slower than it is.

A setting is (threads of PyTorch, threads of OpenBLAS).
"""
import ctypes
import ctypes.util
import itertools

import torch


def _openblas():
    for name in ("libopenblas.so.0", "libblas.so.3", ctypes.util.find_library("openblas")):
        try:
            library = ctypes.CDLL(name)
            library.openblas_set_num_threads.argtypes = [ctypes.c_int]
            return library
        except (OSError, AttributeError, TypeError):
            continue
    return None


_LIBRARY = _openblas()


def settings(threads):
    """All pairs of the given numbers; with a BLAS whose threads cannot be set, PyTorch's alone."""
    return list(itertools.product(threads, threads if _LIBRARY else [0]))


def use(setting):
    torch.set_num_threads(setting[0])
    if _LIBRARY:
        _LIBRARY.openblas_set_num_threads(setting[1])
