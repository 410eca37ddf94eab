//! How the program is linked.

fn main() {
    // Tens of thousands of addresses are set right at each start. Packed, they take a hundredth of the memory; a linker that does not
    // know how leaves them as they are.
    println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    println!("cargo::rerun-if-changed=build.rs");
}
