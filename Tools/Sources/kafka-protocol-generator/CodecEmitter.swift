/// Writes the bodies of `decode` and `encode` of one struct.
struct CodecEmitter {
    var label: String
    var fields: [Field]
    /// The versions in which the struct can occur.
    var versions: Versions
    var message: Message
    /// Whether this is the whole message, which checks its version.
    var isWhole: Bool
    /// Set when the struct is encoded into `OutputParts`.
    var parted: PartedStructures?

    private var flexible: Versions? { intersection(self.message.flexible, self.versions) }
    private var untagged: [Field] { self.fields.filter { $0.tag == nil } }
    private var tagged: [Field] {
        self.fields.filter { $0.tag != nil }.sorted { ($0.tag ?? 0) < ($1.tag ?? 0) }
    }

    /// The expression that says whether the version is flexible.
    private enum Flexibility {
        case never, always, later(Int)
    }

    private var flexibility: Flexibility {
        guard let flexible = self.flexible else { return .never }
        return flexible == self.versions ? .always : .later(flexible.lowerBound)
    }

    private var flexibleArgument: String {
        switch self.flexibility {
        case .never: "false"
        case .always: "true"
        case .later: "flexible"
        }
    }

    private func emitFlexibleConstant(into output: inout SourceText) {
        if case .later(let first) = self.flexibility {
            output.line("let flexible = version >= \(first)")
        }
    }

    /// Neighbouring untagged fields that exist in the same versions.
    private struct Run {
        var condition: String?
        var fields: [Field]
    }

    /// - Parameter mergesAll: also merge fields that trap when they are set in other versions.
    private func runs(mergesAll: Bool) -> [Run] {
        var runs: [Run] = []
        for field in self.untagged {
            let condition = SwiftNames.condition(field.versions, within: self.versions)
            if let last = runs.last, last.condition == condition,
                condition == nil || mergesAll || (field.ignorable && last.fields.allSatisfy(\.ignorable))
            {
                runs[runs.count - 1].fields.append(field)
            } else {
                runs.append(Run(condition: condition, fields: [field]))
            }
        }
        return runs
    }

    private static func emit(
        _ run: Run,
        into output: inout SourceText,
        _ emitField: (Field, inout SourceText) -> Void
    ) {
        guard let condition = run.condition else {
            for field in run.fields { emitField(field, &output) }
            return
        }
        output.block("if \(condition)") { output in
            for field in run.fields { emitField(field, &output) }
        }
    }

    // MARK: - Decoding

    func emitDecode(into output: inout SourceText) {
        if self.isWhole {
            output.block("guard Self.versions.contains(version) else") { output in
                output.line(
                    "throw WireError(.unsupportedVersion, position: buffer.readerIndex, "
                        + "value: Int64(version))"
                )
            }
        }
        self.emitFlexibleConstant(into: &output)
        output.line("\(self.fields.isEmpty ? "let" : "var") message = Self()")
        for run in self.runs(mergesAll: true) {
            Self.emit(run, into: &output) { field, output in
                let name = SwiftNames.property(field.name)
                output.line("message.\(name) = \(self.decodeExpression(field))")
            }
        }
        switch self.flexibility {
        case .never: break
        case .always: self.emitDecodeTags(into: &output)
        case .later: output.block("if flexible") { self.emitDecodeTags(into: &$0) }
        }
        output.line("return message")
    }

    private func emitDecodeTags(into output: inout SourceText) {
        guard !self.tagged.isEmpty else {
            output.line("try buffer.skipTaggedFields()")
            return
        }
        output.block("for _ in 0..<(try buffer.readTaggedFieldCount())") { output in
            output.line("var field = try buffer.readTaggedField()")
            output.line("switch field.tag {")
            for field in self.tagged {
                let flexible = self.flexible ?? self.versions
                let condition = SwiftNames.condition(field.versions, within: flexible)
                output.line("case \(field.tag ?? 0)\(condition.map { " where \($0)" } ?? ""):")
                let expression = self.decodeExpression(field, from: "field.payload")
                output.line("    message.\(SwiftNames.property(field.name)) = \(expression)")
                output.line("    try field.requireEnd()")
            }
            output.line("default: break")
            output.line("}")
        }
    }

    private func decodeExpression(_ field: Field, from buffer: String = "buffer") -> String {
        let type = SwiftNames.element(field)
        var arguments = "from: &\(buffer)"
        if case .structure = field.element { arguments += ", version: version" }
        if field.isArray || !Self.isStructure(field) { arguments += ", flexible: \(self.flexibleArgument)" }
        let suffix = field.isArray ? "Array" : ""
        let plain = "\(type).decode\(suffix)(\(arguments))"
        guard let nullable = field.nullable else { return "try \(plain)" }
        let optional = "\(type).decodeNullable\(suffix)(\(arguments))"
        guard let condition = SwiftNames.condition(nullable, within: field.versions) else {
            return "try \(optional)"
        }
        return "try \(condition) ? \(optional) : \(plain)"
    }

