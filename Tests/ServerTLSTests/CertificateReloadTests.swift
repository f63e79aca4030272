import Testing

@testable import ServerTLS

@Suite struct CertificateReloadTests {
    private static func stamp(_ time: Int64) -> FileStamp {
        FileStamp(device: 1, inode: 2, bytes: 3, modifiedNanoseconds: time)
    }

    @Test func `files that stay as they are are left alone`() {
        var reload = CertificateReload([Self.stamp(1), nil])
        for _ in 0..<3 { #expect(reload.looked([Self.stamp(1), nil]) == .none) }
    }

    @Test func `a change is read once, when it stands still`() {
        var reload = CertificateReload([Self.stamp(1), Self.stamp(1)])
        // The certificate first, its key a moment later.
        #expect(reload.looked([Self.stamp(2), Self.stamp(1)]) == .none)
        #expect(reload.looked([Self.stamp(2), Self.stamp(2)]) == .none)
        #expect(reload.looked([Self.stamp(2), Self.stamp(2)]) == .read)
        #expect(reload.looked([Self.stamp(2), Self.stamp(2)]) == .none)
    }

    @Test func `a change that is taken back is not read`() {
        var reload = CertificateReload([Self.stamp(1)])
        #expect(reload.looked([nil]) == .none)
        #expect(reload.looked([Self.stamp(1)]) == .none)
        #expect(reload.looked([Self.stamp(1)]) == .none)
    }

    @Test func `a file that is gone is read once, to say so`() {
        var reload = CertificateReload([Self.stamp(1)])
        #expect(reload.looked([nil]) == .none)
        #expect(reload.looked([nil]) == .read)
        #expect(reload.looked([nil]) == .none)
    }

    @Test func `a request reads at once, in every state`() {
        var reload = CertificateReload([Self.stamp(1)])
        #expect(reload.requested([Self.stamp(1)]) == .read)
        #expect(reload.looked([Self.stamp(2)]) == .none)
        #expect(reload.requested([Self.stamp(3)]) == .read)
        #expect(reload.looked([Self.stamp(3)]) == .none)
    }

    @Test func `what is in use is told from what is not`() {
        let reload = CertificateReload([Self.stamp(1)])
        #expect(!reload.isOther([Self.stamp(1)]))
        #expect(reload.isOther([Self.stamp(2)]))
    }
}
