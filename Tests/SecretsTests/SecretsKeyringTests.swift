import Secrets
import Testing

/// What is sealed at rest, and under which keys it opens.
@Suite struct SecretsKeyringTests {
    private static let context = "access-key/AKIA/alice"

    private static func text(_ secret: SecretBytes) -> String {
        secret.withBytes { String(decoding: $0, as: UTF8.self) }
    }

    private static func failure(
        _ keyring: SecretsKeyring,
        _ sealed: [UInt8],
        _ context: String = context
    ) -> SecretsFailure.Kind? {
        do throws(SecretsFailure) {
            _ = try keyring.open(sealed, context: context)
            return nil
        } catch {
            return error.kind
        }
    }

    @Test(arguments: [0, 1, 40, 1000]) func `a secret opens as it was sealed, each time other bytes`(_ count: Int)
        throws
    {
        let keyring = SecretsKeyring([.random()])
        let secret = SecretBytes(Array(repeating: UInt8(ascii: "s"), count: count))
        let sealed = keyring.seal(secret, context: Self.context)
        #expect(sealed != keyring.seal(secret, context: Self.context))
        #expect(Self.text(try keyring.open(sealed, context: Self.context)) == String(repeating: "s", count: count))
    }

    @Test func `every changed byte, every length and every other context is refused`() {
        let keyring = SecretsKeyring([.random()])
        let sealed = keyring.seal(SecretBytes(Array("secret".utf8)), context: Self.context)
        for index in sealed.indices {
            var changed = sealed
            changed[index] ^= 1
            #expect(Self.failure(keyring, changed) != nil, "byte \(index)")
            #expect(Self.failure(keyring, Array(sealed.prefix(index))) != nil, "\(index) bytes")
        }
        #expect(Self.failure(keyring, sealed, "access-key/AKIA/bob") == .damaged)
        #expect(Self.failure(keyring, sealed) == nil)
    }

    @Test func `another key is named as lost, and an old one still opens`() {
        let old = SecretsKey.random()
        let new = SecretsKey.random()
        let sealed = SecretsKeyring([old]).seal(SecretBytes(Array("secret".utf8)), context: Self.context)
        #expect(Self.failure(SecretsKeyring([new]), sealed) == .unknownKey)
        #expect(Self.failure(SecretsKeyring([new, old]), sealed) == nil)
        let again = SecretsKeyring([new, old]).seal(SecretBytes([1]), context: Self.context)
        #expect(SecretsKeyring.keyID(of: again) == new.id)
        #expect(SecretsKeyring.keyID(of: sealed) == old.id)
    }

    @Test func `keys are read as they were written`() throws {
        let keyring = SecretsKeyring([.random(), .random()])
        let read = try SecretsKeyring.parse(keyring.text, source: "file")
        #expect(read.keys.map(\.id) == keyring.keys.map(\.id))
        let inVariable = keyring.text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map { $0.prefix(44) }
        #expect(try SecretsKeyring.parse(inVariable.joined(separator: ","), source: "V").keys.count == 2)
    }

    @Test(
        arguments: [
            "", "# nothing", "AAAA", String(repeating: "A", count: 43), String(repeating: "A", count: 44),
            String(repeating: "A", count: 42) + "==", String(repeating: "?", count: 43) + "=",
            Array(repeating: String(repeating: "A", count: 43) + "=", count: 17).joined(separator: "\n"),
        ]
    )
    func `what is not a list of keys is refused without repeating it`(_ text: String) {
        #expect {
            _ = try SecretsKeyring.parse(text, source: "the file")
        } throws: { error in
            let failure = error as? SecretsFailure
            return failure?.kind == .keys && !(failure?.description.contains("AAAA") ?? true)
        }
    }

    @Test func `a secret is not printed`() {
        let secret = SecretBytes(Array("planted".utf8))
        var printed = "\(secret)"
        dump(secret, to: &printed)
        dump(SecretsKeyring([SecretsKey(SecretBytes(Array(repeating: UInt8(ascii: "k"), count: 32)))]), to: &printed)
        #expect(!printed.contains("planted") && !printed.contains("kkkk"))
    }
}
