"""Asking the processor for memory before it is read, in loops that numba compiles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic
from numba.np.arrayobj import make_array

_TO_READ, _KEEP, _DATA = 0, 3, 1


def _prefetch(typingctx: Any, array: Any, at: Any) -> Any:  # noqa: ARG001 - numba asks for it by this name
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = signature.args[0]
        held, places = make_array(kind)(context, builder, arguments[0]), cgutils.unpack_tuple(builder, arguments[1])
        element = cgutils.get_item_pointer(context, builder, kind, held, places)
        number = ir.IntType(32)
        shape = ir.FunctionType(ir.VoidType(), [cgutils.voidptr_t, number, number, number])
        fetch = cgutils.get_or_insert_function(builder.module, shape, "llvm.prefetch.p0")
        address = builder.bitcast(element, cgutils.voidptr_t)
        builder.call(fetch, [address, number(_TO_READ), number(_KEEP), number(_DATA)])
        return context.get_dummy_value()

    return types.void(array, at), generate


prefetch: Callable[[Any, Any], None] = cast("Any", intrinsic(_prefetch))
"""Fetch the element of an array at a tuple of indices, which are not checked, into the cache; changes no result."""
