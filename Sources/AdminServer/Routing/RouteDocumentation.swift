/// What `GET /api/v1/openapi.json` says of a route.
package struct RouteDocumentation: Sendable {
    /// A query parameter, or a name in the path.
    package struct Parameter: Sendable {
        package var name: String
        package var schema: JSONSchema
        package var isRequired: Bool
        package var text: String

        package init(_ name: String, _ schema: JSONSchema, isRequired: Bool = false, _ text: String) {
            self.name = name
            self.schema = schema
            self.isRequired = isRequired
            self.text = text
        }
    }

    /// An answer that is not an error.
    package struct Success: Sendable {
        package var status: Int
        package var schema: JSONSchema?
        /// Media types beside JSON that a client may ask for.
        package var otherTypes: [String]

        package init(status: Int = 200, _ schema: JSONSchema?, otherTypes: [String] = []) {
            self.status = status
            self.schema = schema
            self.otherTypes = otherTypes
        }
    }

    /// Unique: the name of the operation for generated clients, in camel case.
    package var operation: String
    /// One line.
    package var summary: String
    /// Of names in the path too; those without one are strings.
    package var parameters: [Parameter]
    /// `nil` for a route without a body.
    package var body: JSONSchema?
    package var success: Success
    /// Statuses of errors beside those that every route may answer (400, 401, 403).
    package var errors: [Int]

    package init(
        _ operation: String,
        _ summary: String,
        parameters: [Parameter] = [],
        body: JSONSchema? = nil,
        success: Success,
        errors: [Int] = []
    ) {
        self.operation = operation
        self.summary = summary
        self.parameters = parameters
        self.body = body
        self.success = success
        self.errors = errors
    }
}

/// The part of JSON Schema that the API needs.
package indirect enum JSONSchema: Sendable {
    case string
    /// One of these.
    case choice([String])
    case integer(minimum: Int64? = nil, maximum: Int64? = nil)
    case number
    case boolean
    case array(JSONSchema)
    /// Values of one kind by names of any kind.
    case dictionary(JSONSchema)
    /// Members; a client may not count on an order.
    case object([Member])
    case nullable(JSONSchema)
    /// Any JSON at all.
    case any
    /// By a name under `components/schemas`.
    case named(String, JSONSchema)

    package struct Member: Sendable {
        package var name: String
        package var schema: JSONSchema
        package var isRequired: Bool
        package var text: String

        package init(_ name: String, _ schema: JSONSchema, isRequired: Bool = true, _ text: String = "") {
            self.name = name
            self.schema = schema
            self.isRequired = isRequired
            self.text = text
        }
    }
}
