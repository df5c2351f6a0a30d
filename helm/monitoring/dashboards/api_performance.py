from .board import board
from .panels import figure, graph, query, rows, spread
from .queries import NOT_PROBES, REQUESTS, buckets, quantile, rate, selector, share

COUNT = f"{REQUESTS}_count"
FAILED = f'{NOT_PROBES}, status=~"5.."'
REFUSED = f'{NOT_PROBES}, status=~"4.."'
USED = selector("hyperion_database_connections", 'state="used"')
QUERIES = "hyperion_database_query_duration_seconds"
SHOWN = "$__range"


def while_shown(matchers=NOT_PROBES, labels=""):
    grouped = f" by ({labels})" if labels else ""
    return f"sum{grouped} (rate({selector(COUNT, matchers)}[{SHOWN}]))"


DASHBOARD = board(
    "hyperion-api",
    "API performance",
    "How many requests come, how long they take and which of them fail. The probes of Kubernetes are left out.",
    (
        "Now",
        [
            figure("Requests", "Requests a second to pages and API.", rate(COUNT, NOT_PROBES), "reqps"),
            figure(
                "Failed",
                "Share of the requests that the server answered with an error of its own (status 500 to 599).",
                share(rate(COUNT, FAILED), rate(COUNT, NOT_PROBES)),
                "percentunit",
                "green",
                (0.005, "orange"),
                (0.05, "red"),
                decimals=2,
            ),
            figure(
                "Half within",
                "Half of the requests were answered within this time; streams count until they begin.",
                quantile(0.5, REQUESTS, NOT_PROBES),
                "s",
            ),
            figure(
                "95 % within",
                "95 of 100 requests were answered within this time; streams count until they begin.",
                quantile(0.95, REQUESTS, NOT_PROBES),
                "s",
                "green",
                (0.5, "orange"),
                (2.5, "red"),
            ),
            figure(
                "99 % within",
                "99 of 100 requests were answered within this time. Uploads and answers by a model take long by nature.",
                quantile(0.99, REQUESTS, NOT_PROBES),
                "s",
                "green",
                (1, "orange"),
                (5, "red"),
            ),
            figure(
                "Open streams",
                "Answers that are being written and pages that listen for what happens.",
                f"sum ({selector('hyperion_streams')})",
                "short",
            ),
        ],
    ),
    (
        "Requests",
        [
            graph(
                "Requests by status",
                "2xx went well, 3xx led elsewhere, 4xx were the caller's fault, 5xx the server's.",
                "reqps",
                query(
                    f'sum by (class) (label_replace(rate({selector(COUNT, NOT_PROBES)}[$__rate_interval]), '
                    '"class", "${1}xx", "status", "(.).."))',
                    "{{class}}",
                ),
                stacked=True,
            ),
            graph(
                "Requests by route",
                "The ten busiest routes. `unmatched` is what leads nowhere.",
                "reqps",
                query(f"topk(10, {rate(COUNT, NOT_PROBES, 'method, route')})", "{{method}} {{route}}"),
                stacked=True,
            ),
            graph(
                "Requests by replica",
                "A load balancer that shares evenly makes these lines alike.",
                "reqps",
                query(rate(COUNT, NOT_PROBES, "instance"), "{{instance}}"),
            ),
            graph(
                "Open streams by replica",
                "`answer`: answers that are being written. `events`: pages that listen for what happens.",
                "short",
                query(f"sum by (kind, instance) ({selector('hyperion_streams')})", "{{kind}} on {{instance}}"),
                stacked=True,
            ),
        ],
    ),
    (
        "Response time",
        [
            graph(
                "Response time",
                "Of all requests; streams count until they begin.",
                "s",
                query(quantile(0.5, REQUESTS, NOT_PROBES), "half within"),
                query(quantile(0.95, REQUESTS, NOT_PROBES), "95 % within"),
                query(quantile(0.99, REQUESTS, NOT_PROBES), "99 % within"),
            ),
            spread("How long requests take", "The darker, the more requests took about so long.", buckets(REQUESTS, NOT_PROBES)),
            graph(
                "95 % within, by route",
                "The ten slowest routes.",
                "s",
                query(f"topk(10, {quantile(0.95, REQUESTS, NOT_PROBES, 'method, route')})", "{{method}} {{route}}"),
            ),
            graph(
                "95 % within, by replica",
                "One line above the others is one replica in trouble; all together are something they share.",
                "s",
                query(quantile(0.95, REQUESTS, NOT_PROBES, "instance"), "{{instance}}"),
            ),
            rows(
                "Routes",
                "Over all of the time that is shown.",
                [
                    ("Requests", while_shown(labels="method, route"), "reqps"),
                    ("Half within", quantile(0.5, REQUESTS, NOT_PROBES, "method, route", SHOWN), "s"),
                    ("95 % within", quantile(0.95, REQUESTS, NOT_PROBES, "method, route", SHOWN), "s"),
                    (
                        "Failed",
                        share(while_shown(FAILED, "method, route"), while_shown(labels="method, route")),
                        "percentunit",
                    ),
                ],
                {"method": "Method", "route": "Route"},
            ),
        ],
    ),
    (
        "Failures",
        [
            graph(
                "Failed requests by route",
                "Answered with 500 to 599: the server's fault.",
                "reqps",
                query(f"topk(10, {rate(COUNT, FAILED, 'method, route, status')})", "{{status}} {{method}} {{route}}"),
                stacked=True,
            ),
            graph(
                "Refused requests by route",
                "Answered with 400 to 499: the caller's fault, or the limits' (429).",
                "reqps",
                query(
                    f"topk(10, {rate(COUNT, REFUSED, 'method, route, status')})",
                    "{{status}} {{method}} {{route}}",
                ),
                stacked=True,
            ),
        ],
    ),
    (
        "Database",
        [
            graph(
                "95 % within, by query",
                "The ten slowest queries.",
                "s",
                query(f"topk(10, {quantile(0.95, QUERIES, labels='query')})", "{{query}}"),
            ),
            graph(
                "Time spent in queries",
                "Seconds a second: 2 means that at any moment two queries run. The ten that take most in all.",
                "short",
                query(f"topk(10, {rate(QUERIES + '_sum', labels='query')})", "{{query}}"),
                stacked=True,
            ),
            graph(
                "Queries",
                "The ten most frequent.",
                "ops",
                query(f"topk(10, {rate(QUERIES + '_count', labels='query')})", "{{query}}"),
                stacked=True,
            ),
            graph(
                "Connections in use",
                "Of those that a replica may open. At 100 % requests wait for one.",
                "percentunit",
                query(
                    f"sum by (instance) ({USED})"
                    f" / sum by (instance) ({selector('hyperion_database_connections_max')})",
                    "{{instance}}",
                ),
                steps=("transparent", (0.9, "red")),
                most=1,
            ),
        ],
    ),
)
