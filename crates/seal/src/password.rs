//! Passwords: Argon2id with 19 MiB and two passes, as PHC strings.

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};

fn argon2() -> Argon2<'static> {
    let params = Params::new(19_456, 2, 1, None).expect("fixed parameters are valid");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// The hash of a password with a random salt, to be stored.
pub fn hash(password: &str, salt: &[u8; 16]) -> String {
    let hash = argon2().hash_password_with_salt(password.as_bytes(), salt);
    hash.expect("a salt of 16 bytes is valid").to_string()
}

/// Whether the password fits a stored hash; a hash that cannot be read fits nothing.
pub fn verify(password: &str, hash: &str) -> bool {
    let hash = PasswordHash::new(hash);
    hash.is_ok_and(|hash| argon2().verify_password(password.as_bytes(), &hash).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_password_fits() {
        let hash = hash("正确的密码 9", &[3; 16]);
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(verify("正确的密码 9", &hash));
        assert!(!verify("正确的密码 8", &hash));
        assert!(!verify("", &hash) && !verify("正确的密码 9", "no hash"));
    }
}
