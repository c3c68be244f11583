"""What ``shorttrack analyze`` costs: seconds of computing per second of video, pictures a second and peak memory.

    python -m benchmarks.analyze VIDEO [--weights W.pt] [--times 5]

Each run is the real command in a process of its own. The first starts with an empty cache: it converts the weights and
compiles the kernels. The last analyses the video ``--times`` over in one file: its memory shows whether it stays flat.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import av

from vision.frames import probe

POLL_S = 0.1


@dataclass(frozen=True, slots=True)
class Cost:
    """``peak_mb`` of the process and its children together, sampled; None where the system does not tell."""

    seconds: float
    peak_mb: float | None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video", type=Path)
    parser.add_argument("--weights")
    parser.add_argument("--times", type=int, default=5)
    given = parser.parse_args()
    options = ["--weights", str(Path(given.weights).resolve())] if given.weights else []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        runs = {"first run": given.video, "warm": given.video}
        if given.times > 1:
            long = folder / f"long{given.video.suffix}"
            runs[f"warm, {given.times} times as long"] = repeat(given.video, given.times, long)
        print(f"{'':24} {'s':>7} {'s per s':>8} {'pictures/s':>11} {'peak MB':>8}")
        for name, video in runs.items():
            cost = analyze(video, folder, options)
            about = probe(video)
            memory = "-" if cost.peak_mb is None else f"{cost.peak_mb:.0f}"
            print(
                f"{name:24} {cost.seconds:7.1f} {cost.seconds / about.duration_s:8.2f} "
                f"{about.frames / cost.seconds:11.1f} {memory:>8}",
                flush=True,
            )


def analyze(video: Path, folder: Path, options: list[str]) -> Cost:
    """Run the command on ``video`` with the caches in ``folder``. Raises CalledProcessError where it fails."""
    caches = {"SHORTTRACK_CACHE": str(folder / "cache"), "NUMBA_CACHE_DIR": str(folder / "numba")}
    program = "from cli.main import run; run()"
    out = folder / "run"
    command = [sys.executable, "-c", program, "analyze", str(video), "--out", str(out), *options]
    start = time.monotonic()
    process = subprocess.Popen(command, env=os.environ | caches, stderr=subprocess.PIPE, text=True)
    peak = Peak(process.pid)
    _, err = process.communicate()
    seconds = time.monotonic() - start
    peak.stop()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command, stderr=err)
    shutil.rmtree(out)
    return Cost(seconds, peak.megabytes)


class Peak:
    """Watches the memory of a process and its children, until stopped."""

    def __init__(self, pid: int) -> None:
        self.megabytes: float | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, args=(pid,))
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self, pid: int) -> None:
        while not self._over.wait(POLL_S):
            used = [_resident_mb(one) for one in _family(pid)]
            known = [megabytes for megabytes in used if megabytes is not None]
            if known:
                self.megabytes = max(self.megabytes or 0.0, sum(known))


def _family(pid: int) -> list[int]:
    """``pid`` and its descendants."""
    out = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            out += [each for child in task.read_text().split() for each in _family(int(child))]
        except OSError:  # ended meanwhile
            continue
    return out


def _resident_mb(pid: int) -> float | None:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return None
    return next((int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmRSS")), None)


def repeat(video: Path, times: int, out: Path) -> Path:
    """Write the pictures of ``video`` ``times`` over into ``out``, copied without encoding them again."""
    with av.open(str(out), "w") as container:
        stream = None
        offset = 0
        for _ in range(times):
            with av.open(str(video)) as original:
                film = original.streams.video[0]
                stream = stream or container.add_stream_from_template(film)
                end = 0
                for packet in original.demux(film):
                    if packet.dts is None or packet.pts is None:
                        continue
                    end = max(end, packet.pts + (packet.duration or 0))
                    packet.pts += offset
                    packet.dts += offset
                    packet.stream = stream
                    container.mux(packet)
                offset += end
    return out


if __name__ == "__main__":
    main()
