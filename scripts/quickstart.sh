#!/usr/bin/env bash
# Keeps the quickstart running until Ctrl-C, and says what to look at as soon as it answers.
#   quickstart.sh SKIFF
set -euo pipefail
cd "$(dirname "$0")/.."
skiff=$1
url=http://127.0.0.1:8080/

answers() { (exec 3<>/dev/tcp/127.0.0.1/8080 && printf 'GET / HTTP/1.0\r\n\r\n' >&3 && grep -q '200 OK' <&3) 2>/dev/null; }

hints() {
  for _ in $(seq 120); do
    if answers; then
      cat >&2 <<TEXT

  The quickstart is up:  $url      (reload it: another of the three replicas answers)

  Leave this running, and in a second terminal try:
    $skiff get all -n quickstart                              what runs
    docker kill quickstart-web-1; $skiff get all -n quickstart       it comes back
    sed -i 's/Ahoy/Hello/' manifests/quickstart/page.yaml     the page changes, one replica after the other
    sed -i 's/replicas: 3/replicas: 5/' manifests/quickstart/web.yaml
    $skiff plan manifests/quickstart                          nothing to do
  Ctrl-C ends Skiff and leaves the containers running. To remove them, and the data:
    $skiff down manifests/quickstart --volumes

TEXT
      return
    fi
    sleep 1
  done
}

hints &
exec "$skiff" run manifests/quickstart
