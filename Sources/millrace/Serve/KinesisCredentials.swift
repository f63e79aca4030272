internal import FoundationEssentials
internal import Glibc
internal import KinesisProtocol

/// Whose requests the Kinesis port carries out: those signed by the access keys of a file, or of two variables.
struct KinesisCredentials: Sendable {
    /// Beside those that are stored (`AccessKeyStore`).
    private(set) var keys: [(keys: RequestSigner.Keys, user: String?)] = []

    /// - Parameters:
    ///   - file: in the form of AWS's credentials file.
    ///   - environment: names one more key, which needs no file. Not by AWS's own variables: those say who calls AWS,
    ///     and would close a server that is started where they are set.
    init(file: String?, environment: [String: String]) throws(Failure) {
        let names = ("MILLRACE_KINESIS_ACCESS_KEY_ID", "MILLRACE_KINESIS_SECRET_ACCESS_KEY")
        switch (environment[names.0], environment[names.1]) {
        case (let id?, let secret?) where !id.isEmpty && !secret.isEmpty:
            self.keys.append((RequestSigner.Keys(accessKeyID: id, secretAccessKey: secret), nil))
        case (nil, nil): break
        default: throw Failure("\(names.0) and \(names.1) must both be set, and not be empty")
        }
        guard let file else { return }
        guard access(file, R_OK) == 0 else {
            throw Failure("--kinesis-credentials: cannot read \(file): \(String(cString: strerror(errno)))")
        }
        guard let text = try? String(contentsOfFile: file, encoding: .utf8) else {
            throw Failure("--kinesis-credentials: \(file) is not a file of UTF-8 text")
        }
        do throws(CredentialsFile.Failure) {
            let read = try CredentialsFile.parseWithUsers(text)
            self.keys += read
        } catch {
            throw Failure("--kinesis-credentials: \(file): \(error)")
        }
    }
}
