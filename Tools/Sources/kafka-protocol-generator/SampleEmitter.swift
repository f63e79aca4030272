/// Writes the test support that fills every field of every message with values that differ from its default.
struct SampleEmitter {
    static func emit(_ files: [SchemaFile]) -> String {
        var output = SourceText()
        output.line("// Generated from Schemas/kafka; do not edit.")
        output.line("")
        output.line("package import KafkaProtocol")
        output.line("")
        output.block("extension CodecCase") { output in
            output.line("/// Every message of every schema.")
            output.line("package static let all: [CodecCase] = [")
            for message in files.flatMap(\.messages) {
                output.line("    CodecCase(\(message.name).self),")
            }
            output.line("]")
        }
        for message in files.flatMap(\.messages) {
            Self.emit(message.name, message.fields, message.versions, into: &output)
            for structure in message.structures {
                Self.emit("\(message.name).\(structure.name)", structure.fields, structure.versions, into: &output)
            }
        }
        return output.text
    }

    private static func emit(
        _ type: String,
        _ fields: [Field],
        _ versions: Versions,
        into output: inout SourceText
    ) {
        output.line("")
        output.block("extension \(type): Sampled") { output in
            output.block("package static func sample(_ sampler: inout Sampler, version: Int16) -> Self") { output in
                output.line("\(fields.isEmpty ? "let" : "var") message = Self()")
                for field in fields { Self.emit(field, within: versions, into: &output) }
                output.line("return message")
            }
        }
    }

    private static func emit(_ field: Field, within versions: Versions, into output: inout SourceText) {
        let target = "message.\(SwiftNames.property(field.name))"
        let plain = field.isArray ? "sampler.array(version)" : "sampler.value(version)"
        let value: String
        if let nullable = field.nullable {
            let optional = field.isArray ? "sampler.optionalArray(version)" : "sampler.optional(version)"
            if let condition = SwiftNames.condition(nullable, within: field.versions) {
                value = "\(condition) ? \(optional) : \(plain)"
            } else {
                value = optional
            }
        } else {
            value = plain
        }
        if let condition = SwiftNames.condition(field.versions, within: versions) {
            output.block("if \(condition)") { $0.line("\(target) = \(value)") }
        } else {
            output.line("\(target) = \(value)")
        }
    }
}
