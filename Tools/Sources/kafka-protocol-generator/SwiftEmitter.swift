/// Writes the Swift file of one schema file.
struct SwiftEmitter {
    private var output = SourceText()
    private let file: SchemaFile

    static func emit(_ file: SchemaFile) throws -> String {
        var emitter = SwiftEmitter(file: file)
        try emitter.emitFile()
        return emitter.output.text
    }

    private init(file: SchemaFile) { self.file = file }

    private mutating func emitFile() throws {
        self.output.line("// Generated from \(self.file.path); do not edit.")
        self.output.line("")
        let types = self.file.messages.flatMap { message in
            (message.fields + message.structures.flatMap(\.fields)).map(SwiftNames.element)
        }
        let model: Set<String> = [
            "TopicID", "BrokerID", "LeaderEpoch", "ProducerID", "ProducerEpoch", "GroupID", "MemberID",
            "GroupInstanceID", "GenerationID",
        ]
        if types.contains(where: model.contains) { self.output.line("package import Model") }
        self.output.line("package import NIOCore")
        for message in self.file.messages {
            try self.emitMessage(message)
            for structure in message.structures { try self.emitStructure(structure, of: message) }
        }
    }

    // MARK: - Types

    private mutating func emitMessage(_ message: Message) throws {
        let isParted = PartedStructures(message).containsMessage
        let conformance: String
        switch message.kind {
        case .request: conformance = "KafkaRequest"
        case .response: conformance = isParted ? "KafkaResponse, WirePartedStruct" : "KafkaResponse"
        case .record: conformance = "VersionedRecord"
        }
        self.output.line("")
        self.output.line("/// \(Self.summary(message, self.file))")
        try self.output.block("package struct \(message.name): \(conformance)") { output in
            if message.kind == .request, let name = self.file.apiName {
                output.line("package typealias Response = \(name)Response")
                output.line("")
            }
            if let name = self.file.apiName {
                let key = name.prefix(1).lowercased() + name.dropFirst().replacing("Id", with: "ID")
                output.line("package static var apiKey: APIKey { .\(key) }")
            }
            output.line(
                "package static var versions: ClosedRange<Int16> "
                    + "{ \(message.versions.lowerBound)...\(message.versions.upperBound) }"
            )
            if message.kind != .record {
                let first = message.flexible.map { "\($0.lowerBound)" } ?? "nil"
                output.line("package static var firstFlexibleVersion: Int16? { \(first) }")
            }
            try Self.emitBody(message.fields, versions: message.versions, of: message, into: &output)
            let codec = CodecEmitter(
                label: message.name,
                fields: message.fields,
                versions: message.versions,
                message: message,
                isWhole: true,
                parted: isParted ? PartedStructures(message) : nil
            )
            try Self.emitCodec(codec, into: &output)
        }
    }

    private mutating func emitStructure(_ structure: Structure, of message: Message) throws {
        let isParted = PartedStructures(message).contains(structure.name)
        self.output.line("")
        try self.output.block("extension \(message.name)") { output in
            let conformance = isParted ? "WirePartedStruct" : "WireStruct"
            try output.block("package struct \(structure.name): \(conformance)") { output in
                try Self.emitBody(structure.fields, versions: structure.versions, of: message, into: &output)
                let codec = CodecEmitter(
                    label: "\(message.name).\(structure.name)",
                    fields: structure.fields,
                    versions: structure.versions,
                    message: message,
                    isWhole: false,
                    parted: isParted ? PartedStructures(message) : nil
                )
                try Self.emitCodec(codec, into: &output)
            }
        }
    }

    private static func summary(_ message: Message, _ file: SchemaFile) -> String {
        let versions = describe(message.versions)
        let what =
            switch message.kind {
            case .request: "\(file.apiName ?? "") request"
            case .response: "\(file.apiName ?? "") response"
            case .record: message.name
            }
        let number = message.versions.count == 1 ? "version" : "versions"
        return "\(what), \(number) \(versions)" + (message.comment.map { ": \($0)." } ?? ".")
    }

