/// A value that a filter computes with, and that a decoder makes of a record's bytes.
package indirect enum SearchValue: Sendable, Equatable {
    case null
    case bool(Bool)
    /// Also integers of 64 bits without a sign: none loses a digit.
    case integer(Int128)
    case double(Double)
    case string(String)
    case bytes([UInt8])
    case list([SearchValue])
    /// In the order of the record; of a name that is there twice the last one counts.
    case map([Member])

    /// One member of a map.
    package struct Member: Sendable, Equatable {
        package var name: String
        package var value: SearchValue

        package init(_ name: String, _ value: SearchValue) {
            self.name = name
            self.value = value
        }
    }

    /// A member of a map by its name; `nil` when there is none, and for other values.
    package func member(_ name: String) -> SearchValue? {
        guard case .map(let members) = self else { return nil }
        return members.last { $0.name == name }?.value
    }

    /// Deeper values are not decoded.
    package static let depthMax = 64
    /// Values of one record; of more it is not decoded.
    package static let countMax = 100_000
}
