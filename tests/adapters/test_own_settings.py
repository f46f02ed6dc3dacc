"""The settings file at the top level: valid, and about the same things as the files beside it."""

from __future__ import annotations

import re
from pathlib import Path

from spcs_worker_tui.adapters.settings_file import read_settings
from spcs_worker_tui.adapters.spec_yaml import read_spec
from spcs_worker_tui.domain.rendering import rendered
from spcs_worker_tui.domain.spec_document import written_document

ROOT = Path(__file__).parents[2]


def test_dev_and_prod_fit_the_specification_and_the_sql_files() -> None:
    project = read_settings(ROOT / "spcs-worker.toml")
    assert list(project.environments) == ["dev", "prod"]
    assert project.default_environment == "dev"
    text = (ROOT / "spcs-service-spec.yaml").read_text()
    document = written_document(read_spec(text), "spcs-service-spec.yaml")
    plain = {v.name: v for v in document.variables("worker")}
    values = dict(re.findall(r"-D (\w+)=(\S+)", (ROOT / "docs" / "sql.md").read_text()))
    for environment in project.environments.values():
        assert document.text.count(environment.image_path("latest")) == 1
        made = {v.name: v for v in rendered(environment, document).variables("worker")}
        assert made.keys() == plain.keys()
        for name in ("PREFECT_API_URL", "PREFECT_WORK_POOL", "PREFECT_API_KEY"):
            assert made[name] == plain[name]
        assert environment.database == values["database"]
        assert environment.schema == values["schema"]
        assert environment.service == values["service"]
        assert environment.compute_pool == values["compute_pool"]
        assert environment.image_repository.endswith(values["repository"].lower())
        assert environment.external_access_integrations == (values["integration"],)
