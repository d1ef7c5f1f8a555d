"""Vectors of eight numbers for compiled loops: each operation is one or two instructions of any processor.

Numba's compiler does not reliably turn a short inner loop over eight systems into vector instructions; these types
say it outright. They exist in compiled functions only.
"""

# ruff: noqa: ARG001  numba hands its builders more than they need

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, models, register_model

LANES = 8
_VECTOR = ir.VectorType(ir.DoubleType(), LANES)


class Lanes(types.Type):
    """Eight float64 side by side."""

    def __init__(self) -> None:
        super().__init__("Lanes")


lanes = Lanes()


def operation(build: Callable[..., Any]) -> Any:
    """What numba calls with the types of its operands, and what that returns with the builder of the code."""
    return intrinsic(build)


@register_model(Lanes)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _VECTOR)  # type: ignore[no-untyped-call]


def _row(context: Any, builder: Any, kind: Any, array: Any, row: Any) -> Any:
    """The address of row `row` of a contiguous array (n, 8)."""
    data = context.make_array(kind)(context, builder, array).data
    offset = builder.mul(row, ir.Constant(row.type, LANES))
    return builder.bitcast(builder.gep(data, [offset]), _VECTOR.as_pointer())


@operation
def load(typing: Any, array: Any, row: Any) -> Any:
    """Row `row` of a contiguous array (n, 8)."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        found = builder.load(_row(context, builder, signature.args[0], *arguments))
        found.align = 8
        return found

    return lanes(array, types.intp), generate


@operation
def store(typing: Any, array: Any, row: Any, value: Any) -> Any:
    """Write row `row` of a contiguous array (n, 8)."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        written = builder.store(arguments[2], _row(context, builder, signature.args[0], *arguments[:2]))
        written.align = 8
        return context.get_dummy_value()

    return types.void(array, types.intp, lanes), generate


@operation
def spread(typing: Any, number: Any) -> Any:
    """One number in all lanes."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        value = ir.Constant(_VECTOR, ir.Undefined)
        for lane in range(LANES):
            value = builder.insert_element(value, arguments[0], ir.Constant(ir.IntType(32), lane))
        return value

    return lanes(types.float64), generate


def _call(builder: Any, name: str, arguments: tuple[Any, ...]) -> Any:
    """The compiler's own function of that name on vectors."""
    kind = ir.FunctionType(_VECTOR, [_VECTOR] * len(arguments))
    function: Any = cgutils.get_or_insert_function
    return builder.call(function(builder.module, kind, f"llvm.{name}.v{LANES}f64"), arguments)


@operation
def plus_product(typing: Any, total: Any, a: Any, b: Any) -> Any:
    """total + a·b, rounded once where the processor can."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        total, a, b = arguments
        return _call(builder, "fmuladd", (a, b, total))

    return lanes(lanes, lanes, lanes), generate


@operation
def less_product(typing: Any, total: Any, a: Any, b: Any) -> Any:
    """total − a·b, rounded once where the processor can."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        total, a, b = arguments
        return _call(builder, "fmuladd", (builder.fneg(a), b, total))

    return lanes(lanes, lanes, lanes), generate


@operation
def product(typing: Any, a: Any, b: Any) -> Any:
    """a·b."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.fmul(*arguments)

    return lanes(lanes, lanes), generate


@operation
def smaller(typing: Any, a: Any, b: Any) -> Any:
    """The smaller of each pair."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        a, b = arguments
        return builder.select(builder.fcmp_ordered("<", a, b), a, b)

    return lanes(lanes, lanes), generate


@operation
def inverse_root(typing: Any, a: Any, least: Any) -> Any:
    """1 / √a, a taken to be at least `least`."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        a, least = arguments
        safe = builder.select(builder.fcmp_ordered(">", a, least), a, least)
        return builder.fdiv(ir.Constant(_VECTOR, [1.0] * LANES), _call(builder, "sqrt", (safe,)))

    return lanes(lanes, lanes), generate
