#!/usr/bin/env bash
# Gets what is missing, and says what it cannot get. Harmless to repeat: what is there is left as it is.
#   setup.sh          a compiler, Docker Engine, the image of the quickstart
#   setup.sh --tests  and what the tests need besides: their images, a registry program, etcd, git, an SSH server that is not started,
#                     the schemas of Kubernetes
#   setup.sh --dist   what `make dist` needs to see which code a controller executes: an image, valgrind
set -euo pipefail
cd "$(dirname "$0")/.."

tests=false
dist=false
case ${1:-} in --tests) tests=true ;; --dist) dist=true ;; esac
tools=${CARGO_TARGET_DIR:-target}/tools

say() { printf 'setup: %s\n' "$*" >&2; }
stop() { printf 'setup: %s\n' "$@" >&2; exit 1; }

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }
may_root() { [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; }
has() { command -v "$1" >/dev/null 2>&1; }

lists_are_fresh() { [ -n "$(find /var/lib/apt/lists -maxdepth 1 -name '*Packages*' -mtime -1 -print -quit 2>/dev/null)" ]; }

refresh_lists() {
  lists_are_fresh && return
  say "refreshing the package lists"
  as_root apt-get update -qq >&2
}

install() {
  has apt-get && may_root || stop "$1 is missing and cannot be installed from here: install it and run me again"
  refresh_lists
  say "installing $*"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

# Installs a package whose service is to stay down: the tests start the program themselves, on loopback and with a configuration of their own.
install_asleep() {
  local policy=/usr/sbin/policy-rc.d ours=false
  if [ ! -e "$policy" ]; then
    ours=true
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
    as_root chmod 755 "$policy"
  fi
  (install "$@") || { $ours && as_root rm -f "$policy"; exit 1; }
  $ours && as_root rm -f "$policy"
  return 0
}

# Takes a program out of a Debian package without installing it, so that no service is started and no root is needed.
extract() {
  local package=$1 path=$2 folder
  [ -x "$tools/$(basename "$path")" ] && return
  has apt-get || stop "$package is needed and there is no apt-get: put $(basename "$path") into $tools"
  if may_root; then refresh_lists; fi
  folder=$(mktemp -d)
  say "getting $package"
  (cd "$folder" && apt-get -o APT::Sandbox::User=root download -qq "$package" >/dev/null && dpkg -x ./*.deb .) || stop "$package could not be downloaded"
  mkdir -p "$tools"
  cp "$folder/$path" "$tools/"
  rm -rf "$folder"
}

rust() {
  has cargo || { [ -x "$HOME/.cargo/bin/cargo" ] && PATH="$HOME/.cargo/bin:$PATH"; } ||
    stop "cargo is missing: install Rust 1.90 or later with rustup, then run me again"
  has cc || install gcc libc6-dev
  # etcd's messages are compiled from their definitions.
  { has protoc && [ -e /usr/include/google/protobuf/descriptor.proto ]; } || [ -n "${PROTOC:-}" ] || install protobuf-compiler libprotobuf-dev
  $tests || return 0
  has rustup || return 0
  cargo fmt --version >/dev/null 2>&1 || rustup component add rustfmt
  cargo clippy --version >/dev/null 2>&1 || rustup component add clippy
}

engine_answers() { timeout 20 docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }

wait_for_engine() {
  for _ in $(seq 60); do
    engine_answers && return 0
    sleep 1
  done
  return 1
}

start_engine() {
  may_root || return 1
  say "starting Docker Engine"
  if [ -d /run/systemd/system ]; then
    as_root systemctl start docker || return 1
  elif [ -x /etc/init.d/docker ] && as_root service docker start >/dev/null 2>&1 && wait_for_engine; then
    return 0
  else
    as_root sh -c 'setsid dockerd >/var/log/dockerd-skiff.log 2>&1 </dev/null &'
  fi
  wait_for_engine
}

why_no_engine() {
  [ -S /var/run/docker.sock ] && [ ! -w /var/run/docker.sock ] &&
    stop "Docker Engine is there and may not be used by $(id -un):" "  sudo usermod -aG docker $(id -un)   and log in again"
  [ -r /var/log/dockerd-skiff.log ] && tail -n 5 /var/log/dockerd-skiff.log >&2
  stop "Docker Engine does not answer." \
    "  Start it (systemctl start docker), install it (apt-get install docker.io), or set DOCKER_HOST, and run me again."
}

docker_engine() {
  if has docker && engine_answers; then return; fi
  [ -z "${DOCKER_HOST:-}" ] || stop "no engine answers at DOCKER_HOST=$DOCKER_HOST"
  if [ -S /var/run/docker.sock ] && [ ! -w /var/run/docker.sock ]; then why_no_engine; fi
  has dockerd || install docker.io iptables ca-certificates
  # Newer Debian has the command in a package of its own.
  has docker || install docker-cli
  engine_answers || start_engine || why_no_engine
}

busybox_program() {
  extract busybox-static bin/busybox
  "$tools/busybox" true || stop "$tools/busybox does not run here"
}

# Kubernetes' own schemas, by a program of PyPI in a folder of its own.
kubernetes_schemas() {
  local venv=$tools/kubernetes-validate
  "$venv/bin/python" -c 'import kubernetes_validate' 2>/dev/null && return
  has python3 || install python3 python3-venv
  say "getting kubernetes-validate"
  python3 -m venv "$venv" 2>/dev/null || { install python3-venv && python3 -m venv "$venv"; }
  "$venv/bin/pip" install -q --disable-pip-version-check kubernetes-validate==1.37.0 pyyaml >&2 || stop "kubernetes-validate could not be installed"
}

rust
docker_engine
busybox_program
scripts/images.sh "$tools/busybox" quickstart
if $tests; then
  scripts/images.sh "$tools/busybox" tests
  if may_root; then refresh_lists; fi
  scripts/servers.sh "$tools/busybox"
  extract docker-registry usr/bin/docker-registry
  extract etcd-server usr/bin/etcd
  extract etcd-client usr/bin/etcdctl
  has git || install git
  has openssl || install openssl
  # A user of its own comes with it, which a server that root starts asks for.
  [ -x /usr/sbin/sshd ] || install_asleep openssh-server
  kubernetes_schemas
fi
if $dist; then
  scripts/images.sh "$tools/busybox" tests
  has valgrind || install valgrind
  has nm || install binutils
  has python3 || install python3
fi
