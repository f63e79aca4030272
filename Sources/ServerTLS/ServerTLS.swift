internal import Certificates
internal import Glibc
package import Logging
internal import NIOSSL
internal import Synchronization

/// TLS of one port: as whom the server presents itself, whom it asks for a certificate, and how both are replaced while
/// it runs. New connections get what holds when they come; those that are open keep what they have.
package final class ServerTLS: Sendable {
    private struct State {
        var loaded: LoadedTLS
        var reload: CertificateReload
    }

    /// What a certificate that is set while the server runs may change of the one before (KIP-978).
    package struct Changes: Sendable {
        /// `ssl.allow.dn.changes`
        package var ofSubject: Bool
        /// `ssl.allow.san.changes`: names and addresses may be missing.
        package var ofAlternativeNames: Bool

        package init(ofSubject: Bool, ofAlternativeNames: Bool) {
            self.ofSubject = ofSubject
            self.ofAlternativeNames = ofAlternativeNames
        }

        package static let all = Changes(ofSubject: true, ofAlternativeNames: true)
    }

    /// What messages call the port, for example `the listener SSL`.
    private let name: String
    private let state: Mutex<State>

    /// Reads the files. Blocking.
    package init(_ settings: TLSSettings, name: String) throws(ServerTLSFailure) {
        self.name = name
        let stamps = settings.files.map(FileStamp.init(path:))
        let loaded = try Self.load(settings, name)
        self.state = Mutex(State(loaded: loaded, reload: CertificateReload(stamps)))
    }

    var current: LoadedTLS { self.state.withLock { $0.loaded } }

    /// The subject of the certificate in use, and when it expires in seconds since the epoch.
    package var certificate: (subject: String, notValidAfter: Int) {
        let loaded = self.current
        return (loaded.subject.name, loaded.notValidAfter)
    }

    /// Whether every client proves who it is by a certificate.
    package var requiresClientCertificate: Bool { self.current.settings.clientAuthentication == .required }

    private static func load(_ settings: TLSSettings, _ name: String) throws(ServerTLSFailure) -> LoadedTLS {
        do throws(ServerTLSFailure) {
            return try LoadedTLS(settings)
        } catch {
            throw ServerTLSFailure("\(name): \(error)")
        }
    }

    // MARK: While the server runs

    /// Whether other settings could be used in place of those in use. Blocking, and changes nothing.
    ///
    /// - Parameter changes: what the certificate may change of the one in use.
    package func check(_ settings: TLSSettings, allowing changes: Changes) throws(ServerTLSFailure) {
        let next = try Self.load(settings, self.name)
        let present = self.current
        guard changes.ofSubject || next.subject.name == present.subject.name else {
            throw ServerTLSFailure(
                "\(self.name): the certificate is of \(next.subject.name), the one in use of \(present.subject.name) "
                    + "(ssl.allow.dn.changes=true permits that)"
            )
        }
        let isComplete = next.subject.alternativeNames.isSuperset(of: present.subject.alternativeNames)
        guard changes.ofAlternativeNames || isComplete else {
            throw ServerTLSFailure(
                "\(self.name): the certificate lacks names or addresses of the one in use "
                    + "(ssl.allow.san.changes=true permits that)"
            )
        }
    }

    /// Uses other settings from now on. What cannot be used is logged, and what is in use stays. Blocking.
    package func settingsChanged(to settings: TLSSettings, _ logger: Logger) {
        let stamps = settings.files.map(FileStamp.init(path:))
        let isNew = self.state.withLock { state in
            let isNew = state.loaded.settings != settings || state.reload.isOther(stamps)
            if isNew { _ = state.reload.requested(stamps) }
            return isNew
        }
        guard isNew, let loaded = self.loaded(settings, logger) else { return }
        self.state.withLock { $0.loaded = loaded }
    }

    /// Reads the files again, changed or not: an operator asks for it. Blocking.
    package func reloadRequested(_ logger: Logger) {
        let settings = self.current.settings
        let stamps = settings.files.map(FileStamp.init(path:))
        _ = self.state.withLock { $0.reload.requested(stamps) }
        self.readAgain(settings, logger)
    }

    /// Looks at the files' times; reads those that have changed. Blocking.
    package func look(_ logger: Logger) {
        let settings = self.current.settings
        let stamps = settings.files.map(FileStamp.init(path:))
        guard self.state.withLock({ $0.reload.looked(stamps) }) == .read else { return }
        self.readAgain(settings, logger)
    }

    private func readAgain(_ settings: TLSSettings, _ logger: Logger) {
        guard let loaded = self.loaded(settings, logger) else { return }
        self.state.withLock { state in
            // Properties that were changed meanwhile named other files, which have been read.
            if state.loaded.settings == settings { state.loaded = loaded }
        }
    }

    /// What the settings name, or `nil` and a line in the log.
    private func loaded(_ settings: TLSSettings, _ logger: Logger) -> LoadedTLS? {
        do throws(ServerTLSFailure) {
            let loaded = try Self.load(settings, self.name)
            logger.notice(
                "\(self.name): new connections get the certificate that was read now",
                metadata: ["subject": "\(loaded.subject.name)", "notValidAfter": "\(loaded.notValidAfter)"]
            )
            return loaded
        } catch {
            logger.error("\(error); the certificate in use stays")
            return nil
        }
    }
}

extension CertificateReload {
    /// Whether these stamps differ from those of what is in use.
    func isOther(_ stamps: Stamps) -> Bool {
        var copy = self
        _ = copy.looked(stamps)
        return copy.looked(stamps) == .read
    }
}

extension FileStamp {
    /// `nil` when the file cannot be looked at.
    init?(path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        self.init(
            device: UInt64(status.st_dev),
            inode: UInt64(status.st_ino),
            bytes: Int64(status.st_size),
            modifiedNanoseconds: Int64(status.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_mtim.tv_nsec)
        )
    }
}
