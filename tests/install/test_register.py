"""docs/inspect_register.yaml by the register's own schema, from the package that carries it."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from inspect_tasks import bench_task
from inspect_tasks.tasks import INTERFACE

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "inspect-evals==0.28.0"


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    """The module of the package that says what an entry is; it needs none of the rest."""
    folder = tmp_path_factory.mktemp("register")
    download = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), PACKAGE]
    subprocess.run(download, check=True)
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        file = Path(wheel.extract("inspect_evals/metadata.py", folder))
    spec = importlib.util.spec_from_file_location("inspect_evals_metadata", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def entry() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "docs" / "inspect_register.yaml").read_text(encoding="utf-8"))
    return found


def test_the_register_takes_the_entry(schema: ModuleType) -> None:
    read = schema.ExternalEvalMetadata.model_validate({**entry(), "id": "recrm_bench"})
    (task,) = read.tasks
    assert f"def {task.name}(" in (ROOT / task.task_path).read_text(encoding="utf-8")
    assert read.package == "recrm-bench"
    assert len(read.evaluation_report.results) >= 2
    with pytest.raises(ValueError, match="task_path"):
        schema.ExternalEvalMetadata.model_validate({**entry(), "id": "x", "tasks": [{"name": "bench"}]})


def test_the_tasks_version_is_of_the_registers_kind(schema: ModuleType) -> None:
    assert schema.TaskVersion(bench_task(data="sample").metadata["task_version"]).interface_version == INTERFACE
