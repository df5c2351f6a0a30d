"""Schemas of the custom resources that the chart makes, as far as it uses them: anything else is refused."""


def exactly(required, **properties):
    return {"type": "object", "additionalProperties": False, "required": required, "properties": properties}


TEXT = {"type": "string", "minLength": 1}
TEXTS = {"type": "object", "additionalProperties": {"type": "string"}}
DURATION = {"type": "string", "pattern": r"^[0-9]+(ms|s|m|h)$"}
SELECTOR = exactly(["matchLabels"], matchLabels=TEXTS)
METADATA = exactly(["name", "namespace", "labels"], name=TEXT, namespace=TEXT, labels=TEXTS, annotations=TEXTS)
ENDPOINTS = {
    "type": "array",
    "minItems": 1,
    "items": exactly(["port", "path"], port=TEXT, path=TEXT, interval=DURATION),
}


def resource(spec):
    return exactly(["apiVersion", "kind", "metadata", "spec"], apiVersion=TEXT, kind=TEXT, metadata=METADATA, spec=spec)


def listed(item, **options):
    return {"type": "array", "minItems": 1, "items": item, **options}


RULE = {
    "type": "object",
    "additionalProperties": False,
    "required": ["expr"],
    "oneOf": [{"required": ["alert"]}, {"required": ["record"]}],
    "properties": {
        "alert": TEXT,
        "record": TEXT,
        "expr": {"type": ["string", "number"]},
        "for": {"type": "string"},
        "keep_firing_for": {"type": "string"},
        "labels": TEXTS,
        "annotations": TEXTS,
    },
}

SCHEMAS = {
    ("monitoring.coreos.com/v1", "PodMonitor"): resource(
        exactly(
            ["selector", "podMetricsEndpoints"],
            selector=SELECTOR,
            namespaceSelector=exactly(["matchNames"], matchNames=listed(TEXT)),
            podMetricsEndpoints=ENDPOINTS,
        )
    ),
    ("monitoring.coreos.com/v1", "ServiceMonitor"): resource(
        exactly(
            ["selector", "endpoints"],
            selector=SELECTOR,
            namespaceSelector=exactly(["matchNames"], matchNames=listed(TEXT)),
            endpoints=ENDPOINTS,
        )
    ),
    ("monitoring.coreos.com/v1", "PrometheusRule"): resource(
        exactly(
            ["groups"],
            groups=listed(exactly(["name", "rules"], name=TEXT, interval=DURATION, rules=listed(RULE))),
        )
    ),
    ("gateway.networking.k8s.io/v1", "HTTPRoute"): resource(
        exactly(
            ["parentRefs", "rules"],
            parentRefs=listed(
                exactly(
                    ["name"],
                    group={"type": "string"},
                    kind=TEXT,
                    name=TEXT,
                    namespace=TEXT,
                    sectionName=TEXT,
                    port={"type": "integer", "minimum": 1, "maximum": 65535},
                )
            ),
            hostnames=listed(TEXT),
            rules=listed(
                exactly(
                    ["backendRefs"],
                    matches=listed(
                        exactly(["path"], path=exactly(["type", "value"], type={"enum": ["PathPrefix"]}, value=TEXT))
                    ),
                    timeouts=exactly(
                        ["request"], request={"type": "string", "pattern": r"^([0-9]{1,5}(h|m|s|ms)){1,4}$"}
                    ),
                    backendRefs=listed(
                        exactly(["name", "port"], name=TEXT, port={"type": "integer", "minimum": 1, "maximum": 65535})
                    ),
                )
            ),
        )
    ),
}
