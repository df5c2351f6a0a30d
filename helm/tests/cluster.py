"""As much of a Kubernetes API as `lookup` in a chart asks: what a namespace holds."""

import contextlib
import http.server
import json
import tempfile
import threading

import yaml

KINDS = {
    "v1": {"secrets": "Secret"},
    "apps/v1": {"statefulsets": "StatefulSet"},
}


@contextlib.contextmanager
def holding(objects):
    """Serves these objects; gives the environment in which helm finds them."""
    held = {(item["kind"], item["metadata"]["namespace"], item["metadata"]["name"]): item for item in objects}

    class Api(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

        def do_GET(self):
            path = self.path.partition("?")[0].strip("/").split("/")
            status, body = 200, self.answer(path)
            if body is None:
                status = 404
                body = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404}
            text = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def answer(self, path):
            if path == ["version"]:
                return {"major": "1", "minor": "35", "gitVersion": "v1.35.0"}
            if path == ["api"]:
                return {"kind": "APIVersions", "versions": ["v1"]}
            if path == ["apis"]:
                version = {"groupVersion": "apps/v1", "version": "v1"}
                group = {"name": "apps", "versions": [version], "preferredVersion": version}
                return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [group]}
            version = "v1" if path[0] == "api" else "/".join(path[1:3])
            rest = path[2:] if path[0] == "api" else path[3:]
            kinds = KINDS.get(version)
            if kinds is None:
                return None
            if not rest:
                found = [
                    {"name": name, "kind": kind, "namespaced": True, "verbs": ["get"]} for name, kind in kinds.items()
                ]
                return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": found}
            if len(rest) == 4 and rest[0] == "namespaces" and rest[2] in kinds:
                return held.get((kinds[rest[2]], rest[1], rest[3]))
            return None

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Api)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as home:
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "it",
            "clusters": [{"name": "it", "cluster": {"server": f"http://127.0.0.1:{server.server_port}"}}],
            "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
            "users": [{"name": "it", "user": {}}],
        }
        with open(f"{home}/config", "w") as file:
            yaml.safe_dump(config, file)
        try:
            yield {"KUBECONFIG": f"{home}/config", "HOME": home}
        finally:
            server.shutdown()
            server.server_close()
