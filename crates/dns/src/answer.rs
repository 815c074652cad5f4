//! The zone's answers as DNS messages.
use hickory_proto::{
    ProtoError,
    op::{Message, ResponseCode},
    rr::{
        Name, RData, Record,
        rdata::{A, AAAA, CNAME, HINFO, NS, PTR, SOA, SRV, TXT},
    },
};
use netloom_naming::{Answer, Ending, Record as ZoneRecord, RecordData, RecordType, Zone};

use crate::request::Request;

/// `ANY`.
const ANY: u16 = 255;

/// What the zone says to a request.
#[derive(Debug)]
pub(crate) enum Reply {
    /// The whole response.
    Done(Message),
    /// The answer so far; this name's records are the upstream server's to add.
    Continue(Message, Name),
    /// The name is not the cluster's.
    NotOurs,
}

/// Asks the zone.
pub(crate) fn answer(zone: &Zone, request: &Request) -> Result<Reply, ProtoError> {
    let number = u16::from(request.query.query_type());
    let rtype = RecordType::from_number(number);
    let found = zone.lookup(&request.name, rtype);
    if found == Answer::NotOurs {
        return Ok(Reply::NotOurs);
    }
    let mut response = request.response();
    response.metadata.authoritative = true;
    match found {
        Answer::NotOurs => return Ok(Reply::NotOurs),
        Answer::NxDomain { .. } => negative(&mut response, zone, request, ResponseCode::NXDomain)?,
        Answer::NoData { .. } if number == ANY => response.answers.push(minimal_any(request)),
        Answer::NoData { .. } => negative(&mut response, zone, request, ResponseCode::NoError)?,
        Answer::Records { records, additionals, ending, .. } => {
            response.answers = to_wire(&records, request)?;
            response.additionals = to_wire(&additionals, request)?;
            match ending {
                Ending::Complete => {}
                Ending::NoData => negative(&mut response, zone, request, ResponseCode::NoError)?,
                Ending::NxDomain => negative(&mut response, zone, request, ResponseCode::NXDomain)?,
                Ending::Loop => response.metadata.response_code = ResponseCode::ServFail,
                Ending::Outside(target) => {
                    let target = name(&target, request)?;
                    return Ok(Reply::Continue(response, target));
                }
            }
        }
    }
    Ok(Reply::Done(response))
}

fn negative(
    response: &mut Message,
    zone: &Zone,
    request: &Request,
    rcode: ResponseCode,
) -> Result<(), ProtoError> {
    response.metadata.response_code = rcode;
    response.authorities = to_wire(&[zone.soa(&request.name)], request)?;
    Ok(())
}

/// One small record in place of all (RFC 8482, 4.2).
fn minimal_any(request: &Request) -> Record {
    let hinfo = HINFO::new("RFC8482".to_owned(), String::new());
    Record::from_rdata(request.query.name().clone(), netloom_naming::TTL, RData::HINFO(hinfo))
}

fn to_wire(records: &[ZoneRecord], request: &Request) -> Result<Vec<Record>, ProtoError> {
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
        RecordData::Srv { priority, weight, port, target } => {
            RData::SRV(SRV::new(*priority, *weight, *port, name(target, request)?))
        }
        RecordData::Soa { mname, rname, serial, minimum } => {
            let (mname, rname) = (name(mname, request)?, name(rname, request)?);
            RData::SOA(SOA::new(mname, rname, *serial, 7200, 1800, 86400, *minimum))
        }
    })
}

/// The question's own name keeps the question's letters: clients compare them (draft-vixie-dnsext-dns0x20).
fn name(text: &str, request: &Request) -> Result<Name, ProtoError> {
    if text == request.name {
        return Ok(request.query.name().clone());
    }
    if text.is_empty() {
        return Ok(Name::root());
    }
    Name::from_labels(text.split('.').map(str::as_bytes))
}
