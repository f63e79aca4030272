internal import Text

/// How values of one type are written as JSON, and what the OpenAPI document says of them: one table for both, so that
/// they cannot differ.
struct JSONShape<Value>: Sendable {
    struct Field: Sendable {
        var name: String
        var schema: JSONSchema
        var text: String
        var write: @Sendable (Value, inout JSONLine) -> Void
    }

    /// Under `components/schemas`.
    let name: String
    let fields: [Field]

    init(_ name: String, _ fields: [Field]) {
        self.name = name
        self.fields = fields
    }

    var schema: JSONSchema {
        .named(self.name, .object(self.fields.map { JSONSchema.Member($0.name, $0.schema, $0.text) }))
    }

    func write(_ value: Value, to json: inout JSONLine) {
        json.object { json in
            for field in self.fields {
                json.key(field.name)
                field.write(value, &json)
            }
        }
    }

    func answer(_ value: Value, status: Int = 200) -> AdminAnswer {
        .json(status: status) { self.write(value, to: &$0) }
    }
}

extension JSONShape.Field {
    static func string(_ name: String, _ text: String, _ get: @escaping @Sendable (Value) -> String) -> Self {
        Self(name: name, schema: .string, text: text) { $1.string(get($0)) }
    }

    static func optionalString(_ name: String, _ text: String, _ get: @escaping @Sendable (Value) -> String?) -> Self {
        Self(name: name, schema: .nullable(.string), text: text) { $1.string(get($0)) }
    }

    static func choice(
        _ name: String,
        _ choices: [String],
        _ text: String,
        _ get: @escaping @Sendable (Value) -> String
    ) -> Self {
        Self(name: name, schema: .choice(choices), text: text) { $1.string(get($0)) }
    }

    static func optionalChoice(
        _ name: String,
        _ choices: [String],
        _ text: String,
        _ get: @escaping @Sendable (Value) -> String?
    ) -> Self {
        Self(name: name, schema: .nullable(.choice(choices)), text: text) { $1.string(get($0)) }
    }

    static func integer(
        _ name: String,
        _ text: String,
        _ get: @escaping @Sendable (Value) -> some BinaryInteger & SendableMetatype
    ) -> Self {
        Self(name: name, schema: .integer(), text: text) { $1.number(get($0)) }
    }

    static func optionalInteger<Number: BinaryInteger & SendableMetatype>(
        _ name: String,
        _ text: String,
        _ get: @escaping @Sendable (Value) -> Number?
    ) -> Self {
        Self(name: name, schema: .nullable(.integer()), text: text) { $1.number(get($0)) }
    }

    static func optionalNumber(_ name: String, _ text: String, _ get: @escaping @Sendable (Value) -> Double?) -> Self {
        Self(name: name, schema: .nullable(.number), text: text) { $1.double(get($0)) }
    }

    static func boolean(_ name: String, _ text: String, _ get: @escaping @Sendable (Value) -> Bool) -> Self {
        Self(name: name, schema: .boolean, text: text) { $1.boolean(get($0)) }
    }

    static func strings(_ name: String, _ text: String, _ get: @escaping @Sendable (Value) -> [String]) -> Self {
        Self(name: name, schema: .array(.string), text: text) { value, json in
            json.array { json in for element in get(value) { json.string(element) } }
        }
    }

    static func integers(_ name: String, _ text: String, _ get: @escaping @Sendable (Value) -> [Int32]) -> Self {
        Self(name: name, schema: .array(.integer()), text: text) { value, json in
            json.array { json in for element in get(value) { json.number(element) } }
        }
    }

    static func dictionary(
        _ name: String,
        _ text: String,
        _ get: @escaping @Sendable (Value) -> [String: String]
    ) -> Self {
        Self(name: name, schema: .dictionary(.string), text: text) { value, json in
            json.object { json in
                for (key, value) in get(value).sorted(by: { $0.key < $1.key }) {
                    json.key(key)
                    json.string(value)
                }
            }
        }
    }

    static func list<Element>(
        _ name: String,
        _ shape: JSONShape<Element>,
        _ text: String,
        _ get: @escaping @Sendable (Value) -> [Element]
    ) -> Self {
        Self(name: name, schema: .array(shape.schema), text: text) { value, json in
            json.array { json in for element in get(value) { shape.write(element, to: &json) } }
        }
    }

    static func object<Part>(
        _ name: String,
        _ shape: JSONShape<Part>,
        _ text: String,
        _ get: @escaping @Sendable (Value) -> Part
    ) -> Self {
        Self(name: name, schema: shape.schema, text: text) { shape.write(get($0), to: &$1) }
    }

    static func optionalObject<Part>(
        _ name: String,
        _ shape: JSONShape<Part>,
        _ text: String,
        _ get: @escaping @Sendable (Value) -> Part?
    ) -> Self {
        Self(name: name, schema: .nullable(shape.schema), text: text) { value, json in
            if let part = get(value) { shape.write(part, to: &json) } else { json.null() }
        }
    }
}

extension JSONLine {
    /// A number; null for `nil` and for what JSON has no number for.
    mutating func double(_ value: Double?) {
        if let value, value.isFinite { self.literal("\(value)") } else { self.null() }
    }
}

/// A page of a list, as all lists are answered.
enum JSONPage {
    static func schema<Row>(_ shape: JSONShape<Row>) -> JSONSchema {
        .named(
            shape.name + "Page",
            .object([
                .init("items", .array(shape.schema)),
                .init("position", .integer(minimum: 0), "Of the first item, in the sorted list."),
                .init("matched", .integer(minimum: 0), "Items that the search matches."),
                .init("total", .integer(minimum: 0), "All items."),
                .init("nextCursor", .nullable(.string), "Of the next page; null at the end."),
            ])
        )
    }

    static func answer<Row>(_ page: Page<Row>, _ shape: JSONShape<Row>) -> AdminAnswer {
        .json { json in
            json.object { json in
                json.key("items")
                json.array { json in for row in page.rows { shape.write(row, to: &json) } }
                json.key("position")
                json.number(page.position)
                json.key("matched")
                json.number(page.matched)
                json.key("total")
                json.number(page.total)
                json.key("nextCursor")
                json.string(page.next?.cursor)
            }
        }
    }
}
