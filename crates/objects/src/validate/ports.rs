//! Port numbers, names and protocols.
use std::fmt::Display;

use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::{Check, syntax::port_name};
use crate::tree::shorten;

/// The protocols of ports.
pub(super) const PROTOCOLS: [&str; 3] = ["TCP", "UDP", "SCTP"];

/// A port number.
pub(super) fn number(check: &mut Check<'_, '_, '_>, path: impl Display, port: i32) {
    if !(1..=65535).contains(&port) {
        check.error(path, format!("{port} is no port; ports are 1 to 65535"));
    }
}

/// A port number that must be there. Unset it is 0 to the decoder.
pub(super) fn required_number(check: &mut Check<'_, '_, '_>, path: impl Display, port: i32, missing: &str) {
    if port == 0 && !check.is_written(&path) {
        check.error(path, missing);
    } else {
        number(check, path, port);
    }
}

/// A port number or the name of one.
pub(super) fn number_or_name(check: &mut Check<'_, '_, '_>, path: impl Display, port: &IntOrString) {
    match port {
        IntOrString::Int(port) => number(check, path, *port),
        IntOrString::String(text) => name(check, path, text),
    }
}

/// A port's name.
pub(super) fn name(check: &mut Check<'_, '_, '_>, path: impl Display, text: &str) {
    let Some(fault) = port_name(text) else { return };
    let message = format!("the port name \"{}\" {fault}", shorten(text));
    if text.parse::<u16>().is_ok() {
        check.error_help(path, message, format!("a number stands without quotes: {text}"));
    } else {
        check.error(path, message);
    }
}

/// `TCP`, `UDP` or `SCTP`.
pub(super) fn protocol(check: &mut Check<'_, '_, '_>, path: impl Display, protocol: Option<&str>) {
    check.one_of(path, protocol, &PROTOCOLS);
}
