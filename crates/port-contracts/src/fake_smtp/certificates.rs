//! An authority of the test's own, and a certificate that it signed for this machine.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fs, process};

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

const CONFIG: &str = "[req]\nprompt = no\ndistinguished_name = name\n[name]\nO = Chargebook's tests\n\
                      [authority]\nbasicConstraints = critical, CA:TRUE\nkeyUsage = keyCertSign\n\
                      [server]\nbasicConstraints = critical, CA:FALSE\n";

/// Certificates in a folder of their own, made by openssl. Dropping them removes the folder.
#[derive(Debug)]
pub struct Certificates {
    dir: PathBuf,
}

impl Certificates {
    /// A certificate for these names, such as `DNS:localhost,IP:127.0.0.1`.
    ///
    /// # Panics
    /// When openssl is not installed.
    #[must_use]
    pub fn make(names: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("chargebook-certificates-{}-{}", process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let made = Self { dir: env::temp_dir().join(name) };
        fs::create_dir_all(&made.dir).unwrap();
        fs::write(made.dir.join("config"), format!("{CONFIG}subjectAltName = {names}\n")).unwrap();
        made.openssl("authority", &[]);
        made.openssl("server", &["-CA", "authority.pem", "-CAkey", "authority.key"]);
        made
    }

    /// The setting `smtp.ca_file` of whoever trusts the authority.
    #[must_use]
    pub fn authority(&self) -> PathBuf {
        self.dir.join("authority.pem")
    }

    /// The server's certificate.
    #[must_use]
    pub fn certificate(&self) -> PathBuf {
        self.dir.join("server.pem")
    }

    /// The server's key.
    #[must_use]
    pub fn key(&self) -> PathBuf {
        self.dir.join("server.key")
    }

    /// The folder, where a test may keep more.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    pub(super) fn acceptor(&self) -> TlsAcceptor {
        let certificates = CertificateDer::pem_file_iter(self.certificate()).unwrap().map(Result::unwrap).collect();
        let key = PrivateKeyDer::from_pem_file(self.key()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()));
        let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
        TlsAcceptor::from(Arc::new(config.with_single_cert(certificates, key).unwrap()))
    }

    fn openssl(&self, who: &str, more: &[&str]) {
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-config", "config"];
        let (pem, private) = (format!("{who}.pem"), format!("{who}.key"));
        let made = Command::new("openssl")
            .args(["req", "-x509"])
            .args(key)
            .args(["-extensions", who, "-out", &pem, "-keyout", &private])
            .args(more)
            .current_dir(&self.dir)
            .output();
        let made = made.unwrap_or_else(|error| panic!("openssl: {error}; install it, or run script/bootstrap --tests"));
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    }
}

impl Drop for Certificates {
    fn drop(&mut self) {
        // What is left over in the folder for temporary files does no harm.
        let _ = fs::remove_dir_all(&self.dir);
    }
}
