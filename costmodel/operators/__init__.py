"""Every operator, one family a file. Importing this package fills the registry."""

from costmodel.operators.contraction import Conv, Gemm, MatMul
from costmodel.operators.elementwise import Elementwise
from costmodel.operators.view import View

__all__ = ["Conv", "Elementwise", "Gemm", "MatMul", "View"]
