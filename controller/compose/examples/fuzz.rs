//! Feeds the loader what no person writes, for a while: `make fuzz`, or `cargo run --release -p skiff-compose --example fuzz -- SECONDS SEED`.
//!
//! It begins with the examples of every attribute, and changes them: letters, lines, pieces of other files, words that mean something.
//! No input may panic the loader, hang it, or come out as objects beside problems. What does is written down and ends it; the same seed
//! finds it again. A driver of its own, because `cargo fuzz` needs a nightly compiler.

#![expect(clippy::disallowed_methods, clippy::print_stdout, reason = "it runs by a clock, and tells what it found")]

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use skiff_compose::{Request, attributes, load};

/// No small file may take longer.
const SLOW: Duration = Duration::from_secs(2);
/// Longer inputs find nothing that shorter ones do not.
const LONGEST: usize = 4096;

const WORDS: [&str; 32] = [
    "${A}",
    "${A:-${B:?x}}",
    "$$",
    "${",
    "!reset",
    "!override",
    "&a",
    "*a",
    "<<: *a",
    "extends:",
    "include: [compose.yaml]",
    "null",
    "~",
    "- ",
    ": ",
    "{",
    "}",
    "[",
    "]",
    "'",
    "\"",
    "|\n",
    ">\n",
    "0x10",
    "1e400",
    "-1",
    "18446744073709551616",
    "\u{feff}",
    "\u{0}",
    "é",
    "---\n",
    "services:\n",
];

/// A small generator of numbers: the same seed gives the same ones.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end.max(1)).unwrap_or(1)).unwrap_or_default()
    }

    fn of<'t, T>(&mut self, items: &'t [T]) -> Option<&'t T> {
        items.get(self.below(items.len()))
    }
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let seconds = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(60);
    let seed = arguments.next().and_then(|text| text.parse().ok()).unwrap_or_else(fresh);
    println!("{seconds} s from seed {seed}");
    // What panics is told once, by what caught it.
    std::panic::set_hook(Box::new(|_| {}));
    let (end, mut numbers, mut corpus) =
        (Instant::now() + Duration::from_secs(seconds), Numbers(seed.max(1)), corpus());
    let (mut inputs, mut loaded) = (0_u64, 0_u64);
    while Instant::now() < end {
        let input = changed(&corpus, &mut numbers);
        match fed(&input) {
            Ok(yields) => {
                loaded += u64::from(yields);
                // What is still a project is a good place to go on from.
                if yields && corpus.len() < 2_000 {
                    corpus.push(input);
                }
            }
            Err(why) => return found(&input, &why, seed),
        }
        inputs += 1;
    }
    println!("{inputs} inputs, {loaded} of them projects: nothing found");
    ExitCode::SUCCESS
}

fn fresh() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(1, |now| now.as_secs())
}

/// A file for each attribute's example.
fn corpus() -> Vec<String> {
    let of_service = attributes::service().map(|row| {
        let line = row.example.trim_matches(['{', '}']);
        format!("name: p\nservices:\n  a:\n    image: i\n    {line}\n  b: {{ image: i }}\nnetworks: {{ front: , back: }}\nvolumes: {{ data: }}\n")
    });
    let of_project = attributes::project().map(|row| format!("{}\nservices: {{ a: {{ image: i }} }}\n", row.example));
    of_service.chain(of_project).collect()
}

/// An input made from others.
fn changed(corpus: &[String], numbers: &mut Numbers) -> String {
    let mut text = numbers.of(corpus).cloned().unwrap_or_default();
    for _ in 0..=numbers.below(4) {
        let (from, to) = (place(&text, numbers), place(&text, numbers));
        let (from, to) = (from.min(to), from.max(to));
        match numbers.below(6) {
            0 => text.replace_range(from..to, ""),
            1 => text.insert_str(from, numbers.of(&WORDS).copied().unwrap_or_default()),
            2 => text.replace_range(from..to, numbers.of(&WORDS).copied().unwrap_or_default()),
            3 => {
                let again = text.get(from..to).unwrap_or_default().to_owned();
                text.insert_str(to, &again);
            }
            4 => {
                let other = numbers.of(corpus).cloned().unwrap_or_default();
                let lines: Vec<&str> = other.lines().collect();
                let line = numbers.of(&lines).copied().unwrap_or_default();
                let start = text.get(..from).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
                text.insert_str(start, &format!("{line}\n"));
            }
            _ => {
                let letter = char::from(u8::try_from(numbers.below(128)).unwrap_or(b' '));
                text.insert(from, letter);
            }
        }
        let end = (0..=LONGEST.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(end);
    }
    text
}

/// A place between two letters.
fn place(text: &str, numbers: &mut Numbers) -> usize {
    let wanted = numbers.below(text.len() + 1);
    (0..=wanted).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// Loads an input; whether it yields objects, or what is wrong with the loader.
fn fed(input: &str) -> Result<bool, String> {
    let files = BTreeMap::from([(PathBuf::from("/p/compose.yaml"), input.as_bytes().to_vec())]);
    let request = Request { directory: "/p".into(), ..Request::default() };
    let start = Instant::now();
    let loaded = catch_unwind(AssertUnwindSafe(|| load(&request, &files))).map_err(|_| "it panicked".to_owned())?;
    if start.elapsed() > SLOW {
        return Err(format!("it took {:.1?}", start.elapsed()));
    }
    if !loaded.problems.is_empty() && !loaded.objects.is_empty() {
        return Err("there are objects beside problems".to_owned());
    }
    let ends = loaded
        .problems
        .iter()
        .filter_map(|problem| problem.place)
        .map(|place| usize::try_from(place.end.offset).unwrap_or(usize::MAX));
    if ends.max().is_some_and(|end| end > input.len()) {
        return Err("a problem is said to be behind the end".to_owned());
    }
    Ok(!loaded.objects.is_empty())
}

/// Writes down what was found.
fn found(input: &str, why: &str, seed: u64) -> ExitCode {
    let file = std::env::temp_dir().join(format!("skiff-compose-fuzz-{seed}.yaml"));
    let kept =
        std::fs::write(&file, input).map_or_else(|error| format!("not kept: {error}"), |()| file.display().to_string());
    println!("{why} (seed {seed}, {kept}):\n{input}");
    ExitCode::FAILURE
}
