import Testing

@testable import Certificates

@Suite struct CertificateSubjectTests {
    private static func name(_ subject: [(type: String, value: String)]) throws -> String {
        let authority = try CertificateAuthority.make(now: 1_700_000_000)
        let issued = try authority.issueClient(subject: subject, now: 1_700_000_000)
        return try CertificateSubject(certificate: issued.certificate).name
    }

    @Test func `the last part comes first, and types without a word are numbers`() throws {
        let name = try Self.name([
            ("C", "DE"), ("ST", "Berlin"), ("L", "Mitte"), ("O", "Example"), ("OU", "Orders"), ("DC", "org"),
            ("UID", "42"), ("CN", "alice"), ("emailAddress", "a@b"),
        ])
        // As Java writes it: the value of a type without a word is what encodes it, here an IA5String.
        #expect(
            name == "1.2.840.113549.1.9.1=#1603614062,CN=alice,UID=42,DC=org,OU=Orders,O=Example,L=Mitte,ST=Berlin,C=DE"
        )
    }

    @Test(
        arguments: [
            ("Tkac, Adam", "CN=Tkac\\, Adam"), ("a+b=c", "CN=a\\+b\\=c"),
            ("#1 <x>;\"y\"\\", "CN=\\#1 \\<x\\>\\;\\\"y\\\"\\\\"),
            (" a ", "CN=\\ a\\ "), ("Jürgen Groß", "CN=Jürgen Groß"), ("  ", "CN=\\ \\ "),
            ("a,O=admin", "CN=a\\,O\\=admin"),
        ]
    )
    func `what would be read as something else has a backslash`(value: String, name: String) throws {
        #expect(try Self.name([("CN", value)]) == name)
    }

    @Test func `other names are kept apart`() throws {
        let authority = try CertificateAuthority.make(now: 1_700_000_000)
        func names(_ names: [String], _ addresses: [String]) throws -> Set<[UInt8]> {
            let issued = try authority.issue(names: names, addresses: addresses, now: 1_700_000_000)
            return try CertificateSubject(certificate: issued.certificate).alternativeNames
        }
        let both = try names(["a", "b"], ["127.0.0.1", "::1"])
        #expect(both.count == 4)
        #expect(both.isSuperset(of: try names(["b"], ["::1"])))
        #expect(!both.isSuperset(of: try names(["c"], [])))
    }

    @Test func `what is not a certificate is refused`() {
        #expect(throws: CertificateFailure.self) { try CertificateSubject(certificate: [0x30, 3, 1, 2]) }
    }
}
