"""No file that the catalog was not told to serve can be reached through one that it was."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from stemline.tiled_config.adapters.assets import check_asset, check_frame_file
from stemline.tiled_config.error import CatalogError

FRAMES = np.arange(24, dtype="<u2").reshape(2, 3, 4)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A readable folder, beside one that is not."""
    (tmp_path / "frames").mkdir()
    (tmp_path / "elsewhere").mkdir()
    frame_file(tmp_path / "elsewhere" / "secret.h5")
    return tmp_path / "frames"


def frame_file(path: Path) -> Path:
    with h5py.File(path, "w", libver="latest") as file:
        file.create_dataset("/entry/data/data", data=FRAMES, chunks=(1, 3, 4))
    return path


def uri(path: Path | str) -> str:
    return f"file://localhost{path}"


def test_plain_frame_file_is_served(root: Path) -> None:
    check_asset(uri(frame_file(root / "a b%20.h5")), [root])


def test_file_that_is_being_written_is_served(root: Path) -> None:
    with h5py.File(root / "live.h5", "w", libver="latest") as file:
        data = file.create_dataset(
            "/entry/data/data", (0, 3, 4), "<u2", maxshape=(None, 3, 4), chunks=(1, 3, 4)
        )
        file["/entry/data/y"] = np.arange(3)
        file.swmr_mode = True
        data.resize(1, axis=0)
        data.flush()
        check_asset(uri(root / "live.h5"), [root])


def test_file_that_is_gone_is_not_refused(root: Path) -> None:
    check_asset(uri(root / "gone.h5"), [root])


def test_root_may_be_a_link_itself(root: Path) -> None:
    (root.parent / "alias").symlink_to(root)
    check_asset(uri(frame_file(root.parent / "alias" / "a.h5")), [root.parent / "alias"])
    check_asset(uri(root.parent / "alias" / "a.h5"), [root])


@pytest.mark.parametrize(
    "written",
    [
        "file://localhost{root}/../elsewhere/secret.h5",
        "file://localhost{root}/sub/../../elsewhere/secret.h5",
        "file://localhost{parent}/elsewhere/secret.h5",
        "file://localhost{root}-too/a.h5",
        "file://localhost/etc/passwd",
        "file://otherhost{root}/a.h5",
        "file:a.h5",
        "{root}/a.h5",
        "duckdb:///{root}/a.duckdb",
        "http://127.0.0.1/a.h5",
        "file://localhost{root}/a.h5?x=1",
        "file://localhost{root}/a.h5#x",
        "file://localhost{root}/a.h5;x",
        "file://localhost{root}/a\0.h5",
        "",
    ],
)
def test_uri_that_leads_out_is_refused(root: Path, written: str) -> None:
    frame_file(root / "a.h5")
    with pytest.raises(CatalogError) as caught:
        check_asset(written.format(root=root, parent=root.parent), [root])
    assert "\n" not in str(caught.value)


def test_nothing_is_served_without_a_readable_folder(root: Path) -> None:
    with pytest.raises(CatalogError, match="in no readable folder"):
        check_asset(uri(frame_file(root / "a.h5")), [])


def test_link_to_a_file_elsewhere_is_refused(root: Path) -> None:
    (root / "a.h5").symlink_to(root.parent / "elsewhere" / "secret.h5")
    with pytest.raises(CatalogError, match=r"a\.h5 leads to .*secret\.h5, which is in no readable folder"):
        check_asset(uri(root / "a.h5"), [root])


def test_link_in_the_middle_of_a_path_is_refused(root: Path) -> None:
    (root / "sub").symlink_to(root.parent / "elsewhere")
    with pytest.raises(CatalogError, match="in no readable folder"):
        check_asset(uri(root / "sub" / "secret.h5"), [root])


def test_link_to_itself_is_refused(root: Path) -> None:
    (root / "a.h5").symlink_to(root / "a.h5")
    with pytest.raises(CatalogError):
        check_asset(uri(root / "a.h5"), [root])


