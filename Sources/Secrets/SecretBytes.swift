internal import CSystemCrypto

/// A secret in memory. It is wiped when the last reference to it goes, and printing it shows nothing of it.
///
/// Swift's own arrays and strings are copied by the compiler and freed as they are: keep a secret here, and give it to
/// others for the time of a call.
package final class SecretBytes: Sendable, CustomStringConvertible, CustomReflectable {
    // SAFETY: written by the initializer alone, read afterwards, wiped and freed by `deinit`.
    nonisolated(unsafe) private let storage: UnsafeMutableRawBufferPointer

    package init(_ bytes: some Collection<UInt8>) {
        self.storage = .allocate(byteCount: max(1, bytes.count), alignment: 1)
        self.storage.copyBytes(from: bytes)
        self.count = bytes.count
    }

    deinit {
        OPENSSL_cleanse(self.storage.baseAddress, self.storage.count)
        self.storage.deallocate()
    }

    package let count: Int

    /// Random bytes of libcrypto, whose generator is seeded by the system.
    package static func random(count: Int) -> SecretBytes {
        var bytes = [UInt8](repeating: 0, count: count)
        guard RAND_bytes(&bytes, Int32(count)) == 1 else {
            // Keys that can be guessed would be worse than to stop.
            preconditionFailure("libcrypto has no random bytes")
        }
        defer { Self.wipe(&bytes) }
        return SecretBytes(bytes)
    }

    /// Lends the bytes for the time of the call.
    package func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        body(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(self.storage)[..<self.count]))
    }

    /// Overwrites an array that held a secret.
    package static func wipe(_ bytes: inout [UInt8]) {
        bytes.withUnsafeMutableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) }
    }

    /// Takes equally long for every difference between contents of one length.
    package static func areEqual(_ left: some Collection<UInt8>, _ right: some Collection<UInt8>) -> Bool {
        let (left, right) = (Array(left), Array(right))
        return left.count == right.count && CRYPTO_memcmp(left, right, left.count) == 0
    }

    package var description: String { "[secret]" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
