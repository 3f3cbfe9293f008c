//! Whether mail finds its way to a domain: RFC 5321 §5.1, and RFC 7505 for domains that want none.

use std::sync::OnceLock;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ResolveHosts, ResolverConfig};
use hickory_resolver::lookup::Lookup;
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{Name, RData};
use lockgate_engine::action::{ActionError, Retry};

/// How long one question waits for its answer, and how often it is asked: the engine asks anew after that.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(2);
const ATTEMPTS: usize = 2;

/// Asks the domain name system; holds its cache.
pub(super) struct Routes {
    /// Where to ask; the system's settings where there is none.
    config: Option<ResolverConfig>,
    /// Made at the first question: settings of a system are read when they are needed.
    resolver: OnceLock<TokioResolver>,
}

impl Routes {
    /// Asks whom the system asks.
    pub(super) fn system() -> Self {
        Self {
            config: None,
            resolver: OnceLock::new(),
        }
    }

    /// Asks these.
    #[cfg(test)]
    pub(super) fn of(config: ResolverConfig) -> Self {
        Self {
            config: Some(config),
            ..Self::system()
        }
    }

    fn resolver(&self) -> Result<&TokioResolver, ActionError> {
        if let Some(resolver) = self.resolver.get() {
            return Ok(resolver);
        }
        let builder = match &self.config {
            Some(config) => Ok(TokioResolver::builder_with_config(
                config.clone(),
                TokioRuntimeProvider::default(),
            )),
            None => TokioResolver::builder_tokio(),
        };
        let built = builder.and_then(|mut builder| {
            let options = builder.options_mut();
            options.timeout = PATIENCE;
            options.attempts = ATTEMPTS;
            // What mail servers of others would find, not what this machine has in a file.
            options.use_hosts_file = ResolveHosts::Never;
            builder.build()
        });
        let built = built.map_err(|error| unavailable(&error))?;
        Ok(self.resolver.get_or_init(|| built))
    }

    /// Whether the domain takes mail: it has MX records that name a host, or none at all but an address.
    ///
    /// # Errors
    /// `dns_unavailable` where nobody can tell now.
    pub(super) async fn takes_mail(&self, domain: &str) -> Result<bool, ActionError> {
        let resolver = self.resolver()?;
        // With the root at its end, the name is looked up as it is, and under no search domain of this machine.
        let Ok(name) = Name::from_ascii(format!("{domain}.")) else {
            return Ok(false);
        };
        let exchanges = records(resolver.mx_lookup(name.clone()).await, |data| match data {
            RData::MX(mx) => Some(!mx.exchange.is_root()),
            _ => None,
        })?;
        if !exchanges.is_empty() {
            return Ok(exchanges.contains(&true));
        }
        let v4 = records(resolver.ipv4_lookup(name.clone()).await, address);
        if matches!(&v4, Ok(found) if !found.is_empty()) {
            return Ok(true);
        }
        let v6 = records(resolver.ipv6_lookup(name).await, address);
        if matches!(&v6, Ok(found) if !found.is_empty()) {
            return Ok(true);
        }
        v4.and(v6).map(|_| false)
    }
}

fn address(data: &RData) -> Option<()> {
    matches!(data, RData::A(_) | RData::AAAA(_)).then_some(())
}

/// What is looked for among the records of an answer, which has the aliases on the way too. Nothing where there is no such
/// name, or none with such records.
fn records<T>(
    answer: Result<Lookup, NetError>,
    read: impl Fn(&RData) -> Option<T>,
) -> Result<Vec<T>, ActionError> {
    match answer {
        Ok(lookup) => Ok(lookup
            .answers()
            .iter()
            .filter_map(|record| read(&record.data))
            .collect()),
        Err(error) if error.is_no_records_found() => Ok(Vec::new()),
        Err(error) => Err(unavailable(&error)),
    }
}

fn unavailable(error: &NetError) -> ActionError {
    let message = format!("the mail servers of the domain were not found out: {error}");
    ActionError::new("dns_unavailable", message).with_retry(Retry::Transient)
}

