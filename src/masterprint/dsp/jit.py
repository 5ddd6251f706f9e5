"""Compiled kernels: Numba, imported only when the first kernel runs.

Importing Numba takes a third of a second, so `masterprint chain check` must not pay for it. A
function marked with `kernel` stays plain Python until it is first called; then it is compiled for
the one signature it declares, or loaded from Numba's on-disk cache if an earlier run compiled it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Generic, ParamSpec, TypeVar, cast

import numpy as np

P = ParamSpec("P")
R = TypeVar("R")

_compile_lock = threading.RLock()
_listeners: list[Callable[[str], None]] = []


def announce_compilation_to(listener: Callable[[str], None]) -> None:
    """Have `listener` told, once, when kernels have to be compiled rather than loaded."""
    _listeners.append(listener)


class Kernel(Generic[P, R]):
    """A function of arrays and numbers, compiled on first use.

    Kernels release the GIL, keep IEEE semantics (no fastmath: a render must repeat bit for bit)
    and divide as NumPy does. They never call one another, so each is cached on its own.
    """

    def __init__(self, function: Callable[P, R], signature: str, reads: tuple[str, ...]) -> None:
        self.python = function
        self.signature = signature
        names = function.__code__.co_varnames
        self._reads = [names.index(name) for name in reads]
        self._compiled: Callable[P, R] | None = None

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        compiled = self._compiled
        if compiled is None:
            compiled = self._compile()
        for place in self._reads:
            flags = cast("Any", args[place]).flags
            if not (flags.c_contiguous and flags.writeable):
                # The signature takes plain arrays; what is only read may as well be a copy.
                changed: list[Any] = list(args)
                for index in self._reads:
                    changed[index] = np.array(changed[index], order="C")
                copied: Any = compiled
                return cast("R", copied(*changed, **kwargs))
        return compiled(*args, **kwargs)

    def _compile(self) -> Callable[P, R]:
        with _compile_lock:
            if self._compiled is None:
                self._compiled = self._cached() or self._uncached()
            return self._compiled

    def _cached(self) -> Callable[P, R] | None:
        from numba import njit

        try:
            dispatcher: Any = njit(cache=True, nogil=True, error_model="numpy")(self.python)
        except RuntimeError:  # nowhere to write a cache: read-only package, no home folder
            return None
        if _load(dispatcher, self.signature):
            return cast("Callable[P, R]", dispatcher)
        code = self.python.__code__
        stem = f"{Path(code.co_filename).stem}.{self.python.__qualname__}-{code.co_firstlineno}."
        if not any(Path(dispatcher.stats.cache_path).glob(f"{stem}*.nbi")):
            _announce()
        try:
            return self._closed(dispatcher)
        except Exception:  # a damaged cache; if it is the kernel itself, it fails again without
            return None

    def _uncached(self) -> Callable[P, R]:
        from numba import njit

        _announce()
        dispatcher: Any = njit(nogil=True, error_model="numpy")(self.python)
        return self._closed(dispatcher)

    def _closed(self, dispatcher: Any) -> Callable[P, R]:
        """Compiled for the declared signature, and for no other that a call might suggest."""
        dispatcher.compile(self.signature)
        dispatcher.disable_compile()
        return cast("Callable[P, R]", dispatcher)


def _load(dispatcher: Any, signature: str) -> bool:
    """Give a dispatcher what Numba's cache holds for a signature; False if that cannot be done.

    `dispatcher.compile` would do the same, but first it fills tables that only compiling needs,
    which takes a tenth of a second in every run. So this goes where Numba's own loading goes next.
    """
    from numba.core.runtime.nrt import rtsys

    try:
        rtsys.initialize(dispatcher.targetctx)
        compiled = dispatcher._cache._load_overload(signature, dispatcher.targetctx)
        if compiled is None:
            return False
        dispatcher.add_overload(compiled)
    except Exception:  # another Numba than we know, or a damaged cache: the long way says which
        return False
    dispatcher.disable_compile()
    return True


def _announce() -> None:
    while _listeners:
        _listeners.pop()(
            "Compiling audio kernels that this machine has not used yet: some seconds, once."
        )


def kernel(signature: str, reads: tuple[str, ...] = ()) -> Callable[[Callable[P, R]], Kernel[P, R]]:
    """Mark a function as a kernel with its one Numba signature, such as ``f8(f8[::1], i8)``.

    `reads` names arrays that it only reads: they may be read-only or strided, and are then copied.
    """

    def mark(function: Callable[P, R]) -> Kernel[P, R]:
        return Kernel(function, signature, reads)

    return mark
