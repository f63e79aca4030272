internal import Certificates
internal import FoundationEssentials
internal import Glibc
internal import KinesisServer

/// Whether the Kinesis port serves TLS, and by which certificate.
enum KinesisTLS: Sendable, Equatable {
    case off
    /// By a certificate that an authority in the data directory issues at each start.
    case ownAuthority
    case files(certificate: String, key: String)

    /// - Parameter isOn: `on` or `off`; a certificate alone turns it on.
    init(isOn: String?, certificate: String?, key: String?) throws(Failure) {
        switch (isOn, certificate) {
        case ("off", _), (nil, nil): self = .off
        case ("on", nil): self = .ownAuthority
        case ("on", let certificate?), (nil, let certificate?):
            self = .files(certificate: certificate, key: key ?? certificate)
        case (let text?, _): throw Failure("--kinesis-tls must be on or off, not \(text)")
        }
        if certificate == nil, key != nil { throw Failure("--kinesis-tls-key needs --kinesis-tls-cert") }
    }

    /// - Parameters:
    ///   - host: where the port listens.
    ///   - now: seconds since the epoch.
    func load(dataDirectory: String, host: String, now: Int) throws(Failure) -> ServerTLS? {
        do throws(ServerTLS.Failure) {
            switch self {
            case .off: return nil
            case .files(let certificate, let key): return try ServerTLS(certificateFile: certificate, keyFile: key)
            case .ownAuthority: break
            }
        } catch {
            throw Failure("--kinesis-tls-cert: \(error)")
        }
        let folder = dataDirectory + "/tls"
        let authority: CertificateAuthority
        let issued: Credential
        do throws(CertificateFailure) {
            authority = try Self.authority(in: folder, now: now)
            issued = try authority.issue(
                names: ["localhost", "*.localhost", "host.docker.internal", host, Self.hostName],
                addresses: ["127.0.0.1", "::1", host].filter(Self.isAddress),
                now: now
            )
        } catch {
            throw Failure("\(folder): \(error)")
        }
        do throws(ServerTLS.Failure) {
            return try ServerTLS(
                certificate: issued.certificate,
                authority: authority.credential.certificate,
                key: issued.key
            )
        } catch {
            throw Failure("\(folder): \(error)")
        }
    }

    /// The authority of this data directory, made when there is none.
    private static func authority(in folder: String, now: Int) throws(CertificateFailure) -> CertificateAuthority {
        let (certificateFile, keyFile) = (folder + "/ca.pem", folder + "/ca-key.pem")
        if access(keyFile, F_OK) == 0 {
            guard let certificate = try? String(contentsOfFile: certificateFile, encoding: .utf8),
                let key = try? String(contentsOfFile: keyFile, encoding: .utf8)
            else { throw CertificateFailure("ca.pem and ca-key.pem cannot both be read") }
            return CertificateAuthority(try Credential(certificatePEM: certificate, keyPEM: key))
        }
        let made = try CertificateAuthority.make(now: now)
        guard mkdir(folder, 0o750) == 0 || errno == EEXIST else {
            throw CertificateFailure("cannot be made: \(String(cString: strerror(errno)))")
        }
        // The key is last: a start that is interrupted in between makes a new authority.
        try Self.write(made.credential.certificatePEM, to: certificateFile, mode: 0o644)
        try Self.write(made.credential.keyPEM, to: keyFile, mode: 0o600)
        return made
    }

    private static func write(_ text: String, to path: String, mode: mode_t) throws(CertificateFailure) {
        let temporary = path + ".new"
        unlink(temporary)
        let file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard file >= 0 else { throw CertificateFailure("\(path): \(String(cString: strerror(errno)))") }
        let bytes = Array(text.utf8)
        let written = Glibc.write(file, bytes, bytes.count)
        let isForced = fsync(file) == 0
        close(file)
        guard written == bytes.count, isForced, rename(temporary, path) == 0 else {
            throw CertificateFailure("\(path): \(String(cString: strerror(errno)))")
        }
    }

    private static var hostName: String {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return "localhost" }
        return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func isAddress(_ text: String) -> Bool {
        var address = in6_addr()
        return inet_pton(AF_INET, text, &address) == 1 || inet_pton(AF_INET6, text, &address) == 1
    }
}
