/// The value of Kafka's `sasl.jaas.config`: login modules with their options, each ended by a semicolon.
///
/// ```
/// org.apache.kafka.common.security.plain.PlainLoginModule required user_alice="secret" user_bob="other";
/// ```
///
/// As Kafka reads it: words are of letters, digits, `.`, `-`, `_` and `$`; texts stand in double or single quotes with
/// Java's escapes; comments are `//`, `/* */`.
package struct JaasLine: Sendable, Equatable {
    package struct Entry: Sendable, Equatable {
        /// The class of the login module.
        package var module: String
        package var options: [String: String]
    }

    package struct Failure: Error, Sendable, Equatable {
        /// Never with a value in it.
        package var reason: String
    }

    package var entries: [Entry] = []

    package static let plainModule = "org.apache.kafka.common.security.plain.PlainLoginModule"
    package static let scramModule = "org.apache.kafka.common.security.scram.ScramLoginModule"
    package static let bearerModule = "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule"

    package init(_ text: String) throws(Failure) {
        var tokens = Tokens(text)
        while let token = try tokens.next() {
            guard case .text(let module) = token else {
                throw Failure(reason: "a login module is expected")
            }
            self.entries.append(try Self.entry(module, &tokens))
        }
        guard !self.entries.isEmpty else { throw Failure(reason: "Login module not specified in JAAS config") }
    }

    private static func entry(_ module: String, _ tokens: inout Tokens) throws(Failure) -> Entry {
        guard case .text(let flag)? = try tokens.next(),
            ["REQUIRED", "REQUISITE", "SUFFICIENT", "OPTIONAL"].contains(flag.uppercased())
        else { throw Failure(reason: "Login module control flag is not available in the JAAS config") }
        var entry = Entry(module: module, options: [:])
        while let token = try tokens.next() {
            if token == .semicolon { return entry }
            guard case .text(let name) = token else { throw Failure(reason: "the name of an option is expected") }
            guard try tokens.next() == .equals, case .text(let value)? = try tokens.next() else {
                throw Failure(reason: "Value not specified for key '\(name)' in JAAS config")
            }
            entry.options[name] = value
        }
        throw Failure(reason: "JAAS config entry not terminated by semi-colon")
    }

    /// The users of PLAIN with their passwords: the options `user_NAME`.
    package var plainUsers: [String: String] {
        var users: [String: String] = [:]
        for entry in self.entries where entry.module == Self.plainModule {
            for (name, value) in entry.options where name.hasPrefix("user_") {
                users[String(name.dropFirst("user_".count))] = value
            }
        }
        return users
    }

    private enum Token: Equatable {
        case text(String)
        case equals
        case semicolon
    }

    private struct Tokens {
        private let bytes: [UInt8]
        private var index = 0

        init(_ text: String) { self.bytes = Array(text.utf8) }

        mutating func next() throws(Failure) -> Token? {
            try self.skipBlanks()
            guard self.index < self.bytes.count else { return nil }
            let byte = self.bytes[self.index]
            switch byte {
            case UInt8(ascii: "="):
                self.index += 1
                return .equals
            case UInt8(ascii: ";"):
                self.index += 1
                return .semicolon
            case UInt8(ascii: "\""), UInt8(ascii: "'"):
                return .text(try self.quoted(by: byte))
            default:
                let start = self.index
                while self.index < self.bytes.count, Self.isWord(self.bytes[self.index]) { self.index += 1 }
                guard self.index > start else {
                    throw Failure(reason: "a character that JAAS config does not allow outside of quotes")
                }
                return .text(String(decoding: self.bytes[start..<self.index], as: UTF8.self))
            }
        }

        private mutating func skipBlanks() throws(Failure) {
            while self.index < self.bytes.count {
                if self.bytes[self.index] <= 0x20 {
                    self.index += 1
                } else if self.bytes[self.index...].starts(with: "//".utf8) {
                    while self.index < self.bytes.count, self.bytes[self.index] != 10 { self.index += 1 }
                } else if self.bytes[self.index...].starts(with: "/*".utf8) {
                    self.index += 2
                    while !self.bytes[self.index...].starts(with: "*/".utf8) {
                        guard self.index < self.bytes.count else {
                            throw Failure(reason: "a comment of the JAAS config has no end")
                        }
                        self.index += 1
                    }
                    self.index += 2
                } else {
                    return
                }
            }
        }

        private mutating func quoted(by quote: UInt8) throws(Failure) -> String {
            var text: [UInt8] = []
            self.index += 1
            while self.index < self.bytes.count {
                let byte = self.bytes[self.index]
                self.index += 1
                switch byte {
                case quote: return String(decoding: text, as: UTF8.self)
                case 10, 13: throw Failure(reason: "a text of the JAAS config has no closing quote")
                case UInt8(ascii: "\\"):
                    guard self.index < self.bytes.count else { continue }
                    text.append(self.escape())
                default: text.append(byte)
                }
            }
            throw Failure(reason: "a text of the JAAS config has no closing quote")
        }

        private mutating func escape() -> UInt8 {
            let byte = self.bytes[self.index]
            self.index += 1
            switch byte {
            case UInt8(ascii: "a"): return 7
            case UInt8(ascii: "b"): return 8
            case UInt8(ascii: "f"): return 12
            case UInt8(ascii: "n"): return 10
            case UInt8(ascii: "r"): return 13
            case UInt8(ascii: "t"): return 9
            case UInt8(ascii: "v"): return 11
            case UInt8(ascii: "0")...UInt8(ascii: "7"): return self.octal(Int(byte - UInt8(ascii: "0")))
            default: return byte
            }
        }

        /// Three digits at most, and no more than 377.
        private mutating func octal(_ first: Int) -> UInt8 {
            var value = first
            for _ in 0..<2 {
                guard self.index < self.bytes.count, case let digit = self.bytes[self.index],
                    (UInt8(ascii: "0")...UInt8(ascii: "7")).contains(digit), value < 32
                else { break }
                value = value * 8 + Int(digit - UInt8(ascii: "0"))
                self.index += 1
            }
            return UInt8(truncatingIfNeeded: value)
        }

        private static func isWord(_ byte: UInt8) -> Bool {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"),
                UInt8(ascii: "$"), 0x80...:
                true
            default: false
            }
        }
    }
}
