//! What a stand-in answers a request with.
use std::{borrow::Cow, collections::BTreeMap, net::SocketAddr, sync::Arc};

use hyper::{
    HeaderMap, Method, Request, Response, StatusCode,
    body::{Body, Incoming},
    header::{CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderValue},
    http::request,
};
use serde::Serialize;

use super::{
    body::{Answer, Received, base64, receive},
    label,
    play::{Part, Play},
};
use crate::{Identity, Transport};

/// One TCP port of a stand-in.
pub(crate) struct Answerer {
    identity: Arc<Identity>,
    port: u16,
    pod_header: HeaderValue,
    node_header: HeaderValue,
}

/// Who answers, and what was asked.
#[derive(Serialize)]
struct Description<'a> {
    pod: &'a str,
    namespace: &'a str,
    node: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    workload: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_account: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    container: Option<&'a str>,
    port: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    port_name: Option<&'a str>,
    protocol: Transport,
    ips: &'a [std::net::IpAddr],
    peer: Address,
    #[serde(skip_serializing_if = "Option::is_none")]
    local: Option<Address>,
    request: Asked<'a>,
}

#[derive(Serialize)]
struct Address {
    address: std::net::IpAddr,
    port: u16,
}

impl From<SocketAddr> for Address {
    fn from(address: SocketAddr) -> Self {
        Self { address: address.ip(), port: address.port() }
    }
}

#[derive(Serialize)]
struct Asked<'a> {
    method: &'a str,
    path: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    query: Option<&'a str>,
    version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<Cow<'a, str>>,
    headers: BTreeMap<&'a str, Vec<Cow<'a, str>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<AskedBody<'a>>,
}

#[derive(Serialize)]
struct AskedBody<'a> {
    content: Cow<'a, str>,
    encoding: &'static str,
    bytes: u64,
    truncated: bool,
}

#[derive(Serialize)]
struct Refusal {
    error: String,
}

impl Answerer {
    pub(crate) fn new(identity: Arc<Identity>, port: u16) -> Self {
        let (pod_header, node_header) = (label(&identity.label()), label(&identity.node));
        Self { identity, port, pod_header, node_header }
    }

    /// Answers one request. Fails only where its body cannot be read.
    pub(crate) async fn answer(
        &self,
        request: Request<Incoming>,
        peer: SocketAddr,
        local: Option<SocketAddr>,
    ) -> Result<Response<Answer>, hyper::Error> {
        let (head, body) = request.into_parts();
        let is_head = head.method == Method::HEAD;
        let mut response = match Play::of(&head.uri) {
            Ok(play) => {
                if let Some(delay) = play.delay {
                    tokio::time::sleep(delay).await;
                }
                self.perform(&play, &head, body, peer, local).await?
            }
            Err(error) => json(StatusCode::BAD_REQUEST, &Refusal { error }),
        };
        let headers = response.headers_mut();
        headers.insert("x-netloom-pod", self.pod_header.clone());
        headers.insert("x-netloom-node", self.node_header.clone());
        headers.insert("x-netloom-peer", label(&peer.to_string()));
        Ok(if is_head { without_body(response) } else { response })
    }

    async fn perform(
        &self,
        play: &Play,
        head: &request::Parts,
        body: Incoming,
        peer: SocketAddr,
        local: Option<SocketAddr>,
    ) -> Result<Response<Answer>, hyper::Error> {
        // RFC 9110, section 15: these have no content.
        if matches!(
            play.status,
            StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT | StatusCode::NOT_MODIFIED
        ) {
            return Ok(with_type(play.status, None, Answer::Filler(0)));
        }
        let binary = HeaderValue::from_static("application/octet-stream");
        Ok(match play.part {
            Part::Bytes(count) => with_type(play.status, Some(binary), Answer::Filler(count)),
            Part::Echo => {
                let content_type = head.headers.get(CONTENT_TYPE).cloned().unwrap_or(binary);
                with_type(play.status, Some(content_type), Answer::Echo(body))
            }
            Part::Describe => {
                let received = receive(body).await?;
                json(play.status, &self.describe(head, &received, peer, local))
            }
        })
    }

    fn describe<'a>(
        &'a self,
        head: &'a request::Parts,
        body: &'a Received,
        peer: SocketAddr,
        local: Option<SocketAddr>,
    ) -> Description<'a> {
        let identity = &self.identity;
        let declared = identity.port(Transport::Tcp, self.port);
        Description {
            pod: &identity.pod,
            namespace: &identity.namespace,
            node: &identity.node,
            workload: identity.workload.as_deref(),
            service_account: identity.service_account.as_deref(),
            container: declared.map(|d| d.container.as_str()),
            port: self.port,
            port_name: declared.and_then(|d| d.name.as_deref()),
            protocol: Transport::Tcp,
            ips: &identity.ips,
            peer: peer.into(),
            local: local.map(Into::into),
            request: asked(head, body),
        }
    }
}

fn asked<'a>(head: &'a request::Parts, body: &'a Received) -> Asked<'a> {
    let authority = head.uri.authority().map(|a| Cow::Borrowed(a.as_str()));
    Asked {
        method: head.method.as_str(),
        path: head.uri.path(),
        query: head.uri.query(),
        version: format!("{:?}", head.version),
        host: head.headers.get(HOST).map(text).or(authority),
        headers: listed(&head.headers),
        body: (body.length > 0).then(|| shown(body)),
    }
}

/// Every header with all its values; bytes that are no UTF-8 are replaced.
fn listed(headers: &HeaderMap) -> BTreeMap<&str, Vec<Cow<'_, str>>> {
    let mut list: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    for (name, value) in headers {
        list.entry(name.as_str()).or_default().push(text(value));
    }
    list
}

fn text(value: &HeaderValue) -> Cow<'_, str> {
    String::from_utf8_lossy(value.as_bytes())
}

/// A body as text where it is text (a character cut off at the end aside), else in base64.
fn shown(body: &Received) -> AskedBody<'_> {
    let truncated = body.length > body.kept.len() as u64;
    let text = match std::str::from_utf8(&body.kept) {
        Ok(text) => Some(text),
        Err(e) if truncated && e.error_len().is_none() => {
            std::str::from_utf8(&body.kept[..e.valid_up_to()]).ok()
        }
        Err(_) => None,
    };
    let (content, encoding) = match text {
        Some(text) => (Cow::Borrowed(text), "utf8"),
        None => (Cow::Owned(base64(&body.kept)), "base64"),
    };
    AskedBody { content, encoding, bytes: body.length, truncated }
}

fn json(status: StatusCode, value: &impl Serialize) -> Response<Answer> {
    // Strings, numbers and maps with string keys always serialise; were they not to, the status says enough.
    let mut body = serde_json::to_vec_pretty(value).unwrap_or_default();
    body.push(b'\n');
    with_type(status, Some(HeaderValue::from_static("application/json")), Answer::Bytes(body.into()))
}

fn with_type(status: StatusCode, content_type: Option<HeaderValue>, body: Answer) -> Response<Answer> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    if let Some(content_type) = content_type {
        response.headers_mut().insert(CONTENT_TYPE, content_type);
    }
    response
}

/// The answer to HEAD: the headers of the answer to GET alone, which hyper sees to in HTTP/1 only.
fn without_body(mut response: Response<Answer>) -> Response<Answer> {
    if let Some(length) = response.body().size_hint().exact() {
        response.headers_mut().insert(CONTENT_LENGTH, length.into());
    }
    response.map(|_| Answer::Filler(0))
}
