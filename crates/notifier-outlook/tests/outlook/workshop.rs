//! Certificates, made by openssl in a folder that is removed when the test ends.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

pub(crate) struct Workshop(PathBuf);

/// A certificate and its key, as they are handed out.
pub(crate) struct Pair {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

impl Workshop {
    pub(crate) fn open() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("chargebook-outlook-{}-{number}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        fs::write(self.path(name), text).unwrap();
        self.path(name)
    }

    /// Ends ten years from now by this machine's clock.
    pub(crate) fn make(&self, name: &str, algorithm: &str) -> Pair {
        let (key, certificate) = (format!("{name}.key"), format!("{name}.crt"));
        let days = ["-days", "3650", "-subj", "/CN=chargebook"];
        let files = ["-nodes", "-keyout", &key, "-out", &certificate];
        self.openssl(&[&["req", "-x509", "-newkey", algorithm], &days[..], &files].concat());
        Pair { certificate: self.text(&certificate), key: self.text(&key) }
    }

    /// What the sign-in service is given: the certificate, and its `RSAPublicKey`, both in DER.
    pub(crate) fn public_part(&self, name: &str) -> (Vec<u8>, Vec<u8>) {
        let certificate = format!("{name}.crt");
        self.openssl(&["x509", "-in", &certificate, "-outform", "DER", "-out", "x.der"]);
        self.openssl(&["x509", "-in", &certificate, "-pubkey", "-noout", "-out", "x.pub"]);
        self.openssl(&["rsa", "-pubin", "-in", "x.pub", "-RSAPublicKey_out", "-outform", "DER", "-out", "x.rsa"]);
        (self.bytes("x.der"), self.bytes("x.rsa"))
    }

    pub(crate) fn openssl(&self, arguments: &[&str]) {
        let ran = Command::new("openssl").args(arguments).current_dir(&self.0).output().unwrap();
        assert!(ran.status.success(), "openssl {arguments:?}: {}", String::from_utf8_lossy(&ran.stderr));
    }

    pub(crate) fn text(&self, name: &str) -> String {
        String::from_utf8(self.bytes(name)).unwrap()
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.0
    }

    fn bytes(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }
}

impl Drop for Workshop {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
