//! Prints the tables of `docs/compose.md`, which `make tables` writes.

#![expect(clippy::print_stdout, reason = "it prints the tables")]

fn main() {
    print!("{}", skiff_compose::attributes::markdown());
}
