"""``benchmarks/gpu.py`` without a GPU: every part runs on the CPU, and one that fails does not touch the others."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BENCHMARKS = ROOT / "benchmarks"


@pytest.fixture
def gpu(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import gpu

    return gpu


@pytest.fixture
def gpu_site(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import gpu_site

    return gpu_site


def lines_of(output: str) -> list[dict]:
    return [json.loads(line) for line in output.splitlines()]


def run_parts(folder, *names, seconds=20, more=()):
    """Run these parts on the CPU; the facts of the machine, and the lines of every part."""
    options = ["--device", "cpu", "--seconds", str(seconds), "--work", str(folder), "--parts", ",".join(names)]
    command = [sys.executable, str(BENCHMARKS / "gpu.py"), *options, *more]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    first, *rest, last = lines_of(done.stdout)
    assert not [line for line in rest if "error" in line and line["error"] != "no time left"]
    assert last["part"] == "summary"
    assert {name: status for name, (status, _) in last["parts"].items()} == dict.fromkeys(names, "ok")
    assert not list(folder.iterdir())  # everything it wrote was temporary
    return first, {name: [line for line in rest if line["part"] == name] for name in names}


@pytest.mark.slow
def test_the_parts_that_measure_the_device_and_generation_run_on_the_cpu(tmp_path):
    first, found = run_parts(tmp_path, "ceilings", "generation", "launches")
    assert (first["part"], first["device"]) == ("machine", "cpu")
    assert {"torch", "transformers", "name"} <= set(first)
    assert {"copy_gb_per_second", "matmul_tflops"} <= {key for line in found["ceilings"] for key in line}
    ours = [line for line in found["generation"] if line["engine"] == "this" and "branches" in line]
    assert [line["branches"] for line in ours] == [4, 8, 4]
    assert all(line["fraction_of_roofline"] > 0 for line in ours)
    theirs = [line for line in found["generation"] if line["engine"] == "generate"]
    assert [line["branches"] for line in theirs] == [4, 8]
    assert all(line["tokens_per_second"] > 0 for line in theirs)
    assert found["generation"][-1]["times_as_fast_as_generate"] > 0
    assert [line["branches"] for line in found["launches"]] == [4, 8, 4, 8]
    assert all(line["operators"] > 0 for line in found["launches"][:2])
    assert all(line["fixed_shape_step_ms"] > 0 for line in found["launches"][2:])


@pytest.mark.long
def test_two_engine_processes_share_the_cpu(tmp_path):
    _, found = run_parts(tmp_path, "processes")
    *measured, compared = found["processes"]
    assert [line["processes"] for line in measured] == [1, 2]
    assert all(line["tokens_per_second"] > 0 and line["device"] == "cpu" for line in measured)
    assert compared["times_as_fast_as_one_process"] > 0


@pytest.mark.parametrize("variants", [pytest.param(1, marks=pytest.mark.slow), pytest.param(2, marks=pytest.mark.long)])
def test_the_parts_that_train_run_on_the_cpu(variants, tmp_path):
    _, found = run_parts(tmp_path, "pipeline", "training", seconds=60, more=["--variants", str(variants)])
    assert [line["weights"] for line in found["pipeline"]] == ["fp32_master", "bf16_kahan"][:variants]
    assert all(line["stages"]["training"] > 0 for line in found["pipeline"])
    assert len(found["training"]) == variants
    trained = found["training"][0]
    assert trained["steps"] > 2
    assert trained["tokens_per_second"] > 0
    assert trained["profiled_step_ms"] > 0


def test_all_parts_run_unless_some_are_named(gpu, monkeypatch):
    monkeypatch.setattr("sys.argv", ["gpu.py", "--device", "cpu"])
    assert gpu.parse().parts == ["ceilings", "pipeline", "generation", "launches", "processes", "training"]


def test_no_variant_at_all_is_an_error(gpu, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["gpu.py", "--device", "cpu", "--variants", "0"])
    with pytest.raises(SystemExit, match="2"):
        gpu.parse()
    assert "--variants: 0: at least 1" in capsys.readouterr().err


def test_the_lines_of_a_part_are_passed_on(gpu, capfd):
    outcome = gpu.run_part([sys.executable, "-c", "print('{\"a\": 1}'); print('noise')"], limit=60)
    captured = capfd.readouterr()
    assert (outcome.status, outcome.error) == ("ok", "")
    assert lines_of(captured.out) == [{"a": 1}]
    assert "noise" in captured.err


def test_a_part_that_fails_keeps_its_figures_and_its_last_words(gpu, capfd):
    outcome = gpu.run_part([sys.executable, "-c", "print('{\"a\": 1}'); raise MemoryError('all gone')"], limit=60)
    assert lines_of(capfd.readouterr().out) == [{"a": 1}]
    assert outcome.status == "failed"
    assert "MemoryError: all gone" in outcome.error


@pytest.mark.parametrize(
    ("error", "status"),
    [("OutOfMemoryError: all gone", "failed"), ("no time left", "ok"), ("no time left for a step", "ok")],
)
def test_a_part_fails_with_any_of_its_measurements_unless_its_time_was_over(gpu, capfd, error, status):
    lines = [{"branches": 4}, {"branches": 8, "error": error}, {"branches": 9}]
    script = "".join(f"print({json.dumps(line)!r});" for line in lines)
    outcome = gpu.run_part([sys.executable, "-c", script], limit=60)
    assert lines_of(capfd.readouterr().out) == lines
    assert outcome.status == status
    assert bool(outcome.error) == (status == "failed")


def test_what_a_library_prints_in_braces_is_no_measurement(gpu):
    assert gpu.run_part([sys.executable, "-c", "print('{noise}'); print('{\"a\": 1}')"], limit=60).status == "ok"


def test_a_part_that_hangs_is_killed_with_its_children(gpu, tmp_path):
    child = f"import time, pathlib; time.sleep(8); pathlib.Path({str(tmp_path / 'survived')!r}).touch()"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    outcome = gpu.run_part([sys.executable, "-c", parent], limit=1)
    assert outcome.status == "killed"
    assert outcome.seconds < 7
    assert not (tmp_path / "survived").exists()


def test_the_roofline_of_the_3b_shape(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import gpu_common
    import gpu_generation

    shape = gpu_common.SHAPES["3b"]
    assert shape.layer_weights + shape.head_weights == pytest.approx(3.21e9, rel=0.01)
    assert shape.kv_bytes_per_token == 114_688
    part = gpu_common.Part(name="generation", device="cpu", shape=shape, work=tmp_path, until=0.0)
    assert gpu_generation.roofline(part, branches=62, new_tokens=0) is None  # nothing was measured
    ceilings = {"copy_gb_per_second": 3000.0, "matmul_tflops": 790.0}
    (tmp_path / gpu_common.CEILINGS).write_text(json.dumps(ceilings))
    # Few branches read the weights for every step; many compute, and with long suffixes they read keys and values.
    assert gpu_generation.roofline(part, branches=62, new_tokens=0) == pytest.approx(28_900, rel=0.01)
    assert gpu_generation.roofline(part, branches=62, new_tokens=800) == pytest.approx(20_100, rel=0.02)
    assert gpu_generation.roofline(part, branches=992, new_tokens=0) == pytest.approx(122_000, rel=0.02)
    assert gpu_generation.roofline(part, branches=992, new_tokens=800) == pytest.approx(57_000, rel=0.02)


def test_the_carried_packages_are_pinned(gpu_site):
    pins = gpu_site.pinned((ROOT / "constraints.txt").read_text())
    assert set(pins) == set(gpu_site.PACKAGES)
    assert all("==" in pin for pin in pins.values())


def test_compiled_modules_for_another_python_are_found(gpu_site, tmp_path):
    names = ["a.cpython-312-x86_64-linux-gnu.so", "b.abi3.so", "c.cpython-311-x86_64-linux-gnu.so", "d.py"]
    for name in names:
        (tmp_path / name).touch()
    assert gpu_site.foreign_extensions(tmp_path) == [Path("c.cpython-311-x86_64-linux-gnu.so")]
