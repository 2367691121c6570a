"""A part of ``gpu.py``: the rates that no program on this device exceeds."""

import json

import torch
from gpu_common import CEILINGS, Part, parse_part


def copy_gb_per_second(part: Part) -> float:
    """Bytes read and written by a copy within the device's memory."""
    source = torch.randn(2**30 if part.on_card else 2**22, device=part.device)
    target = torch.empty_like(source)
    seconds = part.seconds(lambda: target.copy_(source), repetitions=10)
    return 2 * source.nbytes / seconds / 1e9


def matmul_tflops(part: Part, *, size: int) -> float:
    """Rate of a bf16 matmul of two random square matrices: ten at a time, so that launching them costs nothing."""
    first, second = (torch.randn(size, size, device=part.device).bfloat16() for _ in range(2))
    result = torch.empty_like(first)
    number = 10 if part.on_card else 1

    def run() -> None:
        for _ in range(number):
            torch.mm(first, second, out=result)

    return number * 2 * size**3 / part.seconds(run, repetitions=5) / 1e12


def main() -> None:
    """Measure, print, and save for the parts that compare with it."""
    part = parse_part("ceilings")
    found = {"copy_gb_per_second": copy_gb_per_second(part)}
    part.emit(**found)
    for size in (4096, 8192) if part.on_card else (256,):
        rate = matmul_tflops(part, size=size)
        part.emit(matmul_size=size, matmul_tflops=rate)
        found["matmul_tflops"] = max(rate, found.get("matmul_tflops", 0.0))
    (part.work / CEILINGS).write_text(json.dumps(found))


if __name__ == "__main__":
    main()
