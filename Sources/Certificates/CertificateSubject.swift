internal import CSystemCrypto
internal import Text

/// Whom a certificate names: its subject and its other names.
package struct CertificateSubject: Sendable, Equatable {
    /// The distinguished name in the form of RFC 2253, as Java's `X500Principal.getName()` writes it: the last part of
    /// the certificate first, `CN`, `C`, `L`, `ST`, `O`, `OU`, `STREET`, `DC` and `UID` by these words and other types
    /// by their numbers.
    package var name: String
    /// The names and addresses of the extension subjectAltName, each as it is encoded.
    package var alternativeNames: Set<[UInt8]>

    /// - Parameter certificate: in DER.
    package init(certificate: [UInt8]) throws(CertificateFailure) {
        let pointer = certificate.withUnsafeBufferPointer { bytes in
            var start = bytes.baseAddress
            return d2i_X509(nil, &start, bytes.count)
        }
        guard let pointer else { throw CertificateFailure("the certificate cannot be read") }
        defer { X509_free(pointer) }
        guard let subject = X509_get_subject_name(pointer) else {
            throw CertificateFailure("a certificate without a subject")
        }
        self.name = try Self.name(subject)
        self.alternativeNames = Self.alternativeNames(pointer)
    }

    // MARK: The distinguished name

    private static let keywords = [
        "2.5.4.3": "CN", "2.5.4.6": "C", "2.5.4.7": "L", "2.5.4.8": "ST", "2.5.4.9": "STREET", "2.5.4.10": "O",
        "2.5.4.11": "OU", "0.9.2342.19200300.100.1.25": "DC", "0.9.2342.19200300.100.1.1": "UID",
    ]

    /// The types of text that are written as text; others are written as what encodes them.
    private static let textTypes: Set<Int32> = [
        V_ASN1_PRINTABLESTRING, V_ASN1_T61STRING, V_ASN1_IA5STRING, V_ASN1_GENERALSTRING, V_ASN1_BMPSTRING,
        V_ASN1_UTF8STRING,
    ]

    private static func name(_ subject: OpaquePointer) throws(CertificateFailure) -> String {
        var parts: [String] = []
        var lastSet: Int32 = -1
        for index in 0..<X509_NAME_entry_count(subject) {
            guard let entry = X509_NAME_get_entry(subject, index), let object = X509_NAME_ENTRY_get_object(entry),
                let value = X509_NAME_ENTRY_get_data(entry)
            else { throw CertificateFailure("a subject that cannot be read") }
            let text = try Self.attribute(object, value)
            let set = X509_NAME_ENTRY_set(entry)
            // Several attributes of one part are joined by a plus sign.
            if set == lastSet, let last = parts.indices.last {
                parts[last] += "+" + text
            } else {
                parts.append(text)
            }
            lastSet = set
        }
        return parts.reversed().joined(separator: ",")
    }

    private static func attribute(
        _ object: OpaquePointer,
        _ value: UnsafePointer<ASN1_STRING>
    ) throws(CertificateFailure) -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        let length = OBJ_obj2txt(&buffer, Int32(buffer.count), object, 1)
        guard length > 0, length < buffer.count else { throw CertificateFailure("an attribute of an unknown type") }
        let type = String(decoding: buffer.prefix(Int(length)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        if let keyword = Self.keywords[type], Self.textTypes.contains(ASN1_STRING_type(value)) {
            let bytes = UnsafeBufferPointer(start: ASN1_STRING_get0_data(value), count: Int(ASN1_STRING_length(value)))
            return "\(keyword)=\(Self.escaped(String(decoding: bytes, as: UTF8.self)))"
        }
        return "\(Self.keywords[type] ?? type)=#\(Hex.text(try Self.encoded(value)))"
    }

    private static func encoded(_ value: UnsafePointer<ASN1_STRING>) throws(CertificateFailure) -> [UInt8] {
        let count = Int(millrace_encode_string(value, nil))
        guard count > 0 else { throw CertificateFailure("an attribute that cannot be encoded") }
        var bytes = [UInt8](repeating: 0, count: count)
        guard Int(millrace_encode_string(value, &bytes)) == count else {
            throw CertificateFailure("an attribute that cannot be encoded")
        }
        return bytes
    }

    private static func escaped(_ text: String) -> String {
        var escaped: [Unicode.Scalar] = []
        for scalar in text.unicodeScalars {
            switch scalar {
            case ",", "=", "+", "<", ">", "#", ";", "\"", "\\": escaped += ["\\", scalar]
            case "\0": escaped += ["\\", "0", "0"]
            default: escaped.append(scalar)
            }
        }
        // Spaces are kept at the ends by a backslash before each.
        func isSpace(_ scalar: Unicode.Scalar) -> Bool { scalar == " " || scalar == "\r" }
        let lead = escaped.firstIndex { !isSpace($0) } ?? escaped.count
        let trail = escaped.lastIndex { !isSpace($0) } ?? -1
        var result = String.UnicodeScalarView()
        for (index, scalar) in escaped.enumerated() {
            if index < lead || index > trail { result.append("\\") }
            result.append(scalar)
        }
        return String(result)
    }

    // MARK: Other names

    private static func alternativeNames(_ certificate: OpaquePointer) -> Set<[UInt8]> {
        let index = X509_get_ext_by_NID(certificate, NID_subject_alt_name, -1)
        guard index >= 0, let found = X509_get_ext(certificate, index), let value = X509_EXTENSION_get_data(found)
        else {
            return []
        }
        let bytes = Array(
            UnsafeBufferPointer(start: ASN1_STRING_get0_data(value), count: Int(ASN1_STRING_length(value)))
        )
        guard let outer = Self.element(bytes[...]), outer.isLast else { return [] }
        var names: Set<[UInt8]> = []
        var rest = outer.content
        while let name = Self.element(rest) {
            names.insert(Array(rest[..<name.content.endIndex]))
            rest = rest[name.content.endIndex...]
        }
        return names
    }

    /// The first element of DER: what it contains, and whether nothing follows it.
    private static func element(_ bytes: ArraySlice<UInt8>) -> (content: ArraySlice<UInt8>, isLast: Bool)? {
        guard bytes.count >= 2 else { return nil }
        var start = bytes.startIndex + 2
        var length = Int(bytes[bytes.startIndex + 1])
        if length >= 0x80 {
            let count = length & 0x7f
            guard (1...3).contains(count), bytes.endIndex - start >= count else { return nil }
            length = bytes[start..<start + count].reduce(0) { $0 << 8 | Int($1) }
            start += count
        }
        guard bytes.endIndex - start >= length else { return nil }
        return (bytes[start..<start + length], start + length == bytes.endIndex)
    }
}
