//! Services, workloads, endpoints and metadata that the API server would refuse.
use super::{check, errors_of};

#[test]
fn services() {
    let head = "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: ";
    check(
        head,
        &[
            ("{ports: [{port: 80}]}", &[]),
            ("{clusterIP: None}", &[]),
            ("{type: ExternalName, externalName: db.example.com}", &[]),
            ("{type: NodePort, ports: [{port: 80, nodePort: 30080}]}", &[]),
            (
                "{type: NodePort, ports: [{port: 80, nodePort: 80}]}",
                &["the API server refuses node port 80: its range is 30000 to 32767"],
            ),
            ("{ports: [{port: 53, name: a}, {port: 53, name: b, protocol: UDP}]}", &[]),
            ("{}", &["a Service needs at least one port"]),
            ("{type: ExternalName}", &["a Service of type ExternalName needs `externalName`"]),
            (
                "{type: ExternalName, externalName: A_b}",
                &["the name \"A_b\" may have only small letters a-z, digits and `-`"],
            ),
            (
                "{type: Nodeport, ports: [{port: 80}]}",
                &["\"Nodeport\" is none of ClusterIP, NodePort, LoadBalancer, ExternalName"],
            ),
            (
                "{ports: [{port: 80}, {port: 81, name: b}]}",
                &["a Service with more than one port needs a `name` for each"],
            ),
            ("{ports: [{port: 80, name: b}, {port: 81, name: b}]}", &["the port name \"b\" is there twice"]),
            ("{ports: [{port: 80, name: b}, {port: 80, name: c}]}", &["port 80 TCP is there twice"]),
            (
                "{ports: [{port: 80, name: B}]}",
                &["the port name \"B\" may have only small letters a-z, digits and `-`"],
            ),
            ("{ports: [{name: b}]}", &["this port has no `port`"]),
            ("{ports: [{port: 80, targetPort: 0}]}", &[]),
            ("{ports: [{port: 80, targetPort: 99999}]}", &["99999 is no port; ports are 1 to 65535"]),
            (
                "{ports: [{port: 80, targetPort: Http}]}",
                &["the port name \"Http\" may have only small letters a-z, digits and `-`"],
            ),
            (
                "{ports: [{port: http}]}",
                &["`spec.ports[0].port` must be a whole number (32 bit), not the text \"http\""],
            ),
            (
                "{ports: [{port: 99999999999}]}",
                &["`spec.ports[0].port` must be a whole number (32 bit), not the number 99999999999"],
            ),
            ("{ports: [{port: 80, protocol: HTTP}]}", &["\"HTTP\" is none of TCP, UDP, SCTP"]),
            (
                "{ports: [{port: 80, nodePort: 30000}]}",
                &["`nodePort` needs `type: NodePort` or `type: LoadBalancer`"],
            ),
            (
                "{type: NodePort, ports: [{port: 80, nodePort: 70000}]}",
                &["70000 is no port; ports are 1 to 65535"],
            ),
            ("{clusterIP: 10.0.0.300, ports: [{port: 80}]}", &["\"10.0.0.300\" is no IP address"]),
            (
                "{type: NodePort, clusterIP: None, ports: [{port: 80}]}",
                &["a NodePort or LoadBalancer Service cannot be headless"],
            ),
            (
                "{clusterIP: 10.0.0.1, clusterIPs: [10.0.0.2], ports: [{port: 80}]}",
                &["the first of `clusterIPs` is not the `clusterIP` 10.0.0.1"],
            ),
            ("{sessionAffinity: ClientIp, ports: [{port: 80}]}", &["\"ClientIp\" is none of None, ClientIP"]),
            (
                "{externalTrafficPolicy: Local, ports: [{port: 80}]}",
                &["`externalTrafficPolicy` needs a Service of type NodePort or LoadBalancer"],
            ),
            ("{internalTrafficPolicy: local, ports: [{port: 80}]}", &["\"local\" is none of Cluster, Local"]),
            (
                "{type: LoadBalancer, loadBalancerSourceRanges: [10.0.0.1], ports: [{port: 80}]}",
                &["\"10.0.0.1\" is no CIDR"],
            ),
            (
                "{sessionAffinity: ClientIP, sessionAffinityConfig: {clientIP: {timeoutSeconds: 0}}, ports: [{port: 80}]}",
                &["0 is no timeout; it is 1 to 86400 seconds"],
            ),
            (
                "{selector: {app: y}, ports: [{port: 80}]}",
                &[
                    "`spec.selector.app` must be text, not the boolean true (that is how Kubernetes reads unquoted `y`)",
                ],
            ),
            ("{port: [{port: 80}]}", &["a Service needs at least one port", "unknown field `spec.port`"]),
        ],
    );
}

