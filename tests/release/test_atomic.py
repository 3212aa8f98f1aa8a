"""A file is on the disk before it takes the other's place, and its name after."""

import os

from churn_pipeline.release.atomic import replace


def test_a_file_is_on_the_disk_before_its_name_is_and_its_folder_after(
    tmp_path, monkeypatch
):
    done = []
    fsync, rename = os.fsync, os.replace

    def synced(descriptor):
        fsync(descriptor)
        done.append(os.path.basename(os.readlink(f"/proc/self/fd/{descriptor}")))

    def renamed(old, new):
        rename(old, new)
        done.append("renamed")

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "replace", renamed)
    replace(tmp_path / "keys.json", "{}")
    assert done == ["keys.json.new", "renamed", tmp_path.name]
    assert (tmp_path / "keys.json").read_text() == "{}"
