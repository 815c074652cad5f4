//! Reading a packet: what is a question to answer, what an error to report, what to drop.
use hickory_proto::{
    op::{Edns, Message, MessageType, Metadata, OpCode, Query, ResponseCode},
    rr::DNSClass,
};

use crate::answer::text_of;

/// The largest UDP response that is sent, as agreed at DNS Flag Day 2020: it passes every tunnel unfragmented.
pub(crate) const MAX_UDP: u16 = 1232;

/// A well-formed question.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) metadata: Metadata,
    pub(crate) query: Query,
    pub(crate) edns: Option<Edns>,
    /// The question's name in lower case, without the final dot. Bytes that names in the cluster never have are
    /// written as `\` and three digits, so that no dot inside a label is taken for one between labels.
    pub(crate) name: String,
}

/// What a packet turned out to be.
#[derive(Debug)]
pub(crate) enum Parsed {
    /// A question.
    Request(Box<Request>),
    /// Something to refuse; the response is complete.
    Error(Box<Message>),
    /// Nothing that may be answered: a response (two servers could answer each other for ever), or no message.
    Drop,
}

impl Request {
    /// Reads a packet.
    pub(crate) fn parse(packet: &[u8]) -> Parsed {
        let Some(header) = packet.first_chunk::<12>() else { return Parsed::Drop };
        let id = u16::from_be_bytes([header[0], header[1]]);
        if header[2] & 0x80 != 0 {
            return Parsed::Drop;
        }
        let op_code = OpCode::from_u8(header[2] >> 3 & 0xf);
        let error = |rcode| Parsed::Error(Box::new(error_response(id, op_code, header[2] & 1 != 0, rcode)));
        if op_code != OpCode::Query {
            return error(ResponseCode::NotImp);
        }
        if u16::from_be_bytes([header[4], header[5]]) != 1 {
            return error(ResponseCode::FormErr);
        }
        let Ok(mut message) = Message::from_vec(packet) else { return error(ResponseCode::FormErr) };
        let (Some(query), MessageType::Query) = (message.queries.pop(), message.metadata.message_type) else {
            return error(ResponseCode::FormErr);
        };
        let name = text_of(query.name());
        let request = Self { metadata: message.metadata, query, edns: message.edns, name };
        match request.refusal() {
            Some(rcode) => {
                let mut response = request.response();
                response.metadata.response_code = rcode;
                Parsed::Error(Box::new(response))
            }
            None => Parsed::Request(Box::new(request)),
        }
    }

    /// Questions that are read but never answered.
    fn refusal(&self) -> Option<ResponseCode> {
        /// OPT is no type of a question; TKEY, TSIG, IXFR and AXFR, MAILB and MAILA ask for what is not offered.
        const NEVER: u16 = 41;
        const REFUSED: std::ops::RangeInclusive<u16> = 249..=254;
        let rtype = u16::from(self.query.query_type());
        if self.edns.as_ref().is_some_and(|edns| edns.version() > 0) {
            return Some(ResponseCode::BADVERS);
        }
        if rtype == NEVER {
            return Some(ResponseCode::FormErr);
        }
        let refused = self.query.query_class() != DNSClass::IN || REFUSED.contains(&rtype);
        refused.then_some(ResponseCode::Refused)
    }

    /// An empty response to this request: the question, the bits and the EDNS record that go with it.
    pub(crate) fn response(&self) -> Message {
        let mut response = Message::response(self.metadata.id, self.metadata.op_code);
        response.metadata.recursion_desired = self.metadata.recursion_desired;
        response.metadata.recursion_available = true;
        response.metadata.checking_disabled = self.metadata.checking_disabled;
        response.add_query(self.query.clone());
        response.edns = self.edns.as_ref().map(|asked| {
            let mut edns = Edns::new();
            edns.set_max_payload(MAX_UDP).set_dnssec_ok(asked.flags().dnssec_ok);
            edns
        });
        response
    }

    /// The size that a UDP response may have: what the client takes, 512 bytes where it says nothing (RFC 1035).
    pub(crate) fn udp_limit(&self) -> u16 {
        self.edns.as_ref().map_or(512, |edns| edns.max_payload().clamp(512, MAX_UDP))
    }

    /// Whether another client will send the same packet: not with EDNS options, for those are mostly cookies.
    pub(crate) fn is_common(&self) -> bool {
        self.edns.as_ref().is_none_or(|edns| edns.options().as_ref().is_empty())
    }
}

fn error_response(id: u16, op_code: OpCode, recursion_desired: bool, rcode: ResponseCode) -> Message {
    let mut response = Message::error_msg(id, op_code, rcode);
    response.metadata.recursion_desired = recursion_desired;
    response.metadata.recursion_available = true;
    response
}