#[test]
fn workloads() {
    let head = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: ";
    check(
        head,
        &[
            (
                "{selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b, c: d}}, spec: {containers: [{name: a, image: x}]}}}",
                &[],
            ),
            (
                "{selector: {matchLabels: {a: x}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: a, image: x}]}}}",
                &["the selector does not match the labels of this Deployment's own template"],
            ),
            (
                "{selector: {matchExpressions: [{key: a, operator: DoesNotExist}]}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: a, image: x}]}}}",
                &["the selector does not match the labels of this Deployment's own template"],
            ),
            (
                "{selector: {matchLabels: {a: 1}}, template: {metadata: {labels: {a: '1'}}, spec: {containers: [{name: a, image: x}]}}}",
                &["`spec.selector.matchLabels.a` must be text, not the number 1"],
            ),
            (
                "{selector: {matchLabels: {a: '1'}}, template: {metadata: {labels: {a: 1}}, spec: {containers: [{name: a, image: x}]}}}",
                &["`spec.template.metadata.labels.a` must be text, not the number 1"],
            ),
            (
                "{selector: {}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: a, image: x}]}}}",
                &["`spec.selector` is missing: it tells this Deployment which pods are its own"],
            ),
            (
                "{replicas: -1, selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: []}}}",
                &["the number of replicas is below 0", "a pod needs at least one container"],
            ),
            (
                "{replicas: '1', selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: a, image: x}], restartPolicy: Never}}}",
                &[
                    "`spec.replicas` must be a whole number (32 bit), not the text \"1\"",
                    "pods of a Deployment have `restartPolicy: Always`",
                ],
            ),
        ],
    );
    assert_eq!(
        errors_of(
            "apiVersion: batch/v1\nkind: Job\nmetadata: {name: a}\nspec: {template: {spec: {containers: [{name: a, image: x}]}}}\n"
        ),
        ["pods of a Job have `restartPolicy: Never` or `OnFailure`"]
    );
    assert_eq!(
        errors_of(
            "apiVersion: v1\nkind: ReplicationController\nmetadata: {name: a}\nspec: {selector: {a: c}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: a, image: x}]}}}\n"
        ),
        ["the selector does not match the labels of this ReplicationController's own template"]
    );
}

#[test]
fn pods() {
    let head = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: ";
    check(
        head,
        &[
            (
                "{containers: [{name: a, image: x, ports: [{containerPort: 80, name: http}, {containerPort: 80, protocol: UDP}]}]}",
                &[],
            ),
            ("{hostNetwork: yes, containers: [{name: a, image: x}]}", &[]),
            (
                "{hostNetwork: 'true', containers: [{name: a, image: x}]}",
                &["`spec.hostNetwork` must be true or false, not the text \"true\""],
            ),
            ("{containers: [{}]}", &["this container has no `name`", "`image` is missing"]),
            (
                "{containers: [{name: A, image: x}]}",
                &["the container name \"A\" may have only small letters a-z, digits and `-`"],
            ),
            (
                "{containers: [{name: a, image: x}, {name: a}]}",
                &["`image` is missing", "the container name \"a\" is there twice"],
            ),
            ("{containers: [{name: a, image: x, ports: [{}]}]}", &["this port has no `containerPort`"]),
            (
                "{containers: [{name: a, image: x, ports: [{containerPort: 0}]}]}",
                &["0 is no port; ports are 1 to 65535"],
            ),
            (
                "{containers: [{name: a, image: x, ports: [{containerPort: 1, name: a}, {containerPort: 2, name: a}]}]}",
                &["the port name \"a\" is there twice"],
            ),
            (
                "{containers: [{name: a, image: x, ports: [{containerPort: 1}, {containerPort: 1}]}]}",
                &["port 1 TCP is there twice"],
            ),
            (
                "{containers: [{name: a, image: x, ports: [{containerPort: 1, name: a_very_long_port_name}]}]}",
                &["the port name \"a_very_long_port_name\" must have 1 to 15 characters"],
            ),
            (
                "{hostNetwork: true, containers: [{name: a, image: x, ports: [{containerPort: 1, hostPort: 2}]}]}",
                &["with `hostNetwork` the `hostPort` must be the `containerPort`"],
            ),
            (
                "{containers: [{name: a, image: x, readinessProbe: {httpGet: {port: 0}}}]}",
                &["0 is no port; ports are 1 to 65535"],
            ),
            (
                "{containers: [{name: a, image: x, readinessProbe: {periodSeconds: 1}}]}",
                &["this probe needs `httpGet`, `tcpSocket`, `grpc` or `exec`"],
            ),
            (
                "{dnsPolicy: None, containers: [{name: a, image: x}]}",
                &["`dnsPolicy: None` needs `dnsConfig` with at least one of `nameservers`"],
            ),
            (
                "{containers: [{name: a, image: x, securityContext: {privileged: true, allowPrivilegeEscalation: false}}]}",
                &["a container with `privileged: true` cannot be kept from more rights"],
            ),
            (
                "{containers: [{name: a, image: x, securityContext: {allowPrivilegeEscalation: false, capabilities: {add: [CAP_SYS_ADMIN]}}}]}",
                &["a container with the capability CAP_SYS_ADMIN cannot be kept from more rights"],
            ),
            (
                "{containers: [{name: a, image: x, securityContext: {allowPrivilegeEscalation: false, capabilities: {add: [SYS_ADMIN]}, procMount: Default}}]}",
                &[],
            ),
            (
                "{securityContext: {seccompProfile: {type: Localhost}, appArmorProfile: {type: RuntimeDefault, localhostProfile: a}}, containers: [{name: a, image: x}]}",
                &["a profile of type Localhost needs `localhostProfile`", "this needs `type: Localhost`"],
            ),
            (
                "{containers: [{name: a, image: x, securityContext: {seccompProfile: {type: runtime/default}, appArmorProfile: {type: Unconfined}}}]}",
                &["\"runtime/default\" is none of Localhost, RuntimeDefault, Unconfined"],
            ),
            (
                "{hostPID: true, shareProcessNamespace: true, containers: [{name: a, image: x}]}",
                &["a pod with `hostPID` has the node's processes: it cannot share its own"],
            ),
            (
                "{dnsPolicy: ClusterFrist, containers: [{name: a, image: x}]}",
                &["\"ClusterFrist\" is none of ClusterFirst, ClusterFirstWithHostNet, Default, None"],
            ),
            (
                "{dnsConfig: {nameservers: [a, 1.1.1.1, 1.1.1.2, 1.1.1.3]}, containers: [{name: a, image: x}]}",
                &["\"a\" is no IP address", "a pod has at most 3 nameservers"],
            ),
            ("{containers: {name: a}}", &["`spec.containers` must be a list, not a mapping"]),
            (
                "{containers: [{name: a, image: x, env: [{name: A, value: 1}, {name: B, value: no}]}]}",
                &[
                    "`spec.containers[0].env[0].value` must be text, not the number 1",
                    "`spec.containers[0].env[1].value` must be text, not the boolean false (that is how Kubernetes reads unquoted `no`)",
                ],
            ),
        ],
    );
}

