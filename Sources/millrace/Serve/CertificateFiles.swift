internal import Certificates
internal import FoundationEssentials
internal import Glibc

/// Certificates and keys as files of PEM.
enum CertificateFiles {
    /// Reads an authority.
    static func authority(
        certificate: String,
        key: String
    ) throws(CertificateFailure) -> CertificateAuthority {
        guard let certificateText = try? String(contentsOfFile: certificate, encoding: .utf8),
            let keyText = try? String(contentsOfFile: key, encoding: .utf8)
        else { throw CertificateFailure("\(certificate) and \(key) cannot both be read") }
        return CertificateAuthority(try Credential(certificatePEM: certificateText, keyPEM: keyText))
    }

    /// Writes a file in place of one that may be there: all of it or nothing.
    static func replace(_ path: String, by text: String, mode: mode_t) throws(CertificateFailure) {
        let temporary = path + ".new"
        unlink(temporary)
        try Self.create(temporary, text, mode: mode)
        guard rename(temporary, path) == 0 else { throw Self.failure(path) }
    }

    /// Writes a file that must not be there yet.
    static func create(_ path: String, _ text: String, mode: mode_t) throws(CertificateFailure) {
        let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard file >= 0 else { throw Self.failure(path) }
        let bytes = Array(text.utf8)
        let written = write(file, bytes, bytes.count)
        let isForced = fsync(file) == 0
        close(file)
        guard written == bytes.count, isForced else { throw Self.failure(path) }
    }

    private static func failure(_ path: String) -> CertificateFailure {
        CertificateFailure("\(path): \(String(cString: strerror(errno)))")
    }
}

/// What this machine is called.
enum HostNames {
    static var own: String {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return "localhost" }
        return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Whether a text is an IPv4 or an IPv6 address.
    static func isAddress(_ text: String) -> Bool {
        // As long as an IPv6 address.
        var address = [UInt8](repeating: 0, count: 16)
        return inet_pton(AF_INET, text, &address) == 1 || inet_pton(AF_INET6, text, &address) == 1
    }
}