def test_folder_with_a_link_out_is_refused(root: Path) -> None:
    (root / "a.zarr" / "c").mkdir(parents=True)
    check_asset(uri(root / "a.zarr"), [root])
    (root / "a.zarr" / "c" / "0").symlink_to("/etc/passwd")
    with pytest.raises(CatalogError, match=r"c/0 leads to /etc/passwd"):
        check_asset(uri(root / "a.zarr"), [root])


def test_pipe_is_refused(root: Path) -> None:
    os.mkfifo(root / "pipe")
    with pytest.raises(CatalogError, match="neither a file nor a folder"):
        check_asset(uri(root / "pipe"), [root])


def external_link(file: h5py.File, other: Path) -> None:
    file["/entry/data/data"] = h5py.ExternalLink(str(other), "/entry/data/data")


def hidden_external_link(file: h5py.File, other: Path) -> None:
    file["/far/away"] = h5py.ExternalLink(str(other), "/")
    file["/entry/data/data"] = h5py.SoftLink("/far/away/entry/data/data")


def external_storage(file: h5py.File, other: Path) -> None:
    file.create_dataset("/entry/data/data", (2, 3, 4), "<u2", external=[(str(other), 0, h5py.h5f.UNLIMITED)])


def virtual_dataset(file: h5py.File, other: Path) -> None:
    layout = h5py.VirtualLayout((2, 3, 4), "<u2")
    layout[...] = h5py.VirtualSource(str(other), "/entry/data/data", shape=(2, 3, 4))
    file.create_virtual_dataset("/entry/data/data", layout)


def link_in_an_unusual_place(file: h5py.File, other: Path) -> None:
    group = file.create_group("/entry/data")
    group["again"] = group
    group["data"] = FRAMES
    file.create_group("z")["y"] = h5py.ExternalLink(other.name, "/")


LEADS_OUT = [external_link, hidden_external_link, external_storage, virtual_dataset, link_in_an_unusual_place]


@pytest.fixture(params=LEADS_OUT, ids=lambda make: make.__name__)
def leads_out(request: pytest.FixtureRequest, root: Path) -> Path:
    make: Callable[[h5py.File, Path], None] = request.param
    with h5py.File(root / "a.h5", "w", libver="latest") as file:
        make(file, root.parent / "elsewhere" / "secret.h5")
    return root / "a.h5"


def test_hdf5_file_that_takes_data_from_another_is_refused(leads_out: Path, root: Path) -> None:
    with pytest.raises(CatalogError, match=r"a\.h5 has (an external|external|a virtual).* at /"):
        check_asset(uri(leads_out), [root])


def test_virtual_dataset_of_the_same_file_is_served(root: Path) -> None:
    with h5py.File(frame_file(root / "a.h5"), "a", libver="latest") as file:
        layout = h5py.VirtualLayout((3, 4), "<u2")
        layout[...] = h5py.VirtualSource(".", "/entry/data/data", shape=(2, 3, 4))[0]
        file.create_virtual_dataset("/first", layout)
        file["/soft"] = h5py.SoftLink("/entry/data/data")
    check_frame_file(root / "a.h5")


def test_hdf5_file_behind_a_user_block_is_looked_into(root: Path) -> None:
    with h5py.File(root / "a.txt", "w", libver="latest", userblock_size=512) as file:
        external_link(file, root.parent / "elsewhere" / "secret.h5")
    with pytest.raises(CatalogError, match="has an external link"):
        check_asset(uri(root / "a.txt"), [root])


def test_broken_hdf5_file_is_named(root: Path) -> None:
    content = frame_file(root / "a.h5").read_bytes()
    (root / "a.h5").write_bytes(content[:48] + bytes(len(content) - 48))
    with pytest.raises(CatalogError, match=r"a\.h5 can't be read .*is it complete\?"):
        check_frame_file(root / "a.h5")


def test_file_of_an_older_layout_is_served(root: Path) -> None:
    with h5py.File(root / "old.h5", "w", libver="earliest") as file:
        file["/data"] = FRAMES
    check_asset(uri(root / "old.h5"), [root])