#[test]
fn endpoints() {
    let head = "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: a}\n";
    check(
        head,
        &[
            ("addressType: IPv4\nendpoints: [{addresses: [10.0.0.1]}]\nports: [{port: 80}]", &[]),
            (
                "addressType: IPv6\nendpoints: [{addresses: [10.0.0.1]}]",
                &["10.0.0.1 is not of the family IPv6"],
            ),
            (
                "addressType: IPv4\nendpoints: [{addresses: [127.0.0.1]}]",
                &["127.0.0.1 is loopback: nothing outside of a node can be reached by it"],
            ),
            ("addressType: ipv4\nendpoints: []", &["\"ipv4\" is none of IPv4, IPv6, FQDN"]),
            ("endpoints: []", &["`addressType` is missing: one of IPv4, IPv6, FQDN"]),
            (
                "addressType: IPv4\nendpoints: [{addresses: []}]\nports: [{port: 0}]",
                &["this endpoint has no addresses", "0 is no port; ports are 1 to 65535"],
            ),
        ],
    );
    let head = "apiVersion: v1\nkind: Endpoints\nmetadata: {name: a}\nsubsets: ";
    check(
        head,
        &[
            ("[{addresses: [{ip: 10.0.0.1}], ports: [{port: 80}]}]", &[]),
            (
                "[{addresses: [{ip: x}], ports: [{port: 80}, {port: 81, name: b}]}]",
                &["\"x\" is no IP address", "with more than one port each needs a `name`"],
            ),
        ],
    );
}

#[test]
fn metadata() {
    check(
        "apiVersion: v1\nkind: ConfigMap\n",
        &[
            (
                "metadata: {name: a.b, labels: {a: '', app.kubernetes.io/name: X_y}, annotations: {Example.com/a: b}}",
                &[],
            ),
            (
                "metadata: {name: A}",
                &["the name \"A\" of this ConfigMap may have only small letters a-z, digits and `-`"],
            ),
            (
                "metadata: {name: a, namespace: a.b}",
                &["the namespace \"a.b\" may have only small letters a-z, digits and `-`"],
            ),
            (
                "metadata: {name: a, labels: {a: b c}}",
                &["the label value \"b c\" may have only letters, digits, `-`, `_` and `.`"],
            ),
            (
                "metadata: {name: a, annotations: {a b: c}}",
                &["the annotation key \"a b\" may have only letters, digits, `-`, `_` and `.`"],
            ),
            ("metadata: {name: a, lables: {}}", &["unknown field `metadata.lables`"]),
            ("metadata: {name: 1}", &["`metadata.name` must be text, not the number 1"]),
            ("metadata: []", &["`metadata` must be a mapping (ObjectMeta), not a list"]),
        ],
    );
    check(
        "apiVersion: v1\n",
        &[
            (
                "kind: Namespace\nmetadata: {name: a.b}",
                &["the name \"a.b\" of this Namespace may have only small letters a-z, digits and `-`"],
            ),
            (
                "kind: Namespace\nmetadata: {name: a, namespace: b}",
                &["a Namespace lives in no namespace; this one has no effect"],
            ),
            (
                "kind: Service\nmetadata: {name: 1a}\nspec: {clusterIP: None}",
                &["most versions of Kubernetes refuse a Service whose name begins with a digit"],
            ),
        ],
    );
}
