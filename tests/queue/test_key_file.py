from stemline.queue.key_file import mint


def test_a_key_is_long_and_for_its_owner_only(tmp_path):
    path = mint(tmp_path / "agent" / "api_key")
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(path.read_text().strip()) == 64


def test_a_key_is_kept(tmp_path):
    path = mint(tmp_path / "api_key")
    key = path.read_text()
    path.chmod(0o644)
    mint(path)
    assert path.read_text() == key
    assert path.stat().st_mode & 0o777 == 0o600
