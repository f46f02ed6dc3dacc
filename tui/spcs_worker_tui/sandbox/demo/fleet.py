"""The fleet that `--sandbox` shows: two accounts of one company, and what goes wrong in them.

| Service | Connection | What is to be seen |
|---|---|---|
| ANALYTICS.ORCHESTRATION.ETL_WORKER | prod | two real workers, a flow run every minute |
| ANALYTICS.ORCHESTRATION.REPORTS_WORKER | prod | a healthy worker that is only played |
| ANALYTICS.ORCHESTRATION.FORECAST_WORKER | prod | its image cannot be pulled |
| ANALYTICS.ORCHESTRATION.RATES_API | prod | no Prefect worker |
| FINANCE.ORCHESTRATION.CLOSING_WORKER | prod | suspended while flow runs wait and grow late |
| ANALYTICS_DEV.ORCHESTRATION.ETL_WORKER | dev | a real worker |
| ANALYTICS_DEV.ORCHESTRATION.QUALITY_WORKER | dev | a real worker; some of its flow runs fail |
| ANALYTICS_DEV.ORCHESTRATION.INGEST_WORKER | dev | a crash loop: PREFECT_API_URL was forgotten |
| ANALYTICS_DEV.ORCHESTRATION.SCRATCH_WORKER | dev | suspended, and nothing waits for it |
"""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

from spcs_worker_tui.sandbox.demo.plan import (
    AccountPlan,
    FleetPlan,
    ImagePlan,
    LateRun,
    PrefectPlan,
)
from spcs_worker_tui.sandbox.demo.script import OPERATOR_ROLE, SECRET, create_service, script, setup
from spcs_worker_tui.sandbox.demo.spec import service_spec, worker_environment, worker_spec
from spcs_worker_tui.sandbox.prefect.wishes import Deployment, WorkPool

ORGANIZATION = "HARBORLINE"
_SCHEMA = "ORCHESTRATION"
_REPOSITORY = "IMAGES"
_PROD, _FINANCE, _DEV = "ANALYTICS", "FINANCE", "ANALYTICS_DEV"


def demo_fleet(api_url: str) -> FleetPlan:
    """The whole demo.

    Args:
        api_url: PREFECT_API_URL of the workers.
    """
    host = urlsplit(api_url).netloc
    return FleetPlan((_dev(api_url, host), _prod(api_url, host)), _prefect())


def _prod(api_url: str, api_host: str) -> AccountPlan:
    worker = _image(_PROD, "prefect-worker:2.4.1")
    secret = f"{_PROD}.{_SCHEMA}.{SECRET}".lower()

    def spec(image: str, pool: str, limit: int | None = None) -> str:
        return worker_spec(image, worker_environment(pool, api_url, limit=limit), secret=secret)

    services = [
        create_service(
            f"{_PROD}.{_SCHEMA}.ETL_WORKER",
            "ETL_POOL",
            spec(worker, "etl-prod", limit=2),
            comment="Nightly and hourly loads into the warehouse",
            instances=2,
        ),
        create_service(
            f"{_PROD}.{_SCHEMA}.REPORTS_WORKER",
            "SHARED_POOL",
            spec(_image(_PROD, "reports-worker:1.9.0"), "reports-prod"),
            comment="Renders the management reports",
        ),
        create_service(
            f"{_PROD}.{_SCHEMA}.FORECAST_WORKER",
            "SHARED_POOL",
            spec(_image(_PROD, "forecast-worker:0.7.0"), "forecast-prod"),
            comment="Demand forecast, weekly",
        ),
        create_service(
            f"{_PROD}.{_SCHEMA}.RATES_API",
            "SHARED_POOL",
            service_spec(_image(_PROD, "rates-api:5.2"), 8000),
            comment="Exchange rates over HTTP; no Prefect worker",
            egress=False,
        ),
        create_service(
            f"{_FINANCE}.{_SCHEMA}.CLOSING_WORKER",
            "FINANCE_POOL",
            spec(worker, "closing-prod"),
            comment="Month-end closing; suspended between closings",
        ),
        f"ALTER SERVICE {_FINANCE}.{_SCHEMA}.CLOSING_WORKER SUSPEND",
    ]
    return AccountPlan(
        connection="prod",
        organization=ORGANIZATION,
        name="DATA_PROD",
        locator="HL48211",
        database=_PROD,
        schema=_SCHEMA,
        role=OPERATOR_ROLE,
        setup=setup(
            databases=(_PROD, _FINANCE),
            schema=_SCHEMA,
            repository=_REPOSITORY,
            pools=(
                "ETL_POOL CPU_X64_S 1 3 Loads",
                "SHARED_POOL CPU_X64_S 1 2 Everything small",
                "FINANCE_POOL CPU_X64_XS 1 1 Month-end closing",
            ),
            api_host=api_host,
        ),
        images=(
            _pushed(_PROD, "prefect-worker:2.4.1", "prefect-worker"),
            _pushed(_PROD, "prefect-worker:2.4.0", "prefect-worker"),
            _pushed(_PROD, "reports-worker:1.9.0", "sim-worker"),
            _pushed(_PROD, "forecast-worker:0.7.0", "sim-worker", pullable=False),
            _pushed(_PROD, "rates-api:5.2", "echo-http"),
        ),
        services=script(services),
    )


