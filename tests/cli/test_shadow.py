import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli.shadow import PACKAGES, ROOT

BOOBY_TRAP = "raise ImportError('nobody should import this')\n"


def check(pythonpath: list[Path], first: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the check in a process of its own under ``pythonpath``, with ``first`` before all that."""
    program = (
        "import sys, cli.shadow\n"
        f"sys.path[:0] = {[str(first)] if first else []}\n"
        "cli.shadow.check_packages()\n"
        "print(*(name for name in cli.shadow.PACKAGES if name in sys.modules))"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(str(folder) for folder in pythonpath)}
    return subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, text=True, env=environment)


def assert_one_line(result: subprocess.CompletedProcess[str], *parts: str) -> None:
    assert result.returncode == 1
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    for part in parts:
        assert part in result.stderr


def test_the_checked_packages_are_all_there_are() -> None:
    assert sorted(PACKAGES) == sorted(folder.parent.name for folder in ROOT.glob("*/py.typed"))


def test_passes_without_importing_the_packages() -> None:
    result = check([ROOT])
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.split() == ["cli"]


@pytest.mark.parametrize("name", ["models", "race", "vision"])
def test_a_package_on_pythonpath(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").write_text(BOOBY_TRAP)
    assert_one_line(check([tmp_path, ROOT]), str(tmp_path / name), str(ROOT / name), "unset PYTHONPATH")


def test_the_command_gets_as_far_as_the_check(tmp_path: Path) -> None:
    (tmp_path / "race").mkdir()
    (tmp_path / "race" / "__init__.py").touch()
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])}
    command = [sys.executable, "-P", "-c", "from cli.main import run; run()"]
    assert_one_line(subprocess.run(command, capture_output=True, text=True, env=environment), str(tmp_path / "race"))


def test_a_module_of_the_same_name(tmp_path: Path) -> None:
    (tmp_path / "report.py").write_text(BOOBY_TRAP)
    assert_one_line(check([tmp_path, ROOT]), str(tmp_path / "report.py"), str(ROOT / "report"))


def test_another_distribution_is_named(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "__init__.py").write_text(BOOBY_TRAP)
    facts = tmp_path / "catwalk-1.0.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: catwalk\nVersion: 1.0\n")
    (facts / "top_level.txt").write_text("models\n")
    assert_one_line(
        check([ROOT], first=tmp_path), "belongs to catwalk", "python3 -m venv .venv", str(tmp_path / "models")
    )


def test_a_plain_folder_of_the_same_name_hides_nothing(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    assert check([tmp_path, ROOT]).returncode == 0


def test_the_errors_come_without_pydantic() -> None:
    program = "import sys, race.errors; print('pydantic' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT)
    assert result.stdout == "False\n"
