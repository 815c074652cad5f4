//! A table of expected verdicts: `from,to,protocol,port,ingress,egress,combined`, one connection a row.
use netloom_cluster::{PodId, Protocol, Snapshot};
use netloom_policy::Direction;

use crate::{
    ports::PortSet,
    reach::{Party, Reach},
};

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its line in the file.
    pub line: usize,
    /// `namespace/pod` that connects.
    pub from: String,
    /// `namespace/pod` that is connected to.
    pub to: String,
    /// The protocol.
    pub protocol: Protocol,
    /// The port.
    pub port: u16,
    /// Whether ingress at the destination is expected to allow.
    pub ingress: bool,
    /// Whether egress at the source is.
    pub egress: bool,
    /// Whether both are.
    pub combined: bool,
}

/// A file of rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// Its rows.
    pub rows: Vec<Row>,
}

/// Why a table cannot be read.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "line {line}: {reason}; expected `from,to,protocol,port,ingress,egress,combined` with `allowed` or `blocked`"
)]
pub struct TableError {
    /// The line.
    pub line: usize,
    /// What is wrong.
    pub reason: String,
}

impl Table {
    /// Reads a table.
    ///
    /// # Errors
    /// The first line that is none.
    pub fn parse(text: &str) -> Result<Self, TableError> {
        let mut rows = Vec::new();
        for (index, text) in text.lines().enumerate() {
            let line = index + 1;
            let fail = |reason: String| TableError { line, reason };
            if text.trim().is_empty() || (index == 0 && text.starts_with("from,")) {
                continue;
            }
            let fields: Vec<&str> = text.trim().split(',').map(str::trim).collect();
            let [from, to, protocol, port, ingress, egress, combined] = fields[..] else {
                return Err(fail(format!("{} fields instead of 7", fields.len())));
            };
            let verdict = |text: &str| match text {
                "allowed" => Ok(true),
                "blocked" | "denied" => Ok(false),
                other => Err(fail(format!("`{other}` is no verdict"))),
            };
            rows.push(Row {
                line,
                from: from.to_owned(),
                to: to.to_owned(),
                protocol: Protocol::parse(protocol)
                    .ok_or_else(|| fail(format!("`{protocol}` is no protocol")))?,
                port: port.parse().map_err(|_| fail(format!("`{port}` is no port")))?,
                ingress: verdict(ingress)?,
                egress: verdict(egress)?,
                combined: verdict(combined)?,
            });
        }
        Ok(Self { rows })
    }
}

/// A row that policies do not agree with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong<'t> {
    /// The row.
    pub row: &'t Row,
    /// What is found of ingress, of egress, and of both.
    pub found: [bool; 3],
}

impl Table {
    /// The rows that are asked about: a pod's connections to itself are not, they are always allowed.
    pub fn asked(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| row.from != row.to)
    }

    /// The rows that policies do not agree with, of those that are asked about.
    ///
    /// # Errors
    /// When there is no pod of a name.
    pub fn judge(&self, reach: &Reach) -> Result<Vec<Wrong<'_>>, TableError> {
        let mut wrong = Vec::new();
        for row in self.asked() {
            let (from, to) = row.pods(reach.snapshot())?;
            let (from, to) = (Party::Pod(from), Party::Pod(to));
            let open = |ports: &PortSet| ports.contains(row.protocol, row.port);
            let found = [
                open(&reach.own_side(to, Direction::Ingress, from)),
                open(&reach.own_side(from, Direction::Egress, to)),
                open(&reach.allowed(from, to)),
            ];
            if found != [row.ingress, row.egress, row.combined] {
                wrong.push(Wrong { row, found });
            }
        }
        Ok(wrong)
    }
}

impl Row {
    /// The two pods.
    ///
    /// # Errors
    /// When the Snapshot has no such pod.
    pub fn pods(&self, snapshot: &Snapshot) -> Result<(PodId, PodId), TableError> {
        let find = |name: &str| {
            let found = name.split_once('/').and_then(|(namespace, pod)| snapshot.find_pod(namespace, pod));
            found
                .map(|p| p.id)
                .ok_or_else(|| TableError { line: self.line, reason: format!("there is no pod `{name}`") })
        };
        Ok((find(&self.from)?, find(&self.to)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_read() {
        let text =
            "from,to,protocol,port,ingress,egress,combined\nx/a,y/b,UDP,81,allowed,blocked,blocked\n\n";
        let rows = Table::parse(text).unwrap().rows;
        assert_eq!(rows.len(), 1);
        assert_eq!(
            (rows[0].protocol, rows[0].port, rows[0].ingress, rows[0].egress),
            (Protocol::Udp, 81, true, false)
        );
    }

    #[test]
    fn what_is_no_table_is_refused_with_its_line() {
        let cases = [
            ("a/b,c/d,TCP,80,allowed,allowed", "6 fields"),
            ("a/b,c/d,FOO,80,allowed,allowed,allowed", "FOO"),
            ("a/b,c/d,TCP,0x1,allowed,allowed,allowed", "0x1"),
            ("a/b,c/d,TCP,80,yes,allowed,allowed", "yes"),
        ];
        for (text, reason) in cases {
            let error = Table::parse(&format!("\n{text}")).unwrap_err();
            assert_eq!(error.line, 2);
            assert!(error.reason.contains(reason), "{error}");
        }
    }
}
