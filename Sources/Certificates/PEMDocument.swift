internal import Text

/// The blocks of a PEM text: what stands between `-----BEGIN LABEL-----` and `-----END LABEL-----`, in order.
///
/// Text around the blocks is left out. Line breaks may have become spaces, as they do when a key is put into a
/// property: BoringSSL and OpenSSL take none of that, so the blocks are written out again in the usual form.
package struct PEMDocument: Sendable {
    package struct Block: Sendable, Equatable {
        /// For example `CERTIFICATE` or `EC PRIVATE KEY`.
        package var label: String
        /// In the usual form, with the headers of old encrypted keys.
        package var text: String
    }

    package private(set) var blocks: [Block] = []

    /// Bytes of one text: more is refused before anything else is looked at.
    package static let bytesMax = 1 << 20

    /// - Throws: when a block does not end, or is not base64. The message shows nothing of the block.
    package init(_ text: String) throws(CertificateFailure) {
        guard text.utf8.count <= Self.bytesMax else {
            throw CertificateFailure("a PEM text of more than \(Self.bytesMax) bytes")
        }
        let (begin, end, dashes) = ("-----BEGIN ", "-----END ", "-----")
        var rest = text[...]
        while let start = rest.firstRange(of: begin) {
            rest = rest[start.upperBound...]
            guard let labelEnd = rest.firstRange(of: dashes) else {
                throw CertificateFailure("a PEM block does not end")
            }
            let label = String(rest[..<labelEnd.lowerBound])
            rest = rest[labelEnd.upperBound...]
            guard let stop = rest.firstRange(of: end + label + dashes) else {
                throw CertificateFailure("the PEM block \(label.prefix(40)) does not end")
            }
            self.blocks.append(Block(label: label, text: try Self.rewritten(label, rest[..<stop.lowerBound])))
            rest = rest[stop.upperBound...]
        }
    }

    /// Those that hold certificates.
    package var certificates: [Block] {
        self.blocks.filter { ["CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"].contains($0.label) }
    }

    /// Those that hold private keys, encrypted or not.
    package var privateKeys: [Block] { self.blocks.filter { $0.label.hasSuffix("PRIVATE KEY") } }

    private static func rewritten(_ label: String, _ content: Substring) throws(CertificateFailure) -> String {
        var headers: [String] = []
        var base64 = ""
        for line in content.split(whereSeparator: \.isNewline) {
            if line.contains(":") {
                headers.append(String(line))
            } else {
                base64 += line.filter { !$0.isWhitespace }
            }
        }
        guard !base64.isEmpty, Base64.decode(Array(base64.utf8)) != nil else {
            throw CertificateFailure("the PEM block \(label.prefix(40)) is not base64")
        }
        var lines = ["-----BEGIN \(label)-----"] + headers
        if !headers.isEmpty { lines.append("") }
        var left = base64[...]
        while !left.isEmpty {
            lines.append(String(left.prefix(64)))
            left = left.dropFirst(64)
        }
        lines.append("-----END \(label)-----")
        return lines.joined(separator: "\n") + "\n"
    }
}
