internal import Authentication
internal import FoundationEssentials
internal import JWTKit

/// The claims of a token under the names that they have. `BearerRules` judges them; jwt-kit only decodes them once the
/// signature is right.
struct TokenClaims: JWTPayload {
    var values: [String: ClaimValue]

    private struct AnyKey: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: AnyKey.self)
        self.values = [:]
        for key in fields.allKeys {
            if let text = try? fields.decode(String.self, forKey: key) {
                self.values[key.stringValue] = .text(text)
            } else if let number = try? fields.decode(Double.self, forKey: key) {
                self.values[key.stringValue] = .number(number)
            } else if let texts = try? fields.decode([String].self, forKey: key) {
                self.values[key.stringValue] = .texts(texts)
            } else {
                self.values[key.stringValue] = .other
            }
        }
    }

    func encode(to encoder: any Encoder) throws {
        throw EncodingError.invalidValue(self, .init(codingPath: [], debugDescription: "tokens are not made here"))
    }

    func verify(using algorithm: some JWTAlgorithm) async throws {}
}
