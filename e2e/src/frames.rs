//! The frames of HTTP/2, as far as what stands in for a server needs them: <https://www.rfc-editor.org/rfc/rfc9113#section-4>.

use std::io::Read;

use anyhow::Result;

/// What a client says first, in bytes.
pub(crate) const PREFACE: usize = 24;
/// The head of each frame after that: three bytes of length, one of type, one of flags, four of the stream.
pub(crate) const HEAD: usize = 9;
/// What carries the body of a call.
pub(crate) const DATA: u8 = 0;
/// What begins a call, and ends an answer of gRPC.
pub(crate) const HEADERS: u8 = 1;
/// What either side begins with.
pub(crate) const SETTINGS: u8 = 4;
/// What asks for a sign of life.
pub(crate) const PING: u8 = 6;
/// The flag of the last frame of a call or an answer; of settings and signs of life, that they are an acknowledgement.
pub(crate) const END_STREAM: u8 = 1;
/// The flag of headers that are whole.
pub(crate) const END_HEADERS: u8 = 4;

/// The next frame, whole.
pub(crate) fn frame(from: &mut impl Read) -> Result<Vec<u8>> {
    let mut head = [0; HEAD];
    from.read_exact(&mut head)?;
    let [high, middle, low, ..] = head;
    let mut body = vec![0; usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low)];
    from.read_exact(&mut body)?;
    Ok([head.as_slice(), &body].concat())
}

/// Its type.
pub(crate) fn kind(frame: &[u8]) -> u8 {
    frame.get(3).copied().unwrap_or_default()
}

/// Its flags.
pub(crate) fn flags(frame: &[u8]) -> u8 {
    frame.get(4).copied().unwrap_or_default()
}
