internal import Yams

/// A JSON document as YAML in blocks.
enum YAMLText {
    /// JSON is YAML in flow style: it is read as such and written in block style, in the same order.
    ///
    /// - Throws: `Failure`, which would be a fault of ours.
    static func text(json: [UInt8]) throws -> String {
        do {
            guard let node = try Yams.compose(yaml: String(decoding: json, as: UTF8.self)) else { return "" }
            return try Yams.serialize(node: Self.inBlocks(node), width: -1, allowUnicode: true)
        } catch {
            throw Failure("the result cannot be written as YAML: \(error)")
        }
    }

    private static func inBlocks(_ node: Node) -> Node {
        switch node {
        case .mapping(let mapping):
            let pairs = mapping.map { (Self.plain($0.key), Self.inBlocks($0.value)) }
            return .mapping(Node.Mapping(pairs, mapping.tag, .block))
        case .sequence(let sequence):
            return .sequence(Node.Sequence(sequence.map(Self.inBlocks), sequence.tag, .block))
        default:
            return node
        }
    }

    /// Keys without quotation marks where YAML allows that.
    private static func plain(_ key: Node) -> Node {
        guard case .scalar(var scalar) = key, !scalar.string.isEmpty,
            scalar.string.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "._-".contains($0)) }),
            scalar.string.first?.isLetter == true
        else { return key }
        scalar.style = .plain
        return .scalar(scalar)
    }
}
