"""Where kernels are cached."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from tracking import DetectionTable, compiling, track_online
from tracking.sequence import _step_frames


def test_the_first_folder_that_can_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("a file where a folder would have to be")
    monkeypatch.setattr(compiling, "HERE", blocked)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    assert compiling.cache_folder().parent == tmp_path / "cache"
    monkeypatch.setenv("XDG_CACHE_HOME", str(blocked))
    monkeypatch.setattr(compiling.tempfile, "gettempdir", lambda: str(tmp_path))
    assert compiling.cache_folder().parent == tmp_path
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "asked"))
    assert compiling.cache_folder().parent == tmp_path / "asked"


def test_a_change_anywhere_in_the_package_starts_a_new_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiling, "HERE", tmp_path)
    (tmp_path / "kernel.py").write_text("one")
    before = compiling.cache_folder()
    (tmp_path / "other.py").write_text("two")
    assert compiling.cache_folder() != before


def test_compiling_is_announced_only_where_nothing_is_cached(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def kernel() -> None: ...

    fake = SimpleNamespace(signatures=[], stats=SimpleNamespace(cache_path=str(tmp_path)), py_func=kernel)
    compiling.announce_compiling(fake)
    assert "compiling" in capsys.readouterr().err
    (tmp_path / f"{Path(__file__).stem}.{kernel.__qualname__}-1.py311.nbi").touch()
    compiling.announce_compiling(fake)
    assert capsys.readouterr().err == ""


def test_a_second_process_compiles_nothing(tmp_path: Path) -> None:
    code = (
        "import numpy as np; from tracking.assignment import best_assignment as kernel; from tracking import compiling;"
        "compiling.announce_compiling(kernel); kernel(np.eye(2)); print(len(kernel.stats.cache_hits))"
    )
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}
    root = Path(compiling.__file__).parent.parent
    first, second = (
        subprocess.run(
            [sys.executable, "-c", code], env=environment, cwd=root, capture_output=True, text=True, check=True
        )
        for _ in range(2)
    )
    assert "compiling" in first.stderr
    assert second.stderr == ""
    assert (first.stdout, second.stdout) == ("0\n", "1\n")


def test_what_the_tracker_compiles_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    """Numba keeps no kernel with an address in it, as of memory that is known only while the program runs."""
    numbers = np.arange(1, 4, dtype=np.int32)
    found = DetectionTable(numbers, np.tile([0.0, 0, 9, 9], (3, 1)), np.full(3, 0.95))
    assert len(track_online(found, numbers, numbers / 5.0)) == 3
    capsys.readouterr()
    kernel = SimpleNamespace(signatures=[], stats=_step_frames.stats, py_func=_step_frames.py_func)
    compiling.announce_compiling(kernel)
    assert capsys.readouterr().err == ""
