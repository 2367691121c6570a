from thoughtrank.finetuning.optimizers.deepspeed_cpu_adam import DeepSpeedCPUAdam


def test_a_missing_compiler_is_a_fault(monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.delenv("CXX", raising=False)
    [fault] = DeepSpeedCPUAdam(lr=1e-3).faults()
    assert "C++ compiler" in fault


def test_the_averages_are_float32():
    shapes = {"matrix": (3, 4), "bias": (5,)}
    assert DeepSpeedCPUAdam(lr=1e-3).state_bytes(shapes, weights="fp32_master", embeddings=frozenset()) == 2 * 4 * 17