#[cfg(test)]
pub(super) mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
    use std::sync::{Arc, Mutex};

    use hickory_resolver::config::{ConnectionConfig, NameServerConfig};
    use hickory_resolver::proto::op::{Message, OpCode, ResponseCode};
    use hickory_resolver::proto::rr::rdata::{A, AAAA, CNAME, MX};
    use hickory_resolver::proto::rr::{Record, RecordType};
    use tokio::net::UdpSocket;
    use tokio::task::JoinSet;

    use super::*;

    /// A name server on loopback.
    pub(crate) struct NameServer {
        address: SocketAddr,
        asked: Arc<Mutex<Vec<String>>>,
        _tasks: JoinSet<()>,
    }

    impl NameServer {
        pub(crate) async fn start() -> Self {
            let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            let address = socket.local_addr().unwrap();
            let asked = Arc::new(Mutex::new(Vec::new()));
            let mut tasks = JoinSet::new();
            let log = Arc::clone(&asked);
            tasks.spawn(async move {
                let mut buffer = [0; 4096];
                while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
                    let query = Message::from_vec(&buffer[..length]).unwrap();
                    let question = query.queries[0].clone();
                    let name = question.name().to_lowercase().to_string();
                    log.lock()
                        .unwrap()
                        .push(format!("{} {name}", question.query_type()));
                    let Some((code, records)) = zone(&name, question.query_type()) else {
                        continue;
                    };
                    let mut answer = Message::response(query.metadata.id, OpCode::Query);
                    answer.metadata.recursion_available = true;
                    answer.metadata.response_code = code;
                    let answers = records
                        .into_iter()
                        .map(|data| Record::from_rdata(question.name().clone(), 60, data));
                    answer.add_answers(answers);
                    answer.add_query(question);
                    let _ = socket.send_to(&answer.to_vec().unwrap(), from).await;
                }
            });
            Self {
                address,
                asked,
                _tasks: tasks,
            }
        }

        pub(crate) fn routes(&self) -> Routes {
            let mut udp = ConnectionConfig::udp();
            udp.port = self.address.port();
            let server = NameServerConfig::new(self.address.ip(), true, vec![udp]);
            let search = Name::from_ascii("search.test.").unwrap();
            Routes::of(ResolverConfig::from_parts(None, vec![search], vec![server]))
        }

        pub(crate) fn asked(&self) -> Vec<String> {
            self.asked.lock().unwrap().clone()
        }
    }

    /// What the server knows; nothing where it keeps silent.
    fn zone(name: &str, of: RecordType) -> Option<(ResponseCode, Vec<RData>)> {
        let mx = |preference, host: &str| RData::MX(MX::new(preference, Name::from_ascii(host).unwrap()));
        let alias = |name: &str| RData::CNAME(CNAME(Name::from_ascii(name).unwrap()));
        let found = |records| Some((ResponseCode::NoError, records));
        match (name, of) {
            ("mx.test.", RecordType::MX) => found(vec![mx(10, "a.mx.test."), mx(20, "b.mx.test.")]),
            ("null.test.", RecordType::MX) => found(vec![mx(0, ".")]),
            ("null.test." | "a.test.", RecordType::A) => found(vec![RData::A(A(Ipv4Addr::LOCALHOST))]),
            ("aaaa.test.", RecordType::AAAA) => found(vec![RData::AAAA(AAAA(Ipv6Addr::LOCALHOST))]),
            ("alias.test.", _) => found(vec![alias("mx.test.")]),
            ("alias-of-a.test.", _) => found(vec![alias("a.test.")]),
            ("alias-of-null.test.", _) => found(vec![alias("null.test.")]),
            ("alias-of-empty.test.", _) => found(vec![alias("empty.test.")]),
            ("broken.test.", _) | ("half.test.", RecordType::AAAA) => {
                Some((ResponseCode::ServFail, Vec::new()))
            }
            ("refused.test.", _) => Some((ResponseCode::Refused, Vec::new())),
            ("silent.test.", _) => None,
            ("mx.test." | "null.test." | "a.test." | "aaaa.test." | "empty.test." | "half.test.", _) => {
                found(Vec::new())
            }
            _ => Some((ResponseCode::NXDomain, Vec::new())),
        }
    }

    #[tokio::test]
    async fn mail_finds_its_way_by_mx_or_by_address() {
        let server = NameServer::start().await;
        let routes = server.routes();
        for (domain, takes_mail) in [
            ("mx.test", true),
            ("alias.test", true),
            ("alias-of-a.test", true),
            ("alias-of-null.test", false),
            ("alias-of-empty.test", false),
            ("a.test", true),
            ("aaaa.test", true),
            // RFC 7505: it says that it takes none, whatever addresses it has.
            ("null.test", false),
            ("empty.test", false),
            ("nowhere.test", false),
        ] {
            assert_eq!(routes.takes_mail(domain).await, Ok(takes_mail), "{domain}");
        }
    }

    #[tokio::test]
    async fn where_nobody_can_tell_the_error_may_pass() {
        let server = NameServer::start().await;
        let routes = server.routes();
        for domain in ["broken.test", "refused.test", "half.test"] {
            let error = routes.takes_mail(domain).await.unwrap_err();
            assert_eq!(
                (&*error.code, error.retry),
                ("dns_unavailable", Retry::Transient),
                "{domain}"
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_server_is_given_up() {
        let server = NameServer::start().await;
        let began = tokio::time::Instant::now();
        let error = server.routes().takes_mail("silent.test").await.unwrap_err();
        assert_eq!(error.code, "dns_unavailable");
        assert!(began.elapsed() <= PATIENCE * 5, "{:?}", began.elapsed());
    }

    #[tokio::test]
    async fn answers_are_kept_and_no_search_domain_is_tried() {
        let server = NameServer::start().await;
        let routes = server.routes();
        for _ in 0..3 {
            assert_eq!(routes.takes_mail("mx.test").await, Ok(true));
        }
        assert_eq!(routes.takes_mail("nowhere.test").await, Ok(false));
        let mut asked = server.asked();
        asked.sort_unstable();
        assert_eq!(
            asked,
            [
                "A nowhere.test.",
                "AAAA nowhere.test.",
                "MX mx.test.",
                "MX nowhere.test."
            ]
        );
    }
}
