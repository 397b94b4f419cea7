//! Keys: typed, and encoded so that the order of bytes is the order of keys.

/// A type that names a record in a table. `encode` keeps the order: `a < b` exactly when `a.encode() < b.encode()`.
pub trait Key: Sized {
    /// The bytes under which the record lies.
    fn encode(&self) -> Vec<u8>;
    /// The key again, or `None` when the bytes are not one.
    fn decode(bytes: &[u8]) -> Option<Self>;
}

/// A key whose encoding always has the same length, so that another key may follow it in a pair.
pub trait FixedKey: Key {
    /// Length of the encoding in bytes.
    const LENGTH: usize;
}

macro_rules! unsigned {
    ($($number:ty),+) => { $(
        impl Key for $number {
            fn encode(&self) -> Vec<u8> {
                self.to_be_bytes().to_vec()
            }
            fn decode(bytes: &[u8]) -> Option<Self> {
                Some(Self::from_be_bytes(bytes.try_into().ok()?))
            }
        }
        impl FixedKey for $number {
            const LENGTH: usize = size_of::<$number>();
        }
    )+ };
}
unsigned!(u8, u16, u32, u64, u128);

impl<const N: usize> Key for [u8; N] {
    fn encode(&self) -> Vec<u8> {
        self.to_vec()
    }
    fn decode(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok()
    }
}

impl<const N: usize> FixedKey for [u8; N] {
    const LENGTH: usize = N;
}

impl Key for String {
    fn encode(&self) -> Vec<u8> {
        self.as_bytes().to_vec()
    }
    fn decode(bytes: &[u8]) -> Option<Self> {
        Self::from_utf8(bytes.to_vec()).ok()
    }
}

impl Key for Vec<u8> {
    fn encode(&self) -> Vec<u8> {
        self.clone()
    }
    fn decode(bytes: &[u8]) -> Option<Self> {
        Some(bytes.to_vec())
    }
}

impl<A: FixedKey, B: Key> Key for (A, B) {
    fn encode(&self) -> Vec<u8> {
        let mut bytes = self.0.encode();
        bytes.extend(self.1.encode());
        bytes
    }
    fn decode(bytes: &[u8]) -> Option<Self> {
        let (first, second) = bytes.split_at_checked(A::LENGTH)?;
        Some((A::decode(first)?, B::decode(second)?))
    }
}

impl<A: FixedKey, B: FixedKey> FixedKey for (A, B) {
    const LENGTH: usize = A::LENGTH + B::LENGTH;
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check<K: Key + Ord + std::fmt::Debug>(a: &K, b: &K) {
        assert_eq!(a.cmp(b), a.encode().cmp(&b.encode()));
        assert_eq!(Some(a), K::decode(&a.encode()).as_ref());
    }

    proptest! {
        #[test]
        fn the_order_of_bytes_is_the_order_of_keys(a in any::<(u64, String)>(), b in any::<(u64, String)>(), near in 0_u64..3) {
            check(&a, &b);
            check(&a.0, &b.0);
            check(&a.1, &b.1);
            check(&(near, a.1.clone()), &(near, b.1.clone()));
            check(&((a.0, near), a.1), &((b.0, near), b.1));
        }
    }

    #[test]
    fn bytes_that_are_no_key_are_none() {
        assert_eq!(u64::decode(&[1, 2, 3]), None);
        assert_eq!(String::decode(&[0xff]), None);
        assert_eq!(<(u64, String)>::decode(&[0; 7]), None);
    }
}
