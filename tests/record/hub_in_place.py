"""A hub of a test's own in place of the real one."""

import pytest


def put_in_place(made, tmp_path, monkeypatch):
    """``made``, which publishes revisions, as all that ``hub:`` checkpoints see, with caches under ``tmp_path``."""
    hub = pytest.importorskip("huggingface_hub", reason="huggingface_hub is not installed: pip install huggingface_hub")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("INFOSCOPE_DATA", raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(hub, "HfApi", lambda: made)
    monkeypatch.setattr(hub, "snapshot_download", made.snapshot_download)
    scan = hub.scan_cache_dir
    monkeypatch.setattr(hub, "scan_cache_dir", lambda cache=None: scan(cache or tmp_path / "hub" / "theirs"))
    return made
