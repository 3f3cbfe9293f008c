//! The built web app is embedded: what is in the folder decides, also which files there are.

fn main() {
    println!("cargo::rerun-if-changed=dist");
    println!("cargo::rerun-if-changed=build.rs");
}
