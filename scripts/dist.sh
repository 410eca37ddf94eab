#!/usr/bin/env bash
# Builds what is shipped, target/dist/skiff: small, and with the code side by side that a waiting controller executes, so that the rest
# of the program is never in memory. What that is gets recorded (layout.sh) where Docker and valgrind are at hand, once for each
# compiler and set of dependencies, whose symbols have names of their own.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo=${CARGO:-cargo}
out=$(realpath -m "${CARGO_TARGET_DIR:-target}")/dist
build() { "$cargo" rustc --profile dist -p skiff --bin skiff -- "$@"; }

trial=$(mktemp -d)
trap 'rm -rf "$trial"' EXIT
# Only LLVM's linker can order symbols. It is what this target links with from Rust 1.90 on.
if ! echo 'fn main() {}' | rustc - -o "$trial/program" -C link-arg=-Wl,--symbol-ordering-file=/dev/null 2>/dev/null; then
  echo "dist: this linker cannot order symbols: a waiting controller will hold some 5 MiB more" >&2
  build
  exit
fi
key=$( (rustc --version; cat Cargo.lock Cargo.toml controller/Cargo.toml controller/*/Cargo.toml api-types/Cargo.toml) | sha256sum | cut -c-16)
order=$out/layout-$key.symbols
if [[ ! -s $order ]]; then
  if ! command -v valgrind >/dev/null || ! docker image inspect skiff-test/busybox:1 >/dev/null 2>&1; then
    echo "dist: nothing recorded for this compiler and these dependencies: \`make setup\` and valgrind are needed for it" >&2
    build
    exit
  fi
  build -C strip=none
  scripts/layout.sh "$out/skiff" "$order"
fi
build -C "link-arg=-Wl,--symbol-ordering-file=$order" -C link-arg=-Wl,--no-warn-symbol-ordering
