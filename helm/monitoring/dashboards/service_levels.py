from .board import board
from .panels import figure, graph, note, query
from .queries import INSTALLATION, selector

REQUESTS = "namespace:hyperion_requests:rate5m"
FAILED = "namespace:hyperion_requests_failed:rate5m"
TIMED = "namespace:hyperion_requests_timed:rate5m"
SLOW = "namespace:hyperion_requests_slow:rate5m"
SEARCHES = "namespace:hyperion_searches_timed:rate5m"
SLOW_SEARCHES = "namespace:hyperion_searches_slow:rate5m"

WINDOWS = (("5m", "5 minutes"), ("1h", "1 hour"), ("6h", "6 hours"), ("3d", "3 days"))


def bad(part, whole, window):
    """The share that was not as promised."""
    return f"avg_over_time({selector(part, of=INSTALLATION)}[{window}]) / avg_over_time({selector(whole, of=INSTALLATION)}[{window}])"


def objective(name, promise, share, part, whole):
    """A row for one objective: `share` of what is counted is promised to be good."""
    allowed = round(1 - share, 6)
    left = f"1 - ({bad(part, whole, '30d')}) / {allowed}"
    budget = f"avg_over_time({selector(whole, of=INSTALLATION)}[30d]) * 86400 * 30 * {allowed}"
    lost = f"avg_over_time({selector(part, of=INSTALLATION)}[30d]) * 86400 * 30"
    return (
        name,
        [
            figure(
                "Kept",
                f"{promise} Over the last 30 days.",
                f"1 - {bad(part, whole, '30d')}",
                "percentunit",
                "red",
                (share, "green"),
                decimals=3,
            ),
            figure(
                "Budget left",
                f"Of the {allowed * 100:g} % that may go wrong in 30 days. At 0 % the promise is broken.",
                left,
                "percentunit",
                "red",
                (0, "orange"),
                (0.25, "green"),
                decimals=1,
            ),
            figure("May go wrong", "Requests in 30 days, as many as come now.", budget, "short", decimals=0),
            figure("Went wrong", "Requests in the last 30 days.", lost, "short", decimals=0),
            figure(
                "Burns now",
                "How many times faster than it may the budget is used up, over the last hour. At 1 it lasts just 30 days.",
                f"({bad(part, whole, '1h')}) / {allowed}",
                "none",
                "green",
                (1, "orange"),
                (14.4, "red"),
                decimals=1,
            ),
            figure(
                "Burnt in 3 days",
                "How many times faster than it may the budget was used up, over the last 3 days.",
                f"({bad(part, whole, '3d')}) / {allowed}",
                "none",
                "green",
                (1, "orange"),
                (6, "red"),
                decimals=1,
            ),
            graph(
                "Budget left",
                "Of the last 30 days, at each moment. Where it falls, look at that time in the other dashboards.",
                "percentunit",
                query(left, "left"),
                steps=("red", (0, "transparent")),
                interval="30m",
            ),
            graph(
                "Burn rate",
                "Alerts come when a long window and a short one are both above: 14.4 (1 hour, 5 minutes), 6 (6 hours, 30 minutes), 1 (3 days, 6 hours).",
                "none",
                *(query(f"({bad(part, whole, window)}) / {allowed}", words) for window, words in WINDOWS),
                steps=("transparent", (1, "orange"), (14.4, "red")),
            ),
        ],
    )


DASHBOARD = board(
    "hyperion-slo",
    "service levels",
    "What is promised to people and how much of what may go wrong is used up. Prometheus must keep 30 days and have Hyperion's rules loaded.",
    (
        "What is promised",
        [
            note(
                "",
                "Over any 30 days: **99.5 %** of the requests to pages and API do not fail for a fault of the server; "
                "**99 %** of those that wait for nobody else (no uploads, connections or language models) are answered "
                "within **0.5 s**; **95 %** of the searches are answered within **0.5 s**. Probes and addresses that lead nowhere do not count.\n\n"
                "The numbers come from the rules in `alerts.yaml`, which also raise the alerts about them.",
            )
        ],
    ),
    objective("Availability: 99.5 %", "Share of the requests that did not fail for a fault of the server.", 0.995, FAILED, REQUESTS),
    objective("Response time: 99 % within 0.5 s", "Share of the requests that were answered within 0.5 s.", 0.99, SLOW, TIMED),
    objective("Searches: 95 % within 0.5 s", "Share of the searches that were answered within 0.5 s.", 0.95, SLOW_SEARCHES, SEARCHES),
    since="now-7d",
    refresh="5m",
)
