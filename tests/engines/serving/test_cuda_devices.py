import pytest

from thoughtrank.engines.serving.cuda_devices import num_cuda_devices


def test_without_a_driver_there_are_none(driver, tmp_path, monkeypatch):
    driver(0, status=9)
    assert num_cuda_devices() == 0
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    assert num_cuda_devices() == 0


@pytest.mark.parametrize(
    ("visible", "number"),
    [
        *((None, 4), ("0,2", 2), ("GPU-3", 1), ("", 0), (" ", 0), ("-1", 0), ("1,-1,2", 1), ("0,1,2,3,4", 4)),
        *(("NoDevFiles", 0), ("none", 0), ("4", 0), ("3, 1", 2), ("7,0", 0)),
    ],
)
def test_listed_devices_count_as_far_as_they_are_visible(driver, monkeypatch, visible, number):
    driver(4)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert num_cuda_devices() == number
