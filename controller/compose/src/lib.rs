//! Compose files as objects of Skiff: what they say, by the Compose Specification, and what each attribute becomes.
//!
//! [`load()`] does all of it: it finds the files, replaces variables, follows includes and extends, merges, checks, and makes
//! objects whose every field knows its line. Files are read through the caller's [`Reader`]; nothing else is asked of the
//! machine. Whatever is wrong is told with its place, all of it, and a project with a mistake yields no objects: half a stack
//! is something that nobody wrote.

pub mod attributes;
mod canonical;
mod check;
mod convert;
mod dotenv;
mod environment;
mod files;
mod interpolate;
mod load;
mod loaded;
mod manifest;
mod merge;
mod names;
mod paths;
mod problem;
mod problems;
mod report;
mod request;
mod schema;
mod words;

#[cfg(test)]
mod tests;

pub use files::Text;
pub use load::FILE_NAMES;
pub use loaded::{Declared, Loaded, load};
pub use problem::Problem;
pub use report::{Report, Row, Verdict};
pub use request::{ReadError, Reader, Request};
pub use words::in_words;
