#!/usr/bin/env bash
# An S3 server for tests (moto, Apache-2.0), in target/s3-server at the versions of scripts/s3-server.txt.
#
#   scripts/s3.sh fetch        puts it there; running it again changes nothing
#   scripts/s3.sh serve PORT   serves an empty one on 127.0.0.1, with the bucket `tests`, until it is ended
set -euo pipefail
cd "$(dirname "$0")/.."
folder=${CARGO_TARGET_DIR:-target}/s3-server

case "${1:-}" in
    fetch)
        cmp -s scripts/s3-server.txt "$folder/versions.txt" && exit 0
        echo "== Installing the S3 server for tests"
        rm -rf "$folder"
        python3 -m pip install --quiet --no-deps --no-warn-conflicts --root-user-action=ignore --target "$folder" -r scripts/s3-server.txt
        cp scripts/s3-server.txt "$folder/versions.txt"
        ;;
    serve)
        export PYTHONPATH=$folder
        exec python3 - "$2" <<'PYTHON'
import sys
import threading

from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

server = make_server("127.0.0.1", int(sys.argv[1]), DomainDispatcherApplication(create_backend_app), threaded=True)
threading.Thread(target=server.serve_forever, daemon=True).start()

import urllib.request

urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{sys.argv[1]}/tests", method="PUT")).read()
print("ready", flush=True)
threading.Event().wait()
PYTHON
        ;;
    *)
        echo "usage: scripts/s3.sh fetch|serve PORT" >&2
        exit 1
        ;;
esac