    private static func isStructure(_ field: Field) -> Bool {
        if case .structure = field.element { return true }
        return false
    }

    // MARK: - Encoding

    func emitEncode(into output: inout SourceText) throws {
        if self.isWhole {
            output.line("precondition(Self.versions.contains(version), \"unknown version\")")
        }
        self.emitFlexibleConstant(into: &output)
        for run in self.runs(mergesAll: false) {
            let trap = try run.fields.first.map { try self.unsupportedCondition($0) } ?? nil
            guard let trap, let condition = run.condition, let field = run.fields.first else {
                Self.emit(run, into: &output) { self.emitValue($0, into: &$1) }
                continue
            }
            output.line("if \(condition) {")
            output.indented { self.emitValue(field, into: &$0) }
            output.line("} else if \(trap) {")
            output.line("    unencodableField(\"\(self.label).\(field.name)\", version: version)")
            output.line("}")
        }
        for field in self.tagged { try self.emitUnsupported(field, into: &output) }
        switch self.flexibility {
        case .never: break
        case .always: try self.emitEncodeTags(into: &output)
        case .later: try output.block("if flexible") { try self.emitEncodeTags(into: &$0) }
        }
    }

    private var buffer: String { self.parted == nil ? "buffer" : "parts.buffer" }

    /// Traps when a tagged field is set that the version lacks.
    private func emitUnsupported(_ field: Field, into output: inout SourceText) throws {
        guard let trap = try self.unsupportedCondition(field),
            let condition = SwiftNames.condition(field.versions, within: self.versions)
        else { return }
        output.block("if !(\(condition)), \(trap)") { output in
            output.line("unencodableField(\"\(self.label).\(field.name)\", version: version)")
        }
    }

    /// Whether the field is set, for a field that some versions lack and that may not be dropped there.
    private func unsupportedCondition(_ field: Field) throws -> String? {
        guard !field.ignorable, SwiftNames.condition(field.versions, within: self.versions) != nil else {
            return nil
        }
        return try self.isSet(field)
    }

    private func isSet(_ field: Field) throws -> String {
        let name = "self.\(SwiftNames.property(field.name))"
        let value = try SwiftNames.defaultValue(field)
        if value == "[]", field.nullable == nil { return "!\(name).isEmpty" }
        if value == "false" { return name }
        if value == "true" { return "!\(name)" }
        return "\(name) != \(value)"
    }

    private func emitValue(_ field: Field, into output: inout SourceText) {
        let name = "self.\(SwiftNames.property(field.name))"
        guard let nullable = field.nullable else {
            output.line("\(name).encode(\(self.encodeArguments(field)))")
            return
        }
        let suffix = field.isArray ? "Array" : ""
        let type = SwiftNames.element(field)
        let optional = "\(type).encodeNullable\(suffix)(\(name), \(self.encodeArguments(field)))"
        guard let condition = SwiftNames.condition(nullable, within: field.versions) else {
            output.line(optional)
            return
        }
        output.line("if \(condition) {")
        output.line("    \(optional)")
        output.line("} else if let value = \(name) {")
        output.line("    value.encode(\(self.encodeArguments(field)))")
        output.line("} else {")
        output.line("    unencodableField(\"\(self.label).\(field.name)\", version: version)")
        output.line("}")
    }

    private func encodeArguments(_ field: Field) -> String {
        let isParted = self.parted?.isParted(field) ?? false
        var arguments = "into: &\(isParted ? "parts" : self.buffer)"
        if Self.isStructure(field) { arguments += ", version: version" }
        if field.isArray || !Self.isStructure(field) { arguments += ", flexible: \(self.flexibleArgument)" }
        return arguments
    }

    private func emitEncodeTags(into output: inout SourceText) throws {
        guard !self.tagged.isEmpty else {
            output.line("\(self.buffer).writeNoTaggedFields()")
            return
        }
        let conditions = try self.tagged.map { field in
            let present = try self.isSet(field)
            let condition = SwiftNames.condition(field.versions, within: self.flexible ?? self.versions)
            return condition.map { "\($0), \(present)" } ?? present
        }
        output.line("var tags: UInt32 = 0")
        for condition in conditions { output.line("if \(condition) { tags += 1 }") }
        output.line("\(self.buffer).writeUnsignedVarint(tags)")
        for (field, condition) in zip(self.tagged, conditions) {
            output.block("if \(condition)") { output in
                output.line("let start = \(self.buffer).beginTaggedField(\(field.tag ?? 0))")
                self.emitValue(field, into: &output)
                output.line("\(self.buffer).endTaggedField(start)")
            }
        }
    }
}
