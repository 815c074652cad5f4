//! What a client speaks, told by its first bytes.

/// What the first bytes of a connection begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Speech {
    /// An HTTP/1 request line.
    Http1,
    /// The preface of HTTP/2 (RFC 9113, section 3.4).
    Http2,
    /// Anything else: it is echoed.
    Other,
    /// More bytes are needed.
    Undecided,
}

/// How many bytes decide at most.
pub(crate) const ENOUGH: usize = 12;

const PREFACE: &[u8; ENOUGH] = b"PRI * HTTP/2";
const METHODS: [&[u8]; 9] =
    [b"GET ", b"HEAD ", b"POST ", b"PUT ", b"DELETE ", b"OPTIONS ", b"PATCH ", b"TRACE ", b"CONNECT "];

/// Judges the first bytes.
pub(crate) fn judge(bytes: &[u8]) -> Speech {
    if bytes.starts_with(PREFACE) {
        return Speech::Http2;
    }
    let mut undecided = PREFACE.starts_with(bytes);
    for method in METHODS {
        if let Some(rest) = bytes.strip_prefix(method) {
            return match rest.first() {
                Some(b'/' | b'*' | b'h' | b'H') => Speech::Http1,
                Some(first) if first.is_ascii_graphic() && method == b"CONNECT " => Speech::Http1,
                Some(_) => Speech::Other,
                None => Speech::Undecided,
            };
        }
        undecided |= method.starts_with(bytes);
    }
    if undecided { Speech::Undecided } else { Speech::Other }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_bytes_decide() {
        for (bytes, speech) in [
            ("", Speech::Undecided),
            ("G", Speech::Undecided),
            ("GET", Speech::Undecided),
            ("GET ", Speech::Undecided),
            ("GET /", Speech::Http1),
            ("GET http://a/ HTTP/1.1", Speech::Http1),
            ("OPTIONS *", Speech::Http1),
            ("CONNECT a:1 HTTP/1.1", Speech::Http1),
            ("GET lost\n", Speech::Other),
            ("GETTING", Speech::Other),
            ("get / HTTP/1.1", Speech::Other),
            ("P", Speech::Undecided),
            ("PRI * HTTP/", Speech::Undecided),
            ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Speech::Http2),
            ("PRI * HTTP/1", Speech::Other),
            ("hello\n", Speech::Other),
            ("\n", Speech::Other),
            ("\u{16}\u{3}\u{1}", Speech::Other),
        ] {
            assert_eq!(judge(bytes.as_bytes()), speech, "{bytes:?}");
        }
    }

    #[test]
    fn a_full_buffer_always_decides() {
        for method in METHODS {
            let mut bytes = method.to_vec();
            bytes.resize(ENOUGH, b'/');
            assert_ne!(judge(&bytes), Speech::Undecided);
        }
        assert_ne!(judge(PREFACE), Speech::Undecided);
    }
}
