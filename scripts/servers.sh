#!/usr/bin/env bash
# Makes the images of the examples out of Debian's packages: PostgreSQL, Redis, nginx, Prometheus, each with a busybox for what a shell
# is needed for. Nothing is installed on this machine, no root is needed, no registry and no build.
#   servers.sh BUSYBOX
# An image that is there with the same packages is left as it is: its id is what running containers are compared with.
set -euo pipefail
cd "$(dirname "$0")/.."
busybox=$(realpath "$1")
store=${CARGO_TARGET_DIR:-target}/tools/packages
mkdir -p "$store"
store=$(cd "$store" && pwd)
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

# The packages, and every library that they need. What only an installation needs stays away, and so does the compiler of PostgreSQL.
closure() {
  apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces --no-enhances "$@" |
    grep -E '^(lib|zlib1g$)' | grep -vE ':|^lib(js-|llvm|perl|debconf|pam-(modules|runtime)|systemd-shared|crypt-dev)' | cat - <(printf '%s\n' "$@") | sort -u
}

# fetch PACKAGE…: their files, and the versions that the image is told by.
fetch() {
  local package
  for package in $(closure "$@"); do
    compgen -G "$store/${package}_*.deb" >/dev/null || missing+=("$package")
  done
  [ ${#missing[@]} = 0 ] || (cd "$store" && apt-get -o APT::Sandbox::User=root download -qq "${missing[@]}" >/dev/null)
}

# image NAME COMMAND PACKAGE…
image() {
  local name=$1 command=$2 digest package missing=()
  shift 2
  fetch "$@"
  digest=$(cd "$store" && { for package in $(closure "$@"); do ls "${package}"_*.deb; done; cat "$here"/*; sha256sum "$busybox"; echo "$command"; } | sha256sum | cut -c1-16)
  [ "$(docker image inspect -f '{{index .Config.Labels "content"}}' "$name" 2>/dev/null)" = "$digest" ] && return
  printf 'setup: making image %s\n' "$name" >&2
  rm -rf "${root:?}"/*
  mkdir -p "$root"/{bin,etc,tmp,proc,sys,dev,run,data,usr/bin}
  chmod 1777 "$root/tmp"
  for package in $(closure "$@"); do dpkg -x "$store"/"${package}"_*.deb "$root"; done
  rm -rf "$root"/usr/share/{doc,man,locale,info,lintian,bug} "$root"/etc/{init.d,logrotate.d,cron*,systemd} "$root"/lib/systemd
  cp "$busybox" "$root/bin/busybox"
  for applet in $("$busybox" --list); do
    [ -e "$root/bin/$applet" ] || [ -e "$root/usr/bin/$applet" ] || ln -s busybox "$root/bin/$applet"
  done
  install -m 755 "$here"/* "$root/bin/"
  printf 'root:x:0:0:root:/:/bin/sh\nserver:x:999:999:server:/data:/bin/sh\nwww-data:x:33:33:www-data:/:/bin/sh\n' >"$root/etc/passwd"
  printf 'root:x:0:\nserver:x:999:\nwww-data:x:33:\n' >"$root/etc/group"
  echo 'hosts: files dns' >"$root/etc/nsswitch.conf"
  tar -C "$root" --sort=name --owner=0 --group=0 --numeric-owner -c . |
    docker import -c "CMD $command" -c 'ENV PATH=/bin:/usr/bin:/usr/sbin:/sbin:/usr/lib/postgresql/15/bin' -c "LABEL content=$digest" - "$name" >/dev/null
}

here=$PWD/scripts/server-image
image skiff-example/postgres:15 '["/bin/serve-postgres"]' postgresql-15 postgresql-client-15 redis-tools util-linux tzdata
image skiff-example/redis:7 '["/bin/serve-redis"]' redis-server redis-tools util-linux
image skiff-example/nginx:1 '["/usr/sbin/nginx", "-g", "daemon off;"]' nginx nginx-common
image skiff-example/prometheus:2 '["/usr/bin/prometheus"]' prometheus prometheus-node-exporter
