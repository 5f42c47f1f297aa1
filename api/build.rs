//! Builds the crate again when the pages were built.

fn main() {
    // A missing folder would count as changed every time.
    let dist = std::path::Path::new("web/dist");
    println!(
        "cargo:rerun-if-changed={}",
        if dist.exists() { "web/dist" } else { "web" }
    );
}
