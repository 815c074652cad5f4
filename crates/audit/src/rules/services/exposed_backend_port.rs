//! SV009: a database or an administration port stands on the internet.
use netloom_objects::Severity;

use crate::{
    Context, Findings, Group, Rule,
    rules::services::{
        balancers,
        support::{protocol_of, services},
    },
    words::list_of,
};

pub static RULE: Rule = Rule {
    code: "SV009",
    name: "exposed-backend-port",
    group: Group::Security,
    severity: Severity::Warning,
    finds: "A Service of type LoadBalancer, open to everyone, that has the port of a database, a cache, a queue or \
            a way to administer machines.",
    why: "Such ports are scanned for within minutes and attacked by machines; many of these servers were never \
          meant to meet strangers. Inside of the cluster a ClusterIP is enough; from outside a VPN, a bastion, or \
          a list of addresses.",
    wrong: "\
apiVersion: v1
kind: Service
metadata:
  name: orders-db
spec:
  type: LoadBalancer
  selector: {app: orders-db}
  ports:
    - name: tcp-postgres
      port: 5432
",
    right: "\
apiVersion: v1
kind: Service
metadata:
  name: orders-db
spec:
  selector: {app: orders-db}
  ports:
    - name: tcp-postgres
      port: 5432
",
    closed: false,
    check,
};

const BACKENDS: [(i32, &str); 24] = [
    (22, "SSH"),
    (1433, "SQL Server"),
    (1521, "Oracle"),
    (2049, "NFS"),
    (2375, "Docker"),
    (2379, "etcd"),
    (3306, "MySQL"),
    (3389, "Remote Desktop"),
    (5432, "PostgreSQL"),
    (5601, "Kibana"),
    (5672, "AMQP"),
    (5900, "VNC"),
    (5984, "CouchDB"),
    (6379, "Redis"),
    (7000, "Cassandra"),
    (8086, "InfluxDB"),
    (9042, "Cassandra"),
    (9092, "Kafka"),
    (9200, "Elasticsearch"),
    (10250, "the kubelet"),
    (11211, "memcached"),
    (15672, "RabbitMQ's administration"),
    (26257, "CockroachDB"),
    (27017, "MongoDB"),
];

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for service in services(cx).filter(balancers::is_open) {
        let backends: Vec<_> = service
            .ports()
            .filter(|(_, port)| protocol_of(port) == "TCP")
            .filter_map(|(path, port)| {
                let (_, what) = BACKENDS.iter().find(|(number, _)| *number == port.port)?;
                Some((path, format!("{} ({what})", port.port)))
            })
            .collect();
        let Some((path, _)) = backends.first() else { continue };
        let ports: Vec<&str> = backends.iter().map(|(_, words)| words.as_str()).collect();
        let message = format!(
            "{} opens port {} to everyone who can reach the load balancer",
            service.title(),
            list_of(&ports)
        );
        out.add(service.object, &format!("{path}.port"), message)
            .help("make it `type: ClusterIP`, or an internal load balancer, or name the clients in `loadBalancerSourceRanges`")
            .related(service.object, "spec.type", "reachable from everywhere by this");
    }
}
