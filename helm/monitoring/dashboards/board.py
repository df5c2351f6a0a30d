"""A dashboard: its variables, its way to the others, and the places of its panels."""

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.models import dashboard as model

from .panels import DATASOURCE

TAG = "hyperion"


def choices():
    source = dashboard.DatasourceVariable("datasource").label("Prometheus").type("prometheus")
    namespace = (
        dashboard.QueryVariable("namespace")
        .label("Namespace")
        .description("The installation that is shown; empty where Prometheus gives no namespaces")
        .query("label_values(hyperion_build_info, namespace)")
    )
    instance = (
        dashboard.QueryVariable("instance")
        .label("Replica")
        .description("The replicas that are added up; what holds for the whole installation does not depend on it")
        .query('label_values(hyperion_build_info{namespace="$namespace"}, instance)')
        .multi(True)
        .include_all(True)
        .current(model.VariableOption(selected=True, text=["All"], value=["$__all"]))
    )
    for variable in namespace, instance:
        variable.datasource(DATASOURCE).refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)
        variable.sort(model.VariableSort.ALPHABETICAL_ASC)
    return [source, namespace, instance]


def board(uid, title, description, *rows, since="now-6h", refresh="30s"):
    """`rows`: (heading, panels); panels fill the width from the left and go on below."""
    whole = (
        dashboard.Dashboard(f"Hyperion: {title}")
        .uid(uid)
        .description(description)
        .tags([TAG])
        .timezone("browser")
        .tooltip(model.DashboardCursorSync.CROSSHAIR)
        .time(since, "now")
        .refresh(refresh)
        .editable()
        .variables(choices())
        .link(
            dashboard.DashboardLink("Hyperion")
            .type(model.DashboardLinkType.DASHBOARDS)
            .tags([TAG])
            .as_dropdown(True)
            .include_vars(True)
            .keep_time(True)
        )
    )
    for heading, panels in rows:
        whole.with_row(dashboard.Row(heading))
        for panel in panels:
            whole.with_panel(panel)
    built = whole.build()
    for number, panel in enumerate(built.panels, start=1):
        panel.id_val = number
    return built
