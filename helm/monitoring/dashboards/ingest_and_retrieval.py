from .board import board
from .panels import figure, graph, query, spread
from .queries import buckets, everywhere, quantile, rate, recent, share

ATTEMPTS = "hyperion_job_attempts_total"
INGEST = "hyperion_ingest_stage_duration_seconds"
SEARCH = "hyperion_search_stage_duration_seconds"
EMBEDDING = "hyperion_embedding_duration_seconds"
MODEL = "hyperion_model_request_duration_seconds"
FIRST_TOKEN = "hyperion_model_first_token_seconds"
SEARCHES = "hyperion_searches_total"


def age(timestamp):
    return f"time() - {everywhere(timestamp)}"


DASHBOARD = board(
    "hyperion-retrieval",
    "ingest and retrieval",
    "How documents are read, found and answered from, and how old the backups of them are.",
    (
        "Now",
        [
            figure(
                "Documents waiting",
                "Acknowledged and not read yet.",
                everywhere("hyperion_jobs", 'state="waiting"'),
                "short",
                none="0",
            ),
            figure(
                "Waiting for",
                "How long the oldest document that is due has waited.",
                everywhere("hyperion_jobs_lag_seconds"),
                "s",
                "green",
                (300, "orange"),
                (900, "red"),
            ),
            figure(
                "Could not be read",
                "Share of the documents in the time that is shown, those that nobody could read included (encrypted, scanned, empty).",
                share(recent(ATTEMPTS, 'outcome="failed"'), recent(ATTEMPTS, 'outcome=~"done|failed"')),
                "percentunit",
                "green",
                (0.05, "orange"),
                (0.2, "red"),
                decimals=1,
            ),
            figure(
                "Searches from memory",
                "Share that Redis remembered, of those that it was asked for.",
                share(recent(SEARCHES, 'cache="hit"'), recent(SEARCHES, 'cache=~"hit|miss"')),
                "percentunit",
                decimals=0,
            ),
            figure(
                "Newest backup",
                "Its age. Alerts come after 30 hours and after 3 days.",
                age("hyperion_backup_last_success_timestamp_seconds"),
                "s",
                "green",
                (108000, "orange"),
                (259200, "red"),
            ),
            figure(
                "Newest drill",
                "How long ago a backup was restored for trial. The alert comes after 8 days.",
                age("hyperion_backup_drill_last_success_timestamp_seconds"),
                "s",
                "green",
                (691200, "orange"),
            ),
        ],
    ),
    (
        "Reading documents",
        [
            graph(
                "Documents in the queue",
                "`postponed` ones rest until a fault is over or an attempt is due again.",
                "short",
                query(everywhere("hyperion_jobs", labels="state"), "{{state}}"),
                stacked=True,
            ),
            graph(
                "Waiting for",
                "How long the oldest document that is due has waited.",
                "s",
                query(everywhere("hyperion_jobs_lag_seconds"), "oldest"),
                steps=("transparent", (900, "red")),
            ),
            graph(
                "Attempts a minute",
                "`retried` failed and are tried again; `failed` ended so, and their documents say why.",
                "short",
                query(f"60 * {rate(ATTEMPTS, labels='outcome')}", "{{outcome}}"),
                stacked=True,
            ),
            graph(
                "Passages embedded a second",
                "The part of reading that costs most.",
                "short",
                query(rate("hyperion_embedded_passages_total", labels="instance"), "{{instance}}"),
                stacked=True,
            ),
            graph(
                "95 % within, by stage",
                "Of a whole document.",
                "s",
                query(quantile(0.95, INGEST, labels="stage"), "{{stage}}"),
            ),
            graph(
                "Time spent by stage",
                "Seconds a second: 2 means that at any moment two documents are in this stage.",
                "short",
                query(rate(f"{INGEST}_sum", labels="stage"), "{{stage}}"),
                stacked=True,
            ),
        ],
    ),
    (
        "Finding passages",
        [
            graph(
                "Searches a minute",
                "`hit`: Redis remembered. `miss`: searched anew. `off`: there is no Redis.",
                "short",
                query(f"60 * {rate(SEARCHES, labels='cache')}", "{{cache}}"),
                stacked=True,
            ),
            graph(
                "95 % within, by stage",
                "Stages of a search that was not remembered.",
                "s",
                query(quantile(0.95, SEARCH, labels="stage"), "{{stage}}"),
            ),
            graph(
                "Embedding",
                "95 % within; `question` is part of every search.",
                "s",
                query(quantile(0.95, EMBEDDING, labels="of"), "{{of}}"),
            ),
            spread("How long finding takes", "The darker, the more searches took about so long.", buckets(SEARCH, 'stage="find"')),
        ],
    ),
    (
        "Language models",
        [
            graph(
                "Until the first word",
                "How long people look at an empty answer.",
                "s",
                query(quantile(0.5, FIRST_TOKEN), "half within"),
                query(quantile(0.95, FIRST_TOKEN), "95 % within"),
            ),
            graph(
                "Until the last word",
                "95 % within, by how it ended.",
                "s",
                query(quantile(0.95, MODEL, labels="outcome"), "{{outcome}}"),
            ),
            graph(
                "Requests to models a minute",
                "`failed` is a model that cannot be reached or refuses; people get the documents' own sentences or an error.",
                "short",
                query(f"60 * {rate(f'{MODEL}_count', labels='outcome')}", "{{outcome}}"),
                stacked=True,
            ),
            graph(
                "Tokens a second",
                "`prompt` is read by the model, `completion` written.",
                "short",
                query(rate("hyperion_model_tokens_total", labels="kind"), "{{kind}}"),
            ),
        ],
    ),
    (
        "Backups",
        [
            graph(
                "Age of the newest backup",
                "A saw: it falls whenever a backup is made.",
                "s",
                query(age("hyperion_backup_last_success_timestamp_seconds"), "backup"),
                steps=("transparent", (108000, "orange"), (259200, "red")),
            ),
            graph(
                "Age of the newest drill",
                "It falls whenever a backup was restored for trial.",
                "s",
                query(age("hyperion_backup_drill_last_success_timestamp_seconds"), "drill"),
                steps=("transparent", (691200, "orange")),
            ),
        ],
    ),
)