    private static func emitBody(
        _ fields: [Field],
        versions: Versions,
        of message: Message,
        into output: inout SourceText
    ) throws {
        let smallest = versions.map {
            SchemaChecks.minimumSize(of: fields, in: message, version: $0)
        }.min()
        output.line("package static var minimumWireSize: Int { \(smallest ?? 1) }")
        guard !fields.isEmpty else {
            output.line("")
            output.line("package init() {}")
            return
        }
        output.line("")
        for field in fields {
            if let documentation = Self.documentation(field, within: versions) {
                output.line("/// \(documentation)")
            }
            output.line("package var \(SwiftNames.property(field.name)): \(SwiftNames.type(field))")
        }
        output.line("")
        output.line("package init(")
        for (index, field) in fields.enumerated() {
            let comma = index == fields.count - 1 ? "" : ","
            let value = try SwiftNames.defaultValue(field)
            output.line(
                "    \(SwiftNames.property(field.name)): \(SwiftNames.type(field)) = \(value)\(comma)"
            )
        }
        output.line(") {")
        for field in fields {
            let name = SwiftNames.property(field.name)
            output.line("    self.\(name) = \(name)")
        }
        output.line("}")
    }

    private static func documentation(_ field: Field, within versions: Versions) -> String? {
        var parts: [String] = []
        if let comment = field.comment { parts.append(comment + ".") }
        if field.versions != versions {
            let open = field.versions.upperBound == versions.upperBound
            let shown = open ? field.versions.lowerBound...openEnd : field.versions
            parts.append("Versions \(describe(shown))" + (field.tag == nil ? "." : ", tagged."))
        }
        return parts.isEmpty ? nil : parts.joined(separator: " ")
    }

    // MARK: - Codecs

    private static func emitCodec(_ codec: CodecEmitter, into output: inout SourceText) throws {
        output.line("")
        output.block(
            "package static func decode(from buffer: inout ByteBuffer, version: Int16) "
                + "throws(WireError) -> Self"
        ) { codec.emitDecode(into: &$0) }
        output.line("")
        let target = codec.parted == nil ? "buffer: inout ByteBuffer" : "parts: inout OutputParts"
        try output.block("package func encode(into \(target), version: Int16)") { output in
            try codec.emitEncode(into: &output)
        }
    }
}

/// The structs of a response through which record bytes pass by reference.
struct PartedStructures {
    private var names: Set<String> = []
    private(set) var containsMessage = false

    init(_ message: Message) {
        var grew = true
        while grew {
            grew = false
            for structure in message.structures where !self.names.contains(structure.name) {
                if structure.fields.contains(where: self.isParted) {
                    self.names.insert(structure.name)
                    grew = true
                }
            }
        }
        self.containsMessage = message.fields.contains(where: self.isParted)
    }

    func contains(_ name: String) -> Bool { self.names.contains(name) }

    func isParted(_ field: Field) -> Bool {
        if case .structure(let name) = field.element { return self.names.contains(name) }
        return field.strongType == "RecordsParts"
    }
}

/// Lines with indentation.
struct SourceText {
    private(set) var text = ""
    private var depth = 0

    mutating func line(_ content: String) {
        if !content.isEmpty { self.text += String(repeating: "    ", count: self.depth) + content }
        self.text += "\n"
    }

    mutating func block<Failure: Error>(
        _ head: String,
        _ body: (inout SourceText) throws(Failure) -> Void
    ) throws(Failure) {
        self.line(head + " {")
        try self.indented(body)
        self.line("}")
    }

    mutating func indented<Failure: Error>(
        _ body: (inout SourceText) throws(Failure) -> Void
    ) throws(Failure) {
        self.depth += 1
        try body(&self)
        self.depth -= 1
    }
}
