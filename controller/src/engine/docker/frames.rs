//! Output of containers as it comes over the wire: raw with a terminal, in frames without one.
//!
//! A frame is its stream (1 output, 2 errors), three zero bytes, its length and its bytes. Lines are cut at the newline and keep it;
//! what a terminal writes without one (a prompt) is passed on at once.

use bytes::{Buf, Bytes, BytesMut};

const HEADER: usize = 8;

/// Where a piece of output came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputStream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
    /// A terminal, which has both.
    Terminal,
}

/// Takes bytes in and gives pieces out.
#[derive(Debug)]
pub(super) struct Decoder {
    tty: bool,
    buffer: BytesMut,
}

impl Decoder {
    pub(super) fn new(tty: bool) -> Self {
        Self { tty, buffer: BytesMut::new() }
    }

    pub(super) fn feed(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole piece, `None` until more is fed.
    pub(super) fn next(&mut self) -> Option<(OutputStream, Bytes)> {
        if self.tty {
            let bytes = self.buffer.split().freeze();
            return (!bytes.is_empty()).then_some((OutputStream::Terminal, bytes));
        }
        let header: [u8; HEADER] = self.buffer.get(..HEADER)?.try_into().ok()?;
        let [kind, _, _, _, a, b, c, d] = header;
        let length = usize::try_from(u32::from_be_bytes([a, b, c, d])).ok()?;
        if self.buffer.len() < HEADER + length {
            return None;
        }
        self.buffer.advance(HEADER);
        let bytes = self.buffer.split_to(length).freeze();
        // 3 is what the daemon itself complains about.
        Some((if kind == 1 || kind == 0 { OutputStream::Out } else { OutputStream::Err }, bytes))
    }
}

/// Puts lines together from pieces, for each stream apart.
#[derive(Debug, Default)]
pub(super) struct Lines {
    out: BytesMut,
    err: BytesMut,
}

impl Lines {
    /// The lines that a piece ends, in order.
    pub(super) fn take(&mut self, stream: OutputStream, bytes: &Bytes) -> Vec<(OutputStream, Bytes)> {
        if stream == OutputStream::Terminal {
            return bytes.split_inclusive(|byte| *byte == b'\n').map(|line| (stream, bytes.slice_ref(line))).collect();
        }
        let rest = if stream == OutputStream::Out { &mut self.out } else { &mut self.err };
        rest.extend_from_slice(bytes);
        let mut lines = Vec::new();
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            lines.push((stream, rest.split_to(end + 1).freeze()));
        }
        lines
    }

    /// What is left at the end without a newline.
    pub(super) fn finish(&mut self) -> Vec<(OutputStream, Bytes)> {
        let rests = [(OutputStream::Out, self.out.split()), (OutputStream::Err, self.err.split())];
        rests.into_iter().filter(|(_, rest)| !rest.is_empty()).map(|(stream, rest)| (stream, rest.freeze())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_read_however_they_are_cut() {
        let wire = b"\x01\0\0\0\0\0\0\x03a\nb\x02\0\0\0\0\0\0\x02e\n\x01\0\0\0\0\0\0\x01c";
        let (mut decoder, mut lines, mut all) = (Decoder::new(false), Lines::default(), Vec::new());
        for byte in wire {
            decoder.feed(&[*byte]);
            while let Some((stream, bytes)) = decoder.next() {
                all.extend(lines.take(stream, &bytes));
            }
        }
        all.extend(lines.finish());
        let expected = [(OutputStream::Out, "a\n"), (OutputStream::Err, "e\n"), (OutputStream::Out, "bc")];
        assert_eq!(all, expected.map(|(stream, text)| (stream, Bytes::from(text))));
    }

    #[test]
    fn a_terminal_that_begins_with_a_control_byte_is_no_frame() {
        let mut decoder = Decoder::new(true);
        decoder.feed(b"\x01\x02$ ");
        assert_eq!(decoder.next(), Some((OutputStream::Terminal, Bytes::from_static(b"\x01\x02$ "))));
    }
}
