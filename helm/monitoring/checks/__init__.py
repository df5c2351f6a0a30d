"""Whether dashboards, alert rules, runbook and metrics are right and fit each other."""
