/// A set of consecutive versions; `nil` where there is none.
typealias Versions = ClosedRange<Int>

/// The end of an open range such as `3+`.
let openEnd = 32_767

func intersection(_ left: Versions?, _ right: Versions?) -> Versions? {
    guard let left, let right else { return nil }
    let low = max(left.lowerBound, right.lowerBound)
    let high = min(left.upperBound, right.upperBound)
    return low <= high ? low...high : nil
}

func describe(_ versions: Versions?) -> String {
    guard let versions else { return "none" }
    if versions.upperBound == openEnd { return "\(versions.lowerBound)+" }
    if versions.count == 1 { return "\(versions.lowerBound)" }
    return "\(versions.lowerBound)-\(versions.upperBound)"
}

/// Where something stands in a schema file, for error messages.
struct Location {
    var file: String
    var line: Int
}

struct SchemaError: Error, CustomStringConvertible {
    var location: Location
    var message: String
    var description: String { "\(self.location.file):\(self.location.line): error: \(self.message)" }
}

enum ScalarType: String {
    case bool, int8, int16, int32, int64, uint16, uint32, float64, uuid, string, bytes, records

    var swiftName: String {
        switch self {
        case .bool: "Bool"
        case .int8: "Int8"
        case .int16: "Int16"
        case .int32: "Int32"
        case .int64: "Int64"
        case .uint16: "UInt16"
        case .uint32: "UInt32"
        case .float64: "Double"
        case .uuid: "TopicID"
        case .string: "String"
        case .bytes, .records: "ByteBuffer"
        }
    }

    var isNumber: Bool {
        switch self {
        case .int8, .int16, .int32, .int64, .uint16, .uint32, .float64: true
        case .bool, .uuid, .string, .bytes, .records: false
        }
    }

    var allowsNull: Bool { self == .string || self == .bytes || self == .records }

    /// The fewest bytes of a value on the wire.
    func minimumSize(flexible: Bool) -> Int {
        switch self {
        case .bool, .int8: 1
        case .int16, .uint16: 2
        case .int32, .uint32: 4
        case .int64, .float64: 8
        case .uuid: 16
        case .string: flexible ? 1 : 2
        case .bytes, .records: flexible ? 1 : 4
        }
    }
}

enum ElementType: Equatable {
    case scalar(ScalarType)
    case structure(String)
}

struct Field {
    var name: String
    var element: ElementType
    var isArray: Bool
    /// The versions that have the field, within those of the struct around it.
    var versions: Versions
    /// The versions in which it may be null.
    var nullable: Versions?
    var tag: Int?
    /// As written after `=`.
    var defaultText: String?
    var strongType: String?
    var ignorable: Bool
    var comment: String?
    var location: Location

    var typeText: String {
        let element =
            switch self.element {
            case .scalar(let scalar): scalar.rawValue
            case .structure(let name): name
            }
        return self.isArray ? "[\(element)]" : element
    }
}

struct Structure {
    var name: String
    var fields: [Field]
    /// The versions that can hold the struct.
    var versions: Versions
}

enum MessageKind: Equatable {
    case request
    case response
    case record
}

/// One request, response or record with the structs inside it.
struct Message {
    var kind: MessageKind
    /// The Swift type's name, such as `FetchRequest`.
    var name: String
    var versions: Versions
    var flexible: Versions?
    var fields: [Field]
    /// In the order in which they appear; names are unique within the message.
    var structures: [Structure]
    var comment: String?
    var location: Location

    func structure(_ name: String) -> Structure? {
        self.structures.first { $0.name == name }
    }
}

/// One schema file.
struct SchemaFile {
    /// Relative to the package, with slashes, such as `Schemas/kafka/012-Heartbeat.kschema`.
    var path: String
    /// The API key; `nil` in a file of records.
    var apiKey: Int?
    var apiName: String?
    var messages: [Message]

    /// The name of the generated file without `.swift`.
    var outputName: String {
        let file = self.path.split(separator: "/").last.map(String.init) ?? self.path
        return self.apiName ?? String(file.dropLast(".kschema".count)) + "Records"
    }
}
