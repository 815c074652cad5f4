//! Responses as DNS messages, and messages of other servers as responses.
use std::{fmt::Write as _, sync::Arc};

use hickory_proto::{
    ProtoError,
    op::{Message, ResponseCode},
    rr::{
        Name, RData, Record, RecordType as WireType,
        rdata::{A, AAAA, CNAME, MX, NS, NULL, PTR, SOA, SRV, TXT},
    },
    serialize::binary::{BinEncodable, BinEncoder, NameEncoding},
};
use netloom_naming::{Record as NamedRecord, RecordData, Response, types};

use crate::request::Request;

/// A response to a request.
pub(crate) fn message(response: &Response, request: &Request) -> Result<Message, ProtoError> {
    let mut message = request.response();
    message.metadata.response_code = ResponseCode::from(0, response.rcode as u8);
    message.metadata.authoritative = response.authoritative;
    message.metadata.truncation = response.truncated;
    message.metadata.authentic_data = response.authentic;
    message.answers = to_wire(&response.answers, request)?;
    message.authorities = to_wire(&response.authorities, request)?;
    message.additionals = to_wire(&response.additionals, request)?;
    Ok(message)
}

fn to_wire(records: &[NamedRecord], request: &Request) -> Result<Vec<Record>, ProtoError> {
    records
        .iter()
        .map(|r| Ok(Record::from_rdata(name(&r.name, request)?, r.ttl, data(&r.data, request)?)))
        .collect()
}

fn data(data: &RecordData, request: &Request) -> Result<RData, ProtoError> {
    Ok(match data {
        RecordData::A(ip) => RData::A(A(*ip)),
        RecordData::Aaaa(ip) => RData::AAAA(AAAA(*ip)),
        RecordData::Cname(target) => RData::CNAME(CNAME(name(target, request)?)),
        RecordData::Ptr(target) => RData::PTR(PTR(name(target, request)?)),
        RecordData::Ns(target) => RData::NS(NS(name(target, request)?)),
        RecordData::Txt(text) => RData::TXT(TXT::new(vec![text.to_string()])),
        RecordData::Mx { preference, exchange } => RData::MX(MX::new(*preference, name(exchange, request)?)),
        RecordData::Srv { priority, weight, port, target } => {
            RData::SRV(SRV::new(*priority, *weight, *port, name(target, request)?))
        }
        RecordData::Soa { mname, rname, serial, timers: [refresh, retry, expire], minimum } => {
            let (mname, rname) = (name(mname, request)?, name(rname, request)?);
            let signed = |time: &u32| i32::try_from(*time).unwrap_or(i32::MAX);
            let (refresh, retry, expire) = (signed(refresh), signed(retry), signed(expire));
            RData::SOA(SOA::new(mname, rname, *serial, refresh, retry, expire, *minimum))
        }
        RecordData::Other { rtype, data } => {
            RData::Unknown { code: WireType::from(*rtype), rdata: NULL::with(data.to_vec()) }
        }
    })
}

/// The question's own name keeps the question's letters: clients compare them (draft-vixie-dnsext-dns0x20).
fn name(text: &str, request: &Request) -> Result<Name, ProtoError> {
    if text == request.name {
        return Ok(request.query.name().clone());
    }
    name_of(text)
}

/// A name from its text, in which bytes that names in the cluster never have are `\` and three digits.
pub(crate) fn name_of(text: &str) -> Result<Name, ProtoError> {
    if text.is_empty() {
        return Ok(Name::root());
    }
    if !text.contains('\\') {
        return Name::from_labels(text.split('.').map(str::as_bytes));
    }
    let labels: Vec<Vec<u8>> = text.split('.').map(bytes_of).collect();
    Name::from_labels(labels.iter().map(Vec::as_slice))
}

fn bytes_of(label: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(label.len());
    let mut rest = label.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let digits = after.get(..3).and_then(|d| std::str::from_utf8(d).ok()?.parse::<u8>().ok());
        match digits.filter(|_| *first == b'\\') {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[3..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    bytes
}

/// A name's text: lower case, no final dot, strange bytes as `\` and three digits.
pub(crate) fn text_of(name: &Name) -> String {
    let mut text = String::with_capacity(name.len());
    for label in name.iter() {
        if !text.is_empty() {
            text.push('.');
        }
        for byte in label {
            match byte {
                b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'*' => text.push(char::from(*byte)),
                b'A'..=b'Z' => text.push(char::from(byte.to_ascii_lowercase())),
                // Writing to a String cannot fail.
                _ => _ = write!(text, "\\{byte:03}"),
            }
        }
    }
    text
}

/// What another server said.
pub(crate) fn response(message: &Message) -> Result<Response, ProtoError> {
    let records = |of: &[Record]| of.iter().map(from_wire).collect::<Result<Vec<_>, _>>();
    let rcode = match message.metadata.response_code {
        code if code.high() > 0 => types::SERVFAIL,
        code => u16::from(code),
    };
    Ok(Response {
        rcode,
        authoritative: message.metadata.authoritative,
        truncated: message.metadata.truncation,
        authentic: message.metadata.authentic_data,
        answers: records(&message.answers)?,
        authorities: records(&message.authorities)?,
        additionals: records(&message.additionals)?,
        upstream: true,
        ..Response::default()
    })
}

fn from_wire(record: &Record) -> Result<NamedRecord, ProtoError> {
    let name = |name: &Name| Arc::<str>::from(text_of(name));
    let unsigned = |time: i32| u32::try_from(time).unwrap_or_default();
    let data = match &record.data {
        RData::A(A(ip)) => RecordData::A(*ip),
        RData::AAAA(AAAA(ip)) => RecordData::Aaaa(*ip),
        RData::CNAME(CNAME(target)) => RecordData::Cname(name(target)),
        RData::PTR(PTR(target)) => RecordData::Ptr(name(target)),
        RData::NS(NS(target)) => RecordData::Ns(name(target)),
        RData::MX(mx) => RecordData::Mx { preference: mx.preference, exchange: name(&mx.exchange) },
        RData::SRV(srv) => RecordData::Srv {
            priority: srv.priority,
            weight: srv.weight,
            port: srv.port,
            target: name(&srv.target),
        },
        RData::SOA(soa) => RecordData::Soa {
            mname: name(&soa.mname),
            rname: name(&soa.rname),
            serial: soa.serial,
            timers: [unsigned(soa.refresh), unsigned(soa.retry), unsigned(soa.expire)],
            minimum: soa.minimum,
        },
        other => RecordData::Other { rtype: record.record_type().into(), data: bytes(other)?.into() },
    };
    Ok(NamedRecord { name: name(&record.name), ttl: record.ttl, data })
}

/// Data as it is on the wire, its names in full.
fn bytes(data: &RData) -> Result<Vec<u8>, ProtoError> {
    let mut bytes = Vec::new();
    let mut encoder = BinEncoder::new(&mut bytes);
    encoder.set_name_encoding(NameEncoding::Uncompressed);
    data.emit(&mut encoder)?;
    Ok(bytes)
}
