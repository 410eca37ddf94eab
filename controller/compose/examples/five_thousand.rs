//! How long a file of five thousand services takes to load, and how much memory: `cargo run --release -p skiff-compose
//! --example five_thousand`. The aim is below one second and below 200 MB. With `--json` it tells the bench: seconds, and bytes.

#![expect(clippy::disallowed_methods, clippy::print_stdout, reason = "it measures, and tells what it found")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Instant;

use skiff_compose::{Request, load};

const SERVICES: usize = 5_000;

fn main() {
    let file = file();
    let megabytes = file.len() / 1_000_000;
    let files = BTreeMap::from([(PathBuf::from("/srv/compose.yaml"), file.into_bytes())]);
    let request = Request { directory: "/srv".into(), ..Request::default() };
    let start = Instant::now();
    let loaded = load(&request, &files);
    let took = start.elapsed();
    assert_eq!(loaded.problems, []);
    if std::env::args().any(|argument| argument == "--json") {
        println!(r#"{{"seconds":{},"bytes":{}}}"#, took.as_secs_f64(), peak() * 1024);
        return;
    }
    println!(
        "{SERVICES} services, {megabytes} MB: {} objects and {} rows in {took:.2?}, at most {} KiB of memory",
        loaded.objects.len(),
        loaded.report.rows.len(),
        peak(),
    );
}

/// A file of services that are like those of real stacks.
fn file() -> String {
    let mut file = String::from("name: big\nservices:\n");
    for index in 0..SERVICES {
        let before = index.saturating_sub(1);
        let depends = if index.is_multiple_of(10) { String::new() } else { format!("    depends_on: [s{before}]\n") };
        // Writing to a text cannot fail.
        write!(
            file,
            "  s{index}:\n    image: registry.example.com/shop/s{index}:${{TAG:-1.0}}\n    command: serve --port 8000 --name s{index}\n\
             {depends}    environment:\n      LOG: info\n      NAME: s{index}\n    ports: ['{}:8000']\n    networks: [n{}]\n    \
             volumes: ['d{index}:/data', './conf:/etc/s:ro']\n    healthcheck: {{ test: [CMD, /check], interval: 5s }}\n    \
             deploy: {{ replicas: 1, resources: {{ limits: {{ memory: 64M }} }} }}\n    restart: unless-stopped\n",
            10_000 + index,
            index % 20,
        )
        .ok();
    }
    file.push_str("networks:\n");
    file.extend((0..20).map(|index| format!("  n{index}:\n")));
    file.push_str("volumes:\n");
    file.extend((0..SERVICES).map(|index| format!("  d{index}:\n")));
    file
}

/// The most memory that the process had, in kibibytes, as Linux counts it; 0 elsewhere.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse().unwrap_or_default()
}