def _dev(api_url: str, api_host: str) -> AccountPlan:
    worker = _image(_DEV, "prefect-worker:2.5.0-rc1")
    secret = f"{_DEV}.{_SCHEMA}.{SECRET}".lower()

    def create(name: str, pool: str, comment: str, url: str | None = api_url) -> str:
        return create_service(
            f"{_DEV}.{_SCHEMA}.{name}",
            "DEV_POOL",
            worker_spec(worker, worker_environment(pool, url), secret=secret),
            comment=comment,
        )

    services = [
        create("ETL_WORKER", "etl-dev", "Loads, on the release candidate"),
        create("QUALITY_WORKER", "quality-dev", "Data quality checks"),
        create("INGEST_WORKER", "ingest-dev", "Event ingest, being moved here", url=None),
        create("SCRATCH_WORKER", "scratch-dev", "For trying things out"),
        f"ALTER SERVICE {_DEV}.{_SCHEMA}.SCRATCH_WORKER SUSPEND",
    ]
    return AccountPlan(
        connection="dev",
        organization=ORGANIZATION,
        name="DATA_DEV",
        locator="HL48210",
        database=_DEV,
        schema=_SCHEMA,
        role=OPERATOR_ROLE,
        setup=setup(
            databases=(_DEV,),
            schema=_SCHEMA,
            repository=_REPOSITORY,
            pools=("DEV_POOL CPU_X64_S 1 2 All of development",),
            api_host=api_host,
        ),
        images=(_pushed(_DEV, "prefect-worker:2.5.0-rc1", "prefect-worker"),),
        services=script(services),
    )


def _prefect() -> PrefectPlan:
    flows = "spcs_worker.flows"
    closing = Deployment(
        "load_table",
        "closing-entries",
        "closing-prod",
        f"{flows}.load_table.load_table",
        {"table": "CLOSING_ENTRIES"},
        every_seconds=600,
        starts_in_seconds=300,
    )
    orders = Deployment(
        "load_table",
        "orders",
        "etl-prod",
        f"{flows}.load_table.load_table",
        {"table": "ORDERS", "batches": 4},
        every_seconds=60,
        starts_in_seconds=45,
    )
    hello = Deployment(
        "hello", "hello", "etl-dev", f"{flows}.hello.hello", every_seconds=90, starts_in_seconds=60
    )
    quality = Deployment(
        "check_quality",
        "orders-quality",
        "quality-dev",
        f"{flows}.check_quality.check_quality",
        every_seconds=90,
        starts_in_seconds=30,
    )
    customers = Deployment(
        "check_quality",
        "customers-quality",
        "quality-dev",
        f"{flows}.check_quality.check_quality",
        {"table": "CUSTOMERS", "bad_rows": 50},
        every_seconds=300,
        starts_in_seconds=75,
    )
    pools = {
        "etl-prod": "Loads into the warehouse",
        "reports-prod": "Management reports",
        "forecast-prod": "Demand forecast",
        "closing-prod": "Month-end closing",
        "etl-dev": "Loads, development",
        "quality-dev": "Data quality checks",
        "ingest-dev": "Event ingest",
        "scratch-dev": "For trying things out",
    }
    return PrefectPlan(
        work_pools=tuple(WorkPool(name, text) for name, text in pools.items()),
        deployments=(orders, quality, customers, hello, closing),
        late_runs=tuple(
            LateRun("closing-entries", timedelta(minutes=minutes)) for minutes in (42, 32, 22)
        ),
        first_runs=("orders", "hello"),
    )


def _image(database: str, reference: str) -> str:
    return f"/{database}/{_SCHEMA}/{_REPOSITORY}/{reference}".lower()


def _pushed(database: str, reference: str, command: str, *, pullable: bool = True) -> ImagePlan:
    name, _, tag = reference.partition(":")
    return ImagePlan((database, _SCHEMA, _REPOSITORY), name, tag, command, pullable=pullable)
