import NIOSSL
import Testing

@testable import Certificates

@Suite struct CertificateAuthorityTests {
    @Test func `an authority issues certificates, also after it was read back`() throws {
        let made = try CertificateAuthority.make(now: 1_700_000_000)
        let read = CertificateAuthority(
            try Credential(certificatePEM: made.credential.certificatePEM, keyPEM: made.credential.keyPEM)
        )
        #expect(read.credential == made.credential)
        for authority in [made, read] {
            let issued = try authority.issue(
                names: ["localhost", "*.example.org", "not a name", "a,IP:1.2.3.4"],
                addresses: ["127.0.0.1", "::1", "10.0.0.1,DNS:evil"],
                now: 1_700_000_000
            )
            // Another library reads both.
            let certificate = try NIOSSLCertificate(bytes: issued.certificate, format: .der)
            _ = try NIOSSLPrivateKey(bytes: issued.key, format: .der)
            #expect(certificate._subjectAlternativeNames().count == 4)
            #expect(certificate.notValidBefore == 1_700_000_000 - 3600)
            #expect(certificate.notValidAfter == 1_700_000_000 + 397 * 86_400)
        }
    }

    @Test func `keys and serial numbers are made each time`() throws {
        let authority = try CertificateAuthority.make(now: 1_700_000_000)
        let first = try authority.issue(names: ["a"], addresses: [], now: 1_700_000_000)
        let second = try authority.issue(names: ["a"], addresses: [], now: 1_700_000_000)
        #expect(first.key != second.key && first.certificate != second.certificate)
    }

    @Test func `what is damaged is refused`() throws {
        #expect(throws: CertificateFailure.self) { try Credential(certificatePEM: "", keyPEM: "") }
        let broken = CertificateAuthority(Credential(certificate: [1, 2, 3], key: [4]))
        #expect(throws: CertificateFailure.self) { try broken.issue(names: ["a"], addresses: [], now: 0) }
    }
}
