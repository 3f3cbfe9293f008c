//! Keys in PEM (RFC 7468): which sort it is, and its DER. What is in the DER is the library's to read.

use super::keys::KeyError;

/// A key that was read from PEM.
pub(super) struct PemKey {
    der: Vec<u8>,
    is_private: bool,
}

impl PemKey {
    /// Reads the first key of a text.
    pub(super) fn parse(text: &str) -> Result<Self, KeyError> {
        // A key from an environment variable often has its line breaks written as `\n`.
        let text = text.replace("\\n", "\n");
        let blocks = pem::parse_many(text.trim()).map_err(|_| KeyError::Unreadable)?;
        // `openssl ecparam -genkey` writes the name of the curve before the key.
        let block = blocks
            .into_iter()
            .find(|block| block.tag() != "EC PARAMETERS")
            .ok_or(KeyError::Unreadable)?;
        let is_private = match block.tag() {
            "PRIVATE KEY" | "RSA PRIVATE KEY" | "EC PRIVATE KEY" => true,
            "PUBLIC KEY" | "RSA PUBLIC KEY" => false,
            "ENCRYPTED PRIVATE KEY" => return Err(KeyError::Encrypted),
            "CERTIFICATE" => return Err(KeyError::Certificate),
            label => {
                return Err(KeyError::Label {
                    label: label.to_owned(),
                });
            }
        };
        // The encryption of older keys stands in a header (RFC 1421).
        if block.headers().get("DEK-Info").is_some() {
            return Err(KeyError::Encrypted);
        }
        Ok(Self {
            der: block.into_contents(),
            is_private,
        })
    }

    /// Its DER, of a private key.
    pub(super) fn private(&self) -> Result<&[u8], KeyError> {
        if self.is_private {
            Ok(&self.der)
        } else {
            Err(KeyError::Public)
        }
    }

    /// Its DER, of a public key.
    pub(super) fn public(&self) -> Result<&[u8], KeyError> {
        if self.is_private {
            Err(KeyError::Private)
        } else {
            Ok(&self.der)
        }
    }
}
