"""Pieces of PromQL that several panels are made of."""

# One dashboard shows one installation. Where Prometheus gives no namespace the variable is empty, and so is the label.
INSTALLATION = 'namespace="$namespace"'
REPLICAS = f'{INSTALLATION}, instance=~"$instance"'

REQUESTS = "hyperion_http_request_duration_seconds"
# The probes of Kubernetes ask every few seconds and would drown what people ask.
NOT_PROBES = 'route!~"/healthz|/readyz"'


def selector(metric, matchers="", of=REPLICAS):
    return f"{metric}{{{of}{', ' if matchers else ''}{matchers}}}"


def by(labels):
    return f" by ({labels})" if labels else ""


def rate(metric, matchers="", labels=""):
    """How often a second, over all replicas."""
    return f"sum{by(labels)} (rate({selector(metric, matchers)}[$__rate_interval]))"


def recent(metric, matchers="", labels="", of=REPLICAS):
    """How many in all of the time that is shown."""
    return f"sum{by(labels)} (increase({selector(metric, matchers, of)}[$__range]))"


def quantile(share, histogram, matchers="", labels="", window="$__rate_interval"):
    """The seconds within which this share was done."""
    buckets = f"sum by (le{', ' if labels else ''}{labels}) (rate({selector(histogram + '_bucket', matchers)}[{window}]))"
    return f"histogram_quantile({share}, {buckets})"


def buckets(histogram, matchers=""):
    return f"sum by (le) (increase({selector(histogram + '_bucket', matchers)}[$__rate_interval]))"


def share(part, whole):
    """Part of a whole, and nothing where there is no whole; a part that never happened is no part."""
    return f"({part} or 0 * {whole}) / ({whole} > 0)"


def everywhere(gauge, matchers="", labels=""):
    """A gauge that every replica tells alike, of the whole installation: adding them up would count each replica's."""
    return f"max{by(labels)} ({selector(gauge, matchers, INSTALLATION)})"
