from thoughtrank.process.cgroups import cgroup_folders


def folders(root, text, controller="memory"):
    (root / "proc/self").mkdir(parents=True, exist_ok=True)
    (root / "proc/self/cgroup").write_text(text)
    top = root / "sys/fs/cgroup"
    return [each.relative_to(top).as_posix() for each in cgroup_folders(controller, root=root)]


def test_a_group_of_version_2_comes_with_all_around_it(tmp_path):
    assert folders(tmp_path, "0::/a/b\n")[:3] == ["a/b", "a", "."]


def test_of_version_1_only_the_groups_of_the_controller_are_named(tmp_path):
    text = "9:memory:/x\n4:cpu,cpuacct:/docker/1\n"
    assert set(folders(tmp_path, text)) == {"memory", "memory/x"}
    assert {"cpu/docker/1", "cpu,cpuacct/docker/1"} <= set(folders(tmp_path, text, "cpu"))
    assert folders(tmp_path, text, "pids") == []


def test_other_systems_have_none(tmp_path):
    assert list(cgroup_folders("memory", root=tmp_path)) == []
