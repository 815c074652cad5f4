//! Lines about questions, as CoreDNS' `log` writes them.
use std::sync::Arc;

use hickory_proto::op::{Message, Metadata};
use netloom_naming::types;
use tokio::sync::broadcast;

use crate::{metrics::Transport, request::Request, responder::Came};

/// Where lines go. It holds the last few, and whoever reads too slowly hears how many it missed: no answer waits.
pub type QueryLog = broadcast::Sender<Arc<str>>;

/// A line about a question and the response to it; none where the question was dropped.
pub(crate) fn line(
    format: &str,
    request: &Request,
    came: Came,
    answered: Option<(&Message, usize)>,
) -> String {
    let mut line = String::from("[INFO] ");
    let mut rest = format;
    while let Some(at) = rest.find('{') {
        line += &rest[..at];
        rest = &rest[at..];
        let end = rest.find('}').map_or(rest.len(), |end| end + 1);
        match value(&rest[..end], request, came, answered) {
            Some(value) => {
                line += &value;
                rest = &rest[end..];
            }
            None => {
                line.push('{');
                rest = &rest[1..];
            }
        }
    }
    line + rest
}

/// What stands for a placeholder; nothing where it is none.
fn value(label: &str, request: &Request, came: Came, answered: Option<(&Message, usize)>) -> Option<String> {
    let is_tcp = came.transport == Transport::Tcp;
    let metadata = &request.metadata;
    Some(match label {
        "{type}" => request.query.query_type().to_string(),
        "{name}" => format!("{}.", request.name),
        "{class}" => request.query.query_class().to_string(),
        "{proto}" => if is_tcp { "tcp" } else { "udp" }.to_owned(),
        "{size}" => came.length.to_string(),
        "{remote}" if came.client.is_ipv6() => format!("[{}]", came.client),
        "{remote}" => came.client.to_string(),
        "{port}" => came.port.to_string(),
        "{>id}" => metadata.id.to_string(),
        "{>opcode}" => u8::from(metadata.op_code).to_string(),
        "{>do}" => request.edns.as_ref().is_some_and(|edns| edns.flags().dnssec_ok).to_string(),
        "{>bufsize}" if is_tcp => u16::MAX.to_string(),
        "{>bufsize}" => request.edns.as_ref().map_or(512, |edns| edns.max_payload().max(512)).to_string(),
        "{rcode}" => {
            answered.map_or("-", |(m, _)| types::rcode_name(m.metadata.response_code.into())).to_owned()
        }
        "{>rflags}" => answered.map_or_else(|| "-".to_owned(), |(message, _)| flags(&message.metadata)),
        "{rsize}" => answered.map_or(0, |(_, length)| length).to_string(),
        "{duration}" => format!("{}s", came.at.elapsed().as_secs_f64()),
        "{local}" => "-".to_owned(),
        metadata if metadata.starts_with("{/") => "-".to_owned(),
        _ => return None,
    })
}

fn flags(of: &Metadata) -> String {
    let all = [
        (true, "qr"),
        (of.authoritative, "aa"),
        (of.truncation, "tc"),
        (of.recursion_desired, "rd"),
        (of.recursion_available, "ra"),
        (of.authentic_data, "ad"),
        (of.checking_disabled, "cd"),
    ];
    all.into_iter().filter_map(|(is_set, name)| is_set.then_some(name)).collect::<Vec<_>>().join(",")
}
