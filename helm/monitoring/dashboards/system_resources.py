from .board import board
from .panels import figure, graph, query, rows, states
from .queries import selector

BUILD = selector("hyperion_build_info")
UP = {"1": ("reachable", "green"), "0": ("not reachable", "red")}
FREE = f"{selector('hyperion_data_folder_free_bytes')} / {selector('hyperion_data_folder_size_bytes')}"
FILES = f"{selector('process_open_fds')} / {selector('process_max_fds')}"
USED = selector("hyperion_database_connections", 'state="used"')


DASHBOARD = board(
    "hyperion-system",
    "system resources",
    "What the replicas use of the machines they run on, and whether they reach what they need.",
    (
        "Now",
        [
            figure(
                "Replicas",
                "Replicas that answer Prometheus.",
                f"count ({BUILD})",
                "short",
                "red",
                (1, "green"),
                none="0",
            ),
            figure(
                "Versions",
                "More than one while a new version is rolled out; if it stays so, the rollout is stuck.",
                f"count (count by (version, revision) ({BUILD}))",
                "short",
                "green",
                (2, "orange"),
            ),
            figure(
                "Cannot reach",
                "Databases, storage and other servers that a replica cannot reach.",
                f"count (min by (dependency) ({selector('hyperion_dependency_up')}) == 0) or vector(0)",
                "short",
                "green",
                (1, "red"),
            ),
            figure(
                "Processors",
                "Processors kept busy by all replicas together.",
                f"sum (rate({selector('process_cpu_seconds_total')}[$__rate_interval]))",
                "short",
                decimals=2,
            ),
            figure(
                "Memory",
                "Of all replicas together.",
                f"sum ({selector('process_resident_memory_bytes')})",
                "bytes",
            ),
            figure(
                "Least free disk",
                "Of the data folders' file systems, the fullest.",
                f"min ({FREE})",
                "percentunit",
                "red",
                (0.05, "orange"),
                (0.1, "green"),
                decimals=0,
            ),
        ],
    ),
    (
        "Processes",
        [
            graph(
                "Processors",
                "1 is one processor kept busy.",
                "short",
                query(f"rate({selector('process_cpu_seconds_total')}[$__rate_interval])", "{{instance}}"),
            ),
            graph(
                "Memory",
                "What the operating system counts as the process's own (resident).",
                "bytes",
                query(selector("process_resident_memory_bytes"), "{{instance}}"),
            ),
            graph("Threads", "Of each process.", "short", query(selector("process_threads"), "{{instance}}")),
            graph(
                "Open files and connections",
                "Share of what the operating system allows. At 100 % no connection is taken and no file opened.",
                "percentunit",
                query(FILES, "{{instance}}"),
                steps=("transparent", (0.8, "red")),
                most=1,
            ),
            graph(
                "Running for",
                "A line that falls to zero is a replica that was started anew.",
                "s",
                query(f"time() - {selector('process_start_time_seconds')}", "{{instance}}"),
            ),
            rows(
                "Replicas",
                "What runs where.",
                [("Running for", f"(time() - {selector('process_start_time_seconds')}) * on (namespace, job, instance) "
                  f"group_left(version, revision) {BUILD}", "s")],
                {"instance": "Replica", "version": "Version", "revision": "Revision", "namespace": "Namespace", "job": "Job", "pod": "Pod"},
                width=12,
                height=8,
            ),
        ],
    ),
    (
        "Disk",
        [
            graph(
                "Free space",
                "Of the file system that holds the data folder.",
                "bytes",
                query(selector("hyperion_data_folder_free_bytes"), "{{instance}}"),
            ),
            graph(
                "Free share",
                "Alerts come at 10 % and at 5 %.",
                "percentunit",
                query(FREE, "{{instance}}"),
                steps=("red", (0.05, "orange"), (0.1, "transparent")),
                most=1,
            ),
        ],
    ),
    (
        "What the replicas need",
        [
            states(
                "Reachable",
                "As the worst-placed replica sees it.",
                f"min by (dependency) ({selector('hyperion_dependency_up')})",
                "{{dependency}}",
                UP,
            ),
            graph(
                "Connections to the database",
                "Those that are used, against the most that a replica opens.",
                "short",
                query(f"sum by (instance) ({USED})", "{{instance}}"),
                query(f"max ({selector('hyperion_database_connections_max')})", "most"),
            ),
        ],
    ),
)
