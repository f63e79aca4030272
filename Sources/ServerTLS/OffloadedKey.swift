internal import Certificates
internal import NIOCore
internal import NIOPosix
internal import NIOSSL

/// An RSA key whose signatures are made on NIO's pool of threads: one takes a millisecond and more, and a thousand
/// clients that connect at once would hold up every other connection of an event loop for as many.
///
/// Keys on elliptic curves sign in less time than a change of threads is worth.
final class OffloadedKey: NIOSSLCustomPrivateKey, Hashable {
    private let key: SigningKey

    let signatureAlgorithms: [SignatureAlgorithm] = [
        .rsaPssRsaeSha256, .rsaPssRsaeSha384, .rsaPssRsaeSha512, .rsaPkcs1Sha256, .rsaPkcs1Sha384, .rsaPkcs1Sha512,
    ]

    init(_ key: SigningKey) { self.key = key }

    func sign(channel: any Channel, algorithm: SignatureAlgorithm, data: ByteBuffer) -> EventLoopFuture<ByteBuffer> {
        let (digest, padding): (SigningKey.Digest, SigningKey.Padding)
        switch algorithm {
        case .rsaPssRsaeSha256: (digest, padding) = (.sha256, .pss)
        case .rsaPssRsaeSha384: (digest, padding) = (.sha384, .pss)
        case .rsaPssRsaeSha512: (digest, padding) = (.sha512, .pss)
        case .rsaPkcs1Sha256: (digest, padding) = (.sha256, .pkcs1)
        case .rsaPkcs1Sha384: (digest, padding) = (.sha384, .pkcs1)
        case .rsaPkcs1Sha512: (digest, padding) = (.sha512, .pkcs1)
        default: return channel.eventLoop.makeFailedFuture(ServerTLSFailure("\(algorithm) is not of RSA"))
        }
        let key = self.key
        return NIOThreadPool.singleton.runIfActive(eventLoop: channel.eventLoop) {
            ByteBuffer(bytes: try data.withUnsafeReadableBytes { try key.sign($0, digest, padding) })
        }
    }

    /// For the exchange of keys by RSA itself, which no suite that is spoken has.
    func decrypt(channel: any Channel, data: ByteBuffer) -> EventLoopFuture<ByteBuffer> {
        channel.eventLoop.makeFailedFuture(ServerTLSFailure("keys are not exchanged by RSA"))
    }

    static func == (left: OffloadedKey, right: OffloadedKey) -> Bool { left === right }

    func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}
