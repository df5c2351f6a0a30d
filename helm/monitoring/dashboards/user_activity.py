from .board import board
from .panels import figure, graph, query
from .queries import NOT_PROBES, REQUESTS, everywhere, rate, recent, selector, share

COUNT = f"{REQUESTS}_count"
ANSWERS = "hyperion_answers_total"
UPLOADS = 'method="POST", route=~"/api/v1/knowledge-bases/.id./documents(/from-url)?|/forms/knowledge-bases/.id./documents", status=~"[23].."'
SLOWED_DOWN = 'status="429"'
SIGN_IN = 'method="POST", route=~"/api/v1/auth/sign-in|/forms/sign-in"'

DASHBOARD = board(
    "hyperion-activity",
    "user activity and errors",
    "Who uses Hyperion and how much, and what went wrong for them. Nobody is named here: there are only sums.",
    (
        "Now",
        [
            figure(
                "People active",
                "Whose sessions or keys were used within the last 15 minutes.",
                everywhere("hyperion_active_users"),
                "short",
            ),
            figure("Accounts", "Of the whole installation.", everywhere("hyperion_users"), "short"),
            figure(
                "Answers",
                "Finished in the time that is shown.",
                recent(ANSWERS, 'outcome="done"'),
                "short",
                decimals=0,
                none="0",
            ),
            figure(
                "Answers that failed",
                "Of all that were begun in the time that is shown.",
                share(recent(ANSWERS, 'outcome="failed"'), recent(ANSWERS)),
                "percentunit",
                "green",
                (0.02, "orange"),
                (0.1, "red"),
                decimals=1,
            ),
            figure(
                "Searches",
                "In the time that is shown, those for answers included.",
                recent("hyperion_searches_total"),
                "short",
                decimals=0,
                none="0",
            ),
            figure(
                "Errors",
                "Logged or answered by the server in the time that is shown.",
                recent("hyperion_errors_total"),
                "short",
                "green",
                (1, "orange"),
                decimals=0,
                none="0",
            ),
        ],
    ),
    (
        "Activity",
        [
            graph(
                "People",
                "Whose sessions or keys were used within the last 15 minutes, and all accounts.",
                "short",
                query(everywhere("hyperion_active_users"), "active"),
                query(everywhere("hyperion_users"), "accounts"),
            ),
            graph(
                "Open pages and answers",
                "`answer`: answers that are being written. `events`: pages that listen for what happens.",
                "short",
                query(f"sum by (kind) ({selector('hyperion_streams')})", "{{kind}}"),
            ),
            graph(
                "Answers a minute",
                "`generated` by a language model, `extractive` from the documents' own sentences.",
                "short",
                query(f"60 * {rate(ANSWERS, labels='kind, outcome')}", "{{kind}}, {{outcome}}"),
                stacked=True,
            ),
            graph(
                "Searches and uploads a minute",
                "Searches include those for answers.",
                "short",
                query(f"60 * {rate('hyperion_searches_total')}", "searches"),
                query(f"60 * {rate(COUNT, UPLOADS)}", "uploads"),
            ),
            graph(
                "Tokens a minute",
                "What language models read (prompt) and wrote (completion): this is what their providers charge for.",
                "short",
                query(f"60 * {rate('hyperion_model_tokens_total', labels='kind')}", "{{kind}}"),
            ),
            graph(
                "Sign-ins a minute",
                "Refused ones (401) in great numbers are somebody guessing passwords; 429 is how Hyperion slows them down.",
                "short",
                query(f"60 * {rate(COUNT, SIGN_IN, 'status')}", "{{status}}"),
            ),
        ],
    ),
    (
        "Errors",
        [
            graph(
                "Errors by kind",
                "Errors of the server, whether somebody waited for an answer or not. The log has each with its request.",
                "short",
                query(f"60 * {rate('hyperion_errors_total', labels='kind')}", "{{kind}} a minute"),
                stacked=True,
            ),
            graph(
                "Failed requests",
                "Share answered with 500 to 599.",
                "percentunit",
                query(share(rate(COUNT, NOT_PROBES + ', status=~"5.."'), rate(COUNT, NOT_PROBES)), "failed"),
                steps=("transparent", (0.005, "red")),
            ),
            graph(
                "Answers that did not end well",
                "`failed` for a fault, `stopped` by whoever asked.",
                "percentunit",
                query(share(rate(ANSWERS, 'outcome="failed"'), rate(ANSWERS)), "failed"),
                query(share(rate(ANSWERS, 'outcome="stopped"'), rate(ANSWERS)), "stopped"),
            ),
            graph(
                "Slowed down",
                "Requests a minute that were refused because somebody asked too much (429).",
                "short",
                query(f"60 * {rate(COUNT, SLOWED_DOWN, 'route')}", "{{route}}"),
                stacked=True,
            ),
        ],
    ),
)
