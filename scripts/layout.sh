#!/usr/bin/env bash
# Records which functions a controller executes that keeps 50 services and has nothing to do.
#   layout.sh PROGRAM-WITH-SYMBOLS FILE
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
cp "$1" "$work/skiff"
trap '"$work/skiff" -i layout down -A --yes >/dev/null 2>&1 || true; rm -rf "$work"' EXIT
mkdir "$work/manifests"
for index in $(seq 50); do
  cat <<YAML
---
apiVersion: skiff.dev/v1
kind: Deployment
metadata: { name: service-$index }
spec: { template: { terminationGracePeriodSeconds: 0, container: { image: "skiff-test/busybox:1", command: [sleep, infinity] } } }
YAML
done >"$work/manifests/services.yaml"
"$work/skiff" -i layout up "$work/manifests" >/dev/null 2>&1
echo "layout: recording for two minutes" >&2
code=0
timeout -s TERM 120 valgrind -q --tool=callgrind --dump-instr=yes --callgrind-out-file="$work/profile" \
  "$work/skiff" -i layout run "$work/manifests" >"$work/log" 2>&1 || code=$?
# It is stopped by `timeout`, which says so by its code; anything else has ended early, and half a list is worse than none.
[[ $code == 124 ]] || { tail -20 "$work/log" >&2; echo "layout: the program ended by itself ($code)" >&2; exit 1; }
python3 scripts/layout.py "$work/profile" "$work/skiff" >"$work/layout.symbols"
mv "$work/layout.symbols" "$2"
echo "layout: $(wc -l <"$2") functions" >&2
