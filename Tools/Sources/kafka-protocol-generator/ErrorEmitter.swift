/// Writes where the error codes of each response are: `forEachError` of the responses that have some, and of the
/// structs in them.
enum ErrorEmitter {
    static func emit(_ files: [SchemaFile]) -> String {
        var output = SourceText()
        output.line("// Generated from Schemas/kafka; do not edit.")
        for file in files {
            for message in file.messages where message.kind == .response {
                let carriers = Self.carriers(in: message)
                if carriers.contains(message.name) { Self.emit(message.name, message.fields, carriers, into: &output) }
                for structure in message.structures where carriers.contains(structure.name) {
                    Self.emit("\(message.name).\(structure.name)", structure.fields, carriers, into: &output)
                }
            }
        }
        return output.text
    }

    private static func isError(_ field: Field) -> Bool { field.strongType == "ErrorCode" && !field.isArray }

    /// The structs that hold error codes, the message itself among them.
    private static func carriers(in message: Message) -> Set<String> {
        var carriers: Set<String> = []
        func holds(_ fields: [Field]) -> Bool {
            fields.contains { field in
                if case .structure(let name) = field.element { return carriers.contains(name) }
                return Self.isError(field)
            }
        }
        var hasGrown = true
        while hasGrown {
            hasGrown = false
            for structure in message.structures where !carriers.contains(structure.name) && holds(structure.fields) {
                carriers.insert(structure.name)
                hasGrown = true
            }
        }
        if holds(message.fields) { carriers.insert(message.name) }
        return carriers
    }

    private static func emit(
        _ type: String,
        _ fields: [Field],
        _ carriers: Set<String>,
        into output: inout SourceText
    ) {
        output.line("")
        output.block("extension \(type)") { output in
            output.line("/// Calls `body` with every error code in it but `none`.")
            output.block("package func forEachError(_ body: (ErrorCode) -> Void)") { output in
                for field in fields { Self.emit(field, carriers, into: &output) }
            }
        }
    }

    private static func emit(_ field: Field, _ carriers: Set<String>, into output: inout SourceText) {
        let name = "self.\(SwiftNames.property(field.name))"
        if Self.isError(field) {
            output.line("if \(name) != .none { body(\(name)) }")
            return
        }
        guard case .structure(let structure) = field.element, carriers.contains(structure) else { return }
        guard field.isArray else {
            output.line("\(name)\(field.nullable == nil ? "" : "?").forEachError(body)")
            return
        }
        // By index: an element that is copied is retained part by part.
        if field.nullable == nil {
            output.line("for index in \(name).indices { \(name)[index].forEachError(body) }")
        } else {
            output.line("if let items = \(name) { for index in items.indices { items[index].forEachError(body) } }")
        }
    }
}
