#!/usr/bin/env bash
# Makes local images out of one static busybox, without a registry and without a build.
#   images.sh BUSYBOX quickstart|tests
# An image that is there with the same content is left as it is: its id is what running containers are compared with.
set -euo pipefail
cd "$(dirname "$0")/.."
busybox=$1
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

rootfs() {
  rm -rf "${root:?}"/*
  mkdir -p "$root"/{bin,etc,tmp,proc,sys,dev,root,www}
  chmod 1777 "$root/tmp"
  cp "$busybox" "$root/bin/busybox"
  for applet in $("$busybox" --list); do
    [ "$applet" = busybox ] || ln -sf busybox "$root/bin/$applet"
  done
  echo 'root:x:0:0:root:/root:/bin/sh' >"$root/etc/passwd"
  echo 'root:x:0:' >"$root/etc/group"
  echo 'hosts: files dns' >"$root/etc/nsswitch.conf"
}

# image NAME COMMAND: imports the root folder, unless the image is there with the same content.
image() {
  local name=$1 command=$2 digest
  digest=$(tar -C "$root" --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -c . | cat - <(echo "$command") | sha256sum | cut -c1-16)
  [ "$(docker image inspect -f '{{index .Config.Labels "content"}}' "$name" 2>/dev/null)" = "$digest" ] && return
  printf 'setup: making image %s\n' "$name" >&2
  tar -C "$root" --sort=name --owner=0 --group=0 --numeric-owner -c . |
    docker import -c "CMD $command" -c 'ENV PATH=/bin' -c "LABEL content=$digest" - "$name" >/dev/null
}

quickstart() {
  rootfs
  cp -r manifests/quickstart/image "$root/app"
  chmod -R u=rwX,go=rX "$root/app"
  chmod 755 "$root/app/serve" "$root"/app/*/cgi-bin/*
  image skiff/quickstart:1 '["/app/serve"]'
}

# Two versions of one image, so that a change of the image is a change of its content.
tests() {
  for version in 1 2; do
    rootfs
    cp scripts/test-image/* "$root/bin/"
    chmod 755 "$root/bin/serve" "$root/bin/idle"
    echo "$version" >"$root/etc/version"
    image "skiff-test/busybox:$version" '["/bin/idle"]'
  done
}

"$2"
